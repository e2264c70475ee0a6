"""PURE: an agenda on the clock: when each part begins, and which one it is time for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

DONE, NOW, TODO = "done", "now", "todo"


@dataclass(frozen=True)
class Part:
    """One part of an agenda. `share` is how much of it has passed, 0 to 100; `left` its whole minutes to go."""

    title: str
    kind: str
    minutes: int
    begins: datetime
    state: str
    share: int
    left: int


def on_the_clock(blocks: Iterable[tuple[str, str, int]], starts_at: datetime, at: datetime) -> list[Part]:
    """The parts (title, kind, minutes) one after the other from `starts_at`, as they stand at `at`."""
    parts = []
    begins = starts_at
    for title, kind, minutes in blocks:
        ends = begins + timedelta(minutes=minutes)
        passed = min(max((at - begins) / timedelta(minutes=minutes), 0.0), 1.0)
        state = DONE if at >= ends else NOW if at >= begins else TODO
        left = -(-max(ends - at, timedelta()).total_seconds() // 60) if state == NOW else minutes
        parts.append(Part(title, kind, minutes, begins, state, round(passed * 100), int(left)))
        begins = ends
    return parts
