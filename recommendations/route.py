"""The people of a journey along its route, put in order for the drawing. No queries."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from recommendations.journey_finding import FEW, Stage
from recommendations.queries import Picture

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


@dataclass(frozen=True)
class Route:
    """The parts of a journey, the one that is drawn, and the shares of its phases."""

    parts: list[Part]
    part: Part | None
    shares: dict[str, Share]


def route_of(picture: Picture, *, part: str = "") -> Route:
    """The part asked for by its number; else the one with the biggest drop, else the first."""
    grouped = groupby(picture.stages, key=lambda stage: stage.part)
    parts = [Part(number, title, list(stages)) for number, (title, stages) in enumerate(grouped, start=1)]
    asked = next((one for one in parts if str(one.number) == part), None)
    worst = next((one for one in parts if picture.drop in one.stages), None)
    shares = {phase: _share(picture, phase) for phase in PHASES}
    return Route(parts, asked or worst or (parts[0] if parts else None), shares)


def _share(picture: Picture, phase: str) -> Share:
    stages = [stage for stage in picture.stages if stage.phase == phase and stage.required]
    return Share(phase, sum(stage.turn for stage in stages), sum(stage.done for stage in stages))
