"""How ready the people of a live session are, as upper layers know it: they register, the run page asks.

Live sessions know nothing of pre-work; what prepares people for a session registers how far they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ReadinessRow:
    """One person's preparation: `done` of `total` things; `waiting_on` names the first that isn't done."""

    learner_id: int
    done: int
    total: int
    waiting_on: str = ""

    @property
    def state(self) -> str:
        """ready, partly or none; somebody who has nothing to prepare is ready."""
        if self.done >= self.total:
            return "ready"
        return "partly" if self.done else "none"


@dataclass(frozen=True)
class WrongAnswer:
    """A wrong answer that many gave in preparation: `count` of the `of` who answered `question`."""

    question: str
    answer: str
    count: int
    of: int


_rows: list[Callable[[Any], Iterable[ReadinessRow]]] = []
_answers: list[Callable[[Any], Iterable[WrongAnswer]]] = []


def register(fn: Callable[[Any], Iterable[ReadinessRow]]) -> Callable[[Any], Iterable[ReadinessRow]]:
    """Add `fn(live session) -> rows`, in a fixed number of queries."""
    if fn not in _rows:
        _rows.append(fn)
    return fn


def register_answers(fn: Callable[[Any], Iterable[WrongAnswer]]) -> Callable[[Any], Iterable[WrongAnswer]]:
    """Add `fn(live session) -> wrong answers given in preparation`, in a fixed number of queries."""
    if fn not in _answers:
        _answers.append(fn)
    return fn


def rows_of(session: Any) -> dict[int, ReadinessRow]:
    """Readiness by learner id; what several sources say about one person adds up."""
    rows: dict[int, ReadinessRow] = {}
    for fn in _rows:
        for row in fn(session):
            known = rows.get(row.learner_id)
            rows[row.learner_id] = (
                row
                if known is None
                else ReadinessRow(
                    row.learner_id, known.done + row.done, known.total + row.total, known.waiting_on or row.waiting_on
                )
            )
    return rows


def wrong_answers(session: Any, limit: int = 3) -> list[WrongAnswer]:
    """The wrong answers most people gave, at most `limit`."""
    found = [answer for fn in _answers for answer in fn(session)]
    return sorted(found, key=lambda answer: (-answer.count, answer.question))[:limit]
