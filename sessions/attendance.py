"""PURE: from signs of presence to attended, partial or missed (spec: live sessions, 4.7).

Presence is the union of what every source saw (join page, door, provider, facilitator), so that two open tabs
or a tab and a meeting client never count twice, and a short loss of the network doesn't count as leaving.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

LEASE = timedelta(seconds=120)
"""How long a sign of life holds; gaps shorter than that are not absence."""

ATTENDED, PARTIAL, MISSED = "attended", "partial", "missed"


@dataclass(frozen=True)
class Interval:
    """Somebody was there from `began` to `ended` (aware)."""

    began: datetime
    ended: datetime


@dataclass(frozen=True)
class Decision:
    """What the rule makes of it. `minutes` are whole minutes present, never more than the session had."""

    status: str
    minutes: int


def presence(intervals: Iterable[Interval], began: datetime, ended: datetime) -> list[Interval]:
    """The union of `intervals` inside `began` to `ended`, gaps under LEASE closed, in order."""
    clipped = sorted(
        (Interval(max(i.began, began), min(i.ended, ended)) for i in intervals), key=lambda i: (i.began, i.ended)
    )
    merged: list[Interval] = []
    for interval in clipped:
        if interval.ended < interval.began:
            continue  # wholly outside the session
        if merged and interval.began - merged[-1].ended < LEASE:
            merged[-1] = Interval(merged[-1].began, max(merged[-1].ended, interval.ended))
        else:
            merged.append(interval)
    return merged


def decide(
    intervals: Iterable[Interval],
    *,
    began: datetime,
    ended: datetime,
    planned: timedelta,
    attended_share: float,
    partial_share: float,
) -> Decision:
    """Attendance of one person in a session that really ran from `began` to `ended`.

    The share is time present over the shorter of actual and planned duration: a session that ends early is
    no reason to miss it, and one that runs late asks nobody to stay. Shares are 0 to 1, from the template.
    """
    there = sum((i.ended - i.began for i in presence(intervals, began, ended)), timedelta())
    asked = min(ended - began, planned)
    share = there / asked if asked > timedelta() else 0.0
    if there and share >= attended_share:
        status = ATTENDED
    elif there and share >= partial_share:
        status = PARTIAL
    else:
        status = MISSED
    return Decision(status, int(there.total_seconds() // 60))
