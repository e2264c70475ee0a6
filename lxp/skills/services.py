"""Changes to skills: evidence in, estimates follow."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from lxp.skills.estimate import Observation, estimate
from lxp.skills.models import TOP_LEVEL, LearnerSkill, Skill, SkillEvidence

SOURCES = frozenset({"quiz", "content", "attendance", "self", "manager", "import"})


@dataclass(frozen=True)
class Evidence:
    """One observation to record. `level` 0 to 5, `weight` above 0, `note` what was seen ("“Coaching check”, 80%").

    `key` names the fact (such as "attempt:12:7"): recorded twice, it counts once.
    """

    learner_id: int
    skill_id: int
    source: str
    level: float
    key: str
    at: datetime
    weight: float = 1.0
    note: str = ""


@transaction.atomic
def record_evidence(*, evidence: Sequence[Evidence]) -> int:
    """Append observations and bring the estimates of the people and skills they touch up to date.

    Set-based: five queries however many. The estimates are locked before the evidence is read, so that two writers
    never overwrite each other with half of the truth. Returns how many observations were new.
    Raises ValidationError for an unknown source, or a level or weight out of range.
    """
    if not evidence:
        return 0
    for one in evidence:
        _check(one)
    keys = [one.key for one in evidence]
    known = set(SkillEvidence.objects.filter(key__in=keys).values_list("key", flat=True))
    new = {one.key: one for one in evidence if one.key not in known}
    if not new:
        return 0
    SkillEvidence.objects.bulk_create(
        [
            SkillEvidence(
                learner_id=one.learner_id, skill_id=one.skill_id, source=one.source, level=one.level,
                weight=one.weight, note=one.note[:300], key=one.key, at=one.at,
            )
            for one in new.values()
        ],
        ignore_conflicts=True,  # another process may have recorded the same fact a moment ago
    )  # fmt: skip
    refresh_estimates(
        pairs={(one.learner_id, one.skill_id) for one in new.values()}, at=max(one.at for one in evidence)
    )
    return len(new)


@transaction.atomic
def take_back(*, learner_id: int, keys: Sequence[str], at: datetime) -> int:
    """Forget what somebody said of themselves; what others observed can't be taken back. Returns how many it were."""
    mine = SkillEvidence.objects.filter(learner_id=learner_id, source="self", key__in=list(keys))
    skill_ids = list(mine.values_list("skill_id", flat=True))
    mine.delete()
    if skill_ids:
        refresh_estimates(pairs={(learner_id, skill_id) for skill_id in skill_ids}, at=at)
    return len(skill_ids)


@transaction.atomic
def refresh_estimates(*, pairs: Iterable[tuple[int, int]], at: datetime) -> None:
    """Recompute the level of these (learner id, skill id) pairs from all their evidence. Four queries."""
    wanted = set(pairs)
    LearnerSkill.objects.bulk_create(
        [LearnerSkill(learner_id=learner, skill_id=skill, updated_at=at) for learner, skill in sorted(wanted)],
        ignore_conflicts=True,
    )
    learners, skills = {pair[0] for pair in wanted}, {pair[1] for pair in wanted}
    rows = [
        row
        for row in LearnerSkill.objects.select_for_update()
        .filter(learner_id__in=learners, skill_id__in=skills)
        .order_by("learner_id", "skill_id")
        if (row.learner_id, row.skill_id) in wanted
    ]
    observed: dict[tuple[int, int], list[Observation]] = defaultdict(list)
    facts = SkillEvidence.objects.filter(learner_id__in=learners, skill_id__in=skills)
    for fact in facts.only("learner_id", "skill_id", "level", "weight", "source", "at"):
        observed[fact.learner_id, fact.skill_id].append(
            Observation(level=fact.level, weight=fact.weight, source=fact.source, at=fact.at)
        )
    levels = []
    for row in rows:
        mine = observed[row.learner_id, row.skill_id]
        levels.append({"id": row.pk, "level": estimate(mine), "count": len(mine)})
    with connection.cursor() as cursor:
        cursor.execute(_SET_LEVELS, [at, json.dumps(levels)])


_SET_LEVELS = """
UPDATE lxp_learnerskill known SET level = given.level, evidence_count = given.count, updated_at = %s
FROM json_to_recordset(%s::json) AS given(id bigint, level float, count integer)
WHERE known.id = given.id
"""


def _check(one: Evidence) -> None:
    if one.source not in SOURCES:
        raise ValidationError(_("“%(source)s” is not a source of evidence.") % {"source": one.source})
    if not 0 <= one.level <= TOP_LEVEL:
        raise ValidationError(_("A level lies between 0 and %(top)d.") % {"top": TOP_LEVEL})
    if one.weight <= 0:
        raise ValidationError(_("The weight of evidence is more than 0."))


def create_skill(*, code: str, name: str, area: str = "", description: str = "", levels: Sequence[str] = ()) -> Skill:
    """Add a skill. Raises ValidationError when the code is taken or something is missing."""
    skill = Skill(code=code, name=name, area=area, description=description, levels=list(levels))
    skill.full_clean()
    skill.save()
    return skill
