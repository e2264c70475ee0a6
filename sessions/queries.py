"""Reads over live sessions. Every function says its cost; `session_for` is the one door to a session."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Prefetch, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject
from django.http import Http404
from django.utils.translation import gettext as _

from lxp.people import queries as people
from lxp.people.actor import Actor
from lxp.people.models import Role, User
from sessions import access
from sessions.attendance import LEASE
from sessions.models import (
    AgendaBlock,
    Attendance,
    Booking,
    BookingEvent,
    LiveSession,
    PresenceInterval,
    SessionStaff,
    SessionTemplate,
)
from sessions.plan import BookingFacts
from sessions.scheduling import WorkingHours, ZoneRow, zones_at

SEE, RUN, CHANGE = "see", "run", "change"
"""What somebody wants with a session: read it, run it (attendance, start, end), or move and cancel it."""

MAY_RUN = (Role.FACILITATOR, Role.DESIGNER, Role.ADMINISTRATOR)
"""The roles of those who can be made facilitators of a session."""

ACTIVE = (Booking.State.BOOKED, Booking.State.WAITLISTED)


# ---------------------------------------------------------------- access


def session_for(actor: Actor, session: int | UUID | str, action: str = SEE) -> LiveSession:
    """The live session with this id or uuid, if the actor may `action` it. Two queries, three or four
    for those who neither run nor design it (and what the offer checks take).

    Seen by those who have or had a seat, run it, or to whom it is offered; run and changed by those who run
    it; designers may do all. Raises Http404 for strangers and PermissionDenied for who sees but may not.
    """
    found = _find(session)
    if actor.is_designer:
        return found
    user = actor.user
    if user is None:
        raise Http404("No such live session.")
    if any(row.user_id == user.pk for row in found.staff.all()):
        return found
    seen = Booking.objects.filter(session=found, learner=user).exists() or access.offered(user, [found.pk])
    if not seen:
        raise Http404("No such live session.")
    if action != SEE:
        raise PermissionDenied(_("Its facilitators and the learning team can do this."))
    return found


def _find(session: int | UUID | str) -> LiveSession:
    rows = LiveSession.objects.select_related("template").prefetch_related(
        Prefetch("staff", SessionStaff.objects.select_related("user").order_by("-part", "pk"))
    )
    if isinstance(session, str) and not session.isdecimal():
        try:
            session = UUID(session)
        except ValueError:
            raise Http404("No such live session.") from None
    found = rows.filter(uuid=session).first() if isinstance(session, UUID) else rows.filter(pk=session).first()
    if found is None:
        raise Http404("No such live session.")
    return found


def template_for(actor: Actor, template_id: int) -> SessionTemplate:
    """The template with its agenda, for designers; facilitators may read it. Two queries."""
    found = SessionTemplate.objects.prefetch_related("blocks").filter(pk=template_id).first()
    if found is None:
        raise Http404("No such session template.")
    if not (actor.is_designer or actor.is_facilitator):
        raise PermissionDenied(_("The learning team can see this."))
    return found


def template_by_slug(slug: str) -> SessionTemplate | None:
    """The template with this slug. One query."""
    return SessionTemplate.objects.filter(slug=slug).first()


def templates() -> QuerySet[SessionTemplate]:
    """All templates by title, with `upcoming` and `held`: how many sessions lie ahead and were held. One query."""
    return SessionTemplate.objects.annotate(
        upcoming=Count("sessions", filter=Q(sessions__state__in=LiveSession.OPEN)),
        held=Count("sessions", filter=Q(sessions__state__in=LiveSession.OVER)),
    ).order_by("title", "pk")


# ---------------------------------------------------------------- for other systems


def sessions_for_api() -> QuerySet[LiveSession]:
    """Every session with its counts, template and staff. Lazy, two queries."""
    staff = SessionStaff.objects.select_related("user").order_by("-part", "pk")
    return (
        LiveSession.objects.select_related("template").annotate(**_counts()).prefetch_related(Prefetch("staff", staff))
    )


def bookings_for_api() -> QuerySet[Booking]:
    """Every booking with its session and learner. Lazy, one query."""
    return Booking.objects.select_related("session", "learner")


def attendance_for_api() -> QuerySet[Attendance]:
    """All attendance with session, learner and who decided. Lazy, one query."""
    return Attendance.objects.select_related("session", "learner", "decided_by")


def booking_for(actor: Actor, booking_id: int) -> Booking:
    """The booking with this id, for its learner and for those who may change its session. One to three queries."""
    found = Booking.objects.select_related("session", "learner").filter(pk=booking_id).first()
    if found is None:
        raise Http404("No such booking.")
    if actor.user_id != found.learner_id:
        session_for(actor, found.session_id, CHANGE)
    return found


# ---------------------------------------------------------------- somebody's sessions


def upcoming_of(user: User, at: datetime, until: datetime | None = None) -> list[Booking]:
    """The user's seats and places in the queue in sessions that aren't over, soonest first. Two queries.

    `booking.session` is loaded, with its staff.
    """
    rows = (
        Booking.objects.filter(
            learner=user, state__in=ACTIVE, session__ends_at__gt=at, session__state__in=LiveSession.OPEN
        )
        .select_related("session")
        .prefetch_related(Prefetch("session__staff", SessionStaff.objects.select_related("user")))
        .order_by("session__starts_at", "pk")
    )
    return list(rows.filter(session__starts_at__lt=until) if until else rows)


def bookings_of(user: User, since: datetime, until: datetime) -> list[Booking]:
    """Everything the user had a seat in between two moments, also what was held or cancelled. One query."""
    return list(
        Booking.objects.filter(
            learner=user, state__in=ACTIVE, session__starts_at__gte=since, session__starts_at__lt=until
        )
        .select_related("session")
        .order_by("session__starts_at", "pk")
    )


def facilitated_by(user: User, *, past: bool = False) -> QuerySet[LiveSession]:
    """Sessions the user runs: those ahead soonest first, or those behind latest first. Lazy, one query.

    Each has `booked` and `waiting` counts.
    """
    return all_sessions(past=past).filter(Exists(SessionStaff.objects.filter(session=OuterRef("pk"), user=user)))


def all_sessions(*, past: bool = False) -> QuerySet[LiveSession]:
    """Every session of the organisation, for designers and the API; as `facilitated_by`. Lazy, one query."""
    rows = LiveSession.objects.select_related("template").annotate(**_counts())
    if past:
        return rows.exclude(state__in=LiveSession.OPEN).order_by("-starts_at", "-pk")
    return rows.filter(state__in=LiveSession.OPEN).order_by("starts_at", "pk")


def after(rows: QuerySet[LiveSession], last: LiveSession, *, past: bool = False) -> QuerySet[LiveSession]:
    """The rows of the two lists above that follow `last`."""
    if past:
        return rows.filter(Q(starts_at__lt=last.starts_at) | Q(starts_at=last.starts_at, pk__lt=last.pk))
    return rows.filter(Q(starts_at__gt=last.starts_at) | Q(starts_at=last.starts_at, pk__gt=last.pk))


def described(rows: QuerySet[LiveSession], user_id: int) -> QuerySet[LiveSession]:
    """The sessions with what a page says about each, in the same query: nothing is loaded row by row.

    Adds `booked` and `waiting` (counts), `mine` (state of the user's booking, "" without one), `leads` (names of
    those who run it) and `blocks` (the agenda: title and minutes).
    """
    mine = Booking.objects.filter(session=OuterRef("pk"), learner=user_id).values("state")[:1]
    leads = SessionStaff.objects.filter(session=OuterRef("pk")).order_by("-part", "pk").values("user__name")
    agenda = AgendaBlock.objects.filter(session=OuterRef("pk")).order_by("position")
    return rows.annotate(
        **_counts(),
        mine=Coalesce(Subquery(mine), Value("")),
        leads=ArraySubquery(leads),
        blocks=ArraySubquery(agenda.values(block=JSONObject(title="title", minutes="minutes"))),
    )


def next_for(user: User, among: Collection[int], at: datetime) -> LiveSession | None:
    """The next live session (or the one that is on) of those the user has a seat in or waits for, and of `among`.

    It is `described`. One query.
    """
    seats = Booking.objects.filter(learner=user, state__in=ACTIVE).values("session")
    rows = LiveSession.objects.filter(Q(pk__in=list(among)) | Q(pk__in=seats), state__in=LiveSession.OPEN)
    ahead = rows.filter(Q(ends_at__gt=at) | Q(state=LiveSession.State.LIVE))
    return described(ahead, user.pk).order_by("starts_at", "pk").first()


def alternatives(session: LiveSession, user: User, at: datetime) -> list[LiveSession]:
    """Other sessions of the same template, still ahead, that are offered to the user, soonest first.

    Each has `booked` and `waiting`. One query, and those of the offer checks.
    """
    if session.template_id is None:
        return []
    rows = list(
        LiveSession.objects.filter(template_id=session.template_id, state=LiveSession.State.SCHEDULED, starts_at__gt=at)
        .exclude(pk=session.pk)
        .annotate(**_counts())
        .order_by("starts_at", "pk")
    )
    allowed = access.offered(user, [row.pk for row in rows]) if rows else set()
    return [row for row in rows if row.pk in allowed]


def booking_of(session: LiveSession, user: User) -> Booking | None:
    """The user's booking of a session in whatever state, with `place` in the queue where they wait. Two queries."""
    booking = Booking.objects.filter(session=session, learner=user).first()
    if booking is not None and booking.state == Booking.State.WAITLISTED:
        ahead = Q(queued_at__lt=booking.queued_at) | Q(queued_at=booking.queued_at, pk__lt=booking.pk)
        before = Booking.objects.filter(ahead, session=session, state=Booking.State.WAITLISTED).count()
        booking.place = before + 1
    return booking


def attendance_of(session: LiveSession, user: User) -> Attendance | None:
    """What is held of the user's own attendance. One query."""
    return Attendance.objects.select_related("decided_by").filter(session=session, learner=user).first()


def member_by_email(email: str) -> User | None:
    """The active member with this address, whatever its case. One query."""
    found = people.members().filter(user__email__iexact=email).first()
    return found.user if found else None


def may_run() -> list[User]:
    """Members who may run sessions, by name. One query."""
    rows = people.members().filter(roles__overlap=list(MAY_RUN)).order_by("user__name", "user_id")
    return [row.user for row in rows]


def zones_in_use() -> list[str]:
    """The zones that members live in, for a list to choose from. One query."""
    return list(people.members().order_by("user__zone").values_list("user__zone", flat=True).distinct())


# ---------------------------------------------------------------- facts for upper layers and planners


def session_facts(session_ids: Collection[int]) -> list[dict[str, Any]]:
    """Id, uuid, title, wall time, zone, instants, state, sequence of these sessions. One query."""
    return list(
        LiveSession.objects.filter(pk__in=session_ids).values(
            "id", "uuid", "template_id", "title", "start_local", "zone", "minutes", "starts_at", "ends_at", "state",
            "sequence", "capacity", "place", "provider", "actual_start", "actual_end", "changed_at",
        )
    )  # fmt: skip


def bookings_facts(session_ids: Collection[int], learner_ids: Collection[int] | None = None) -> list[dict[str, Any]]:
    """The bookings of these sessions that count (booked, waitlisted), of all or some learners. One query.

    Keys: booking_id, session_id, learner_id, state, since, starts_at, ends_at, session_state, sequence. A
    cancelled session keeps its bookings as history: look at session_state.
    """
    rows = Booking.objects.filter(session_id__in=session_ids, state__in=ACTIVE)
    if learner_ids is not None:
        rows = rows.filter(learner_id__in=learner_ids)
    return list(
        rows.order_by("session__starts_at", "pk").values(
            "session_id", "learner_id", "state", booking_id=F("pk"), since=F("updated_at"),
            starts_at=F("session__starts_at"), ends_at=F("session__ends_at"), session_state=F("session__state"),
            sequence=F("session__sequence"),
        )
    )  # fmt: skip


def attendance_facts(session_ids: Collection[int], learner_ids: Collection[int] | None = None) -> list[dict[str, Any]]:
    """Settled attendance in these sessions, of all or some learners. One query.

    Keys: session_id, learner_id, status, minutes, decided_at, ended_at (the actual end). Marks made before
    the end are provisional and not among them.
    """
    rows = Attendance.objects.filter(session_id__in=session_ids, session__state__in=LiveSession.OVER)
    if learner_ids is not None:
        rows = rows.filter(learner_id__in=learner_ids)
    return list(
        rows.order_by("session_id", "learner_id").values(
            "session_id", "learner_id", "status", "minutes", "decided_at", ended_at=F("session__actual_end")
        )
    )


@dataclass(frozen=True)
class Seats:
    """How full a session is."""

    capacity: int
    booked: int
    waiting: int

    @property
    def free(self) -> int:
        """Seats a newcomer may have: none while anybody waits."""
        return 0 if self.waiting else max(0, self.capacity - self.booked)


def _counts() -> dict[str, Coalesce]:
    """`booked` and `waiting` as subqueries, so that a page of sessions counts only its own bookings."""
    return {
        name: Coalesce(
            Subquery(
                Booking.objects.filter(session=OuterRef("pk"), state=state)
                .order_by()
                .values("session")
                .annotate(n=Count("pk"))
                .values("n")
            ),
            0,
        )
        for name, state in (("booked", Booking.State.BOOKED), ("waiting", Booking.State.WAITLISTED))
    }


def seats(session_ids: Collection[int]) -> dict[int, Seats]:
    """How full these sessions are, by id. One query."""
    rows = LiveSession.objects.filter(pk__in=session_ids).annotate(**_counts())
    return {pk: Seats(*counts) for pk, *counts in rows.values_list("pk", "capacity", "booked", "waiting")}


@dataclass(frozen=True)
class PlannedBooking:
    """What the message plan of one booking is made from, apart from the person's times."""

    booking_id: int
    learner_id: int
    session_id: int
    state: str
    since: datetime
    promoted: bool
    own_act: bool


def planned_bookings(session_ids: Collection[int], learner_ids: Collection[int] | None = None) -> list[PlannedBooking]:
    """All bookings of these sessions, cancelled ones too, for the message planner. One query."""
    rows = Booking.objects.filter(session_id__in=session_ids)
    if learner_ids is not None:
        rows = rows.filter(learner_id__in=learner_ids)
    own = BookingEvent.objects.filter(
        booking=OuterRef("pk"), at=OuterRef("updated_at"), state=OuterRef("state"), actor=OuterRef("learner")
    )
    return [
        PlannedBooking(*row)
        for row in rows.order_by("pk").values_list(
            "pk", "learner_id", "session_id", "state", "updated_at", "promoted", Exists(own)
        )
    ]


def booking_plans(
    session_ids: Collection[int], learner_ids: Collection[int] | None = None
) -> dict[tuple[int, int], BookingFacts]:
    """What the message plan of each booking depends on, by (learner, session). Two queries."""
    sessions = {row["id"]: row for row in session_facts(session_ids)}
    return {
        (booking.learner_id, booking.session_id): facts_of(sessions[booking.session_id], booking)
        for booking in planned_bookings(session_ids, learner_ids)
    }


def facts_of(session: Mapping[str, Any], booking: PlannedBooking) -> BookingFacts:
    """The planner's view of a booking in a session (a row of `session_facts`). No query."""
    return BookingFacts(
        session_id=session["id"],
        title=session["title"],
        starts_at=session["starts_at"],
        takes_place=session["state"] in LiveSession.OPEN,
        changed_at=session["changed_at"],
        state=booking.state,
        since=booking.since,
        promoted=booking.promoted,
        own_act=booking.own_act,
    )


def future_sessions_of(user_id: int, at: datetime) -> list[int]:
    """Ids of sessions ahead in which this person has a seat or waits. One query."""
    return list(
        Booking.objects.filter(
            learner_id=user_id, state__in=ACTIVE, session__starts_at__gt=at, session__state__in=LiveSession.OPEN
        ).values_list("session_id", flat=True)
    )


def sessions_for_messages(session_ids: Collection[int]) -> dict[int, LiveSession]:
    """These sessions by id, with staff and their names. Two queries."""
    staff = SessionStaff.objects.select_related("user").order_by("-part", "pk")
    return LiveSession.objects.prefetch_related(Prefetch("staff", staff)).in_bulk(list(session_ids))


def bookings_for_messages(booking_ids: Collection[int]) -> dict[int, Booking]:
    """These bookings by id, with their learner. One query."""
    return Booking.objects.select_related("learner").in_bulk(list(booking_ids))


def staff_ids_of(staff_ids: Collection[int]) -> set[int]:
    """Those of `staff_ids` that still run their session. One query."""
    return set(SessionStaff.objects.filter(pk__in=staff_ids).values_list("pk", flat=True))


# ---------------------------------------------------------------- the people of a session


def sessions_ahead(at: datetime) -> list[int]:
    """Ids of all sessions of the organisation that are still to come. One query."""
    return list(
        LiveSession.objects.filter(state=LiveSession.State.SCHEDULED, starts_at__gt=at).values_list("pk", flat=True)
    )


@dataclass(frozen=True)
class RosterRow:
    """One person of a session: their booking, whether they are there now, what is held of their attendance."""

    user: User
    booking: Booking | None
    here: bool
    joined_at: datetime | None
    attendance: Attendance | None

    @property
    def marked(self) -> bool:
        """Somebody has decided, so the rule won't."""
        return self.attendance is not None and self.attendance.decided_by_id is not None


def roster(session: LiveSession, at: datetime) -> list[RosterRow]:
    """Everybody with a seat, and who was there without one, by name. Four queries for any number of people."""
    bookings = {
        row.learner_id: row
        for row in Booking.objects.filter(session=session, state=Booking.State.BOOKED).select_related("learner")
    }
    attendance = {
        row.learner_id: row
        for row in Attendance.objects.filter(session=session).select_related("learner", "decided_by")
    }
    present = {
        row["learner_id"]: row
        for row in PresenceInterval.objects.filter(session=session)
        .values("learner_id")
        .annotate(joined=Min("began_at"), seen=Max("seen_at"))
    }
    users = {pk: row.learner for pk, row in {**attendance, **bookings}.items()}
    missing = present.keys() - users.keys()
    users |= {user.pk: user for user in (User.objects.filter(pk__in=missing) if missing else ())}
    rows = [
        RosterRow(
            user=user,
            booking=bookings.get(pk),
            here=pk in present and not session.is_over and present[pk]["seen"] > at - LEASE,
            joined_at=present[pk]["joined"] if pk in present else None,
            attendance=attendance.get(pk),
        )
        for pk, user in users.items()
    ]
    return sorted(rows, key=lambda row: (row.user.name.casefold(), row.user.pk))


def waiting_list(session: LiveSession) -> list[Booking]:
    """Who waits for a seat, in the order in which they get one. One query."""
    waiting = Booking.objects.filter(session=session, state=Booking.State.WAITLISTED)
    return list(waiting.select_related("learner").order_by("queued_at", "pk"))


def people_present(session: LiveSession, at: datetime) -> int:
    """How many are there now. One query."""
    there = PresenceInterval.objects.filter(session=session, seen_at__gt=at - LEASE)
    return there.aggregate(n=Count("learner", distinct=True))["n"]


@dataclass(frozen=True)
class PlaceRow:
    """One line of "when is that where people are": the zone with the names of those in it."""

    row: ZoneRow
    names: list[str]
    mine: bool

    @property
    def unsocial(self) -> int:
        """How many of them would sit there outside their working hours."""
        return len(self.row.unsocial)


def places_of(session: LiveSession, viewer_id: int | None = None) -> list[PlaceRow]:
    """When the session is for those who have a seat or run it, by zone, the viewer's zone first. One query."""
    going = Q(pk__in=Booking.objects.filter(session=session, state=Booking.State.BOOKED).values("learner"))
    runs = Q(pk__in=SessionStaff.objects.filter(session=session).values("user"))
    # The viewer counts also before they book, so that they see what it would mean for them.
    users = list(
        User.objects.filter(going | runs | Q(pk=viewer_id)).values_list(
            "pk", "name", "zone", "work_start", "work_end", "work_days"
        )
    )
    names = {pk: name for pk, name, *_hours in users}
    rows = zones_at(
        session.starts_at, session.ends_at,
        ((pk, WorkingHours(zone, start, end, tuple(days) or (1, 2, 3, 4, 5))) for pk, _n, zone, start, end, days in users),
    )  # fmt: skip
    places = [
        PlaceRow(
            row, sorted((names[pk] for pk in row.people if pk != viewer_id), key=str.casefold), viewer_id in row.people
        )
        for row in rows
    ]
    return sorted(places, key=lambda place: not place.mine)


def affected_by(session: LiveSession) -> tuple[int, int]:
    """Whom a change of this session would be told to: how many with a seat or waiting, how many who run it. Two queries."""
    learners = Booking.objects.filter(session=session, state__in=ACTIVE).count()
    return learners, SessionStaff.objects.filter(session=session, active=True).count()
