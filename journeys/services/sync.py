"""Make the database match the plan. Everything that changes what a learner has to do ends here.

Set-based: learners are grouped by equal plan inputs, the plan is computed once per group, and rows are written
in bulk from two JSON documents joined in SQL. Running it twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from journeys.events import JourneyCompleted, StepCompleted
from journeys.facts import CohortFacts, Member, cohort_facts, members_of
from journeys.models import Assignment, Cohort, Enrolment
from journeys.plan import Inputs, PlannedAssignment, last_active, plan_assignments
from journeys.plan_messages import KINDS, is_complete, plan_messages
from journeys.progress import progress
from lxp.events import DomainEventData, record_many
from lxp.messaging import services as messaging
from lxp.messaging.plan import PlannedMessage
from lxp.tenancy import current_id

CHUNK = 2_000
"""Enrolments per transaction: bounds memory and how long rows are locked."""


@dataclass(frozen=True)
class _Plan:
    """One group's plan: computed once, shared by everybody with equal inputs."""

    number: int
    assignments: tuple[PlannedAssignment, ...]
    messages: tuple[PlannedMessage, ...]


@dataclass(frozen=True)
class SyncResult:
    """How many rows a sync touched; all zero when everything matched already."""

    enrolments: int = 0
    assignments: int = 0
    messages: int = 0

    def __add__(self, other: SyncResult) -> SyncResult:
        return SyncResult(
            self.enrolments + other.enrolments,
            self.assignments + other.assignments,
            self.messages + other.messages,
        )


def sync_cohort(*, cohort: Cohort, at: datetime) -> SyncResult:
    """Match every enrolment of a cohort with its plan, in chunks that each commit on their own."""
    ids = Enrolment.objects.filter(cohort=cohort).order_by("pk").values_list("pk", flat=True)
    return sync_enrolments(cohort=cohort, enrolment_ids=list(ids), at=at)


def sync_enrolments(*, cohort: Cohort, enrolment_ids: Sequence[int], at: datetime) -> SyncResult:
    """Match some enrolments of one cohort with their plan."""
    facts = cohort_facts(cohort)
    plans: dict[Inputs, _Plan] = {}
    result = SyncResult()
    for start in range(0, len(enrolment_ids), CHUNK):
        result += _sync_chunk(facts, enrolment_ids[start : start + CHUNK], plans, at)
    return result


def sync_learner(*, learner_id: int, at: datetime) -> SyncResult:
    """Match every enrolment of one person (their zone, role or working hours changed)."""
    result = SyncResult()
    rows = Enrolment.objects.filter(learner_id=learner_id).select_related("cohort__journey")
    for enrolment in rows:
        result += sync_enrolments(cohort=enrolment.cohort, enrolment_ids=[enrolment.pk], at=at)
    return result


def open_due(*, at: datetime, limit: int = 5_000) -> int:
    """The tick: open assignments whose time has come, in all organisations. Returns how many.

    Rows are claimed with SKIP LOCKED, so that two ticks never wait for each other. A sync after opening keeps
    what the plan derives from it (`Inputs.opened`); nothing else has to happen.
    """
    sql = """
        UPDATE journeys_assignment a SET state = 'open', opened_at = %s
        FROM (
            SELECT id FROM journeys_assignment
            WHERE state = 'planned' AND opens_at IS NOT NULL AND opens_at <= %s
            ORDER BY opens_at, id LIMIT %s FOR UPDATE SKIP LOCKED
        ) due
        WHERE a.id = due.id
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [at, at, limit])
        return cursor.rowcount


@transaction.atomic
def _sync_chunk(facts: CohortFacts, ids: Sequence[int], plans: dict[Inputs, _Plan], at: datetime) -> SyncResult:
    members = members_of(facts, ids, lock=True)
    numbered = [(member, _plan_for(facts, member, plans)) for member in members]
    before = _finished_before([member.enrolment_id for member in members])
    written = _write_assignments(numbered, at)
    _write_progress(numbered, at)
    _announce(facts, numbered, before, at)
    sent = messaging.sync_planned(
        members=[messaging.Member(m.learner_id, f"enrolment:{m.enrolment_id}", plan.number) for m, plan in numbered],
        plans={plan.number: plan.messages for _, plan in numbered},
        kinds=KINDS,
        at=at,
    )
    return SyncResult(len(members), written, sent.added + sent.moved + sent.suppressed)


def _plan_for(facts: CohortFacts, member: Member, plans: dict[Inputs, _Plan]) -> _Plan:
    plan = plans.get(member.inputs)
    if plan is None:
        assignments = plan_assignments(facts.steps, member.inputs)
        messages = plan_messages(facts.steps, member.inputs, assignments)
        plan = plans[member.inputs] = _Plan(len(plans), assignments, messages)
    return plan


_WRITE = """
    INSERT INTO journeys_assignment AS a (
        organisation_id, enrolment_id, learner_id, key, step_id, item_id, session_id, state, opens_at, due_at,
        note, score, outcome, opened_at, done_at
    )
    SELECT %(organisation)s, m.enrolment, m.learner, p.key, p.step, p.item, p.session,
        CASE WHEN p.state = 'planned' AND p.opens_at <= %(at)s THEN 'open' ELSE p.state END,
        p.opens_at, p.due_at, p.note, p.score, p.outcome,
        CASE WHEN p.state <> 'waived' AND p.opens_at <= %(at)s THEN %(at)s::timestamptz END, p.done_at
    FROM json_to_recordset(%(members)s) AS m(enrolment bigint, learner bigint, plan int)
    JOIN json_to_recordset(%(planned)s) AS p(
        plan int, key text, step bigint, item bigint, session bigint, state text, opens_at timestamptz,
        due_at timestamptz, note text, score float, outcome text, done_at timestamptz
    ) USING (plan)
    ON CONFLICT (enrolment_id, key) DO UPDATE SET
        session_id = excluded.session_id, state = excluded.state, opens_at = excluded.opens_at,
        due_at = excluded.due_at, note = excluded.note, score = excluded.score, outcome = excluded.outcome,
        opened_at = coalesce(a.opened_at, excluded.opened_at), done_at = excluded.done_at
    WHERE (a.session_id, a.state, a.opens_at, a.due_at, a.note, a.score, a.outcome, a.done_at)
        IS DISTINCT FROM
        (excluded.session_id, excluded.state, excluded.opens_at, excluded.due_at, excluded.note, excluded.score,
         excluded.outcome, excluded.done_at)
        -- Finished self-paced work is never altered by a plan.
        AND NOT (a.state = 'done' AND excluded.state = 'done' AND a.outcome = '' AND a.done_at = excluded.done_at)
"""


def _write_assignments(numbered: Sequence[tuple[Member, _Plan]], at: datetime) -> int:
    plans = {plan.number: plan for _, plan in numbered}
    with connection.cursor() as cursor:
        # The planner takes both recordsets for 100 rows; with thousands a nested loop would be quadratic.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(
            _WRITE,
            {
                "organisation": current_id(),
                "at": at,
                "members": json.dumps(
                    [{"enrolment": m.enrolment_id, "learner": m.learner_id, "plan": p.number} for m, p in numbered]
                ),
                "planned": json.dumps([_row(plan.number, a) for plan in plans.values() for a in plan.assignments]),
            },
        )
        written = cursor.rowcount
        cursor.execute("SET LOCAL enable_nestloop = on")
    return written + _remove_strays(numbered)


def _row(number: int, a: PlannedAssignment) -> dict[str, Any]:
    return {
        "plan": number,
        "key": a.key,
        "step": a.spec.step_id,
        "item": a.spec.item_id,
        "session": a.session_id,
        "state": a.state,
        "opens_at": _iso(a.opens_at),
        "due_at": _iso(a.due_at),
        "note": a.note,
        "score": a.score,
        "outcome": a.outcome,
        "done_at": _iso(a.done_at),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _remove_strays(numbered: Sequence[tuple[Member, _Plan]]) -> int:
    """Unfinished extra steps whose override was undone go; nothing else ever leaves a plan."""
    wanted = {(m.enrolment_id, a.key) for m, plan in numbered for a in plan.assignments if a.key.startswith("extra:")}
    rows = Assignment.objects.filter(enrolment_id__in=[m.enrolment_id for m, _ in numbered], step=None).exclude(
        state=Assignment.State.DONE
    )
    strays = [
        pk for pk, enrolment, key in rows.values_list("pk", "enrolment_id", "key") if (enrolment, key) not in wanted
    ]
    if strays:
        Assignment.objects.filter(pk__in=strays).delete()
    return len(strays)


def _write_progress(numbered: Sequence[tuple[Member, _Plan]], at: datetime) -> None:
    rows = []
    for member, plan in numbered:
        count = progress(plan.assignments, member.started)
        last = max((a.done_at for a in plan.assignments if a.done_at), default=None)
        complete = is_complete(plan.assignments) and member.inputs.active
        rows.append(
            {
                "id": member.enrolment_id,
                "progress": count.value,
                "complete": complete,
                "completed_at": _iso(last) if complete else None,
                "last": _iso(last_active(member.inputs)),
            }
        )
    sql = """
        UPDATE journeys_enrolment e SET
            progress = greatest(e.progress, r.progress),
            state = CASE WHEN e.state = 'withdrawn' THEN e.state WHEN r.complete THEN 'completed' ELSE 'active' END,
            completed_at = CASE WHEN r.complete THEN coalesce(e.completed_at, r.completed_at) END,
            last_active_at = greatest(e.last_active_at, r.last)
        FROM json_to_recordset(%s) AS r(id bigint, progress float, complete bool, completed_at timestamptz,
                                        last timestamptz)
        WHERE e.id = r.id AND (
            r.progress > e.progress OR r.last > e.last_active_at OR (e.last_active_at IS NULL AND r.last IS NOT NULL)
            OR (e.state <> 'withdrawn' AND r.complete <> (e.state = 'completed'))
        )
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(rows)])


def _finished_before(ids: Iterable[int]) -> dict[int, set[tuple[str, str]]]:
    """(key, outcome) of what was finished, and "" for a completed enrolment, before this sync."""
    found: dict[int, set[tuple[str, str]]] = {pk: set() for pk in ids}
    rows = Assignment.objects.filter(
        Q(state=Assignment.State.DONE) | Q(state=Assignment.State.MISSED), enrolment_id__in=list(found)
    )
    for enrolment_id, key, outcome in rows.values_list("enrolment_id", "key", "outcome"):
        found[enrolment_id].add((key, outcome))
    return found


def _announce(
    facts: CohortFacts, numbered: Sequence[tuple[Member, _Plan]], before: dict[int, set[tuple[str, str]]], at: datetime
) -> None:
    """Say what became finished in this sync: a step (with a live step's outcome), a journey."""
    steps: list[DomainEventData] = []
    journeys: list[DomainEventData] = []
    for member, plan in numbered:
        known = before[member.enrolment_id]
        fresh = [a for a in plan.assignments if a.state in ("done", "missed") and (a.key, a.outcome) not in known]
        steps += [StepCompleted(member.enrolment_id, member.learner_id, a.key, a.outcome) for a in fresh]
        if fresh and is_complete(plan.assignments):
            journeys.append(JourneyCompleted(member.enrolment_id, member.learner_id, facts.cohort.journey_id))
    record_many(steps, by=None, at=at)
    record_many(journeys, by=None, at=at)
