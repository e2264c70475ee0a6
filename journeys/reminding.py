"""PURE: when somebody may want to be reminded of a step, and what the reminder promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lxp.messaging.plan import PersonTime, PlannedMessage, next_allowed

KIND = "journeys.later"
MORNING = time(9, 0)
SOONEST = timedelta(hours=2)
LATEST = timedelta(days=60)
"""Nobody is reminded of something they put off for longer than that: the plan may be another by then."""


def scope_of(assignment_id: int) -> str:
    """The ledger's scope of one assignment's own reminder."""
    return f"assignment:{assignment_id}"


def moments(at: datetime, person: PersonTime, due_at: datetime | None = None) -> list[datetime]:
    """Up to three good moments (UTC), soonest first: later today, the next working morning, the next week's first.

    Later today is the next full hour two hours from now, unless that is in the person's quiet hours. What is due
    is not put off beyond its date.
    """
    found: list[datetime] = []
    for moment in _candidates(at, person):
        if moment not in found and (due_at is None or moment < due_at or due_at <= at):
            found.append(moment)
    return found


def _candidates(at: datetime, person: PersonTime) -> Iterator[datetime]:
    zone = ZoneInfo(person.zone)
    local = at.astimezone(zone)
    hour = (local + SOONEST).replace(minute=0, second=0, microsecond=0)
    later = (hour if hour >= local + SOONEST else hour + timedelta(hours=1)).astimezone(UTC)
    if later.astimezone(zone).date() == local.date() and not person.is_quiet(later):
        yield later
    for days in (1, 8 - local.isoweekday()):
        yield _morning(local.date() + timedelta(days=days), person)


def _morning(first: date, person: PersonTime) -> datetime:
    """Nine o'clock on the first working day from `first` on; for who is never at work then, when they may be written to."""
    zone = ZoneInfo(person.zone)
    mornings = [datetime.combine(first + timedelta(days=n), MORNING, zone).astimezone(UTC) for n in range(14)]
    at_work = (morning for morning in mornings if not person.is_quiet(morning))
    return next(at_work, None) or next_allowed(mornings[0], person)


def message(key: str, assignment_id: int, remind_at: datetime) -> PlannedMessage:
    """The promise of one reminder. It goes out at the minute they chose, also in their quiet hours."""
    return PlannedMessage(
        suffix=f"later:{key}",
        kind=KIND,
        category="assignment",
        due_at=remind_at,
        about_at=remind_at,
        subject_id=assignment_id,
        reason="You asked to be reminded at this time.",
        params={"urgent": True},
    )
