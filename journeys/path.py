"""PURE: one journey as its page draws it: parts, their four phases, who is ready, and what clock changes do to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from journeys.board import EXTRA, Row, Run
from sessions.scheduling import ClockChange, clock_changes

FINISHED = ("done", "missed")
LOOK_AHEAD = timedelta(days=120)
"""Nobody plans for what the clocks do later than that."""


@dataclass(frozen=True)
class Part:
    """A stretch of a journey around (usually) one live step. `place` is done, now or later."""

    number: int
    title: str
    rows: tuple[Row, ...]
    place: str
    run: Run

    @cached_property
    def before(self) -> list[Row]:
        return self._of("prework")

    @cached_property
    def lives(self) -> list[Row]:
        return [row for row in self.rows if row.kind == "live"]

    @cached_property
    def during(self) -> list[Row]:
        """Self-paced steps that belong to the live session itself."""
        return [row for row in self.rows if row.phase == "live" and row.kind == "content"]

    @cached_property
    def after(self) -> list[Row]:
        return self._of("postwork")

    @cached_property
    def over(self) -> list[Row]:
        return self._of("reinforcement")

    @cached_property
    def live(self) -> Row | None:
        """The live step this part is about now: the next one, else the last."""
        ahead = (row for row in self.lives if row.state not in FINISHED)
        return next(ahead, self.lives[-1] if self.lives else None)

    @cached_property
    def ready(self) -> tuple[int, int]:
        """How many of the required steps before the live session are done, of how many."""
        wanted = self.run.prework_of(self.live) if self.live else []
        return sum(row.state == "done" for row in wanted), len(wanted)

    @property
    def opens_at(self) -> datetime | None:
        """When its first step opens, where nothing is open yet."""
        if any(row.state != "planned" for row in self.rows if row.kind == "content"):
            return None
        return min((row.opens_at for row in self.rows if row.opens_at), default=None)

    def instead_of(self, missed: Row) -> Row | None:
        """The step to catch up with a missed live step, while it is open or still to open."""
        rows = (
            r for r in self.run.shown if r.on == missed.key and "missed" in r.only and r.state in ("open", "planned")
        )
        return next(rows, None)

    def _of(self, phase: str) -> list[Row]:
        return [row for row in self.rows if row.phase == phase and row.kind == "content"]


def parts(run: Run) -> list[Part]:
    """The journey's parts in order. What was added for this learner stands after the part they are in."""
    titles = list(dict.fromkeys(row.part for row in run.shown if row.position < EXTRA)) or [""]
    rows = {title: [row for row in run.shown if row.part == title and row.position < EXTRA] for title in titles}
    current = next((title for title in titles if not _is_over(run, rows[title])), None)
    extras = [row for row in run.shown if row.position >= EXTRA]
    rows[current if current is not None else titles[-1]] += extras
    return [
        Part(number, title, tuple(rows[title]), _place(title, current, titles), run)
        for number, title in enumerate(titles, start=1)
    ]


def _is_over(run: Run, rows: Iterable[Row]) -> bool:
    """Nothing required is left of it but what keeps it fresh."""
    return all(
        row.state == "done" or run.is_made_up(row) or (row.state == "missed" and not _can_be_made_up(run, row))
        for row in rows
        if row.required and row.sign != "keep"
    )


def _can_be_made_up(run: Run, missed: Row) -> bool:
    return any(row.on == missed.key and "missed" in row.only for row in run.shown)


def _place(title: str, current: str | None, titles: Sequence[str]) -> str:
    if current is None or titles.index(title) < titles.index(current):
        return "done"
    return "now" if title == current else "later"


def share(rows: Collection[Row]) -> int:
    """How much of some steps is done, by minutes, as 0 to 100."""
    total = sum(row.minutes for row in rows)
    done = sum(row.minutes * (1.0 if row.state == "done" else row.share) for row in rows)
    return round(100 * done / total) if total else 0


def minutes_left(run: Run) -> int:
    """Own time still to go, without what comes only over time."""
    return sum(row.left for row in run.shown
               if row.kind == "content" and row.sign == "own" and row.state in ("open", "planned"))  # fmt: skip


def minutes_a_week(run: Run) -> tuple[int, int]:
    """Own time in a usual week, rounded to five minutes, and the number of live sessions. 0 for less than two weeks."""
    moments = [m for row in run.shown for m in (row.opens_at, row.due_at, row.starts_at) if m and row.sign != "keep"]
    lives = sum(row.kind == "live" for row in run.shown)
    if not moments:
        return 0, lives
    weeks = (max(moments) - min(moments)).days / 7
    own = sum(row.minutes for row in run.shown if row.kind == "content" and row.sign == "own")
    return (max(5, 5 * round(own / weeks / 5)) if weeks >= 2 else 0), lives


def span(run: Run) -> tuple[datetime | None, datetime | None]:
    """From its first moment to its last, without what keeps it fresh."""
    moments = [m for row in run.shown for m in (row.opens_at, row.due_at, row.ends_at) if m and row.sign != "keep"]
    return min(moments, default=None), max(moments, default=None)


# ---------------------------------------------------------------- clock changes


@dataclass(frozen=True)
class ClockNotice:
    """A change of clocks before a live session that makes its time another one for somebody.

    `starts_at` is the first session after it; `mine` how much later it is on the viewer's wall than it would be
    (negative: earlier); `others` the same for colleagues: zones by how much it moves for them.
    """

    change: ClockChange
    starts_at: datetime
    mine: timedelta
    others: tuple[tuple[timedelta, tuple[str, ...]], ...]


def clock_notice(
    sessions: Iterable[tuple[datetime, str]], viewer: str, zones: Collection[str], at: datetime
) -> ClockNotice | None:
    """The first such change for these sessions (start, home zone), for a viewer and colleagues in `zones`; or None."""
    for starts_at, home in sorted(sessions):
        if not at < starts_at <= at + LOOK_AHEAD:
            continue
        moved = {zone: _moved(zone, home, at, starts_at) for zone in dict.fromkeys([viewer, *sorted(zones)])}
        changed = next((c for zone in (home, viewer, *sorted(zones)) for c in clock_changes(zone, at, starts_at)), None)
        if changed and any(moved.values()):
            shifts = sorted({shift for zone, shift in moved.items() if shift and zone != viewer})
            others = tuple((s, tuple(z for z, shift in moved.items() if shift == s and z != viewer)) for s in shifts)
            return ClockNotice(changed, starts_at, moved[viewer], others)
    return None


def _moved(zone: str, home: str, before: datetime, after: datetime) -> timedelta:
    """How much later a wall time in `home` is on the wall in `zone` at `after`, compared with `before`."""
    return _change(zone, before, after) - _change(home, before, after)


def _change(zone: str, before: datetime, after: datetime) -> timedelta:
    where = ZoneInfo(zone)
    later, sooner = after.astimezone(where).utcoffset(), before.astimezone(where).utcoffset()
    return (later or timedelta()) - (sooner or timedelta())
