"""PURE: what a promised message is, and which moments people may be written to.

Planners of upper layers (journeys, live sessions) return `PlannedMessage`s; `services.sync_planned`
makes the ledger match them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MONDAY_TO_FRIDAY = (1, 2, 3, 4, 5)
_MIDNIGHT = time(0)
_LAST_MINUTE = time(23, 59)
_LONGEST_BREAK = 60
"""Days without a working day after which somebody's calendar is no calendar (beyond the holidays it lists)."""


@dataclass(frozen=True)
class PersonTime:
    """When somebody may be written to: IANA zone, quiet hours and working days (ISO weekdays) in that zone.

    `quiet_from` equal to `quiet_until` means no quiet hours; no working days means Monday to Friday. `holidays`
    are calendar days in their zone. The zone must exist (ZoneInfoNotFoundError).
    """

    zone: str
    quiet_from: time = time(19, 0)
    quiet_until: time = time(8, 0)
    work_days: tuple[int, ...] = MONDAY_TO_FRIDAY
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.work_days:
            object.__setattr__(self, "work_days", MONDAY_TO_FRIDAY)
        elif not set(self.work_days) <= set(range(1, 8)):
            raise ValueError(f"Working days are ISO weekdays from 1 (Monday) to 7, not {self.work_days}.")

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
    opening = (_MIDNIGHT, person.quiet_until)
    return min(_allowed_near(at, person, opening, step=1, fits=lambda moment: moment > at))


def last_allowed(at: datetime, person: PersonTime) -> datetime:
    """`at` itself, or the last earlier whole minute (UTC) outside quiet hours on a working day.

    For what must arrive before something starts: it comes earlier rather than at night or too late.
    """
    if not person.is_quiet(at):
        return at
    before_quiet = (datetime.combine(date.min, person.quiet_from) + timedelta(days=1, minutes=-1)).time()
    closing = (before_quiet, _LAST_MINUTE)
    return max(_allowed_near(at, person, closing, step=-1, fits=lambda moment: moment < at))


def _allowed_near(
    at: datetime, person: PersonTime, clocks: tuple[time, ...], *, step: int, fits: Any
) -> list[datetime]:
    """The allowed moments at one of `clocks` on the nearest day that has any, going from `at` by `step` days."""
    day = at.astimezone(ZoneInfo(person.zone)).date()
    for _ in range(_LONGEST_BREAK + len(person.holidays)):
        found = [
            moment for moment in _moments(day, clocks, person.zone) if fits(moment) and not person.is_quiet(moment)
        ]
        if found:
            return found
        day += timedelta(days=step)
    raise ValueError(f"{person} leaves no moment at which they may be written to.")


def _moments(day: date, clocks: tuple[time, ...], zone: str) -> Iterator[datetime]:
    """The instants (UTC) of wall clock times on a day: two where the clock is set back, moved on where it skips."""
    for clock in clocks:
        for fold in (0, 1):
            yield datetime.combine(day, clock.replace(fold=fold), ZoneInfo(zone)).astimezone(UTC)


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
