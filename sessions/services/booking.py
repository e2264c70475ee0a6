"""Seats and the waiting list. Every change holds the lock of the session's row.

Three rules hold at any moment, however many people act at once: booked seats never exceed the capacity
(walk-ins apart, who are there anyway), nobody jumps a queue that isn't empty, and one seat that becomes free
goes to exactly one person, the first in the queue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.functions import RandomUUID
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from lxp.events import record
from lxp.people import queries as people
from lxp.people.models import User
from sessions import queries, rules
from sessions.events import BookingChanged, BookingsChanged
from sessions.models import Booking, BookingEvent, LiveSession, PresenceInterval
from sessions.services.locks import locked

BOOKED, WAITLISTED, CANCELLED = Booking.State.BOOKED, Booking.State.WAITLISTED, Booking.State.CANCELLED
ACTIVE = (BOOKED, WAITLISTED)


@dataclass(frozen=True)
class BookedMany:
    """Learner ids by what they have after `book_many`; `unchanged` had a seat or a place before."""

    booked: list[int]
    waitlisted: list[int]
    unchanged: list[int]


@transaction.atomic
def book(*, session: LiveSession, learner: User, by: User | None, at: datetime, reason: str = "") -> Booking:
    """A seat for one person, or a place in the queue when there is none. Booking twice changes nothing.

    Whether the session is offered to them is the caller's question (`queries.session_for`). Raises
    ValidationError when the session is over or cancelled, or the person isn't an active member here.
    """
    (session,) = locked(session.pk)
    _check_open(session, at)
    _check_members([learner.pk])
    known = Booking.objects.filter(session=session, learner=learner).first()
    if known is not None and known.state in ACTIVE:
        return known
    state = BOOKED if _free_seats(session) > 0 else WAITLISTED
    _write(
        session, [learner.pk], state, known={known.learner_id: known.pk} if known else {}, by=by, at=at, reason=reason
    )
    booking = Booking.objects.get(session=session, learner=learner)
    _announce(booking, by=by, at=at)
    return booking


@transaction.atomic
def book_many(
    *, session: LiveSession, learner_ids: Sequence[int], by: User | None, at: datetime, reason: str = ""
) -> BookedMany:
    """Seats for many people at once, in the order given; those beyond the capacity join the waiting list.

    A fixed number of statements for any number of people (plus one per thousand rows written). Announces
    BookingsChanged once, with the people whose booking changed. Raises ValidationError as `book` does.
    """
    (session,) = locked(session.pk)
    wanted = list(dict.fromkeys(learner_ids))
    if not wanted:
        return BookedMany([], [], [])
    _check_open(session, at)
    _check_members(wanted)
    rows = Booking.objects.filter(session=session, learner_id__in=wanted)
    known = {learner: (pk, state) for learner, pk, state in rows.values_list("learner_id", "pk", "state")}
    unchanged = [pk for pk in wanted if pk in known and known[pk][1] in ACTIVE]
    asking = [pk for pk in wanted if pk not in known or known[pk][1] == CANCELLED]
    free = max(0, _free_seats(session)) if asking else 0
    ids = {learner: pk for learner, (pk, _state) in known.items()}
    _write(session, asking[:free], BOOKED, known=ids, by=by, at=at, reason=reason)
    _write(session, asking[free:], WAITLISTED, known=ids, by=by, at=at, reason=reason)
    if asking:
        record(BookingsChanged(session_id=session.pk, learner_ids=asking), by=by, at=at)
    return BookedMany(asking[:free], asking[free:], unchanged)


@transaction.atomic
def cancel_booking(*, booking: Booking, by: User | None, at: datetime, reason: str = "") -> Booking:
    """Give up a seat or a place in the queue; a seat goes to the first in the queue. Twice changes nothing.

    Learners can do it until the session starts; those who run it until it is over.
    """
    (session,) = locked(booking.session_id)
    booking = Booking.objects.get(pk=booking.pk)
    if booking.state == CANCELLED:
        return booking
    _check_may_give_up(session, booking, by, at)
    _cancel(session, booking, by=by, at=at, reason=reason)
    _promote(session, at=at)
    return booking


@transaction.atomic
def release_many(
    *, session: LiveSession, learner_ids: Collection[int], by: User | None, at: datetime, reason: str = ""
) -> list[int]:
    """Take the seats and places of many people back (a cohort that loses them). Returns whose changed.

    As many queued people are promoted as seats became free. Sessions that are over or cancelled keep their
    bookings as history: nothing changes there.
    """
    (session,) = locked(session.pk)
    if session.state not in LiveSession.OPEN:
        return []
    rows = list(Booking.objects.filter(session=session, learner_id__in=list(learner_ids), state__in=ACTIVE))
    if not rows:
        return []
    Booking.objects.filter(pk__in=[row.pk for row in rows]).update(state=CANCELLED, updated_at=at)
    _note([row.pk for row in rows], CANCELLED, by=by, at=at, reason=reason)
    released = [row.learner_id for row in rows]
    record(BookingsChanged(session_id=session.pk, learner_ids=released), by=by, at=at)
    _promote(session, at=at)
    return released


@transaction.atomic
def release_person(*, user_id: int, by: User | None, at: datetime) -> int:
    """Somebody left the organisation: their seats ahead go to the next in each queue. Returns how many sessions.

    Does nothing for people who are (again) active members.
    """
    if people.members().filter(user_id=user_id).exists():
        return 0
    sessions = queries.future_sessions_of(user_id, at)
    for session in locked(*sorted(set(sessions))):
        release_many(session=session, learner_ids=[user_id], by=by, at=at, reason=_("Left the organisation"))
    return len(sessions)


@transaction.atomic
def switch_booking(
    *, from_session: LiveSession, to_session: LiveSession, learner: User, by: User | None, at: datetime
) -> Booking:
    """Change a seat for one in another session: both or neither. Returns the new booking.

    Where the other session has no free seat it raises ValidationError and the person keeps what they have.
    """
    old_session, new_session = locked(from_session.pk, to_session.pk)
    old = Booking.objects.filter(session=old_session, learner=learner, state__in=ACTIVE).first()
    if old is None:
        raise ValidationError(_("You have no seat to change from. Book the other session instead."))
    _check_may_give_up(old_session, old, by, at)
    new = book(session=new_session, learner=learner, by=by, at=at, reason=_("Changed from another session"))
    if new.state != BOOKED:
        raise ValidationError(_("That session is full. You keep your seat; choose another time."))
    _cancel(old_session, old, by=by, at=at, reason=_("Changed to another session"))
    _promote(old_session, at=at)
    return new


@transaction.atomic
def change_capacity(*, session: LiveSession, capacity: int, by: User | None, at: datetime) -> LiveSession:
    """More seats go to the queue at once, in its order; fewer than are taken is refused."""
    (session,) = locked(session.pk)
    taken = Booking.objects.filter(session=session, state=BOOKED).count()
    if capacity < max(taken, 1):
        raise ValidationError({"capacity": _("%d people have a seat. Cancel some first, or keep that many.") % taken})
    session.capacity = capacity
    session.save(update_fields=["capacity"])
    _promote(session, at=at)
    return session


@transaction.atomic
def add_walk_in(*, session: LiveSession, learner: User, by: User | None, at: datetime) -> Booking:
    """Somebody is there without a seat: they get one beyond the capacity, and count as present from `at`."""
    (session,) = locked(session.pk)
    if not rules.may_join(session, at):
        raise ValidationError(_("People can walk in from ten minutes before the start until the session has ended."))
    _check_members([learner.pk])
    known = Booking.objects.filter(session=session, learner=learner).first()
    if known is None or known.state != BOOKED:
        _write(
            session,
            [learner.pk],
            BOOKED,
            known={learner.pk: known.pk} if known else {},
            by=by,
            at=at,
            reason=_("Walked in"),
            walk_in=True,
        )
    booking = Booking.objects.get(session=session, learner=learner)
    manual = PresenceInterval.Source.MANUAL
    if not PresenceInterval.objects.filter(session=session, learner=learner, source=manual).exists():
        PresenceInterval.objects.create(
            # To the planned end: whoever runs it vouches for them, and the settlement clips it to the real end.
            session=session, learner=learner, source=manual, began_at=at, seen_at=max(at, session.ends_at),
        )  # fmt: skip
    if known is None or known.state != BOOKED:
        _announce(booking, by=by, at=at)
    return booking


# ---------------------------------------------------------------- under the lock


def _check_open(session: LiveSession, at: datetime) -> None:
    if not rules.may_book(session, at):
        raise ValidationError(_("“%s” is over or was cancelled: it can’t be booked any more.") % session.title)


def _check_members(user_ids: Sequence[int]) -> None:
    """Everybody is an active member of this organisation. One query."""
    strangers = len(user_ids) - people.members().filter(user_id__in=user_ids).count()
    if strangers:
        raise ValidationError(_("%d of these people can’t be booked: not an active member here.") % strangers)


def _check_may_give_up(session: LiveSession, booking: Booking, by: User | None, at: datetime) -> None:
    if session.state not in LiveSession.OPEN:
        raise ValidationError(_("This session is over or was cancelled: there is no seat to give up."))
    if by is not None and by.pk == booking.learner_id and not rules.may_give_up(session, at):
        raise ValidationError(
            _("This session has started. If you can’t stay, just leave: you will get a way to catch up.")
        )


def _free_seats(session: LiveSession) -> int:
    """Seats a newcomer may have: none while anybody waits. One query."""
    count = Booking.objects.filter(session=session).aggregate(
        booked=Count("pk", filter=Q(state=BOOKED)), waiting=Count("pk", filter=Q(state=WAITLISTED))
    )
    return 0 if count["waiting"] else session.capacity - count["booked"]


def _write(
    session: LiveSession,
    learner_ids: Sequence[int],
    state: str,
    *,
    known: dict[int, int],
    by: User | None,
    at: datetime,
    reason: str,
    walk_in: bool = False,
) -> None:
    """Give `learner_ids` the state. `known` maps learners to the rows they have here already."""
    again = [known[pk] for pk in learner_ids if pk in known]
    if again:
        Booking.objects.filter(pk__in=again).update(
            state=state, queued_at=at, updated_at=at, walk_in=walk_in, promoted=False, uuid=RandomUUID()
        )
    new = Booking.objects.bulk_create(
        (
            Booking(session=session, learner_id=pk, state=state, queued_at=at, updated_at=at, walk_in=walk_in)
            for pk in learner_ids
            if pk not in known
        ),
        batch_size=1000,
    )
    _note([*again, *(row.pk for row in new)], state, by=by, at=at, reason=reason)


def _note(booking_ids: Iterable[int], state: str, *, by: User | None, at: datetime, reason: str) -> None:
    BookingEvent.objects.bulk_create(
        (BookingEvent(booking_id=pk, state=state, actor=by, reason=reason[:200], at=at) for pk in booking_ids),
        batch_size=1000,
    )


def _cancel(session: LiveSession, booking: Booking, *, by: User | None, at: datetime, reason: str) -> None:
    booking.state, booking.updated_at = CANCELLED, at
    booking.save(update_fields=["state", "updated_at"])
    _note([booking.pk], CANCELLED, by=by, at=at, reason=reason)
    _announce(booking, by=by, at=at)


def _promote(session: LiveSession, *, at: datetime) -> None:
    """Give free seats to the head of the queue: as many as are free, to nobody twice, until it has started."""
    if session.state != LiveSession.State.SCHEDULED or at >= session.starts_at:
        return
    free = session.capacity - Booking.objects.filter(session=session, state=BOOKED).count()
    if free <= 0:
        return
    queue = list(Booking.objects.filter(session=session, state=WAITLISTED).order_by("queued_at", "pk")[:free])
    Booking.objects.filter(pk__in=[row.pk for row in queue]).update(state=BOOKED, updated_at=at, promoted=True)
    _note([row.pk for row in queue], BOOKED, by=None, at=at, reason=_("A seat became free"))
    if len(queue) == 1:
        _announce(Booking.objects.get(pk=queue[0].pk), by=None, at=at)
    elif queue:
        record(BookingsChanged(session_id=session.pk, learner_ids=[row.learner_id for row in queue]), by=None, at=at)


def _announce(booking: Booking, *, by: User | None, at: datetime) -> None:
    record(
        BookingChanged(
            booking_id=booking.pk, session_id=booking.session_id, learner_id=booking.learner_id, state=booking.state
        ),
        by=by, at=at,
    )  # fmt: skip
