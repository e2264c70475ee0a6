"""Suggestions and insights."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from content.models import ContentItem
from journeys.models import Enrolment
from lxp.people.models import User
from recommendations.models import Insight, Recommendation
from tests.factories import now, skills


def recommendation(learner: User, item: ContentItem, **fields: Any) -> Recommendation:
    """A suggestion with the facts of its reason; a skill is made for it unless `reason` is given."""
    if "reason" not in fields:
        skill = skills.skill()
        fields["reason"] = {
            "skill_id": skill.pk, "name": skill.name, "role": "Engineer", "target": 3, "level": 1, "importance": 3,
        }  # fmt: skip
    fields = {"rank": 1, "score": 1.0, "reason_kind": "gap", "created_at": now(), "updated_at": now(), **fields}
    return Recommendation.objects.create(learner=learner, item=item, **fields)


def insight(enrolment: Enrolment, kind: str = "overdue", **fields: Any) -> Insight:
    """One step is late by a day; talking is what we suggest."""
    facts = {"step": "Read", "due_at": (now() - timedelta(days=1)).isoformat(), "count": 1}
    fields = {"facts": facts, "action": "talk", "created_at": now(), "updated_at": now(), **fields}
    return Insight.objects.create(enrolment=enrolment, kind=kind, **fields)
