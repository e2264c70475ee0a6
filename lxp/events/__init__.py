"""Domain events: facts announced upwards, delivered at least once, each in one transaction.

Use `record(event, by=…, at=…)` inside the transaction that made the change, and
`@subscribe(EventClass)` on a handler `on_<event>(event, *, at)` in an app's `subscribers.py`.
"""

from lxp.events.bus import (
    DomainEventData,
    drain,
    drain_all,
    on_commit_ring,
    prompt_drain,
    record,
    record_many,
    subscribe,
)

__all__ = [
    "DomainEventData",
    "drain",
    "drain_all",
    "on_commit_ring",
    "prompt_drain",
    "record",
    "record_many",
    "subscribe",
]
