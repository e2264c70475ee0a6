"""PURE: what of a video was really seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from content import coverage
from content.kinds.kind import Body, Progress, Record, Rule, Save

MAX_STRETCHES = 500
"""In one save. A player merges what it played; more than this is not a player."""


def merge(record: Record, save: Save, body: Body) -> Record:
    """Adds what was played as far as there was time to play it, and moves the place to resume.

    A device that hasn't heard of the newest save may have played since the attempt began, but all devices together
    never get more than wall time since then allows.
    """
    known = record.evidence.get("watched", [])
    since_start = save.since_start * coverage.MAX_SPEED - coverage.length(known)
    watched = coverage.credit(
        known,
        _stretches(save.evidence.get("watched")),
        seconds=body["seconds"],
        allowance=min(save.elapsed * coverage.MAX_SPEED, since_start),
    )
    evidence = {
        **record.evidence,
        "watched": [[round(start, 3), round(end, 3)] for start, end in watched],
        "transcript": bool(record.evidence.get("transcript")) or _read_transcript(save, body),
    }
    return Record(
        position=_position(record, save, body), answers=record.answers, evidence=evidence, seconds=record.seconds
    )


def progress(record: Record, body: Body, rule: Rule) -> Progress:
    """The share of seconds seen; finished when it reaches the rule's, or by transcript where the rule allows it."""
    seen = coverage.coverage(record.evidence.get("watched", []), body["seconds"])
    enough = seen + 1e-6 >= rule["coverage"]  # stretches are stored in milliseconds
    if enough or (rule["transcript"] and record.evidence.get("transcript")):
        return Progress(progress=1.0, completed=True)
    return Progress(progress=min(0.99, seen / rule["coverage"]))


def _read_transcript(save: Save, body: Body) -> bool:
    least = body["seconds"] / coverage.MAX_SPEED
    return save.evidence.get("transcript") is True and bool(body["transcript"]) and save.since_start >= least


def _position(record: Record, save: Save, body: Body) -> dict[str, Any]:
    second = _number(save.position, "second")
    if second is None:
        return record.position
    second = round(min(max(second, 0.0), body["seconds"]), 1)
    known = _number(record.position, "second") or 0.0
    return {"second": max(second, known) if save.stale else second}


def _number(values: Mapping[str, Any], name: str) -> float | None:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _stretches(given: Any) -> list[Sequence[float]]:
    if not isinstance(given, list) or len(given) > MAX_STRETCHES:
        return []
    return [pair for pair in given if _is_pair(pair)]


def _is_pair(pair: Any) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(at, int | float) and not isinstance(at, bool) and math.isfinite(at) for at in pair)
    )
