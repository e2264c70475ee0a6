"""PURE: one explained number per enrolment, from live and self-paced facts.

Steps count by their minutes. Required steps that apply count; optional ones, refreshers that have not opened
and steps whose condition is still undecided do not, except the path of those who attend, which is the expected
one. The number never passes 1 and never falls: `floor` is what was shown before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from journeys.plan import PlannedAssignment
from journeys.plan_messages import made_up


@dataclass(frozen=True)
class Share:
    """One line of "why 62 %?": what a step weighs (minutes), how much of it is done (0 to 1), and why."""

    key: str
    title: str
    minutes: int
    done: float
    because: str


@dataclass(frozen=True)
class Progress:
    """`value` from 0 to 1; `kept` is true where the floor is higher than today's count."""

    value: float
    counted: float
    shares: tuple[Share, ...]

    @property
    def kept(self) -> bool:
        return self.value > self.counted + 1e-9


def progress(assignments: Sequence[PlannedAssignment], started: Mapping[str, float], floor: float = 0.0) -> Progress:
    """The learner's progress. `started` maps step keys to how far an unfinished attempt got (0 to 1)."""
    shares = tuple(_share(a, assignments, started) for a in assignments if _counts(a))
    total = sum(share.minutes for share in shares)
    counted = sum(share.minutes * share.done for share in shares) / total if total else 0.0
    # Rounded so that equal facts give equal numbers whatever order they were summed in.
    counted = min(1.0, round(counted, 4))
    return Progress(max(counted, min(1.0, floor)), counted, shares)


def _counts(a: PlannedAssignment) -> bool:
    if not a.spec.required or a.state == "waived":
        return False
    condition = a.spec.condition
    undecided = a.note in ("awaits_attendance", "awaits_score")
    if undecided and condition:
        return bool(condition.attendance) and "attended" in condition.attendance
    return True


def _share(a: PlannedAssignment, assignments: Sequence[PlannedAssignment], started: Mapping[str, float]) -> Share:
    minutes = max(1, a.spec.minutes)
    if a.state == "done":
        words = {"partial": "there for part of it", "attended": "attended"}.get(a.outcome, "finished")
        return Share(a.key, a.spec.title, minutes, 1.0, words)
    if a.state == "missed":
        if made_up(a, assignments):
            return Share(a.key, a.spec.title, minutes, 1.0, "missed, and made up for")
        return Share(a.key, a.spec.title, minutes, 0.0, "missed")
    so_far = min(0.99, max(0.0, started.get(a.key, 0.0)))
    if so_far:
        return Share(a.key, a.spec.title, minutes, so_far, f"{so_far:.0%} of it")
    return Share(a.key, a.spec.title, minutes, 0.0, "not started" if a.opens_at else "not open yet")
