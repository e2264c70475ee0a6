"""What an attempt leaves behind: statements for the learner record and evidence of skills. Made here, written elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from content.kinds.kind import Kind
from content.models import Attempt, ContentSkill
from lxp.activity.services import Experience
from lxp.skills.services import Evidence


def statement(
    attempt: Attempt, verb: str, at: datetime, *, result: dict[str, Any] | None = None, seconds: int = 0
) -> Experience:
    """A statement about the attempt. `seconds` is active time that it adds to the day."""
    return Experience(
        actor_id=attempt.learner_id, verb=verb, object_type="content", object_id=str(attempt.item_id),
        object_name=attempt.item.title, registration=attempt.registration, result=result or {},
        context=_context(attempt), at=at, seconds=seconds,
    )  # fmt: skip


def end_statement(attempt: Attempt, kind: Kind, at: datetime) -> Experience:
    """That it was completed, passed or failed, with the result."""
    completed = attempt.state == Attempt.State.COMPLETED
    verb = ("passed" if kind.has_score else "completed") if completed else "failed"
    return statement(attempt, verb, at, result=_result(attempt, kind))


def answers_given(attempt: Attempt, kind: Kind, before: Mapping[str, Any], at: datetime) -> list[Experience]:
    """One statement for each question answered since the answers were `before`."""
    return [
        Experience(
            actor_id=attempt.learner_id, verb="answered", object_type="question",
            object_id=f"{attempt.item_id}:{one.key}", object_name=one.text, registration=attempt.registration,
            result={"success": one.success, "response": one.response}, context=_context(attempt), at=at,
        )
        for one in kind.answered(before, attempt.answers, attempt.version.body)
    ]  # fmt: skip


def taught_by(item_ids: Collection[int]) -> dict[int, list[ContentSkill]]:
    """What these items teach, by item. One query."""
    found: dict[int, list[ContentSkill]] = defaultdict(list)
    for row in ContentSkill.objects.filter(item_id__in=item_ids).select_related("skill"):
        found[row.item_id].append(row)
    return found


def skill_evidence(attempt: Attempt, kind: Kind, taught: Sequence[ContentSkill], at: datetime) -> list[Evidence]:
    """A mark speaks for that share of the level an item teaches; having finished something without a mark, for having
    met it up to that level."""
    apart = kind.skills_shown(attempt.version.body, attempt.answers)
    found = []
    for one in taught:
        share = apart.get(one.skill.code, attempt.score)
        note = f"“{attempt.item.title}”"
        found.append(
            Evidence(
                learner_id=attempt.learner_id, skill_id=one.skill_id,
                source="content" if share is None else "quiz",
                level=round(one.level * (1.0 if share is None else share), 2), weight=one.weight or 0.1,
                note=note if share is None else f"{note}, {round(share * 100)}%",
                key=f"attempt:{attempt.pk}:{one.skill_id}", at=at,
            )
        )  # fmt: skip
    return found


def _context(attempt: Attempt) -> dict[str, Any]:
    return {"attempt": attempt.number, "version": attempt.version.number, "kind": attempt.item.kind}


def _result(attempt: Attempt, kind: Kind) -> dict[str, Any]:
    """xAPI's result: completion, success and scaled score where there is a mark, duration of active time (ISO 8601)."""
    result: dict[str, Any] = {"completion": True, "duration": f"PT{attempt.seconds}S"}
    if kind.has_score:
        result |= {"success": attempt.state == Attempt.State.COMPLETED, "score": {"scaled": attempt.score}}
    return result
