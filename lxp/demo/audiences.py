"""PURE: who is taken into a cohort, and which of several dates suits them best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from lxp.demo.people import Hours


@dataclass(frozen=True)
class Candidate:
    """Somebody whom a cohort's audience fits."""

    user_id: int
    email: str
    team: str
    zone: str
    hours: Hours
    hired_on: date | None


@dataclass(frozen=True)
class Date:
    """One of the sessions of a live step."""

    session_id: int
    starts_at: datetime
    ends_at: datetime
    seats: int


def chosen(
    candidates: Sequence[Candidate], *, wanted: int | None, first: Sequence[str], taken: Collection[int]
) -> list[Candidate]:
    """`first` (e-mails) and then others, one of each team in turn, up to `wanted` (None: everybody)."""
    free = [one for one in candidates if one.user_id not in taken]
    named = [one for email in first for one in free if one.email == email]
    teams: dict[str, list[Candidate]] = defaultdict(list)
    for one in sorted(free, key=lambda one: one.email):
        if one.email not in first:
            teams[one.team].append(one)
    in_turn = [one for row in zip_longest(*(teams[key] for key in sorted(teams))) for one in row if one]
    return (named + in_turn)[:wanted]


def seats_for(people: Iterable[Candidate], dates: Sequence[Date]) -> dict[int, list[int]]:
    """Whom to book on which session: the date that lies best in their working hours and has a seat left."""
    booked: dict[int, list[int]] = {one.session_id: [] for one in dates}
    for person in people:
        free = [one for one in dates if len(booked[one.session_id]) < one.seats]
        if free:
            best = max(free, key=lambda one: (_minutes_at_work(person, one), -dates.index(one)))
            booked[best.session_id].append(person.user_id)
    return booked


def _minutes_at_work(person: Candidate, offered: Date) -> float:
    zone = ZoneInfo(person.zone)
    start, end = offered.starts_at.astimezone(zone), offered.ends_at.astimezone(zone)
    if start.isoweekday() not in person.hours.days:
        return 0
    opens = datetime.combine(start.date(), person.hours.start, zone)
    closes = datetime.combine(start.date(), person.hours.end, zone)
    return max(0.0, (min(end, closes) - max(start, opens)).total_seconds() / 60)


def working_day(day: date, *, holidays: Collection[str], forward: bool) -> date:
    """`day`, or the next (else the last) one that is neither at a weekend nor a holiday ("12-25")."""
    while day.isoweekday() > 5 or f"{day:%m-%d}" in holidays:
        day += timedelta(days=1 if forward else -1)
    return day


def outcomes_of(facts: Mapping[str, Any]) -> list[tuple[float, str]]:
    """Shares of "attended", "partial", "missed" as upper bounds for one draw."""
    found, total = [], 0.0
    for outcome, share in facts.items():
        total += share
        found.append((total, outcome))
    return found
