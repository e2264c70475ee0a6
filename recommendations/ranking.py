"""PURE: which few items would help somebody most, and why each of them.

    need = Σ over the skills an item teaches of  gap × importance × weight × fit

`gap` is the target of the person's job role minus their estimated level, `importance` (1 to 5) what the skill matters
in that role, `weight` (0 to 1) how much of the item is about it, and `fit` whether it comes at the right moment: 1 for
the next level up, less for what repeats the level somebody has, less for what lies further ahead. So of two items on
one skill the lower level comes first, and an item at or below the present level never comes at all.

Eligibility goes before all of it: what somebody has begun or finished, has to do anyway, said no to, or can't read is
out, whatever its score. Then variety: at most two of three for one skill.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

MOST = 3
"""Suggestions that stand at a time: few enough to be read."""

PER_SKILL = 2


@dataclass(frozen=True)
class Gap:
    """Somebody's level (0 to 5) in a skill lies below what their role asks; `importance` is 1 to 5."""

    skill_id: int
    level: float
    target: float
    importance: float

    @property
    def width(self) -> float:
        return max(0.0, self.target - self.level)


@dataclass(frozen=True)
class Lesson:
    """What an item teaches: a skill, up to a level (0 to 5), and how much of the item is about it (0 to 1)."""

    skill_id: int
    level: float
    weight: float


@dataclass(frozen=True)
class Item:
    """A published item as the ranking sees it. `language` is a code such as "en" or "pt-br"."""

    id: int
    language: str
    minutes: int
    lessons: tuple[Lesson, ...]


@dataclass(frozen=True)
class Learner:
    """What the ranking knows of a person. `languages` they learn in; `ruled_out` are ids of items not to suggest."""

    gaps: tuple[Gap, ...]
    languages: frozenset[str]
    ruled_out: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Pick:
    """A suggested item, its score, and the skill that weighs most in it: the reason."""

    item_id: int
    score: float
    gap: Gap


class Catalogue:
    """Items by the skills they teach, made once for many people."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._by_skill: Mapping[int, list[tuple[Item, Lesson]]] = defaultdict(list)
        for item in items:
            for lesson in item.lessons:
                self._by_skill[lesson.skill_id].append((item, lesson))

    def teaching(self, skill_id: int) -> Sequence[tuple[Item, Lesson]]:
        """Items that teach a skill, with what they teach of it."""
        return self._by_skill.get(skill_id, ())


def rank(learner: Learner, catalogue: Catalogue) -> list[Pick]:
    """At most three items for the learner, best first. The same inputs give the same list, whatever their order."""
    return _varied(
        sorted(_scored(learner, catalogue), key=lambda found: (-found[1].score, found[0].minutes, found[0].id))
    )


def base(language: str) -> str:
    """The language without its region: "en" for "en-gb"."""
    return language.replace("_", "-").split("-")[0].lower()


def fit(lesson_level: float, level: float) -> float:
    """How well a lesson up to `lesson_level` suits somebody at `level`: 1 for one level up, 0 for nothing new."""
    step = lesson_level - level
    if step <= 0:
        return 0.0
    return step if step <= 1 else 1 / step


def _scored(learner: Learner, catalogue: Catalogue) -> Iterator[tuple[Item, Pick]]:
    shares: dict[int, list[tuple[float, Gap]]] = defaultdict(list)
    items: dict[int, Item] = {}
    languages = {base(language) for language in learner.languages}
    for gap in learner.gaps:
        for item, lesson in catalogue.teaching(gap.skill_id):
            share = gap.width * gap.importance * lesson.weight * fit(lesson.level, gap.level)
            if share > 0 and item.id not in learner.ruled_out and base(item.language) in languages:
                items[item.id] = item
                shares[item.id].append((share, gap))
    for item_id, found in shares.items():
        # Summed in one order and rounded, so that equal facts give equal scores.
        score = round(sum(sorted(share for share, _ in found)), 6)
        _, gap = max(found, key=lambda pair: (pair[0], -pair[1].skill_id))
        yield items[item_id], Pick(item_id, score, gap)


def _varied(ordered: Iterable[tuple[Item, Pick]]) -> list[Pick]:
    chosen: list[Pick] = []
    per_skill: Counter[int] = Counter()
    for _, pick in ordered:
        if per_skill[pick.gap.skill_id] < PER_SKILL:
            per_skill[pick.gap.skill_id] += 1
            chosen.append(pick)
        if len(chosen) == MOST:
            break
    return chosen
