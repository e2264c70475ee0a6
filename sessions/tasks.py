"""What Celery runs: one line per beat entry."""

from celery import shared_task

from lxp import clock
from sessions import services


@shared_task(name="sessions.tasks.settle_due")
def settle_due() -> int:
    """End sessions that nobody ended."""
    return services.settle_due(at=clock.now())
