"""PURE: what a learner's pages show: the next step, the answer at the top, the week, where each journey stands.

Everything here is worked out from what `journeys.queries.runs_of` read: no database, no clock, no words (those are
in `journeys.wording`). Days are days on the learner's own calendar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from journeys.plan import Note
from lxp.messaging.plan import PersonTime

CLOSE = timedelta(days=3)
"""From so long before a live session its preparation comes before everything else."""

EXTRA = 10_000
"""Position of what was added for one learner: after every step of the journey."""

NO_DATE = datetime.max.replace(tzinfo=ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True)
class Row:
    """One assignment with what pages show of it. Moments are aware UTC, `minutes` is the planned effort.

    `follows`: key of the live step its times are counted from, `days` the distance of its opening from it. `only`: the
    outcomes of live step `on` it is for.
    `share` (0 to 1) and `last_at`: how far an unfinished attempt got, and when that was.
    """

    pk: int
    enrolment_id: int
    key: str
    state: str
    note: str
    opens_at: datetime | None
    due_at: datetime | None
    done_at: datetime | None
    outcome: str
    score: float | None
    position: int
    part: str
    phase: str
    kind: str
    title: str
    why: str
    minutes: int
    required: bool
    follows: str
    days: int
    on: str
    only: tuple[str, ...]
    item_id: int | None
    item_slug: str
    item_kind: str
    version_id: int | None
    session_id: int | None
    session_uuid: UUID | None
    starts_at: datetime | None
    ends_at: datetime | None
    share: float = 0.0
    last_at: datetime | None = None

    @property
    def sign(self) -> str:
        """live, keep (over time) or own: how the design draws it."""
        if self.kind == "live":
            return "live"
        return "keep" if self.phase == "reinforcement" else "own"

    @property
    def is_expected(self) -> bool:
        """It concerns the learner as things stand: a catch-up does only once its session was missed."""
        if self.state == "waived":
            return False
        if self.note in (Note.AWAITS_ATTENDANCE, Note.AWAITS_SCORE):
            return "attended" in self.only
        return True

    @property
    def is_work(self) -> bool:
        """Can be done now, in one's own time."""
        return self.state == "open" and self.kind == "content"

    @property
    def is_started(self) -> bool:
        return self.last_at is not None and self.state != "done"

    @property
    def left(self) -> int:
        """Minutes still to go; at least one, because nothing takes none."""
        return max(1, round(self.minutes * (1 - self.share)))

    def is_late(self, at: datetime) -> bool:
        """Its date has passed and it has to be done."""
        return self.required and self.state == "open" and self.due_at is not None and self.due_at < at


@dataclass(frozen=True)
class Run:
    """One enrolment as its learner sees it: a journey with its steps, in order."""

    enrolment_id: int
    uuid: UUID
    state: str
    source: str
    progress: float
    enrolled_at: datetime
    completed_at: datetime | None
    slug: str
    code: str
    title: str
    mandatory: bool
    cohort: str
    rows: tuple[Row, ...] = field(repr=False)

    @cached_property
    def shown(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.is_expected)

    @cached_property
    def work(self) -> list[Row]:
        return [row for row in self.shown if row.is_work]

    @property
    def total(self) -> int:
        return len(self.shown)

    @cached_property
    def done(self) -> int:
        return sum(1 for row in self.shown if row.state == "done" or self.is_made_up(row))

    def is_made_up(self, missed: Row) -> bool:
        """A missed live step counts once everything required of those who missed it is done."""
        if missed.state != "missed":
            return False
        instead = [r for r in self.shown if r.required and r.on == missed.key and "missed" in r.only]
        return bool(instead) and all(r.state == "done" for r in instead)

    def live_of(self, row: Row) -> Row | None:
        """The live step a step belongs to: named by its dates, else the next one (preparation) or the last one."""
        lives = [other for other in self.rows if other.kind == "live"]
        if row.kind == "live":
            return row
        if row.follows:
            return next((live for live in lives if live.key == row.follows), None)
        if row.phase == "prework":
            return next((live for live in lives if live.position > row.position), None)
        return next((live for live in reversed(lives) if live.position < row.position), None)

    def prework_of(self, live: Row) -> list[Row]:
        """Required preparation of a live step."""
        return [r for r in self.shown if r.phase == "prework" and r.required and r.kind == "content"
                and self.live_of(r) is live]  # fmt: skip

    @cached_property
    def next_live(self) -> Row | None:
        """The next live step with a date that is still ahead, or on."""
        lives = (row for row in self.shown if row.kind == "live" and row.starts_at)
        return next((row for row in lives if row.state in ("planned", "open")), None)

    def number_of(self, row: Row) -> int:
        """Which step of how many: "Step 4 of 16"."""
        return self.shown.index(row) + 1


# ---------------------------------------------------------------- what next


@dataclass(frozen=True)
class Pick:
    """A step that could be done now, with what orders it among the others (smaller is sooner)."""

    run: Run
    row: Row
    rank: tuple[int, datetime, bool, int, int]
    fits: bool = True


def picks(runs: Iterable[Run], at: datetime) -> list[Pick]:
    """Everything that can be done now, most urgent first.

    Preparation for a live session that is close comes first, then what is required by its date (what is late has
    the oldest one), then what has no date, then what is optional.
    """
    found = [Pick(run, row, _rank(run, row, at)) for run in runs for row in run.work]
    return sorted(found, key=lambda pick: pick.rank)


def _rank(run: Run, row: Row, at: datetime) -> tuple[int, datetime, bool, int, int]:
    live = run.live_of(row) if row.phase == "prework" else None
    starts_at = live.starts_at if live and live.state in ("planned", "open") else None
    deadline = row.due_at or starts_at
    if row.required and starts_at and at <= starts_at <= at + CLOSE:
        group = 0
    elif row.required and deadline:
        group = 1
    else:
        group = 2 if row.required or row.due_at else 3
    return group, deadline or NO_DATE, not row.is_started, row.position, row.pk


def choose(ranked: Sequence[Pick], *, minutes: int | None = None, skip: Collection[int] = ()) -> Pick | None:
    """The step to show: the most urgent one that fits into `minutes` and is not among `skip` (assignment ids).

    Where nothing is short enough it is the shortest, with `fits` False. When everything was skipped it starts over.
    """
    left = [pick for pick in ranked if pick.row.pk not in skip] or list(ranked)
    if not left:
        return None
    if minutes is None:
        return left[0]
    fitting = next((pick for pick in left if pick.row.left <= minutes), None)
    if fitting:
        return fitting
    shortest = min(left, key=lambda pick: pick.row.left)
    return Pick(shortest.run, shortest.row, shortest.rank, fits=False)


# ---------------------------------------------------------------- the answer at the top


@dataclass(frozen=True)
class Live:
    """The next live session as far as the answer depends on it. `phase` is sessions.rules.phase, `seat` the booking's
    state ("" without one)."""

    session_id: int
    title: str
    starts_at: datetime
    phase: str
    seat: str = ""

    @property
    def is_open(self) -> bool:
        """I have a seat, and the room is open."""
        return self.seat == "booked" and self.phase in ("door", "on_air")


@dataclass(frozen=True)
class Answer:
    """The answer to "what should I do next?": a code (see `journeys.wording.headline`) with its facts."""

    code: str
    minutes: int = 0
    moment: datetime | None = None
    title: str = ""


def answer(runs: Sequence[Run], ranked: Sequence[Pick], live: Live | None, at: datetime) -> Answer:
    """What the page's title says: the truth about right now, most urgent first."""
    if live and live.is_open:
        return Answer("live_on" if live.phase == "on_air" else "live_door", moment=live.starts_at, title=live.title)
    before = _preparation(runs, live)
    if ranked and live and ranked[0].row in before:
        ready = live.seat == "booked" and all(row.is_work for row in before)
        minutes = sum(row.left for row in before if row.is_work)
        return Answer("prepare" if ready else "prepare_now", minutes, live.starts_at)
    if late := [pick.row for pick in ranked if pick.row.is_late(at)]:
        return Answer("late", sum(row.left for row in late))
    if ranked and (due := ranked[0].row.due_at) and ranked[0].row.required:
        by_then = [pick.row for pick in ranked if pick.row.required and pick.row.due_at and pick.row.due_at <= due]
        return Answer("due", sum(row.left for row in by_then), due)
    if live and not live.seat and _has_row(runs, live):
        return Answer("choose_date", moment=live.starts_at, title=live.title)
    if ranked and ranked[0].row.required:
        return Answer("whenever", ranked[0].row.left)
    if live and before:
        opens = min((row.opens_at for row in before if row.opens_at), default=None)
        return Answer("prepare_later", moment=opens, title=live.title)
    if live and live.seat == "booked":
        return Answer("ready", moment=live.starts_at)
    if ranked:
        return Answer("optional", ranked[0].row.left)
    return Answer("quiet" if any(run.state == "active" for run in runs) else "free")


def _has_row(runs: Sequence[Run], live: Live) -> bool:
    return any(row.session_id == live.session_id for run in runs for row in run.shown)


def _preparation(runs: Sequence[Run], live: Live | None) -> list[Row]:
    """What is unfinished of the required preparation for this session."""
    if live is None:
        return []
    return [
        row
        for run in runs
        for step in run.shown
        if step.kind == "live" and step.session_id == live.session_id
        for row in run.prework_of(step)
        if row.state in ("open", "planned")
    ]


def next_opening(runs: Iterable[Run], at: datetime) -> tuple[Run, Row] | None:
    """What opens next of everything that is planned."""
    coming = [(run, row) for run in runs for row in run.shown
              if row.state == "planned" and row.kind == "content" and row.opens_at and row.opens_at > at]  # fmt: skip
    return min(coming, key=lambda pair: (pair[1].opens_at or NO_DATE, pair[1].position, pair[1].pk), default=None)


# ---------------------------------------------------------------- where a journey stands


@dataclass(frozen=True)
class Standing:
    """How a journey stands, as a code with facts: late, due_soon, live, catch_up, due, opens, waiting, free, done."""

    code: str
    row: Row | None = None
    moment: datetime | None = None

    @property
    def is_urgent(self) -> bool:
        return self.code in ("late", "due_soon")


def standing(run: Run, at: datetime, zone: str) -> Standing:
    """The one thing to know about a journey now."""
    if run.state == "completed":
        return Standing("done", moment=run.completed_at)
    current = current_of(run, at)
    live = run.next_live
    if current and current.is_late(at):
        return Standing("late", current, current.due_at)
    if current and "missed" in current.only and "attended" not in current.only:
        return Standing("catch_up", current, current.due_at)
    if live and (current is None or run.live_of(current) is live):
        return Standing("live", live, live.starts_at)
    if current and current.due_at:
        soon = day_of(current.due_at, zone) <= day_of(at, zone) + timedelta(days=1)
        return Standing("due_soon" if soon and current.required else "due", current, current.due_at)
    if current:
        return Standing("free", current)
    coming = next_opening([run], at)
    return Standing("opens", coming[1], coming[1].opens_at) if coming else Standing("waiting")


def current_of(run: Run, at: datetime) -> Row | None:
    """The step somebody is at in one journey."""
    ranked = picks([run], at)
    return ranked[0].row if ranked else None


def in_order(runs: Iterable[Run], at: datetime) -> list[Run]:
    """Journeys that are going on: those with something to do by urgency, then by what comes next."""

    def when(run: Run) -> tuple[int, datetime, datetime]:
        ranked = picks([run], at)
        if ranked:
            return ranked[0].rank[0], ranked[0].rank[1], run.enrolled_at
        coming = [moment for row in run.shown if row.state == "planned" for moment in (row.opens_at, row.starts_at)
                  if moment and moment > at]  # fmt: skip
        return 4, min(coming, default=NO_DATE), run.enrolled_at

    return sorted((run for run in runs if run.state == "active"), key=when)


# ---------------------------------------------------------------- the line

MOST_STOPS = 9
"""As many labels as the line has room for beside each other."""


@dataclass(frozen=True)
class Stop:
    """One stop of the line (design kit §5)."""

    kind: str
    state: str
    title: str
    row: Row
    note: str = ""


def stops(run: Run, at: datetime, rows: Sequence[Row] | None = None) -> list[Stop]:
    """The journey (or some of its steps) as a line."""
    current, live = current_of(run, at), run.next_live
    return [
        Stop(row.sign, mark_of(row.state, row.sign, is_now=row is current, is_next=row is live), row.title, row)
        for row in (run.shown if rows is None else rows)
    ]


def mark_of(state: str, sign: str, *, is_now: bool = False, is_next: bool = False) -> str:
    """done, missed, now, next, todo or locked: how the mark of a step in `state` is drawn."""
    if state in ("done", "missed"):
        return state
    if is_now or is_next:
        return "now" if is_now else "next"
    return "todo" if state == "open" or sign == "live" else "locked"


def around(run: Run, focus: Row) -> list[Row]:
    """The steps of the same part as `focus`, at most MOST_STOPS of them around it."""
    part = [row for row in run.shown if row.part == focus.part]
    middle = part.index(focus)
    start = max(0, min(middle - MOST_STOPS // 2, len(part) - MOST_STOPS))
    return part[start : start + MOST_STOPS]


# ---------------------------------------------------------------- the week


@dataclass(frozen=True)
class Slot:
    """One thing on a day: done, now, open, due (alert), late, live, opens, or after (its live session)."""

    code: str
    run: Run
    row: Row
    moment: datetime | None = None


@dataclass(frozen=True)
class Day:
    """A day of the week's columns, with at most MOST_SLOTS things; `more` counts the rest."""

    day: date
    slots: tuple[Slot, ...]
    more: int = 0


@dataclass(frozen=True)
class Week:
    """Five columns and the free days. `ahead`: it is next week, because this one's working days are over.

    `off` holds the free days' slots, `quiet` says that nobody is written to on these days.
    """

    days: tuple[Day, ...]
    off: tuple[Day, ...]
    today: date
    ahead: bool
    quiet: bool


MOST_SLOTS = 4
WORKING_DAYS = 5


def week(runs: Sequence[Run], person: PersonTime, at: datetime, current: Row | None = None) -> Week:
    """The learner's week: what was done, what is to do by when, what is live, what opens. `current` stands on today."""
    zone = person.zone
    today = day_of(at, zone)
    monday = _first_working_day(today, person)
    ahead = (today - monday).days >= WORKING_DAYS
    first = monday + timedelta(days=7) if ahead else monday
    by_day: dict[date, list[Slot]] = {}
    for slot in _slots(runs, at, zone, current):
        day = today if slot.code in ("now", "late") else _day_of_slot(slot, zone)
        by_day.setdefault(day, []).append(slot)
    days = [_day(first + timedelta(days=n), by_day) for n in range(7)]
    off = tuple(days[WORKING_DAYS:])
    quiet = all(day.day.isoweekday() not in person.work_days for day in off)
    return Week(tuple(days[:WORKING_DAYS]), off, today, ahead, quiet)


def _first_working_day(today: date, person: PersonTime) -> date:
    """Where the five columns begin: Monday, or another day for people whose five days in a row start there."""
    days = set(person.work_days)
    starts = [d for d in days if all((d + n - 1) % 7 + 1 in days for n in range(WORKING_DAYS))]
    start = starts[0] if len(days) == WORKING_DAYS and len(starts) == 1 else 1
    return today - timedelta(days=(today.isoweekday() - start) % 7)


def _day(day: date, by_day: Mapping[date, list[Slot]]) -> Day:
    order = ("late", "live", "now", "due", "open", "opens", "after", "done")
    slots = sorted(by_day.get(day, ()), key=lambda s: (order.index(s.code), s.moment or NO_DATE, s.row.pk))
    return Day(day, tuple(slots[:MOST_SLOTS]), max(0, len(slots) - MOST_SLOTS))


def _day_of_slot(slot: Slot, zone: str) -> date:
    assert slot.moment is not None
    return day_of(slot.moment, zone)


def _slots(runs: Sequence[Run], at: datetime, zone: str, current: Row | None) -> Iterator[Slot]:
    for run in runs:
        for row in run.shown:
            if slot := _slot(run, row, at, zone, current):
                yield slot


def _slot(run: Run, row: Row, at: datetime, zone: str, current: Row | None) -> Slot | None:
    if row.kind == "live":
        return Slot("live", run, row, row.starts_at) if row.starts_at else None
    if row.state == "done":
        return Slot("done", run, row, row.done_at) if row.done_at else None
    if row.state == "planned":
        return _opening(run, row)
    if row.state != "open":
        return None
    if row.is_late(at):
        return Slot("late", run, row, row.due_at)
    if row is current:
        return Slot("now", run, row, row.due_at)
    if row.due_at is None or row.due_at < at:
        return Slot("open", run, row, at) if row.sign == "keep" else None
    soon = row.required and day_of(row.due_at, zone) <= day_of(at, zone) + timedelta(days=1)
    return Slot("due" if soon else "open", run, row, row.due_at)


def _opening(run: Run, row: Row) -> Slot | None:
    """On the day it opens; what waits for a live session stands where it will be, so many days after it."""
    if row.opens_at:
        return Slot("opens", run, row, row.opens_at)
    live = run.live_of(row)
    if row.note == Note.AWAITS_ATTENDANCE and live and live.ends_at and live.state in ("planned", "open"):
        return Slot("after", run, row, live.ends_at + timedelta(days=row.days))
    return None


# ---------------------------------------------------------------- keep it fresh


@dataclass(frozen=True)
class Refresher:
    """A step over time that is open or comes next; `last_at`: when this was last practised or recalled."""

    run: Run
    row: Row
    last_at: datetime | None


def refreshers(runs: Sequence[Run], at: datetime, *, without: Row | None = None, most: int = 3) -> list[Refresher]:
    """Open ones first, then the next to come; `without` the one that is shown already."""
    found = [
        Refresher(run, row, _last_done(run, row))
        for run in runs
        for row in run.shown
        if row.sign == "keep"
        and row is not without
        and (row.is_work or (row.state == "planned" and row.opens_at and row.opens_at > at))
    ]
    found.sort(key=lambda r: (not r.row.is_work, r.row.opens_at or NO_DATE, r.row.pk))
    return found[:most]


def _last_done(run: Run, row: Row) -> datetime | None:
    live = run.live_of(row)
    same = [
        other.done_at
        for other in run.rows
        if other.done_at and (other is live or (other.sign == "keep" and run.live_of(other) is live))
    ]
    return max(same, default=None)


def day_of(moment: datetime, zone: str) -> date:
    """The calendar day on the wall in `zone`."""
    return moment.astimezone(ZoneInfo(zone)).date()
