"""PURE: which messages one booking promises, and when.

Everything here follows from facts about the booking and its session, never from what happened before: a
moved session gives another plan, a cancelled one an empty plan, and the ledger is made to match.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lxp.messaging.plan import PersonTime, PlannedMessage, last_allowed, next_allowed

KINDS = (
    "live.booked", "live.promoted", "live.waitlisted", "live.reminder_day", "live.reminder_hour", "live.starting",
)  # fmt: skip
"""The kinds of message a booking's plan may hold; planned ones that it no longer holds are withdrawn."""

TOLD = (*KINDS, "live.moved")
"""The kinds that tell somebody when a session is: what the latest of them said is what they know."""

CATEGORY = "session"
DAY_BEFORE, HOUR_BEFORE, DOOR_BEFORE = timedelta(hours=24), timedelta(hours=1), timedelta(minutes=10)

BOOKED, WAITLISTED = "booked", "waitlisted"


@dataclass(frozen=True)
class BookingFacts:
    """What a plan depends on. All moments aware UTC; equal facts give equal plans, whoever they belong to."""

    session_id: int
    title: str
    starts_at: datetime
    takes_place: bool
    """False once the session is cancelled or over."""
    changed_at: datetime | None
    """When its time or place last changed."""
    state: str
    since: datetime
    """When the booking got its state."""
    promoted: bool = False
    """The seat came from the waiting list."""
    own_act: bool = False
    """The learner made the booking, so the answer may come at once, also in the evening."""


def plan_booking(booking: BookingFacts, person: PersonTime) -> list[PlannedMessage]:
    """The messages that `booking` promises to somebody who may be written to as `person` says.

    A reminder whose moment had already passed when the seat was taken or the session last moved isn't
    promised: the confirmation, or the message about the move, has just said the same.
    """
    if not booking.takes_place or booking.since >= booking.starts_at:
        return []
    if booking.state == WAITLISTED:
        return [_answer(booking, person, "waitlisted", "You joined the waiting list.")]
    if booking.state != BOOKED:
        return []
    if booking.promoted:
        first = _answer(booking, person, "promoted", "A seat became free and you were next on the waiting list.")
    else:
        first = _answer(booking, person, "booked", "You have a seat in this session.")
    known = max(booking.since, booking.changed_at or booking.since)
    return [first, *(m for m in _reminders(booking, person) if m.due_at > known)]


def _answer(booking: BookingFacts, person: PersonTime, name: str, reason: str) -> PlannedMessage:
    """The message about the booking itself: at once, or with the next working day if somebody else booked."""
    waited = next_allowed(booking.since, person)
    # One that would come after the last reminder comes at night rather than too late.
    urgent = booking.own_act or waited > booking.starts_at - HOUR_BEFORE
    return PlannedMessage(
        suffix=name,
        kind=f"live.{name}",
        category=CATEGORY,
        due_at=booking.since if urgent else waited,
        reason=reason,
        about_at=booking.since,
        subject_id=booking.session_id,
        params=_params(booking, urgent=urgent),
    )


def _reminders(booking: BookingFacts, person: PersonTime) -> list[PlannedMessage]:
    starts = booking.starts_at
    return [
        # Shifted earlier, never later: on Friday for Monday, in the evening for the night.
        _reminder(booking, "reminder_day", last_allowed(starts - DAY_BEFORE, person),
                  "Your live session is coming up.", urgent=False),
        # People need these to join, so they come at any hour: the session itself is at that hour.
        _reminder(booking, "reminder_hour", starts - HOUR_BEFORE, "Your live session starts in an hour.", urgent=True),
        _reminder(booking, "starting", starts - DOOR_BEFORE, "Your live session is about to start.", urgent=True,
                  channel="inapp"),
    ]  # fmt: skip


def _reminder(
    booking: BookingFacts, name: str, due_at: datetime, reason: str, *, urgent: bool, channel: str = "email"
) -> PlannedMessage:
    return PlannedMessage(
        suffix=name,
        kind=f"live.{name}",
        category=CATEGORY,
        due_at=due_at,
        reason=reason,
        channel=channel,
        about_at=booking.starts_at,
        subject_id=booking.session_id,
        params=_params(booking, urgent=urgent),
    )


def _params(booking: BookingFacts, *, urgent: bool) -> dict[str, object]:
    """What the message says about the session as it was known when promised; `title` serves the ledger."""
    params: dict[str, object] = {"title": booking.title, "starts_at": booking.starts_at.isoformat()}
    if urgent:
        params["urgent"] = True
    return params
