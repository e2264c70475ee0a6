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
from collections.abc import Iterable, Iterator, Sequence
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


@dataclass(frozen=True, slots=True)
class Offer:
    """One lesson of an item, ready for comparing; `language` without its region."""

    item_id: int
    language: str
    minutes: int
    level: float
    weight: float


class Catalogue:
    """Items by the skills they teach, made once for many people."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._by_skill: dict[int, list[Offer]] = defaultdict(list)
        for item in items:
            for lesson in item.lessons:
                offer = Offer(item.id, base(item.language), item.minutes, lesson.level, lesson.weight)
                self._by_skill[lesson.skill_id].append(offer)

    def teaching(self, skill_id: int) -> Sequence[Offer]:
        """What there is on a skill."""
        return self._by_skill.get(skill_id, ())


def rank(learner: Learner, catalogue: Catalogue) -> list[Pick]:
    """At most three items for the learner, best first. The same inputs give the same list, whatever their order."""
    found = _scored(learner, catalogue)
    return _varied(pick for _, pick in sorted(found, key=lambda one: (-one[1].score, one[0], one[1].item_id)))


def base(language: str) -> str:
    """The language without its region: "en" for "en-gb"."""
    return language.replace("_", "-").split("-")[0].lower()


def fit(lesson_level: float, level: float) -> float:
    """How well a lesson up to `lesson_level` suits somebody at `level`: 1 for one level up, 0 for nothing new."""
    step = lesson_level - level
    if step <= 0:
        return 0.0
    return step if step <= 1 else 1 / step


def _scored(learner: Learner, catalogue: Catalogue) -> Iterator[tuple[int, Pick]]:
    """Every eligible item that teaches something, with its minutes."""
    shares: dict[int, list[tuple[float, Gap]]] = defaultdict(list)
    minutes: dict[int, int] = {}
    languages = {base(language) for language in learner.languages}
    for gap in learner.gaps:
        need = gap.width * gap.importance
        for offer in catalogue.teaching(gap.skill_id) if need else ():
            if offer.level <= gap.level or offer.item_id in learner.ruled_out or offer.language not in languages:
                continue
            shares[offer.item_id].append((need * offer.weight * fit(offer.level, gap.level), gap))
            minutes[offer.item_id] = offer.minutes
    for item_id, found in shares.items():
        # Summed in one order and rounded, so that equal facts give equal scores.
        score = round(sum(sorted(share for share, _ in found)), 6)
        _, gap = max(found, key=_weightiest)
        if score:
            yield minutes[item_id], Pick(item_id, score, gap)


def _weightiest(pair: tuple[float, Gap]) -> tuple[float, int]:
    return pair[0], -pair[1].skill_id


def _varied(ordered: Iterable[Pick]) -> list[Pick]:
    chosen: list[Pick] = []
    per_skill: Counter[int] = Counter()
    for pick in ordered:
        if per_skill[pick.gap.skill_id] < PER_SKILL:
            per_skill[pick.gap.skill_id] += 1
            chosen.append(pick)
        if len(chosen) == MOST:
            break
    return chosen
