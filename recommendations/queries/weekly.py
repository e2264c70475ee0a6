"""Who gets the weekly suggestions."""

from __future__ import annotations

from lxp.messaging.models import Preference
from lxp.people.models import Membership
from recommendations.models import Recommendation

KIND_WEEKLY = "recommendations.weekly"


def weekly_readers() -> tuple[list[int], set[int]]:
    """Ids of all active people, and those of them who want suggestions and have any. Three queries."""
    everybody = list(Membership.objects.filter(is_active=True).order_by("user_id").values_list("user_id", flat=True))
    off = Preference.objects.filter(category="recommendation", choice=Preference.Choice.OFF)
    unwanted = set(off.values_list("user_id", flat=True))
    shown = Recommendation.objects.filter(state=Recommendation.State.SHOWN)
    having = set(shown.values_list("learner_id", flat=True).distinct())
    return everybody, having - unwanted
