"""What people are told about their bookings: the ledger is made to match the plan, and changes are announced.

Set-based: bookings with equal facts, of people who may be written to at equal times, share one plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from lxp.messaging.plan import PersonTime, PlannedMessage, next_allowed
from lxp.messaging.services import Member, SyncResult, promise, sync_planned
from lxp.messaging.times import person_times
from lxp.messaging.told import last_told
from sessions import queries
from sessions.models import Booking, LiveSession, SessionStaff
from sessions.plan import CATEGORY, KINDS, BookingFacts, plan_booking

INVITES = ("live.booked", "live.promoted", "live.moved")
"""The kinds that put an entry into somebody's calendar."""
AT_LEAST_BEFORE = timedelta(hours=2)
"""A change reaches people at night only if the morning would leave them less than this."""


def scope_of(booking_id: int) -> str:
    """The scope of a booking's messages in the ledger."""
    return f"booking:{booking_id}"


def staff_scope_of(staff_id: int) -> str:
    """The scope of the messages to somebody who runs a session."""
    return f"staff:{staff_id}"


@transaction.atomic
def sync_messages(
    *, session_ids: Collection[int], learner_ids: Collection[int] | None = None, at: datetime
) -> SyncResult:
    """Make the promised messages of these bookings match their plans. Running it twice changes nothing.

    Five queries and what `sync_planned` takes, for any number of people.
    """
    sessions = {row["id"]: row for row in queries.session_facts(session_ids)}
    bookings = queries.planned_bookings(session_ids, learner_ids)
    times = person_times({booking.learner_id for booking in bookings})
    numbers: dict[tuple[BookingFacts, PersonTime], int] = {}
    members = []
    for booking in bookings:
        key = (queries.facts_of(sessions[booking.session_id], booking), times[booking.learner_id])
        number = numbers.setdefault(key, len(numbers))
        members.append(Member(booking.learner_id, scope_of(booking.booking_id), number))
    plans = {number: plan_booking(facts, person) for (facts, person), number in numbers.items()}
    return sync_planned(members=members, plans=plans, kinds=KINDS, at=at)


@transaction.atomic
def announce_move(
    *,
    session: LiveSession,
    sequence: int,
    old_starts_at: datetime,
    old_place: str,
    old_minutes: int,
    moved_at: datetime,
    at: datetime,
) -> int:
    """Tell everybody it concerns, once per move, what was and what is. Returns how many are promised a message.

    Concerned are those who had a seat or waited when it moved, and who runs it.
    """
    if session.state == LiveSession.State.CANCELLED:
        return 0  # the cancellation says all there is to say
    booked = Booking.objects.filter(session=session, state__in=queries.ACTIVE, updated_at__lte=moved_at)
    params = {
        "title": session.title, "sequence": sequence, "starts_at": session.starts_at.isoformat(),
        "old_starts_at": old_starts_at.isoformat(), "old_place": old_place, "old_minutes": old_minutes,
    }  # fmt: skip
    message = PlannedMessage(
        suffix=f"moved:{sequence}", kind="live.moved", category=CATEGORY, due_at=at, mandatory=True,
        reason="A live session of yours changed.", about_at=session.starts_at, subject_id=session.pk, params=params,
    )  # fmt: skip
    return _promise(session, booked, message, first=min(old_starts_at, session.starts_at), at=at)


@transaction.atomic
def announce_cancellation(*, session: LiveSession, reason: str, at: datetime) -> int:
    """Tell everybody it concerns that a session won't take place. Returns how many are promised a message."""
    booked = Booking.objects.filter(session=session, state__in=queries.ACTIVE)
    message = PlannedMessage(
        suffix="cancelled", kind="live.cancelled", category=CATEGORY, due_at=at, mandatory=True,
        reason="A live session of yours was cancelled.", about_at=session.starts_at, subject_id=session.pk,
        params={"title": session.title, "starts_at": session.starts_at.isoformat(), "reason": reason},
    )  # fmt: skip
    return _promise(session, booked, message, first=session.starts_at, at=at)


@transaction.atomic
def announce_release(*, session: LiveSession, learner_ids: Collection[int], at: datetime) -> int:
    """Take the calendar entry back from those who gave their seat up. Returns how many are promised a message.

    Only those who were sent one are told: to the others nothing ever was in their calendar.
    """
    rows = Booking.objects.filter(session=session, learner_id__in=learner_ids, state=Booking.State.CANCELLED)
    told = last_told([scope_of(row.pk) for row in rows], INVITES)
    invited = [row for row in rows if scope_of(row.pk) in told]
    times = person_times({row.learner_id for row in invited}) if invited else {}
    promised = 0
    for row in invited:
        message = PlannedMessage(
            suffix="released", kind="live.released", category=CATEGORY, due_at=next_allowed(at, times[row.learner_id]),
            reason="You no longer have a seat in this session.", about_at=row.updated_at, subject_id=session.pk,
            # The entry of this very booking: the row gets a new uuid if they book again.
            params={
                "title": session.title, "starts_at": session.starts_at.isoformat(), "uid": str(row.uuid),
                "sequence": session.sequence + 1,
            },
        )  # fmt: skip
        promised += promise(members=[Member(row.learner_id, scope_of(row.pk))], message=message, at=at)
    return promised


def _promise(
    session: LiveSession, bookings: Iterable[Any], message: PlannedMessage, *, first: datetime, at: datetime
) -> int:
    """Promise `message` to the people of `bookings` and to the staff, each at their next working hour.

    `first` is the earliest moment at which not knowing would hurt: who would hear of it too late is told at once.
    """
    staff = SessionStaff.objects.filter(session=session)
    members = [Member(row.learner_id, scope_of(row.pk)) for row in bookings]
    members += [Member(row.user_id, staff_scope_of(row.pk)) for row in staff]
    times = person_times({member.recipient_id for member in members})
    groups: dict[tuple[datetime, bool], list[Member]] = defaultdict(list)
    for member in members:
        waited = next_allowed(at, times[member.recipient_id])
        urgent = waited > first - AT_LEAST_BEFORE
        groups[(at if urgent else waited, urgent)].append(member)
    promised = 0
    for (due_at, urgent), group in groups.items():
        params = {**message.params, "urgent": True} if urgent else message.params
        promised += promise(members=group, message=_at(message, due_at, params), at=at)
    return promised


def _at(message: PlannedMessage, due_at: datetime, params: dict[str, Any]) -> PlannedMessage:
    return PlannedMessage(
        suffix=message.suffix, kind=message.kind, category=message.category, due_at=due_at, reason=message.reason,
        channel=message.channel, about_at=message.about_at, subject_id=message.subject_id,
        mandatory=message.mandatory, params=params,
    )  # fmt: skip
