"""Suggestions and insights."""

from __future__ import annotations

from typing import Any

from content.models import ContentItem
from journeys.models import Enrolment
from lxp.people.models import User
from recommendations.models import Insight, Recommendation
from tests.factories import now


def recommendation(learner: User, item: ContentItem, **fields: Any) -> Recommendation:
    fields = {"rank": 1, "score": 1.0, "reason_kind": "gap", "created_at": now(), "updated_at": now(), **fields}
    return Recommendation.objects.create(learner=learner, item=item, **fields)


def insight(enrolment: Enrolment, kind: str = "slipping", **fields: Any) -> Insight:
    return Insight.objects.create(
        enrolment=enrolment, kind=kind, **{"created_at": now(), "updated_at": now(), **fields}
    )
