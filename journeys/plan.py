"""PURE: steps + anchors + facts + overrides -> assignments -> messages.

The one place that decides what a learner has to do, when, and what they are told (ARCHITECTURE: plan, then
sync). The same inputs always give the same plan, whatever order the facts arrived in; nothing here knows
what time it is. `sync` makes the database match, `simulation` plays it forward.

What moves and what doesn't: finished work never changes; a step that has opened stays open (its opening is a
fact, `Inputs.opened`) and its due date follows its session; a step that has not opened moves as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from journeys.timing import Condition, Rule, moment
from lxp.messaging.plan import PersonTime

ROOM_OPENS = timedelta(minutes=10)
GRACE_DAYS = 2
"""Working days somebody gets for a step that reached them later than its rule says."""


@dataclass(frozen=True)
class StepSpec:
    """A step as the planner sees it (`journeys.models.Step` without Django)."""

    key: str
    position: int
    phase: str
    kind: str
    title: str = ""
    part: str = ""
    minutes: int = 0
    required: bool = True
    opens: Rule | None = None
    due: Rule | None = None
    condition: Condition | None = None
    needs: str = "partial"
    step_id: int | None = None
    item_id: int | None = None


@dataclass(frozen=True)
class Anchor:
    """The live session that counts for a learner's live step: their booking, else the cohort's default.

    `ends_at` is the actual end once it has ended. `known_at`: when its present time was announced; what was
    due before then is covered by that announcement. `choices`: how many sessions are on offer.
    """

    session_id: int
    starts_at: datetime
    ends_at: datetime
    booked: bool = True
    choices: int = 1
    known_at: datetime | None = None


@dataclass(frozen=True)
class Fact:
    """What happened to a step: done, missed (live), started or failed. `share` (0 to 1) is how far they got."""

    state: str
    at: datetime
    score: float | None = None
    outcome: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Change:
    """An accepted override: extend (due_at), waive, or insert (an extra step: item, title, minutes)."""

    id: int
    kind: str
    key: str = ""
    due_at: datetime | None = None
    at: datetime | None = None
    item_id: int | None = None
    title: str = ""
    minutes: int = 0


@dataclass(frozen=True)
class Inputs:
    """Everything a plan depends on besides the steps. Hashable: people with equal inputs share one plan.

    `enrolled_at` is None when the learner joined before anything opened, so that it makes no difference.
    `nudged` are the nudges that went out since the learner was last active (`plan_messages.name_of`).
    """

    starts_on: date
    person: PersonTime
    enrolled_at: datetime | None = None
    active: bool = True
    role: str = ""
    mandatory: bool = False
    anchors: tuple[tuple[str, Anchor], ...] = ()
    facts: tuple[tuple[str, Fact], ...] = ()
    opened: tuple[tuple[str, datetime], ...] = ()
    changes: tuple[Change, ...] = ()
    nudged: tuple[str, ...] = ()


def last_active(inputs: Inputs) -> datetime | None:
    """When the learner last did something in this journey: finished or tried a step, or came to a live session."""
    acts = [fact.at for _key, fact in inputs.facts if fact.state != "missed" or fact.outcome == "partial"]
    return max(acts, default=None)


class Note:
    """Why an assignment stands as it does; `journeys.explain` turns the code into sentences."""

    RULE = "rule"
    LATE = "late"
    EXTENDED = "extended"
    EXTRA = "extra"
    NEEDS_SESSION = "needs_session"
    AWAITS_SESSION = "awaits_session"
    AWAITS_PREVIOUS = "awaits_previous"
    AWAITS_ATTENDANCE = "awaits_attendance"
    AWAITS_SCORE = "awaits_score"
    NOT_FOR_OUTCOME = "not_for_outcome"
    NOT_FOR_SCORE = "not_for_score"
    NOT_FOR_ROLE = "not_for_role"
    WAIVED = "waived"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class PlannedAssignment:
    """What the database must hold for one step of one learner. Moments are aware UTC."""

    key: str
    spec: StepSpec
    state: str
    note: str
    opens_at: datetime | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None
    score: float | None = None
    outcome: str = ""
    session_id: int | None = None

    @property
    def is_finished(self) -> bool:
        return self.state in ("done", "missed", "waived")


def plan_assignments(steps: Sequence[StepSpec], inputs: Inputs) -> tuple[PlannedAssignment, ...]:
    """What a learner with these `inputs` has to do, in the order of the steps; extras of overrides at the end."""
    return _Planner(steps, inputs).plan()


def session_of(step: StepSpec, steps: Sequence[StepSpec]) -> str:
    """Key of the live step a content step belongs to: named by its rules, else the next (pre-work) or last one."""
    for rule in (step.opens, step.due):
        if rule and rule.anchor == "live":
            return rule.step
    live = [other for other in steps if other.kind == "live"]
    if step.phase == "prework":
        return next((other.key for other in live if other.position > step.position), "")
    return next((other.key for other in reversed(live) if other.position < step.position), "")


def working_days_later(at: datetime, days: int, person: PersonTime, clock: time = time(17, 0)) -> datetime:
    """`clock` (local) on the working day that is `days` working days after `at`."""
    zone = ZoneInfo(person.zone)
    day = at.astimezone(zone).date()
    left = days
    for _ in range(60):
        if left == 0:
            break
        day += timedelta(days=1)
        if day.isoweekday() in person.work_days and day not in person.holidays:
            left -= 1
    return datetime.combine(day, clock, zone).astimezone(UTC)


@dataclass(frozen=True)
class _Verdict:
    """A condition's answer: True, False or None (not known yet), since when, and the note that says why."""

    holds: bool | None
    note: str = Note.RULE
    since: datetime | None = None


class _Planner:
    def __init__(self, steps: Sequence[StepSpec], inputs: Inputs) -> None:
        self.steps = sorted(steps, key=lambda step: step.position)
        self.inputs = inputs
        self.planned: dict[str, PlannedAssignment] = {}

    @cached_property
    def anchors(self) -> Mapping[str, Anchor]:
        return dict(self.inputs.anchors)

    @cached_property
    def facts(self) -> Mapping[str, Fact]:
        return dict(self.inputs.facts)

    @cached_property
    def opened(self) -> Mapping[str, datetime]:
        return dict(self.inputs.opened)

    @cached_property
    def by_key(self) -> Mapping[str, StepSpec]:
        return {step.key: step for step in self.steps}

    @cached_property
    def waived(self) -> frozenset[str]:
        return frozenset(change.key for change in self.inputs.changes if change.kind == "waive")

    @cached_property
    def extended(self) -> Mapping[str, datetime]:
        return {c.key: c.due_at for c in self.inputs.changes if c.kind == "extend" and c.due_at}

    def plan(self) -> tuple[PlannedAssignment, ...]:
        for step in self.steps:
            self.planned[step.key] = self._plan_live(step) if step.kind == "live" else self._plan_content(step)
        for change in self.inputs.changes:
            if change.kind == "insert":
                extra = self._plan_extra(change)
                self.planned[extra.key] = extra
        return tuple(self.planned.values())

    def _plan_live(self, step: StepSpec) -> PlannedAssignment:
        anchor, fact = self.anchors.get(step.key), self.facts.get(step.key)
        opens = anchor.starts_at - ROOM_OPENS if anchor else None
        due = anchor.ends_at if anchor else None
        session = anchor.session_id if anchor else None
        if fact and fact.state in ("done", "missed"):
            done_at = fact.at if fact.state == "done" else None
            return PlannedAssignment(
                step.key, step, fact.state, Note.RULE, opens, due, done_at, outcome=fact.outcome, session_id=session
            )
        if closed := self._closed(step):
            return PlannedAssignment(step.key, step, "waived", closed)
        verdict = self._verdict(step.condition)
        if verdict.holds is False:
            return PlannedAssignment(step.key, step, "waived", verdict.note)
        note = Note.RULE if anchor else Note.NEEDS_SESSION
        return PlannedAssignment(step.key, step, "planned", note, opens, due, session_id=session)

    def _plan_content(self, step: StepSpec) -> PlannedAssignment:
        fact = self.facts.get(step.key)
        done = fact is not None and fact.state == "done"
        closed = self._closed(step)
        verdict = self._verdict(step.condition)
        if not done and closed:
            return PlannedAssignment(step.key, step, "waived", closed)
        if not done and verdict.holds is False:
            return PlannedAssignment(step.key, step, "waived", verdict.note)
        opens, due, note = self._dates(step, verdict)
        if done:
            assert fact is not None
            return PlannedAssignment(step.key, step, "done", note, opens, due, fact.at, fact.score)
        score = fact.score if fact else None
        return PlannedAssignment(step.key, step, "planned", note, opens, due, score=score)

    def _closed(self, step: StepSpec) -> str:
        if not self.inputs.active:
            return Note.WITHDRAWN
        return Note.WAIVED if step.key in self.waived else ""

    def _dates(self, step: StepSpec, verdict: _Verdict) -> tuple[datetime | None, datetime | None, str]:
        base = self._moment(step.opens or Rule("start"), step)
        due = self._moment(step.due, step) if step.due else None
        opens, note = base, Note.RULE
        if base is None:
            note = Note.AWAITS_PREVIOUS if step.opens and step.opens.anchor == "previous" else Note.AWAITS_SESSION
        elif verdict.holds is None:
            opens, note = None, verdict.note
        else:
            opens = max(moment for moment in (base, self.inputs.enrolled_at, verdict.since) if moment)
        if step.key in self.opened:
            opens, note = self.opened[step.key], Note.RULE
        if base and opens and opens > base:
            note = Note.LATE
            due = due and max(due, self._fair_due(step, opens))
        if opens and due and due < opens:
            due = self._fair_due(step, opens)
        if step.key in self.extended:
            due, note = max(self.extended[step.key], opens or self.extended[step.key]), Note.EXTENDED
        return opens, due, note

    def _fair_due(self, step: StepSpec, opens: datetime) -> datetime:
        """Two working days, but pre-work stays in front of a session that is still ahead."""
        fair = working_days_later(opens, GRACE_DAYS, self.inputs.person)
        anchor = self.anchors.get(session_of(step, self.steps))
        if step.phase == "prework" and anchor and anchor.starts_at > opens:
            return min(fair, anchor.starts_at)
        return fair

    def _moment(self, rule: Rule, step: StepSpec) -> datetime | None:
        zone = self.inputs.person.zone
        if rule.anchor == "live":
            anchor = self.anchors.get(rule.step)
            if anchor is None:
                return None
            return moment(rule, anchor.ends_at if rule.edge == "end" else anchor.starts_at, zone)
        if rule.anchor == "previous":
            return self._after_previous(rule, step)
        if rule.anchor == "enrolled" and self.inputs.enrolled_at:
            return moment(rule, self.inputs.enrolled_at, zone)
        day = rule.date if rule.anchor == "date" and rule.date else self.inputs.starts_on
        return moment(rule, day, zone)

    def _after_previous(self, rule: Rule, step: StepSpec) -> datetime | None:
        """After the nearest required step before it that applies to this learner; the cohort's start for a first one."""
        for other in reversed(self.steps[: self.steps.index(step)]):
            before = self.planned[other.key]
            if not other.required or before.state == "waived":
                continue
            finished = before.done_at or (before.due_at if before.state == "missed" else None)
            return finished and moment(rule, finished, self.inputs.person.zone)
        return moment(Rule("start"), self.inputs.starts_on, self.inputs.person.zone)

    def _plan_extra(self, change: Change) -> PlannedAssignment:
        key = f"extra:{change.id}"
        spec = StepSpec(
            key,
            10_000 + change.id,
            "postwork",
            "content",
            change.title,
            minutes=change.minutes,
            required=False,
            item_id=change.item_id,
        )
        fact = self.facts.get(key)
        if fact and fact.state == "done":
            return PlannedAssignment(key, spec, "done", Note.EXTRA, change.at, change.due_at, fact.at, fact.score)
        if not self.inputs.active:
            return PlannedAssignment(key, spec, "waived", Note.WITHDRAWN)
        return PlannedAssignment(key, spec, "planned", Note.EXTRA, change.at, change.due_at)

    def _verdict(self, condition: Condition | None) -> _Verdict:
        if condition is None:
            return _Verdict(True)
        if condition.roles and self.inputs.role not in condition.roles:
            return _Verdict(False, Note.NOT_FOR_ROLE)
        parts = [_Verdict(True)]
        if condition.attendance:
            parts.append(self._attendance(condition))
        if condition.score_below is not None or condition.score_at_least is not None:
            parts.append(self._score(condition))
        for answer in (False, None):
            if found := next((part for part in parts if part.holds is answer), None):
                return found
        return max(parts, key=lambda part: part.since or datetime.min.replace(tzinfo=UTC))

    def _attendance(self, condition: Condition) -> _Verdict:
        fact = self.facts.get(condition.step)
        if fact is None or not fact.outcome:
            return _Verdict(None, Note.AWAITS_ATTENDANCE)
        if fact.outcome in condition.attendance:
            return _Verdict(True, since=fact.at)
        return _Verdict(False, Note.NOT_FOR_OUTCOME)

    def _score(self, condition: Condition) -> _Verdict:
        fact = self.facts.get(condition.step)
        if fact is None or fact.score is None:
            return _Verdict(None, Note.AWAITS_SCORE)
        low = condition.score_below is not None and fact.score >= condition.score_below
        high = condition.score_at_least is not None and fact.score < condition.score_at_least
        return _Verdict(False, Note.NOT_FOR_SCORE) if low or high else _Verdict(True, since=fact.at)
