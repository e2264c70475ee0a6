"""PURE: a stretch of a journey drawn by days around its live session (design kit, mock-up 6).

Days are columns, steps are blocks, and below them stands what is sent by itself. Where everything falls is asked of
the planners that run live, for a made-up learner; the drawing only arranges it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from journeys.plan import StepSpec, session_of
from journeys.sample import Sample, inputs_of, promises_to
from journeys.simulation import Behaviour, Happening, simulate

FIRST_ROW = 3
"""Grid rows: 1 the days, 2 the heading of the steps, from 3 on the blocks."""
LIVE_WIDTH = 2
HORIZON = timedelta(days=400)

ALWAYS, IF_NOT_DONE, IF_MISSED = "always", "not_done", "missed"


@dataclass(frozen=True)
class Day:
    """A column, or two for a day with a live session. `offset`: days from the live session the stretch is about,
    None for steps that never open. `place`: before, live or after."""

    column: int
    width: int
    offset: int | None
    day: date | None
    place: str


@dataclass(frozen=True)
class Block:
    """A step where it opens. `at` is None when nothing in the design would ever open it."""

    spec: StepSpec
    column: int
    width: int
    row: int
    height: int
    offset: int | None
    at: datetime | None


@dataclass(frozen=True)
class Line:
    """A kind of message on a day: when the first of them is sent, and how many more of its kind stand there."""

    kind: str
    title: str
    channel: str
    at: datetime
    offset: int
    reason: str
    more: int = 0


@dataclass(frozen=True)
class Note:
    """The messages of one column in one lane."""

    column: int
    row: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Lane:
    """What is sent always, if something is not finished, or if they missed the session (`when`). `row`: its heading's."""

    when: str
    row: int
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Track:
    """The drawing of one stretch. `zero`: the live step its days are counted from, "" for the start of the run."""

    days: tuple[Day, ...]
    blocks: tuple[Block, ...]
    lanes: tuple[Lane, ...]
    zero: str
    zero_at: datetime
    columns: int


def parts_of(steps: Sequence[StepSpec]) -> list[tuple[str, list[StepSpec]]]:
    """The steps by part, in order. A step that names no part stands in the one before it; "" when no step names any."""
    parts: list[tuple[str, list[StepSpec]]] = []
    title = next((step.part for step in sorted(steps, key=_position) if step.part), "")
    by_title: dict[str, list[StepSpec]] = {}
    for step in sorted(steps, key=_position):
        title = step.part or title
        if title not in by_title:
            by_title[title] = []
            parts.append((title, by_title[title]))
        by_title[title].append(step)
    return parts


def draw(all_steps: Sequence[StepSpec], shown: Collection[str], sample: Sample) -> Track:
    """The track of the steps `shown` (keys) of a design, for the made-up learner."""
    mine = [step for step in sorted(all_steps, key=_position) if step.key in shown]
    zone = ZoneInfo(sample.person.zone)
    sessions = {session.step: session for session in sample.sessions}
    zero = next((step.key for step in mine if step.key in sessions), "") or _session_above(mine, all_steps, sessions)
    start = datetime.combine(sample.starts_on, datetime.min.time(), zone)
    zero_at = sessions[zero].starts_at if zero else start
    today = zero_at.astimezone(zone).date()
    opens = _openings(all_steps, sample)
    offsets = {key: (at.astimezone(zone).date() - today).days for key, at in opens.items() if key in shown}
    days = _days(mine, offsets, today)
    blocks = _blocks(mine, offsets, opens, days)
    below = max((block.row + block.height for block in blocks), default=FIRST_ROW + 1)
    lanes = _lanes(_told(all_steps, shown, sample), days, today, zone, below)
    return Track(days, blocks, lanes, zero, zero_at, max(1, sum(day.width for day in days)))


def _position(step: StepSpec) -> int:
    return step.position


def _session_above(mine: Sequence[StepSpec], all_steps: Sequence[StepSpec], sessions: Collection[str]) -> str:
    """A stretch without a live step of its own is counted from the one its first step belongs to."""
    found = session_of(mine[0], all_steps) if mine else ""
    return found if found in sessions else ""


def _openings(steps: Sequence[StepSpec], sample: Sample) -> dict[str, datetime]:
    """When each step opens for somebody who does everything at once, whatever its condition; who can't is left out."""
    free = [replace(step, condition=None) for step in steps]
    opened = {session.step: session.starts_at for session in sample.sessions}
    happenings = simulate(
        steps=free,
        inputs=inputs_of(free, sample),
        since=sample.joins_at,
        until=sample.joins_at + HORIZON,
        behaviour=Behaviour(diligent=True),
    )
    return {h.step: h.at for h in happenings if h.kind == "opens"} | opened


def _days(mine: Sequence[StepSpec], offsets: dict[str, int], today: date) -> tuple[Day, ...]:
    live = {offsets[step.key] for step in mine if step.kind == "live" and step.key in offsets}
    last = max(live, default=0)
    days, column = [], 1
    for offset in sorted({*offsets.values(), *live}):
        width = LIVE_WIDTH if offset in live else 1
        place = "live" if offset in live else "after" if offset > last else "before"
        days.append(Day(column, width, offset, today + timedelta(days=offset), place))
        column += width
    if any(step.key not in offsets for step in mine):
        days.append(Day(column, 1, None, None, "after"))
    return tuple(days)


def _blocks(
    mine: Sequence[StepSpec], offsets: dict[str, int], opens: dict[str, datetime], days: Sequence[Day]
) -> tuple[Block, ...]:
    """Blocks of a day stand below each other, a live one first; it is as tall as the highest column beside it."""
    by_offset = {day.offset: day for day in days}
    columns: dict[int, list[StepSpec]] = defaultdict(list)
    for step in sorted(mine, key=lambda one: (one.kind != "live", one.position)):
        columns[by_offset[offsets.get(step.key)].column].append(step)
    tallest = max((len(steps) for steps in columns.values()), default=1)
    blocks = []
    for day in days:
        row = FIRST_ROW
        waiting = columns[day.column]
        for step in waiting:
            live = step.kind == "live"
            height = max(1, tallest - len(waiting) + 1) if live and step is waiting[0] else 1
            width = day.width if day.width > 1 else 1
            blocks.append(Block(step, day.column, width, row, height, day.offset, opens.get(step.key)))
            row += height
    return tuple(blocks)


# ------------------------------------------------------------ the lane of messages


def _lanes(
    told: Sequence[tuple[Happening, str]], days: Sequence[Day], today: date, zone: ZoneInfo, row: int
) -> tuple[Lane, ...]:
    lanes = []
    for when in (ALWAYS, IF_NOT_DONE, IF_MISSED):
        columns: dict[int, dict[str, Line]] = defaultdict(dict)
        for h, its in told:
            if its == when:
                offset = (h.at.astimezone(zone).date() - today).days
                _add(columns[_column(days, offset)], h, offset)
        if columns:
            notes = (Note(column, row + 1, tuple(lines.values())) for column, lines in sorted(columns.items()))
            lanes.append(Lane(when, row, tuple(notes)))
            row += 2
    return tuple(lanes)


def _add(lines: dict[str, Line], happening: Happening, offset: int) -> None:
    known = lines.get(happening.message)
    if known:
        lines[happening.message] = replace(known, more=known.more + 1)
        return
    lines[happening.message] = Line(
        happening.message, happening.title, happening.channel, happening.at, offset, happening.reason
    )


def _told(steps: Sequence[StepSpec], shown: Collection[str], sample: Sample) -> list[tuple[Happening, str]]:
    """Every message about the steps shown, in three lives: does everything; comes, but finishes nothing; doesn't even
    come. In order of time, with the first of the lives in which it is sent."""
    live = frozenset(step.key for step in steps if step.kind == "live")
    lives = (
        (ALWAYS, Behaviour(diligent=True)),
        (IF_NOT_DONE, Behaviour()),
        (IF_MISSED, Behaviour(absent=live)),
    )
    ordered = sorted(steps, key=_position)
    found: dict[tuple[str, str], tuple[Happening, str]] = {}
    for when, behaviour in lives:
        happenings = simulate(
            steps=steps,
            inputs=inputs_of(steps, sample),
            since=sample.joins_at,
            until=sample.joins_at + HORIZON,
            behaviour=behaviour,
            promises=promises_to(steps, sample),
        )
        for happening in happenings:
            if happening.kind == "message" and _stands_at(happening, ordered) in shown:
                found.setdefault((happening.name, happening.step), (happening, when))
    return sorted(found.values(), key=lambda pair: (pair[0].at, pair[0].name))


def _stands_at(happening: Happening, ordered: Sequence[StepSpec]) -> str:
    """The step a message belongs to: the welcome to the first one, the congratulation to the last."""
    if happening.step:
        return happening.step
    return ordered[0 if happening.name == "welcome" else -1].key


def _column(days: Sequence[Day], offset: int) -> int:
    """The column of the day, or of the last one before it; a live day's second column is for what comes after."""
    dated = [day for day in days if day.offset is not None]
    before = [day for day in dated if day.offset is not None and day.offset <= offset]
    if not before:
        return dated[0].column if dated else 1
    day = before[-1]
    return day.column + day.width - 1 if day.offset != offset else day.column
