"""PURE: who may need a hand in an enrolment, why, and the one thing that might help.

The rules stand in one table, `RULES`, most pressing first; an enrolment gets the first one that holds and nobody has
settled, so there is at most one insight for each, with at most one suggested action. They are advice for people in
charge, never a score: each rests on facts that the person it is about can see as well. `docs/insights.md` says the
same in words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

READY_WITHIN = timedelta(days=2)
BOOK_WITHIN = timedelta(days=7)
LATE_AFTER = timedelta(days=3)
QUIET_AFTER = timedelta(days=14)
TALK_AFTER = timedelta(days=14)
TRIES = 2
MORE_DAYS = 3
"""Working days that "more time" gives."""

AGAIN_AFTER = timedelta(days=7)
"""When something was done about it and it still holds after so long, it comes up again."""


class Action:
    """What can be suggested. Every one is undone with one click."""

    MORE_TIME = "more_time"
    ADD_ITEM = "add_item"
    NUDGE = "nudge"
    TALK = "talk"


@dataclass(frozen=True)
class Late:
    """A required step past its date. `extended`: more time was given for it before."""

    key: str
    title: str
    due_at: datetime
    extended: bool = False


@dataclass(frozen=True)
class Offered:
    """An item that could be added to somebody's journey."""

    item_id: int
    title: str
    minutes: int


@dataclass(frozen=True)
class Failed:
    """A check that was finished below its pass mark `tries` times and not passed; `easier` is another way to learn it."""

    key: str
    title: str
    tries: int
    easier: Offered | None = None


@dataclass(frozen=True)
class Missed:
    """A required live session that was missed, and the journey has no way to catch up on it."""

    key: str
    title: str
    at: datetime


@dataclass(frozen=True)
class Ahead:
    """A live session that comes up. `waiting` are titles of required preparation that is open and not finished."""

    key: str
    title: str
    starts_at: datetime
    seated: bool
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """How somebody stands in one enrolment. `active_at` is their last sign of life in it, or when they joined."""

    enrolment_id: int
    active_at: datetime
    late: tuple[Late, ...] = ()
    failed: tuple[Failed, ...] = ()
    missed: tuple[Missed, ...] = ()
    ahead: tuple[Ahead, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a rule found: `about` names the very thing, so that what was settled for it stays settled.

    `facts` holds everything a sentence about it says, JSON-ready; `value` what the action needs.
    """

    kind: str
    about: str
    facts: Mapping[str, Any]
    action: str
    value: Mapping[str, Any] = field(default_factory=dict)


Check = Callable[[Standing, datetime], Finding | None]


@dataclass(frozen=True)
class Rule:
    """One row of the table: its kind, when it holds and what it suggests, in words, and the function that knows.

    Rules of one `family` say the same trouble more or less urgently: settled as one, it is settled as the other.
    """

    kind: str
    when: str
    suggests: str
    check: Check
    family: str = ""


def find(standing: Standing, *, at: datetime, settled: Collection[tuple[str, str]] = ()) -> Finding | None:
    """The most pressing finding that is not among the `settled` (kind, about), or None."""
    answered = {(_family(kind), about) for kind, about in settled}
    found = (rule.check(standing, at) for rule in RULES)
    return next((one for one in found if one and (_family(one.kind), one.about) not in answered), None)


def urgency(kind: str) -> int:
    """Place of a kind in the table: 0 presses most. A kind that is no longer there comes last."""
    return _PLACES.get(kind, len(RULES))


@dataclass(frozen=True)
class Candidate:
    """An item that teaches the skill of a failed check up to `level`."""

    offered: Offered
    kind: str
    level: float


def easier(candidates: Iterable[Candidate], *, kind: str, level: float, not_these: Collection[int]) -> Offered | None:
    """What to learn from before the next try of a check of this `kind` and `level`: no harder, best of another kind.

    Lower levels come first, then the shorter ones; `not_these` are ids of items the person has had already.
    """
    fitting = [one for one in candidates if one.level <= level and one.offered.item_id not in not_these]
    best = min(
        fitting,
        key=lambda one: (one.kind == kind, one.level, one.offered.minutes, one.offered.item_id),
        default=None,
    )
    return best.offered if best else None


# ---------------------------------------------------------------- the rules


def _not_ready(standing: Standing, at: datetime) -> Finding | None:
    for live in _soonest(standing, at, READY_WITHIN):
        if live.seated and live.waiting:
            facts = _of_live(live) | {"waiting": list(live.waiting)}
            return Finding("not_ready", f"{live.key}@{live.starts_at.isoformat()}", facts, Action.NUDGE)
    return None


def _not_booked(standing: Standing, at: datetime) -> Finding | None:
    for live in _soonest(standing, at, BOOK_WITHIN):
        if not live.seated:
            about = f"{live.key}@{live.starts_at.isoformat()}"
            return Finding("not_booked", about, _of_live(live), Action.NUDGE)
    return None


def _missed_live(standing: Standing, at: datetime) -> Finding | None:
    missed = max(standing.missed, key=lambda one: one.at, default=None)
    if missed is None:
        return None
    facts = {"step": missed.title, "at": missed.at.isoformat()}
    return Finding("missed_live", missed.key, facts, Action.TALK)


def _failed_twice(standing: Standing, at: datetime) -> Finding | None:
    failed = max((one for one in standing.failed if one.tries >= TRIES), key=lambda one: one.tries, default=None)
    if failed is None:
        return None
    facts = {"step": failed.title, "tries": failed.tries}
    about = f"{failed.key}:{failed.tries}"
    if failed.easier is None:
        return Finding("failed_twice", about, facts, Action.TALK)
    value = {"item_id": failed.easier.item_id, "title": failed.easier.title, "minutes": failed.easier.minutes}
    return Finding("failed_twice", about, facts, Action.ADD_ITEM, value)


def _quiet(standing: Standing, at: datetime) -> Finding | None:
    late = _oldest(standing, at, timedelta(0))
    if not late or at - standing.active_at < QUIET_AFTER:
        return None
    facts = _of_late(late) | {"active_at": standing.active_at.isoformat()}
    return Finding("quiet", _about(late[0]), facts, Action.TALK)


def _overdue(standing: Standing, at: datetime) -> Finding | None:
    late = _oldest(standing, at, LATE_AFTER)
    if not late:
        return None
    if late[0].extended or at - late[0].due_at > TALK_AFTER:
        return Finding("overdue", _about(late[0]), _of_late(late) | {"extended": late[0].extended}, Action.TALK)
    value = {"keys": [one.key for one in late], "days": MORE_DAYS}
    return Finding("overdue", _about(late[0]), _of_late(late), Action.MORE_TIME, value)


RULES = (
    Rule("not_ready", "The live session is at most 2 days away and its preparation is not finished", "nudge", _not_ready),
    Rule("not_booked", "A live session is at most 7 days away and they have no seat in it", "nudge", _not_booked),
    Rule("missed_live", "They missed a live session and the journey has no way to catch up", "talk", _missed_live),
    Rule("failed_twice", "They tried a check twice or more and have not passed", "another item on it", _failed_twice),
    Rule("quiet", "Nothing happened for 14 days while something is late", "talk", _quiet, "late"),
    Rule("overdue", "Something has been late for 3 days", "3 more days; to talk, when those were given or it is 14 days",
         _overdue, "late"),
)  # fmt: skip

_PLACES = {rule.kind: place for place, rule in enumerate(RULES)}
_FAMILIES = {rule.kind: rule.family or rule.kind for rule in RULES}


def _family(kind: str) -> str:
    return _FAMILIES.get(kind, kind)


def _about(late: Late) -> str:
    return f"{late.key}@{late.due_at.isoformat()}"


def _soonest(standing: Standing, at: datetime, within: timedelta) -> list[Ahead]:
    near = [live for live in standing.ahead if at < live.starts_at <= at + within]
    return sorted(near, key=lambda live: live.starts_at)


def _oldest(standing: Standing, at: datetime, after: timedelta) -> list[Late]:
    """Everything late, oldest first, when the oldest is late by more than `after`."""
    late = sorted((one for one in standing.late if one.due_at < at), key=lambda one: (one.due_at, one.key))
    return late if late and at - late[0].due_at > after else []


def _of_live(live: Ahead) -> dict[str, Any]:
    return {"step": live.title, "starts_at": live.starts_at.isoformat()}


def _of_late(late: list[Late]) -> dict[str, Any]:
    return {"step": late[0].title, "due_at": late[0].due_at.isoformat(), "count": len(late)}
