"""PURE: what a promised message is, and which moments people may be written to.

Planners of upper layers (journeys, live sessions) return `PlannedMessage`s; `services.sync_planned`
makes the ledger match them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class PersonTime:
    """When somebody may be written to: IANA zone, quiet hours and working days (ISO weekdays) in that zone.

    `quiet_from` equal to `quiet_until` means no quiet hours. `holidays` are calendar days in their zone.
    """

    zone: str
    quiet_from: time = time(19, 0)
    quiet_until: time = time(8, 0)
    work_days: tuple[int, ...] = (1, 2, 3, 4, 5)
    holidays: frozenset[date] = frozenset()

    def is_quiet(self, at: datetime) -> bool:
        """Whether `at` (aware) falls into the person's quiet hours, a free weekday or a holiday."""
        local = at.astimezone(ZoneInfo(self.zone))
        return not self._is_working(local.date()) or self._in_quiet_hours(local.time())

    def _is_working(self, day: date) -> bool:
        return day.isoweekday() in self.work_days and day not in self.holidays

    def _in_quiet_hours(self, clock: time) -> bool:
        if self.quiet_from == self.quiet_until:
            return False
        if self.quiet_from < self.quiet_until:
            return self.quiet_from <= clock < self.quiet_until
        return clock >= self.quiet_from or clock < self.quiet_until


def next_allowed(at: datetime, person: PersonTime) -> datetime:
    """`at` itself, or the first later moment (UTC) outside quiet hours on a working day."""
    if not person.is_quiet(at):
        return at
    zone = ZoneInfo(person.zone)
    local = at.astimezone(zone)
    morning = local.replace(hour=person.quiet_until.hour, minute=person.quiet_until.minute, second=0, microsecond=0)
    if person._is_working(local.date()) and morning > local:
        return morning.astimezone(UTC)
    return _first_morning(local.date() + timedelta(days=1), person, step=1)


def last_allowed(at: datetime, person: PersonTime) -> datetime:
    """`at` itself, or the last earlier moment (UTC) outside quiet hours on a working day.

    For what must arrive before something starts: it comes earlier rather than at night or too late.
    """
    if not person.is_quiet(at):
        return at
    zone = ZoneInfo(person.zone)
    local = at.astimezone(zone)
    if person._is_working(local.date()):
        evening = _evening(local.date(), person)
        if evening < local:
            return evening.astimezone(UTC)
    day = local.date() - timedelta(days=1)
    while not person._is_working(day) and (local.date() - day).days < 60:
        day -= timedelta(days=1)
    return _evening(day, person).astimezone(UTC)


def _evening(day: date, person: PersonTime) -> datetime:
    last = person.quiet_from if person.quiet_from > person.quiet_until else time(17, 0)
    return datetime.combine(day, last, ZoneInfo(person.zone)) - timedelta(minutes=1)


def _first_morning(day: date, person: PersonTime, *, step: int) -> datetime:
    start = day
    while not person._is_working(day) and abs((day - start).days) < 60:
        day += timedelta(days=step)
    return datetime.combine(day, person.quiet_until, ZoneInfo(person.zone)).astimezone(UTC)


@dataclass(frozen=True)
class PlannedMessage:
    """One message a plan promises (see `lxp.messaging.models.Message` for the meaning of each field).

    `due_at` and `about_at` are aware UTC; `reason` is a sentence for its reader; `params` is JSON-ready.
    """

    suffix: str
    kind: str
    category: str
    due_at: datetime
    reason: str
    channel: str = "email"
    about_at: datetime | None = None
    subject_id: int | None = None
    mandatory: bool = False
    params: dict[str, Any] = field(default_factory=dict, hash=False, compare=True)
