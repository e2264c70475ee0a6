"""Attempts that were made before: the history an organisation brings along, or a demonstration's past.

Set-based. The same rooms decide what an attempt came to as when it is made in the player; the learner record and the
evidence of skills follow from it. Nothing is announced: whoever brings a past makes what depends on it match.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from content.kinds import kind_of
from content.kinds.kind import Record, Save
from content.models import Attempt, ContentItem, ContentVersion
from content.services import traces
from content.services.attempts import judge, rule_of
from lxp.activity.services import Experience, record_statements
from lxp.skills.services import record_evidence


@dataclass(frozen=True)
class PastAttempt:
    """One go at an item: what was answered and seen between `started_at` and `at` (aware), in `seconds` of active time.

    `complete` is the completion rule of the step it belonged to; `number` counts the goes of one learner.
    """

    learner_id: int
    item: ContentItem
    version: ContentVersion
    started_at: datetime
    at: datetime
    seconds: int
    registration: UUID | None = None
    complete: dict[str, Any] = field(default_factory=dict)
    number: int = 1
    answers: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def record_past_attempts(*, attempts: Sequence[PastAttempt]) -> list[Attempt]:
    """Write attempts with their statements and evidence; those that are known already (learner, item, registration,
    number) are left out. Returns the new ones. A fixed number of queries per thousand attempts.
    """
    known = _known({past.registration for past in attempts}, {past.learner_id for past in attempts})
    rows = [_row(past) for past in attempts if _key_of(past) not in known]
    Attempt.objects.bulk_create(rows, batch_size=1000)
    record_statements([one for row in rows for one in _experiences(row)])
    ended = [row for row in rows if row.state != Attempt.State.STARTED]
    taught = traces.taught_by({row.item_id for row in ended})
    record_evidence(
        evidence=[
            one
            for row in ended
            for one in traces.skill_evidence(row, kind_of(row.item.kind), taught[row.item_id], row.last_at)
        ]
    )
    return rows


def _key_of(past: PastAttempt) -> tuple[int, int, UUID | None, int]:
    return past.learner_id, past.item.pk, past.registration, past.number


def _known(registrations: Collection[UUID | None], learners: Collection[int]) -> set[tuple[int, int, UUID | None, int]]:
    rows = Attempt.objects.filter(learner_id__in=learners).values_list(
        "learner_id", "item_id", "registration", "number"
    )
    return {row for row in rows if row[2] in registrations}


def _row(past: PastAttempt) -> Attempt:
    kind, body = kind_of(past.item.kind), past.version.body
    wall = (past.at - past.started_at).total_seconds()
    save = Save(answers=past.answers, evidence=past.evidence, elapsed=wall, since_start=wall)
    record = kind.merge(Record(seconds=past.seconds), save, body)
    attempt = Attempt(
        learner_id=past.learner_id, item=past.item, version=past.version, registration=past.registration,
        complete=rule_of(past.item, past.version, past.complete), number=past.number, position=record.position,
        answers=record.answers, evidence=record.evidence, seconds=past.seconds, revision=1,
        started_at=past.started_at, last_at=past.at,
    )  # fmt: skip
    judge(attempt, kind, record)
    attempt.completed_at = past.at if attempt.state == Attempt.State.COMPLETED else None
    return attempt


def _experiences(row: Attempt) -> list[Experience]:
    kind = kind_of(row.item.kind)
    found = [traces.statement(row, "initialized", row.started_at, seconds=row.seconds)]
    found += traces.answers_given(row, kind, {}, row.last_at)
    if row.state != Attempt.State.STARTED:
        found.append(traces.end_statement(row, kind, row.last_at))
    return found
