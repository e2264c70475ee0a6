"""What Celery runs: one line per beat entry."""

from __future__ import annotations

from celery import shared_task

from journeys import services
from lxp import clock


@shared_task
def open_due() -> int:
    """Open what is due, in every organisation."""
    return services.open_due(at=clock.now())


@shared_task
def follow_audiences() -> int:
    """Let every cohort that follows an audience enrol and release."""
    return services.follow_audiences(at=clock.now())
