"""PURE: where people get off a journey, from counts of people per step.

Only people whose turn has come are counted: a cohort that is still running has not lost anybody at a step that is not
due yet. Groups smaller than five are never spoken of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

FEW = 5
"""Below so many people nothing is shown: a number would point at somebody."""

WORTH_SAYING = 10.0
"""Percentage points by which a step must lose more than the one before it."""


@dataclass(frozen=True)
class Stage:
    """A step with people on it. `turn`: those whose turn it was; of them `done`, `late` (can still do it), `missed`.

    `before` is the share (0 to 100) of the stage before it, which the drawing starts from. `aside`: a way back for those
    who missed a session, beside the line that everybody takes.
    """

    key: str
    title: str
    part: str
    phase: str
    kind: str
    required: bool
    turn: int
    done: int
    late: int
    missed: int
    waiting: int
    before: float = 100.0
    aside: bool = False

    @property
    def hidden(self) -> bool:
        """Somebody was there, but too few to show."""
        return 0 < self.turn < FEW

    @property
    def share(self) -> float | None:
        """Per cent of those whose turn it was who did it; None where it can't be said."""
        return None if self.turn < FEW else 100 * self.done / self.turn

    @property
    def lost(self) -> int:
        return self.turn - self.done


class Count(Protocol):
    """People at one step: `reached` it, and of these `done`, `missed` and `overdue` (`journeys.queries.StepCount`)."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def reached(self) -> int: ...
    @property
    def done(self) -> int: ...
    @property
    def missed(self) -> int: ...
    @property
    def overdue(self) -> int: ...
    @property
    def aside(self) -> bool: ...


def stages(counts: Sequence[Count]) -> list[Stage]:
    """The steps in their order, each beginning where the one before it left off."""
    found: list[Stage] = []
    before = 100.0
    for count in counts:
        # A live session that has just ended is "overdue" only until attendance is settled: nobody is late for it.
        late = 0 if count.kind == "live" else count.overdue
        # What nobody has to do has no date that could pass: there everybody it opened for counts.
        turn = count.done + count.missed + late if count.required else count.reached
        stage = Stage(
            count.key, count.title, count.part, count.phase, count.kind, count.required,
            turn, count.done, late, count.missed, max(0, count.reached - turn), before, count.aside,
        )  # fmt: skip
        found.append(stage)
        before = before if stage.share is None or stage.aside else stage.share
    return found


def biggest_drop(found: Sequence[Stage]) -> Stage | None:
    """The required step that loses most against the required one before it; None when no loss is worth saying."""
    worst: tuple[float, Stage] | None = None
    before = 100.0
    for stage in found:
        if not stage.required or stage.aside or stage.share is None:
            continue
        points = before - stage.share
        if points >= WORTH_SAYING and stage.lost > 1 and (worst is None or points > worst[0]):
            worst = points, stage
        before = stage.share
    return worst[1] if worst else None


_FRACTIONS = ((1 / 4, "quarter"), (1 / 3, "third"), (1 / 2, "half"), (2 / 3, "two_thirds"), (3 / 4, "three_quarters"))
_NEAR = 0.03


def fraction(part: int, whole: int) -> str:
    """The name of the fraction that `part` of `whole` is within three points of, or "" where numbers say it better."""
    share = part / whole if whole else 0.0
    return next((name for value, name in _FRACTIONS if abs(share - value) <= _NEAR), "")
