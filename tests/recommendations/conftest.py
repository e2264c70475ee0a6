"""A role that asks for skills, and things to learn them from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from content.models import ContentItem
from lxp.people.models import JobRole, Membership
from lxp.skills.models import Skill
from tests.factories import content, people, skills


@dataclass
class Need:
    """Asha is a key account manager: negotiation 3 (she is at 2, important), coaching 3 (at 1), SQL 2 (at 0, hardly)."""

    role: JobRole
    negotiation: Skill
    coaching: Skill
    sql: Skill

    @classmethod
    def build(cls, world: Any) -> Need:
        role = people.job_role("key-account-manager")
        made = cls(role, *(skills.skill(code) for code in ("negotiation", "coaching", "sql")))
        for skill, level, importance in ((made.negotiation, 3, 5), (made.coaching, 3, 3), (made.sql, 2, 1)):
            skills.target(role, skill, level, importance=importance)
        made.give(world.asha)
        skills.estimate(world.asha, made.negotiation, 2)
        skills.estimate(world.asha, made.coaching, 1)
        return made

    def give(self, *users: Any) -> None:
        """Put people into the role."""
        Membership.objects.filter(user__in=users).update(job_role=self.role)

    def item(self, title: str, skill: Skill, level: float, **fields: Any) -> ContentItem:
        """A published item that teaches a skill up to a level."""
        made = content.item(title, **fields)
        content.teaches(made, skill, level=level)
        return made


@pytest.fixture
def need(world):
    with world.scope():
        yield Need.build(world)
