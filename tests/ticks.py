"""The clockwork by hand: what beat and the workers would do, run until nothing moves any more.

The tasks are those of the beat schedule, found by their names; one that no app has yet is passed over.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db.models import Count, Max

from lxp import clock
from lxp.events import drain_all

TICKS = ("journeys.tasks.open_due", "sessions.tasks.settle_due", "lxp.tasks.deliver_due")
"""In the order in which a minute runs them."""

ROUNDS = 20


def settle() -> None:
    """Drain and tick at the present moment until a round changes nothing.

    Raises AssertionError when the house does not come to rest, or when a delivery failed on the way.
    """
    before = _state()
    for _ in range(ROUNDS):
        drain_all(at=clock.now())
        for tick in _ticks():
            tick()
            drain_all(at=clock.now())
        after = _state()
        if after == before:
            _no_failures()
            return
        before = after
    raise AssertionError(f"Still moving after {ROUNDS} rounds: {before}")


def _ticks() -> list[Callable[[], Any]]:
    found = []
    for path in TICKS:
        module, _, name = path.rpartition(".")
        if task := getattr(importlib.import_module(module), name, None):
            found.append(task)
    return found


def _state() -> list[Any]:
    """What a round may change: how many rows there are, by state and latest change."""

    def rows(model: str) -> Any:
        return apps.get_model(model)._base_manager

    return [
        rows("lxp.DomainEvent").aggregate(n=Count("pk")),
        rows("lxp.Delivery").aggregate(n=Count("pk"), done=Count("done_at"), tries=Max("attempts")),
        list(rows("lxp.Message").values("state").annotate(n=Count("pk"), tries=Max("attempts")).order_by("state")),
        list(rows("journeys.Assignment").values("state").annotate(n=Count("pk")).order_by("state")),
        list(rows("live.LiveSession").values("state").annotate(n=Count("pk")).order_by("state")),
        list(rows("live.Booking").values("state").annotate(n=Count("pk")).order_by("state")),
    ]


def _no_failures() -> None:
    failed = apps.get_model("lxp.Delivery")._base_manager.filter(done_at=None).exclude(error="")
    errors = [f"{delivery.handler}: {delivery.error}" for delivery in failed]
    assert not errors, "Handlers failed:\n" + "\n".join(errors)
