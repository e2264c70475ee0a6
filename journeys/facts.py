"""Reads what plans depend on, set-based: a fixed number of queries for any number of enrolments.

Facts come from the tables of the rooms that own them (attempts, attendance, bookings), never from the order in
which events arrived; that is what makes sync independent of that order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from content import queries as content
from journeys.models import Assignment, Cohort, CohortSession, Enrolment, Override, Step
from journeys.plan import Anchor, Change, Fact, Inputs, StepSpec, plan_assignments
from journeys.timing import parse_condition, parse_rule
from lxp.messaging import told
from lxp.messaging.plan import PersonTime
from lxp.messaging.times import person_times
from lxp.people import queries as people
from sessions import queries as live

OUTCOME_RANK = {"attended": 3, "partial": 2, "missed": 1}


@dataclass(frozen=True)
class Member:
    """One enrolment with everything its plan depends on, and how far unfinished attempts got."""

    enrolment_id: int
    learner_id: int
    registration: UUID
    inputs: Inputs
    started: Mapping[str, float]
    last_active_at: datetime | None


@dataclass
class CohortFacts:
    """What is the same for everybody in a cohort."""

    cohort: Cohort
    steps: tuple[StepSpec, ...]
    offers: dict[str, list[Any]]
    defaults: dict[str, Any]
    first_moments: dict[str, datetime] = field(default_factory=dict)

    @property
    def session_ids(self) -> list[int]:
        return [session.pk for sessions in self.offers.values() for session in sessions]


def spec_of(step: Step) -> StepSpec:
    """The planner's view of a stored step. Its rules were validated when it was saved."""
    return StepSpec(
        key=step.key,
        position=step.position,
        phase=step.phase,
        kind=step.kind,
        title=step.title,
        part=step.part,
        minutes=step.minutes,
        required=step.required,
        opens=parse_rule(step.opens),
        due=parse_rule(step.due),
        condition=parse_condition(step.condition),
        needs=step.complete.get("attendance", "partial"),
        step_id=step.pk,
        item_id=step.item_id,
    )


def cohort_facts(cohort: Cohort) -> CohortFacts:
    """Steps and offered sessions of a cohort. Two queries."""
    steps = tuple(spec_of(step) for step in Step.objects.filter(version_id=cohort.version_id).order_by("position"))
    offers: dict[str, list[Any]] = defaultdict(list)
    defaults: dict[str, Any] = {}
    rows = CohortSession.objects.filter(cohort=cohort).select_related("session").order_by("session__starts_at", "pk")
    for offer in rows:
        if offer.session.state == "cancelled":
            continue
        offers[offer.step_key].append(offer.session)
        if offer.is_default or offer.step_key not in defaults:
            defaults[offer.step_key] = offer.session
    return CohortFacts(cohort, steps, dict(offers), defaults)


def members_of(facts: CohortFacts, enrolment_ids: Sequence[int], *, lock: bool = False) -> list[Member]:
    """The enrolments with their inputs. Nine queries for any number of them.

    `lock` holds the enrolment rows until the transaction ends, so that two syncs of one learner never cross.
    """
    rows = Enrolment.objects.filter(pk__in=enrolment_ids).order_by("pk")
    if lock:
        rows = rows.select_for_update(of=("self",))
    enrolments = list(rows.values("pk", "uuid", "learner_id", "state", "enrolled_at", "last_active_at"))
    if not enrolments:
        return []
    learner_ids = [row["learner_id"] for row in enrolments]
    reader = _Reader(facts, enrolments, learner_ids)
    return [reader.member(row) for row in enrolments]


class _Reader:
    def __init__(self, facts: CohortFacts, enrolments: Sequence[dict[str, Any]], learner_ids: list[int]) -> None:
        self.facts = facts
        self.times = person_times(learner_ids)
        self.roles = people.job_role_codes(learner_ids)
        self.booked = self._booked(learner_ids)
        self.attendance = self._attendance(learner_ids)
        self.attempts = self._attempts([row["uuid"] for row in enrolments])
        ids = [row["pk"] for row in enrolments]
        self.changes = self._changes(ids)
        self.opened = self._opened(ids)
        self.nudges = told.nudges_since(
            {f"enrolment:{row['pk']}": row["last_active_at"] or row["enrolled_at"] for row in enrolments}
        )

    def member(self, row: dict[str, Any]) -> Member:
        learner, enrolment = row["learner_id"], row["pk"]
        person = self.times[learner]
        inputs = Inputs(
            starts_on=self.facts.cohort.starts_on,
            person=person,
            active=row["state"] != Enrolment.State.WITHDRAWN,
            enrolled_at=self._enrolled(row["enrolled_at"], person),
            role=self.roles.get(learner, ""),
            mandatory=self.facts.cohort.journey.mandatory,
            anchors=self._anchors(learner),
            facts=tuple(sorted(self._facts(row).items())),
            opened=tuple(sorted(self.opened.get(enrolment, ()))),
            changes=tuple(self.changes.get(enrolment, ())),
            nudged=tuple(self.nudges.get(f"enrolment:{enrolment}", ())),
        )
        return Member(enrolment, learner, row["uuid"], inputs, self._started(row), row["last_active_at"])

    def _enrolled(self, at: datetime, person: PersonTime) -> datetime | None:
        """None for those who joined before anything opens: they all share one plan."""
        first = self.facts.first_moments.get(person.zone)
        if first is None:
            inputs = Inputs(self.facts.cohort.starts_on, person, anchors=self._default_anchors())
            opens = [a.opens_at for a in plan_assignments(self.facts.steps, inputs) if a.opens_at]
            first = self.facts.first_moments[person.zone] = min(opens, default=at)
        counts = any(r and r.anchor == "enrolled" for step in self.facts.steps for r in (step.opens, step.due))
        return at if counts or at > first else None

    def _default_anchors(self) -> tuple[tuple[str, Anchor], ...]:
        return tuple((key, _anchor(session, True, 1)) for key, session in sorted(self.facts.defaults.items()))

    def _anchors(self, learner: int) -> tuple[tuple[str, Anchor], ...]:
        anchors = []
        for key, sessions in sorted(self.facts.offers.items()):
            mine = max(
                (s for s in sessions if (learner, s.pk) in self.booked),
                key=lambda s: (self.booked[learner, s.pk], s.starts_at),
                default=None,
            )
            attended = next((s for s in sessions if self.attendance.get((learner, s.pk))), None)
            chosen = mine or attended or self.facts.defaults[key]
            anchors.append((key, _anchor(chosen, mine is not None, len(sessions))))
        return tuple(anchors)

    def _facts(self, row: dict[str, Any]) -> dict[str, Fact]:
        found: dict[str, Fact] = {}
        for step in self.facts.steps:
            fact = (
                self._live_fact(step, row["learner_id"])
                if step.kind == "live"
                else self._content_fact(row["uuid"], step.item_id)
            )
            if fact:
                found[step.key] = fact
        for change in self.changes.get(row["pk"], ()):
            if change.kind == "insert" and (fact := self._content_fact(row["uuid"], change.item_id)):
                found[f"extra:{change.id}"] = fact
        return found

    def _live_fact(self, step: StepSpec, learner: int) -> Fact | None:
        best: tuple[int, Any] | None = None
        for session in self.facts.offers.get(step.key, ()):
            row = self.attendance.get((learner, session.pk))
            rebooked = (learner, session.pk) in self.booked and row is None
            if rebooked and session.state not in ("ended", "closed"):
                return self._best_of(step, learner)  # a new date is ahead: only real presence counts
            if row and (best is None or OUTCOME_RANK[row["status"]] > best[0]):
                best = (OUTCOME_RANK[row["status"]], row)
        return _live_fact_of(step, best[1]) if best else None

    def _best_of(self, step: StepSpec, learner: int) -> Fact | None:
        rows = [self.attendance.get((learner, s.pk)) for s in self.facts.offers.get(step.key, ())]
        present = [row for row in rows if row and row["status"] != "missed"]
        best = max(present, key=lambda row: OUTCOME_RANK[row["status"]], default=None)
        return _live_fact_of(step, best) if best else None

    def _content_fact(self, registration: UUID, item_id: int | None) -> Fact | None:
        row = self.attempts.get((registration, item_id)) if item_id else None
        if row is None:
            return None
        if row.completed_at:
            return Fact("done", row.completed_at, row.score, share=1.0)
        # How far an unfinished attempt got is not part of the plan: learners would stop sharing plans.
        return Fact("failed", row.last_at, row.score) if row.failed else None

    def _started(self, row: dict[str, Any]) -> dict[str, float]:
        shares = {}
        for step in self.facts.steps:
            attempt = self.attempts.get((row["uuid"], step.item_id)) if step.item_id else None
            if attempt and not attempt.completed_at and attempt.progress:
                shares[step.key] = attempt.progress
        return shares

    def _booked(self, learner_ids: list[int]) -> dict[tuple[int, int], datetime]:
        """Since when somebody has a seat, by (learner, session)."""
        rows = live.bookings_facts(self.facts.session_ids, learner_ids)
        return {(row["learner_id"], row["session_id"]): row["since"] for row in rows if row["state"] == "booked"}

    def _attendance(self, learner_ids: list[int]) -> dict[tuple[int, int], dict[str, Any]]:
        rows = live.attendance_facts(self.facts.session_ids, learner_ids)
        return {(row["learner_id"], row["session_id"]): row for row in rows}

    def _attempts(self, registrations: Sequence[UUID]) -> dict[tuple[UUID, int], Any]:
        return {(row.registration, row.item_id): row for row in content.attempt_facts(registrations)}

    def _changes(self, enrolment_ids: Iterable[int]) -> dict[int, list[Change]]:
        found: dict[int, list[Change]] = defaultdict(list)
        rows = Override.objects.filter(enrolment_id__in=list(enrolment_ids), undone_at=None).order_by("pk")
        for row in rows:
            found[row.enrolment_id].append(change_of(row))
        return found

    def _opened(self, enrolment_ids: Iterable[int]) -> dict[int, list[tuple[str, datetime]]]:
        found: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
        rows = Assignment.objects.filter(
            enrolment_id__in=list(enrolment_ids), opened_at__isnull=False, step__kind=Step.Kind.CONTENT
        ).exclude(opens_at=None)
        for enrolment_id, key, opens_at in rows.values_list("enrolment_id", "key", "opens_at"):
            found[enrolment_id].append((key, opens_at))
        return found


def change_of(row: Override) -> Change:
    """An override as the planner sees it."""
    due = row.value.get("due_at")
    return Change(
        id=row.pk,
        kind=row.kind,
        key=row.key,
        at=row.created_at,
        due_at=datetime.fromisoformat(due) if due else None,
        item_id=row.value.get("item_id"),
        title=row.value.get("title", ""),
        minutes=row.value.get("minutes", 0),
    )


def _anchor(session: Any, booked: bool, choices: int) -> Anchor:
    return Anchor(
        session_id=session.pk,
        starts_at=session.starts_at,
        ends_at=session.actual_end or session.ends_at,
        booked=booked,
        choices=choices,
        known_at=session.changed_at,
    )


def _live_fact_of(step: StepSpec, row: dict[str, Any]) -> Fact:
    enough = OUTCOME_RANK[row["status"]] >= OUTCOME_RANK[step.needs]
    return Fact("done" if enough and row["status"] != "missed" else "missed", row["decided_at"], outcome=row["status"])
