"""Throwing away what nobody will ask for again, in small portions so that no table is held for long."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.db.models import QuerySet

from lxp.events.models import Delivery
from lxp.web.models import IdempotencyRecord

KEEP_DELIVERIES = timedelta(days=90)
"""Done deliveries are the trace of what an event caused; the events themselves are kept for ever."""

KEEP_ANSWERS = timedelta(days=7)
"""As long as REST promises to replay the answer to an Idempotency-Key."""

_PORTION = 5000


def keep_house(*, at: datetime) -> dict[str, int]:
    """Delete old done deliveries, old REST answers and expired browser sessions. Returns how many rows of each."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    # Unscoped: the same age is old in every organisation.
    return {
        "deliveries": _delete(Delivery.unscoped.filter(done_at__lt=at - KEEP_DELIVERIES)),
        "answers": _delete(IdempotencyRecord.unscoped.filter(created_at__lt=at - KEEP_ANSWERS)),
    }


def _delete(rows: QuerySet) -> int:
    deleted = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:_PORTION]):
        deleted += rows.model.unscoped.filter(pk__in=ids).delete()[0]
    return deleted
