"""Deliveries that gave up: what they are, and trying them again."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from lxp.events.models import Delivery


def dead_deliveries() -> QuerySet[Delivery]:
    """Deliveries of every organisation that failed too often, oldest first. Lazy, one query."""
    # Unscoped: for the operator's commands, which look after the house and not after one organisation.
    return Delivery.unscoped.select_related("event").filter(dead_at__isnull=False).order_by("dead_at", "pk")


def retry_dead_deliveries(*, at: datetime) -> int:
    """Let every dead delivery run again, from the first try on. Returns how many."""
    return Delivery.unscoped.filter(dead_at__isnull=False, done_at=None).update(
        dead_at=None, attempts=0, next_try_at=at
    )
