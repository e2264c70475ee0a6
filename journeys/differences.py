"""PURE: what changed from one edition of a design to the next, step by step.

Steps are compared by key, which stays with a step across editions. How a difference is said is the page's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FIELDS = (
    "title", "part", "phase", "why", "minutes", "required", "content", "opens", "due", "condition", "complete",
)  # fmt: skip
"""What a step says, in the order in which differences are listed."""


@dataclass(frozen=True)
class Change:
    """One field of a step: what it said and what it says."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Difference:
    """One step. `what`: added, removed, moved or changed; `after` the title of the step it now stands behind."""

    what: str
    key: str
    title: str
    after: str = ""
    changes: tuple[Change, ...] = ()


Said = Mapping[str, Any]
"""A step as it is compared: `key` and the FIELDS."""


def differences(before: Sequence[Said], after: Sequence[Said]) -> list[Difference]:
    """From `before` to `after` (steps in order): what is new or different in the order of `after`, then what is gone."""
    old = {step["key"]: step for step in before}
    moved = _moved([s["key"] for s in before], [s["key"] for s in after])
    found = []
    for number, step in enumerate(after):
        above = str(after[number - 1]["title"]) if number else ""
        known = old.get(step["key"])
        if known is None:
            found.append(Difference("added", step["key"], step["title"], above))
            continue
        changes = tuple(Change(n, known.get(n), step.get(n)) for n in FIELDS if known.get(n) != step.get(n))
        if changes:
            found.append(Difference("changed", step["key"], step["title"], changes=changes))
        if step["key"] in moved:
            found.append(Difference("moved", step["key"], step["title"], above))
    kept = {step["key"] for step in after}
    gone = [Difference("removed", step["key"], step["title"]) for step in before if step["key"] not in kept]
    return [*found, *gone]


def _moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """The fewest steps whose moving explains the new order: all that are not in the longest run that kept its order."""
    old = [key for key in before if key in set(after)]
    new = [key for key in after if key in set(before)]
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            same = old[i] == new[j]
            longest[i][j] = 1 + longest[i + 1][j + 1] if same else max(longest[i + 1][j], longest[i][j + 1])
    kept, i, j = set(), 0, 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            kept.add(old[i])
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1
    return set(new) - kept
