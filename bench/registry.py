"""Which module measures which names."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from bench.report import Result

Measure = Callable[[], Sequence[Result]]

MODULES = {
    "first_start": "bench.start",
    "second_start": "bench.start",
    "sync_10k": "bench.sync",
    "reschedule_10k": "bench.sync",
    "tick_10k": "bench.tick",
    "tick_idle_growth": "bench.idle",
    "home_page": "bench.pages",
    "journey_page": "bench.pages",
    "crash_10k": "bench.crash",
}


def modules_of(names: Sequence[str]) -> list[str]:
    """The modules that measure these names (all of them without any), each once. Raises KeyError for an unknown one."""
    return list(dict.fromkeys(MODULES[name] for name in (names or MODULES)))


def measure_of(module: str) -> Measure:
    """The function of a module that measures its names."""
    measure: Measure = importlib.import_module(module).measure
    return measure
