"""Skills, targets of job roles, evidence, estimates."""

from __future__ import annotations

from typing import Any

from lxp.people.models import JobRole, User
from lxp.skills.models import LearnerSkill, RoleSkill, Skill, SkillEvidence
from tests.factories import now, number


def skill(code: str = "", **fields: Any) -> Skill:
    code = code or f"skill-{number()}"
    return Skill.objects.create(code=code, name=fields.pop("name", code.replace("-", " ").capitalize()), **fields)


def target(job_role: JobRole, of: Skill, level: float = 3, **fields: Any) -> RoleSkill:
    return RoleSkill.objects.create(job_role=job_role, skill=of, level=level, **fields)


def estimate(learner: User, of: Skill, level: float = 1, **fields: Any) -> LearnerSkill:
    fields = {"updated_at": now(), "evidence_count": 1, **fields}
    return LearnerSkill.objects.create(learner=learner, skill=of, level=level, **fields)


def evidence(learner: User, of: Skill, level: float = 2, **fields: Any) -> SkillEvidence:
    fields = {"source": "quiz", "key": f"test:{number()}", "at": now(), **fields}
    return SkillEvidence.objects.create(learner=learner, skill=of, level=level, **fields)
