"""The one place that knows what time it is.

Edges read `now()` once and hand it down as `at`; services, queries and planners never call it.
Two things can move it: `at()` for the current context (simulation, tests), and the file named by
`LXP_CLOCK_FILE`, which holds an offset in seconds and moves every process of a demo at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path

_frozen: ContextVar[datetime | None] = ContextVar("lxp_clock", default=None)


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return _frozen.get() or datetime.now(UTC) + offset()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Make `now()` answer `moment` (aware) inside this context only."""
    if moment.tzinfo is None:
        raise ValueError("The clock needs an aware datetime.")
    token = _frozen.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


def offset() -> timedelta:
    """How far this installation's clock has been moved (zero in production, where no file is named)."""
    path = os.environ.get("LXP_CLOCK_FILE")
    if not path:
        return timedelta()
    try:
        return timedelta(seconds=float(Path(path).read_text() or 0))
    except FileNotFoundError:
        return timedelta()


def move(by: timedelta | None) -> timedelta:
    """Move the clock of a demo by `by`, or back to real time with None. Returns the new offset.

    Raises RuntimeError where `LXP_CLOCK_FILE` is not set: a production clock is not moved.
    """
    path = os.environ.get("LXP_CLOCK_FILE")
    if not path:
        raise RuntimeError("This installation's clock can't be moved: LXP_CLOCK_FILE is not set.")
    moved = timedelta() if by is None else offset() + by
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(str(moved.total_seconds()))
    return moved
