"""PURE: a made-up run of a design, so that the builder can show it and the time machine can play it.

Rules are relative to live sessions, and a draft has none yet. The sample puts one where a sensible planner would:
far enough ahead that all its preparation fits, on a weekday afternoon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from journeys.plan import Anchor, Inputs, StepSpec
from journeys.plan_messages import welcome
from journeys.simulation import Promise
from lxp.messaging.plan import PersonTime
from sessions.plan import BOOKED, BookingFacts, plan_booking

AFTERNOON = time(15, 0)
LEAST_LEAD, LEAST_GAP = 7, 21
"""Days from the start to the first live session, and from one live session to the next, when nothing asks for more."""


@dataclass(frozen=True)
class Session:
    """A live session of the sample (aware UTC)."""

    step: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Sample:
    """A made-up learner in a run: who they are, when they join (aware UTC), when the run starts, its live sessions."""

    person: PersonTime
    joins_at: datetime
    starts_on: date
    sessions: tuple[Session, ...]
    role: str = ""


def sample_of(
    steps: Sequence[StepSpec],
    *,
    person: PersonTime,
    at: datetime,
    starts_on: date | None = None,
    role: str = "",
    known: Mapping[str, tuple[datetime, datetime]] | None = None,
) -> Sample:
    """A run that somebody joins at `at`. `known` are real sessions (start, end) by live step; the others are made up.

    Without `starts_on` it starts on the next Monday.
    """
    known = known or {}
    starts_on = starts_on or _next_monday(at.astimezone(ZoneInfo(person.zone)).date())
    sessions: list[Session] = []
    day, gap = starts_on, LEAST_LEAD
    for step in sorted(steps, key=lambda one: one.position):
        if step.kind != "live":
            continue
        day = _weekday(day + timedelta(days=max(gap, _lead(step, steps, starts_on, day))))
        start, end = known.get(step.key) or _made_up(day, step.minutes, person.zone)
        sessions.append(Session(step.key, start, end))
        day, gap = start.astimezone(ZoneInfo(person.zone)).date(), LEAST_GAP
    return Sample(person, at, starts_on, tuple(sessions), role)


def inputs_of(steps: Sequence[StepSpec], sample: Sample, *, mandatory: bool = False) -> Inputs:
    """What the planner is asked with: the made-up learner has a seat in every session."""
    anchors = tuple(
        (session.step, Anchor(number, session.starts_at, session.ends_at))
        for number, session in enumerate(sample.sessions, 1)
    )
    return Inputs(
        starts_on=sample.starts_on,
        person=sample.person,
        enrolled_at=sample.joins_at,
        role=sample.role,
        mandatory=mandatory,
        anchors=anchors,
    )


def promises_to(steps: Sequence[StepSpec], sample: Sample, *, mandatory: bool = False) -> list[Promise]:
    """What the made-up learner is promised besides the plan: the welcome, and what belongs to their seats."""
    titles = {step.key: step.title for step in steps}
    found = [Promise(welcome(sample.joins_at, mandatory=mandatory))]
    for number, session in enumerate(sample.sessions, 1):
        booking = BookingFacts(
            session_id=number,
            title=titles.get(session.step, ""),
            starts_at=session.starts_at,
            takes_place=True,
            changed_at=None,
            state=BOOKED,
            since=sample.joins_at,
        )
        found += [Promise(message, session.step) for message in plan_booking(booking, sample.person)]
    return found


def _lead(live: StepSpec, steps: Sequence[StepSpec], starts_on: date, base: date) -> int:
    """Days from `base` that the preparation of a live step asks for: before it, and since the start of the run."""
    lead = 0
    for step in steps:
        for rule in (step.opens, step.due):
            if rule and rule.anchor == "live" and rule.step == live.key and rule.edge == "start":
                lead = max(lead, 1 - rule.days)
            if rule and rule.anchor in ("start", "enrolled") and step.position < live.position:
                lead = max(lead, (starts_on - base).days + rule.days + 1)
    return lead


def _made_up(day: date, minutes: int, zone: str) -> tuple[datetime, datetime]:
    start = datetime.combine(day, AFTERNOON, ZoneInfo(zone)).astimezone(UTC)
    return start, start + timedelta(minutes=minutes or 60)


def _next_monday(day: date) -> date:
    return day + timedelta(days=8 - day.isoweekday())


def _weekday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 8 - day.isoweekday())) if day.isoweekday() > 5 else day
