"""What Celery runs: one line per beat entry. Every task is harmless when it runs twice, late, or beside itself."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from celery import current_app, shared_task
from kombu import Connection
from kombu.pools import producers

from lxp import clock, events
from lxp.messaging import services as messaging
from lxp.web import housekeeping

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds that a request may wait for the broker; a bell that is not heard is made up for by the next tick."""

HELPERS = 2
"""How many more workers are called when a batch was full."""

STALE = 25
"""Seconds after which a call that no worker has taken is pointless: the next tick calls again."""


@shared_task
def drain_events() -> int:
    """Run due deliveries of domain events."""
    return events.drain(at=clock.now(), limit=1000)


@shared_task
def deliver_due() -> dict[str, Any]:
    """Send due messages, and leave a pulse: before, so that a long run looks alive, and after, with what it did."""
    at = clock.now()
    messaging.note_pulse(job="deliver", at=at)
    result = messaging.deliver_due(at=at, worker="tick", on_backlog=call_helpers).as_dict()
    messaging.note_pulse(job="deliver", at=at, detail=result)
    return result


@shared_task(expires=STALE)
def help_deliver() -> dict[str, Any]:
    """Send due messages beside the tick, while there are many."""
    return messaging.deliver_due(at=clock.now(), worker="helper").as_dict()


@shared_task
def keep_house() -> dict[str, int]:
    """Throw away what nobody will ask for again."""
    return housekeeping.keep_house(at=clock.now())


def ring_drain() -> None:
    """Wake a worker: events were committed. Raises the broker's error when it is away."""
    _call(drain_events)


def call_helpers() -> None:
    """Ask other workers to share a backlog. Without a broker this one does it alone."""
    try:
        for _ in range(HELPERS):
            _call(help_deliver)
    except Exception:
        log.warning("no helpers could be called", exc_info=True)


def _call(task: Any) -> None:
    with producers[_broker()].acquire(block=True, timeout=PATIENCE) as producer:
        task.apply_async(producer=producer, retry=False)


@cache
def _broker() -> Connection:
    """The broker, asked with less patience than workers have: they may wait for work, a request may not."""
    options = current_app.conf.broker_transport_options
    hasty = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "max_retries": 0}
    return current_app.connection_for_write(transport_options={**options, **hasty})
