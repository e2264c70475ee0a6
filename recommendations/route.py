"""The people of a journey along its route, put in order for the drawing. No queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from recommendations.journey_finding import FEW, Stage
from recommendations.queries import CohortLine, Picture

CLEARLY = 15.0
"""Percentage points by which a cohort must stay under everybody's share to be framed, or cohorts differ to be named."""

PHASES = ("prework", "live", "postwork")


@dataclass(frozen=True)
class Share:
    """What became of everything one phase asked for: of `turn` steps whose turn it was, `done` were done."""

    phase: str
    turn: int
    done: int

    @property
    def percent(self) -> int | None:
        return round(100 * self.done / self.turn) if self.turn >= FEW else None


@dataclass(frozen=True)
class Part:
    """A part of the journey with its stages; `number` from 1."""

    number: int
    title: str
    stages: list[Stage]

    @property
    def line(self) -> list[Stage]:
        """What everybody takes: the ways back of those who missed a session are only in the table."""
        return [stage for stage in self.stages if not stage.aside]


@dataclass(frozen=True)
class Route:
    """The parts of a journey, the one that is drawn, and the shares of its phases."""

    parts: list[Part]
    part: Part | None
    shares: dict[str, Share]


@dataclass(frozen=True)
class Cell:
    """One cohort at one step. `tint` 1 to 5 (0: nothing to show); `flag`: clearly under everybody's share."""

    share: float | None
    few: bool
    tint: int
    flag: bool


@dataclass(frozen=True)
class HeatRow:
    cohort: CohortLine
    cells: list[Cell]


def heat_of(part: Part | None, lines: Sequence[CohortLine]) -> list[HeatRow]:
    """The cohorts that have got somewhere in a part, cell by cell; empty unless two can be compared."""
    if part is None:
        return []
    rows = [HeatRow(line, [_cell(line, stage) for stage in part.line]) for line in lines]
    told = [row for row in rows if any(cell.share is not None for cell in row.cells)]
    return told if len(told) > 1 else []


def _cell(line: CohortLine, stage: Stage) -> Cell:
    share = line.share(stage.key)
    if share is None:
        return Cell(None, line.steps.get(stage.key, (0, 0))[0] > 0, 0, False)
    flag = stage.share is not None and share <= stage.share - CLEARLY
    return Cell(share, False, min(5, int(share // 20) + 1), flag)


def route_of(picture: Picture, *, part: str = "") -> Route:
    """The part asked for by its number; else the one with the biggest drop, else the first."""
    grouped = groupby(picture.stages, key=lambda stage: stage.part)
    parts = [Part(number, title, list(stages)) for number, (title, stages) in enumerate(grouped, start=1)]
    asked = next((one for one in parts if str(one.number) == part), None)
    worst = next((one for one in parts if picture.drop in one.stages), None)
    shares = {phase: _share(picture, phase) for phase in PHASES}
    return Route(parts, asked or worst or (parts[0] if parts else None), shares)


def _share(picture: Picture, phase: str) -> Share:
    stages = [stage for stage in picture.stages if stage.phase == phase and stage.required and not stage.aside]
    return Share(phase, sum(stage.turn for stage in stages), sum(stage.done for stage in stages))
