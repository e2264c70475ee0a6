"""Reads over skills: targets, estimates, gaps and why we think so. Within the organisation in scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from lxp.people.models import User
from lxp.skills.models import LearnerSkill, Skill, SkillEvidence
from lxp.tenancy import current_id

SENTENCES_EACH = 3


@dataclass(frozen=True)
class Gap:
    """Target minus estimate of one skill for one person (levels 0 to 5); `weight` = gap × importance."""

    learner_id: int
    skill_id: int
    code: str
    name: str
    target: float
    level: float
    importance: float

    @property
    def gap(self) -> float:
        return max(0.0, self.target - self.level)

    @property
    def weight(self) -> float:
        return self.gap * self.importance


@dataclass(frozen=True)
class Reason:
    """One piece of evidence as a sentence, with its moment (aware UTC) and the level it speaks for."""

    text: str
    at: datetime
    level: float


@dataclass(frozen=True)
class SkillStanding:
    """Where a person stands in a skill: estimate, the role's target (None without one), and the newest reasons."""

    skill_id: int
    code: str
    name: str
    area: str
    level: float
    level_text: str
    target: float | None
    importance: float
    evidence_count: int
    updated_at: datetime | None
    reasons: list[Reason] = field(default_factory=list)

    @property
    def gap(self) -> float:
        return max(0.0, (self.target or 0) - self.level)


def all_skills() -> QuerySet[Skill]:
    """Every skill of the organisation by name. Lazy, one query."""
    return Skill.objects.order_by("name", "pk")


_GAPS = """
SELECT m.user_id, s.id, s.code, s.name, t.level, coalesce(l.level, 0), t.importance
FROM lxp_membership m
JOIN lxp_roleskill t ON t.job_role_id = m.job_role_id AND t.organisation_id = m.organisation_id
JOIN lxp_skill s ON s.id = t.skill_id
LEFT JOIN lxp_learnerskill l ON l.skill_id = s.id AND l.learner_id = m.user_id AND l.organisation_id = m.organisation_id
WHERE m.organisation_id = %s AND m.is_active AND (%s::bigint[] IS NULL OR m.user_id = ANY(%s::bigint[]))
  AND t.level > coalesce(l.level, 0)
ORDER BY m.user_id, (t.level - coalesce(l.level, 0)) * t.importance DESC, s.name, s.id
"""


def gaps_of(learner: User | int) -> list[Gap]:
    """Skills in which the person is below their job role's target, the heaviest first. One query."""
    learner_id = learner if isinstance(learner, int) else learner.pk
    return gaps_of_many([learner_id]).get(learner_id, [])


def gaps_of_many(learner_ids: Sequence[int] | None = None) -> dict[int, list[Gap]]:
    """Gaps per person, for these people or (None) for all active members. One query; people without gaps are left out."""
    ids = None if learner_ids is None else list(learner_ids)
    found: dict[int, list[Gap]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, [current_id(), ids, ids])
        for row in cursor.fetchall():
            found[row[0]].append(Gap(*row))
    return dict(found)


def levels_of(learner_ids: Sequence[int]) -> dict[tuple[int, int], float]:
    """Estimates by (learner id, skill id). One query; what was never observed is left out."""
    rows = LearnerSkill.objects.filter(learner_id__in=list(learner_ids))
    return {(row[0], row[1]): row[2] for row in rows.values_list("learner_id", "skill_id", "level")}


_PROFILE = """
SELECT s.id, s.code, s.name, s.area, s.levels, coalesce(l.level, 0), t.level, coalesce(t.importance, 0),
       coalesce(l.evidence_count, 0), l.updated_at
FROM lxp_skill s
LEFT JOIN lxp_learnerskill l ON l.skill_id = s.id AND l.learner_id = %(learner)s
LEFT JOIN (
    SELECT t.skill_id, t.level, t.importance FROM lxp_roleskill t
    JOIN lxp_membership m ON m.job_role_id = t.job_role_id
    WHERE m.user_id = %(learner)s AND m.organisation_id = %(organisation)s
) t ON t.skill_id = s.id
WHERE s.organisation_id = %(organisation)s AND (l.id IS NOT NULL OR t.skill_id IS NOT NULL)
ORDER BY greatest(coalesce(t.level, 0) - coalesce(l.level, 0), 0) * coalesce(t.importance, 0) DESC, s.name, s.id
"""


def profile_of(learner: User | int) -> list[SkillStanding]:
    """All skills the person's role asks for or that were observed, the widest gap first, with reasons. Two queries."""
    learner_id = learner if isinstance(learner, int) else learner.pk
    with connection.cursor() as cursor:
        cursor.execute(_PROFILE, {"learner": learner_id, "organisation": current_id()})
        rows = cursor.fetchall()
    reasons = reasons_of(learner_id)
    return [
        SkillStanding(
            skill_id=row[0], code=row[1], name=row[2], area=row[3], level_text=_level_text(row[4], row[5]),
            level=row[5], target=row[6], importance=row[7], evidence_count=row[8], updated_at=row[9],
            reasons=reasons.get(row[0], []),
        )
        for row in rows
    ]  # fmt: skip


def reasons_of(learner_id: int) -> dict[int, list[Reason]]:
    """The newest pieces of evidence per skill of one person, as sentences. One query."""
    found: dict[int, list[Reason]] = defaultdict(list)
    for fact in SkillEvidence.objects.filter(learner_id=learner_id).order_by("-at", "-pk"):
        if len(found[fact.skill_id]) < SENTENCES_EACH:
            found[fact.skill_id].append(Reason(text=sentence(fact.source, fact.note), at=fact.at, level=fact.level))
    return dict(found)


def sentence(source: str, note: str) -> str:
    """What one piece of evidence is called on screen, in the reader's language."""
    patterns = {
        "quiz": _("Quiz: %(note)s"),
        "content": _("Finished: %(note)s"),
        "attendance": _("Took part: %(note)s"),
        "self": _("You said so: %(note)s"),
        "manager": _("Your manager saw it: %(note)s"),
        "import": _("From another system: %(note)s"),
    }
    bare = {
        "self": _("You said so"),
        "manager": _("Your manager saw it"),
        "import": _("From another system"),
    }
    if not note:
        return bare.get(source, source)
    return patterns.get(source, "%(note)s") % {"note": note}


def _level_text(levels: list[str], level: float) -> str:
    """What people do at the level reached (the last full one); empty below level 1 or without texts."""
    reached = int(level)
    return levels[reached - 1] if 1 <= reached <= len(levels) else ""
