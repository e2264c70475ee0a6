"""Somebody's skills put in order for their page: what to work on, what is there, and what closes each gap. No queries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from journeys.models import Assignment
from lxp.skills.queries import SkillStanding
from recommendations.models import Recommendation

WAYS = 2
"""Ways to close a gap that are named; the library has the rest."""


@dataclass(frozen=True)
class Row:
    """A skill on the page. `level` is rounded down to tenths; `to_do` is what the person has to do anyway that teaches
    it, `suggested` what was suggested for it."""

    skill: SkillStanding
    to_do: list[Assignment]
    suggested: list[Recommendation]

    @property
    def level(self) -> float:
        return math.floor(self.skill.level * 10 + 1e-6) / 10

    @property
    def full_levels(self) -> int:
        return int(self.skill.level)

    @property
    def asked_levels(self) -> int:
        return math.ceil(self.skill.target or 0)


@dataclass(frozen=True)
class My:
    """Skills below what the role asks for (heaviest gap first), at or above it, and those it doesn't ask for."""

    below: list[Row]
    reached: list[Row]
    others: list[Row]

    @property
    def asked(self) -> int:
        return len(self.below) + len(self.reached)


def my_skills(
    profile: Sequence[SkillStanding],
    worth: Sequence[Recommendation],
    assigned: Mapping[int, Sequence[Assignment]],
) -> My:
    """The profile (widest gap first) sorted into what to work on and what is there."""
    suggested: dict[int, list[Recommendation]] = {}
    for one in worth:
        suggested.setdefault(one.reason["skill_id"], []).append(one)
    rows = [
        Row(skill, list(assigned.get(skill.skill_id, ()))[:WAYS], suggested.get(skill.skill_id, []))
        for skill in profile
    ]
    return My(
        below=[row for row in rows if row.skill.gap],
        reached=[row for row in rows if row.skill.target and not row.skill.gap],
        others=sorted(
            (row for row in rows if not row.skill.target), key=lambda row: (-row.skill.level, row.skill.name)
        ),
    )
