"""Both kinds of refresh together: for one person after an event, for all organisations when beat asks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from lxp.people.models import Organisation
from lxp.tenancy import scope
from recommendations.queries import learners_of
from recommendations.services.insights import refresh_insights
from recommendations.services.suggestions import refresh_recommendations
from recommendations.services.weekly import plan_weekly

log = logging.getLogger(__name__)


def refresh_learner(*, learner_id: int, at: datetime) -> None:
    """After something that bears on both: suggestions and insights of one person."""
    refresh_recommendations(learner_ids=[learner_id], at=at)
    refresh_insights(learner_ids=[learner_id], at=at)


def refresh_enrolment(*, enrolment_id: int, at: datetime) -> None:
    """After the plan of one enrolment changed: the same for its person."""
    for learner_id in learners_of([enrolment_id]):
        refresh_learner(learner_id=learner_id, at=at)


def refresh_all(*, at: datetime) -> int:
    """Suggestions of everybody. Returns how many organisations it went well for."""
    return _everywhere(refresh_recommendations, at)


def refresh_insights_everywhere(*, at: datetime) -> int:
    """Insights about everybody. Returns how many organisations it went well for."""
    return _everywhere(refresh_insights, at)


def plan_weekly_everywhere(*, at: datetime) -> int:
    """The weekly suggestions of everybody. Returns how many organisations it went well for."""
    return _everywhere(plan_weekly, at)


def _everywhere(service: Callable[..., Any], at: datetime) -> int:
    """Run a service in each organisation's scope; trouble in one must not keep the others waiting until the next round."""
    well = 0
    for organisation in Organisation.objects.order_by("pk"):
        try:
            with scope(organisation):
                service(at=at)
            well += 1
        except Exception:
            log.exception("a round failed", extra={"organisation": organisation.pk, "service": service.__name__})
    return well
