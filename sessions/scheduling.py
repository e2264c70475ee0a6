"""PURE: what a wall-clock time in a zone means, where people stand at that moment, and when clocks change.

People plan in wall time ("Thursday 15:00 in Lisbon"); machines act at instants. Everything that turns one
into the other is here, so that it can be tested for every zone there is (spec: live sessions, 3.1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

SECOND = timedelta(seconds=1)
LONGEST_CHANGE = timedelta(hours=26)
"""No clock has ever been moved by more: changes of the date line skip or repeat one whole day."""


class UnknownZone(ValueError):
    """`zone` is not an IANA time zone."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        super().__init__(f"There is no time zone called {zone!r}. Use an IANA name such as Europe/Lisbon.")


class NoSuchTime(ValueError):
    """The clock in `zone` skips `local`; `next_valid` (naive wall time) is the first one after the gap."""

    def __init__(self, local: datetime, zone: str, next_valid: datetime) -> None:
        self.local, self.zone, self.next_valid = local, zone, next_valid
        super().__init__(
            f"{local:%Y-%m-%d %H:%M} doesn't exist in {zone}: clocks go forward then. "
            f"The next valid time is {next_valid:%Y-%m-%d %H:%M}."
        )


class TwoSuchTimes(ValueError):
    """The clock in `zone` shows `local` twice. `choices` are the two instants (UTC); pass fold 0 or 1."""

    def __init__(self, local: datetime, zone: str, choices: tuple[datetime, datetime]) -> None:
        self.local, self.zone, self.choices = local, zone, choices
        super().__init__(
            f"{local:%Y-%m-%d %H:%M} happens twice in {zone}: clocks go back then. "
            f"Say which: the first ({choices[0]:%H:%M} UTC) or the second ({choices[1]:%H:%M} UTC)."
        )


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    # These two are files of the machine, not places.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def zone_of(zone: str) -> ZoneInfo:
    """The zone of an IANA name. Raises UnknownZone, also for paths and other things that are not names."""
    if zone not in _zone_names():
        raise UnknownZone(zone)
    return ZoneInfo(zone)


def resolve_local(start_local: datetime, zone: str, fold: int | None = None) -> datetime:
    """The instant (UTC) at which clocks in `zone` show `start_local` (naive).

    A time that the clock skips raises NoSuchTime; a time it shows twice raises TwoSuchTimes unless `fold`
    says which (0 the first, 1 the second). Where there is only one, `fold` makes no difference.
    """
    if start_local.tzinfo is not None:
        raise ValueError("A wall-clock time has no zone of its own: pass a naive datetime and the zone beside it.")
    where = zone_of(zone)
    first, second = ((start_local.replace(tzinfo=where, fold=f)).astimezone(UTC) for f in (0, 1))
    if _wall(first, where) != start_local:
        raise NoSuchTime(start_local, zone, _wall(_change_between(second, first, where), where))
    if first == second:
        return first
    if fold is None:
        raise TwoSuchTimes(start_local, zone, (first, second))
    return second if fold else first


def _wall(at: datetime, where: ZoneInfo) -> datetime:
    return at.astimezone(where).replace(tzinfo=None, fold=0)


def _offset(at: datetime, where: ZoneInfo) -> timedelta:
    return at.astimezone(where).utcoffset() or timedelta()


def _change_between(before: datetime, after: datetime, where: ZoneInfo) -> datetime:
    """The first instant, to the second, at which the offset of `before` no longer holds. One change in between."""
    old = _offset(before, where)
    while after - before > SECOND:
        middle = before + timedelta(seconds=(after - before) // SECOND // 2)
        if _offset(middle, where) == old:
            before = middle
        else:
            after = middle
    return after


# ---------------------------------------------------------------- clock changes


@dataclass(frozen=True)
class ClockChange:
    """From `at` (UTC) on, clocks in `zone` are `moved` (positive: forward), from offset `old` to `new`."""

    zone: str
    at: datetime
    old: timedelta
    new: timedelta

    @property
    def moved(self) -> timedelta:
        return self.new - self.old


def clock_changes(zone: str, since: datetime, until: datetime) -> list[ClockChange]:
    """Every change of the clock in `zone` after `since` and up to `until` (both aware), in order."""
    where = zone_of(zone)
    changes = []
    before = since.astimezone(UTC)
    end = until.astimezone(UTC)
    while before < end:
        after = min(before + timedelta(days=1), end)
        old, new = _offset(before, where), _offset(after, where)
        if old != new:
            changes.append(ClockChange(zone, _change_between(before, after, where), old, new))
        before = after
    return changes


def changes_for_viewer(session_zone: str, viewer_zone: str, since: datetime, until: datetime) -> list[ClockChange]:
    """The changes between now and a session that make its time look different to somebody in another zone.

    Where both clocks move together nothing looks different, and nothing is said.
    """
    if session_zone == viewer_zone:
        return []
    theirs = clock_changes(session_zone, since, until)
    mine = clock_changes(viewer_zone, since, until)
    if [(c.at, c.moved) for c in theirs] == [(c.at, c.moved) for c in mine]:
        return []
    return sorted([*theirs, *mine], key=lambda change: change.at)


# ---------------------------------------------------------------- where people are


@dataclass(frozen=True)
class WorkingHours:
    """When somebody works: IANA zone, hours in it, ISO weekdays. Hours may pass midnight (22:00 to 06:00)."""

    zone: str
    start: time = time(9, 0)
    end: time = time(17, 30)
    days: tuple[int, ...] = (1, 2, 3, 4, 5)

    def covers(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether all of `starts_at` to `ends_at` (aware) lies inside one working day."""
        where = ZoneInfo(self.zone)
        local = starts_at.astimezone(where)
        for day in (local.date(), local.date() - timedelta(days=1)):
            if day.isoweekday() not in self.days:
                continue
            begin = datetime.combine(day, self.start, where)
            last_day = day if self.start < self.end else day + timedelta(days=1)
            if begin <= starts_at and ends_at <= datetime.combine(last_day, self.end, where):
                return True
        return False


@dataclass(frozen=True)
class ZoneRow:
    """One line of "when is that where people are": `local` is the start on that zone's clock."""

    zone: str
    local: datetime
    people: tuple[int, ...]
    unsocial: tuple[int, ...]
    """Of `people`, those for whom it isn't wholly inside working hours."""


def zones_at(starts_at: datetime, ends_at: datetime, people: Iterable[tuple[int, WorkingHours]]) -> list[ZoneRow]:
    """When `starts_at` to `ends_at` is for `people` (id, working hours), a row per zone.

    Most people first, then by the clock.
    """
    everyone: dict[str, list[int]] = defaultdict(list)
    unsocial: dict[str, list[int]] = defaultdict(list)
    covered: dict[WorkingHours, bool] = {}
    for person, hours in people:
        everyone[hours.zone].append(person)
        if hours not in covered:
            covered[hours] = hours.covers(starts_at, ends_at)
        if not covered[hours]:
            unsocial[hours.zone].append(person)
    rows = [
        ZoneRow(zone, starts_at.astimezone(ZoneInfo(zone)), tuple(ids), tuple(unsocial[zone]))
        for zone, ids in everyone.items()
    ]
    return sorted(rows, key=lambda row: (-len(row.people), row.local.replace(tzinfo=None), row.zone))
