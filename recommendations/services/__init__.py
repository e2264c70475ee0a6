"""Every change to suggestions and insights, one public function each."""

from recommendations.services.insights import (
    Refreshed,
    accept_insight,
    dismiss_insight,
    refresh_insights,
    reopen_insight,
)
from recommendations.services.nudging import UNDO_WITHIN, nudge, take_back_nudge
from recommendations.services.rounds import (
    plan_weekly_everywhere,
    refresh_all,
    refresh_enrolment,
    refresh_insights_everywhere,
    refresh_learner,
)
from recommendations.services.suggestions import (
    already_know,
    dismiss,
    refresh_enrolled,
    refresh_recommendations,
    restore,
    take,
)
from recommendations.services.weekly import plan_weekly

__all__ = [
    "UNDO_WITHIN",
    "Refreshed",
    "accept_insight",
    "already_know",
    "dismiss",
    "dismiss_insight",
    "nudge",
    "plan_weekly",
    "plan_weekly_everywhere",
    "refresh_all",
    "refresh_enrolled",
    "refresh_enrolment",
    "refresh_insights",
    "refresh_insights_everywhere",
    "refresh_learner",
    "refresh_recommendations",
    "reopen_insight",
    "restore",
    "take",
    "take_back_nudge",
]
