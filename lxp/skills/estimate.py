"""PURE: from observations to one level. Simple on purpose: it must be explainable to the person it is about.

The formula
    A measurement (quiz, manager, self, import) counts with weight × trust of its source × ½ for each year it is older
    than the newest one; their weighted mean says how high the level is. Taking part (content, attendance) says only
    that somebody has met the subject up to a level: it can lift the mean and never lower it. Of all taking part, the
    one that lifts most counts, once, by the same weights. Where nothing was measured, one measurement of level 0
    ("not yet"), made at that moment, stands in.

What follows, and is tested: it lies between 0 and the highest observed level; the order of observations and the moment
of asking don't matter (only differences in age do); taking part never lowers it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

HALF_LIFE = timedelta(days=365)
TRUST = {"manager": 1.5, "quiz": 1.0, "import": 1.0, "self": 0.5, "content": 0.5, "attendance": 0.5}
TAKING_PART = frozenset({"content", "attendance"})
NOT_YET_WEIGHT = 1.0


@dataclass(frozen=True)
class Observation:
    """One piece of evidence: the level (0 to 5) it speaks for, its weight (more than 0), source and aware moment."""

    level: float
    weight: float
    source: str
    at: datetime


def estimate(observations: Iterable[Observation]) -> float:
    """The level (0 to 5, two decimals) that the observations speak for; 0 without any."""
    known = [one for one in observations if one.weight > 0]
    if not known:
        return 0.0
    measurements = [one for one in known if one.source not in TAKING_PART]
    newest = max((one.at for one in measurements), default=None)
    measured = [(_weight(one, newest), one.level) for one in measurements] or [(NOT_YET_WEIGHT, 0.0)]
    mean = _mean(measured)
    lifts = (
        _mean([*measured, (_weight(one, newest), one.level)])
        for one in known
        if one.source in TAKING_PART and one.level > mean
    )
    return round(max([mean, *lifts]), 2)


def _weight(one: Observation, newest: datetime | None) -> float:
    age = (newest or one.at) - one.at
    return one.weight * TRUST.get(one.source, 1.0) * 0.5 ** (age / HALF_LIFE)


def _mean(pairs: list[tuple[float, float]]) -> float:
    return sum(weight * level for weight, level in pairs) / sum(weight for weight, _ in pairs)
