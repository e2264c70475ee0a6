"""PURE: which seconds of a recording somebody has really seen.

The end event of a player proves nothing: people skip. What counts is the union of the stretches that were played,
and a stretch counts only as far as there was time to play it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

MAX_SPEED = 2.0
"""The fastest playback that the player offers: nobody can see more than this many seconds in one."""

Interval = tuple[float, float]


def union(intervals: Iterable[Sequence[float]]) -> list[Interval]:
    """The same seconds as sorted stretches that don't touch; empty, backward and non-finite ones are dropped."""
    merged: list[Interval] = []
    for start, end in sorted(_proper(intervals)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def length(intervals: Iterable[Sequence[float]]) -> float:
    """Seconds in the union of `intervals`."""
    return sum(end - start for start, end in union(intervals))


def coverage(intervals: Iterable[Sequence[float]], seconds: float) -> float:
    """The share (0 to 1) of a recording of `seconds` that lies in the union of `intervals`; 0 for an empty recording."""
    if not seconds > 0:
        return 0.0
    return min(1.0, length(_clip(intervals, seconds)) / seconds)


def credit(
    known: Iterable[Sequence[float]], played: Iterable[Sequence[float]], *, seconds: float, allowance: float
) -> list[Interval]:
    """`known` with `played` added, as far as that was possible.

    `seconds` is the recording's length; `allowance` is how many new seconds there was time to see (wall time since
    the last save × MAX_SPEED). Stretches are credited in the order given and cut where the allowance ends; seconds
    that are known already cost nothing, so a player may send everything it has played again.
    """
    seen = union(_clip(known, seconds))
    left = max(0.0, allowance)
    for start, end in _clip(played, seconds):
        for gap_start, gap_end in _outside(seen, start, end):
            taken = min(left, gap_end - gap_start)
            if taken <= 0:
                return seen
            seen = union([*seen, (gap_start, gap_start + taken)])
            left -= taken
    return seen


def _proper(intervals: Iterable[Sequence[float]]) -> list[Interval]:
    pairs = ((float(pair[0]), float(pair[1])) for pair in intervals)
    return [(start, end) for start, end in pairs if math.isfinite(start) and math.isfinite(end) and start < end]


def _clip(intervals: Iterable[Sequence[float]], seconds: float) -> list[Interval]:
    clipped = ((max(0.0, start), min(end, seconds)) for start, end in _proper(intervals))
    return [(start, end) for start, end in clipped if start < end]


def _outside(seen: Sequence[Interval], start: float, end: float) -> list[Interval]:
    """The parts of start–end that `seen` (a union) doesn't hold."""
    gaps, at = [], start
    for seen_start, seen_end in seen:
        if seen_end <= at:
            continue
        if seen_start >= end:
            break
        if seen_start > at:
            gaps.append((at, seen_start))
        at = seen_end
    if at < end:
        gaps.append((at, end))
    return gaps
