"""Recording domain events and draining their deliveries (ARCHITECTURE: side effects)."""

from __future__ import annotations

import dataclasses
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from django.db import connection, transaction

from lxp.events.models import Delivery, DomainEvent
from lxp.tenancy import current_id, scope

log = logging.getLogger(__name__)

DEAD_AFTER = 10
"""Tries before a delivery is dead and an alert is logged."""


class DomainEventData:
    """Base of every event dataclass: frozen, JSON-ready fields (ids, numbers, strings, lists).

    `prompt` events concern one person's own act; the request that recorded them also drains them before it
    answers, so that the next page shows their effect. Everything larger is left to the workers.
    """

    prompt: ClassVar[bool] = False


Handler = Callable[..., None]
EventT = TypeVar("EventT", bound=DomainEventData)

_handlers: dict[str, list[str]] = defaultdict(list)
_functions: dict[str, Handler] = {}
_classes: dict[str, type[DomainEventData]] = {}
_bells: list[Callable[[], None]] = []
_prompted: ContextVar[list[int] | None] = ContextVar("lxp_prompt_events", default=None)


def kind_of(cls: type[DomainEventData]) -> str:
    """The stored name of an event class: its app's package and its own name, such as `content.ContentCompleted`."""
    module = cls.__module__.removesuffix(".events")
    return f"{module}.{cls.__name__}"


def subscribe(event_class: type[DomainEventData]) -> Callable[[Handler], Handler]:
    """Register a handler `on_<event>(event, *, at)`; it runs in its own transaction, at least once."""

    def register(function: Handler) -> Handler:
        name = f"{function.__module__}.{function.__name__}"
        kind = kind_of(event_class)
        _classes[kind] = event_class
        if name not in _handlers[kind]:
            _handlers[kind].append(name)
        _functions[name] = function
        return function

    return register


def on_commit_ring(bell: Callable[[], None]) -> None:
    """Register what wakes the drain after a commit (the Celery nudge); its failure is only logged."""
    _bells.append(bell)


def record(event: DomainEventData, *, by: Any, at: datetime) -> DomainEvent:
    """Store `event` and one open delivery per subscriber, in the caller's transaction.

    `by` is the acting user or None for the house itself; `at` is the aware moment of the fact, also the
    first moment its deliveries may run.
    """
    return record_many([event], by=by, at=at)[0]


def record_many(events: Sequence[DomainEventData], *, by: Any, at: datetime) -> list[DomainEvent]:
    """Store many events and their deliveries with two statements. Raises nothing for an empty list."""
    rows = DomainEvent.objects.bulk_create(
        DomainEvent(
            organisation_id=current_id(),
            kind=kind_of(type(event)),
            payload=dataclasses.asdict(event),  # type: ignore[call-overload]
            actor_id=getattr(by, "pk", None),
            at=at,
        )
        for event in events
    )
    Delivery.objects.bulk_create(
        Delivery(organisation_id=current_id(), event=row, handler=name, next_try_at=at)
        for row in rows
        for name in _handlers.get(row.kind, ())
    )
    prompted = _prompted.get()
    if prompted is not None and len(events) == 1 and events[0].prompt:
        prompted.append(rows[0].pk)
    elif rows:
        _ring_on_commit()
    return rows


@contextmanager
def prompt_drain(*, at: datetime) -> Iterator[None]:
    """Around one request: deliver the prompt events recorded inside it before it ends.

    A handler that fails stays due, and the workers take it from there.
    """
    token = _prompted.set([])
    try:
        yield
        recorded = _prompted.get() or []
        # Handlers may record further prompt events; they land in the same list.
        for event_id in recorded:
            while _drain_one(at, event_id=event_id):
                pass
    finally:
        _prompted.reset(token)


def drain(*, at: datetime, limit: int = 100) -> int:
    """Run up to `limit` due deliveries, each in its own transaction. Returns how many were tried."""
    tried = 0
    while tried < limit and _drain_one(at):
        tried += 1
    return tried


def drain_all(*, at: datetime) -> int:
    """Run due deliveries until none is left. Returns how many were tried."""
    total = 0
    while done := drain(at=at):
        total += done
    return total


def _drain_one(at: datetime, event_id: int | None = None) -> bool:
    with transaction.atomic():
        # Unscoped: the drain serves every organisation, and runs each delivery in the scope of its own.
        # Scan for "not done", never "id greater than last": a lower id can commit later.
        delivery = (
            Delivery.unscoped.select_for_update(skip_locked=True, of=("self",))
            .select_related("event")
            .filter(done_at=None, dead_at=None, next_try_at__lte=at, **({"event_id": event_id} if event_id else {}))
            .order_by("next_try_at", "id")
            .first()
        )
        if delivery is None:
            return False
        with scope(delivery.organisation_id):
            _run(delivery, at)
    return True


def _run(delivery: Delivery, at: datetime) -> None:
    try:
        with transaction.atomic():
            function = _functions[delivery.handler]
            function(_restore(delivery.event), at=at)
    except Exception as error:
        _note_failure(delivery, error, at)
    else:
        delivery.done_at = at
        delivery.attempts += 1
        delivery.save(update_fields=["done_at", "attempts"])


def _restore(row: DomainEvent) -> DomainEventData:
    cls = _classes[row.kind]
    known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return cls(**{name: value for name, value in row.payload.items() if name in known})


def _note_failure(delivery: Delivery, error: Exception, at: datetime) -> None:
    delivery.attempts += 1
    delivery.error = f"{type(error).__name__}: {error}"[:2000]
    delivery.next_try_at = at + timedelta(seconds=min(3600, 5 * 2**delivery.attempts))
    if delivery.attempts >= DEAD_AFTER:
        delivery.dead_at = at
        log.error("delivery dead", extra={"delivery": delivery.pk, "handler": delivery.handler}, exc_info=error)
    else:
        log.warning("delivery failed", extra={"delivery": delivery.pk, "handler": delivery.handler}, exc_info=error)
    delivery.save(update_fields=["attempts", "error", "next_try_at", "dead_at"])


def _ring_on_commit() -> None:
    """Once for each transaction, however many events it records."""
    if not any(hook[1] is _ring for hook in connection.run_on_commit):
        transaction.on_commit(_ring)


def _ring() -> None:
    for bell in _bells:
        try:
            bell()
        except Exception:
            log.warning("the bell could not be rung; the tick will find the work", exc_info=True)
