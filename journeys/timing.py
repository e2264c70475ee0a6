"""PURE: the grammar of when steps open and are due, and for whom they are (docs/timing.md).

A rule is stored as JSON on a Step:

    {"anchor": "live", "step": "practise", "edge": "start", "days": -2, "at": "09:00"}   2 days before, 09:00
    {"anchor": "live", "step": "practise", "edge": "end", "hours": 2}                    2 hours after it ended
    {"anchor": "start", "days": 0, "at": "09:00"}                                        the cohort's first day
    {"anchor": "enrolled", "days": 3, "at": "17:00"}                                     3 days after joining
    {"anchor": "date", "date": "2026-10-01", "at": "09:00"}                              a calendar day
    {"anchor": "previous"}                                                               after the step before

Days are calendar days on the learner's own wall clock; hours are absolute. A local time that a clock change
skips becomes the first one after the gap; one that happens twice means the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

ANCHORS = ("live", "start", "enrolled", "date", "previous")
EDGES = ("start", "end")
OUTCOMES = ("attended", "partial", "missed")
MAX_DAYS = 3 * 366


class RuleError(ValueError):
    """A rule that can't mean anything; the message says what to write instead, `field` which part of it is wrong."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class Rule:
    """One moment relative to an anchor. `at` is local wall time; None keeps the anchor's own time of day."""

    anchor: str
    step: str = ""
    edge: str = "start"
    days: int = 0
    hours: float = 0
    at: time | None = None
    date: date | None = None


@dataclass(frozen=True)
class Condition:
    """For whom a step is: all parts that are given must hold. `step` is the one whose outcome or score counts."""

    step: str = ""
    attendance: tuple[str, ...] = ()
    score_below: float | None = None
    score_at_least: float | None = None
    roles: tuple[str, ...] = ()


def parse_rule(data: Mapping[str, Any] | None) -> Rule | None:
    """The rule that `data` says, or None for an empty one. Raises RuleError with the remedy."""
    if not data:
        return None
    anchor = data.get("anchor")
    if anchor not in ANCHORS:
        raise RuleError(f"Choose what it counts from: {', '.join(ANCHORS)}.", "anchor")
    edge = data.get("edge", "start")
    if edge not in EDGES:
        raise RuleError("Count from the start or the end of the live session.", "edge")
    if anchor == "live" and not data.get("step"):
        raise RuleError("Say which live step it counts from.", "step")
    return Rule(
        anchor=anchor,
        step=str(data.get("step", "")),
        edge=edge,
        days=_days(data.get("days", 0)),
        hours=_hours(data.get("hours", 0)),
        at=_clock(data.get("at")),
        date=_day(data.get("date")) if anchor == "date" else None,
    )


def parse_condition(data: Mapping[str, Any] | None) -> Condition | None:
    """The condition that `data` says, or None for an empty one. Raises RuleError with the remedy."""
    if not data:
        return None
    attendance = tuple(data.get("attendance", ()))
    if unknown := set(attendance) - set(OUTCOMES):
        raise RuleError(f"Unknown outcome {sorted(unknown)}: use {', '.join(OUTCOMES)}.", "attendance")
    below, least = data.get("score_below"), data.get("score_at_least")
    if (attendance or below is not None or least is not None) and not data.get("step"):
        raise RuleError("Say whose outcome or score the condition looks at.", "step")
    scores = {"score_below": _score(below, "score_below"), "score_at_least": _score(least, "score_at_least")}
    if below is not None and least is not None and float(below) <= float(least):
        raise RuleError("No score is below the one and at least the other. Leave one of them out.", "score_below")
    return Condition(
        step=str(data.get("step", "")),
        attendance=attendance,
        **scores,
        roles=tuple(data.get("role", ())),
    )


@lru_cache(maxsize=50_000)
def moment(rule: Rule, anchor: datetime | date, zone: str) -> datetime:
    """When `rule` falls (UTC), counted from `anchor` (an aware moment, or a calendar day), for somebody in `zone`."""
    home = ZoneInfo(zone)
    if isinstance(anchor, datetime):
        if not rule.days and rule.at is None:
            return (anchor + timedelta(hours=rule.hours)).astimezone(UTC)
        local = anchor.astimezone(home)
        day, clock = local.date(), rule.at or local.time().replace(tzinfo=None)
    else:
        day, clock = anchor, rule.at or time(9, 0)
    wall = datetime.combine(day + timedelta(days=rule.days), clock, home)
    return wall.astimezone(UTC) + timedelta(hours=rule.hours)


def say_rule(rule: Rule | None, titles: Mapping[str, str]) -> str:
    """The rule in words for designers and learners: "2 days before Practise the pause, 09:00 your time"."""
    if rule is None:
        return ""
    if rule.anchor == "previous":
        return "when the step before is finished"
    if rule.anchor == "date":
        return f"{rule.date:%d %b %Y}{_said_clock(rule)}"
    name = {"start": "the cohort starts", "enrolled": "you joined"}.get(rule.anchor)
    if name is None:
        title = titles.get(rule.step, rule.step)
        name = f"{title} ends" if rule.edge == "end" else f"{title} starts"
    return f"{_said_distance(rule)} {name}{_said_clock(rule)}"


def _said_distance(rule: Rule) -> str:
    days, hours = rule.days, rule.hours
    amount, unit = (days, "day") if days else (hours, "hour")
    if not amount:
        return "when"
    plural = "" if abs(amount) == 1 else "s"
    return f"{abs(amount):g} {unit}{plural} {'after' if amount > 0 else 'before'}"


def _said_clock(rule: Rule) -> str:
    return f", {rule.at:%H:%M} your time" if rule.at else ""


def _days(value: Any) -> int:
    try:
        days = int(value)
    except (TypeError, ValueError):
        raise RuleError("Write the days as a whole number.", "days") from None
    if abs(days) > MAX_DAYS:
        raise RuleError("That is more than three years away.", "days")
    return days


def _hours(value: Any) -> float:
    try:
        hours = float(value)
    except (TypeError, ValueError):
        raise RuleError("Write the hours as a number.", "hours") from None
    if not abs(hours) <= MAX_DAYS * 24:  # also what is no number at all: nan
        raise RuleError("That is more than three years away.", "hours")
    return hours


def _score(value: Any, field: str) -> float | None:
    if value is None:
        return None
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = -1
    if not 0 <= score <= 1:
        raise RuleError("Write a score between 0 and 1, such as 0.7.", field)
    return score


def _clock(value: Any) -> time | None:
    if value in (None, ""):
        return None
    try:
        return time.fromisoformat(str(value))
    except ValueError:
        raise RuleError("Write the time of day like 09:00.", "at") from None


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise RuleError("Write the date like 2026-10-01.", "date") from None
