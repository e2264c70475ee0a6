"""What Celery runs: one line per beat entry."""

from __future__ import annotations

from celery import shared_task

from lxp import clock
from recommendations import services


@shared_task
def refresh_all() -> int:
    """What is worth everybody's time, in every organisation."""
    return services.refresh_all(at=clock.now())


@shared_task
def refresh_insights() -> int:
    """Who may need a hand, in every organisation."""
    return services.refresh_insights_everywhere(at=clock.now())


@shared_task
def plan_weekly() -> int:
    """Next Monday's suggestions, in every organisation."""
    return services.plan_weekly_everywhere(at=clock.now())
