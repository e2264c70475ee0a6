"""PURE: what an answer to a question is worth, and what all answers are worth together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

Question = Mapping[str, Any]
"""As in a quiz's body: key, kind ("single" or "multiple"), options with key and correct."""


def score_answer(question: Question, chosen: Collection[str]) -> float:
    """0 to 1. One right option: all or nothing. Several: right ones minus wrong ones, of all right ones, never below 0."""
    right = {option["key"] for option in question["options"] if option["correct"]}
    picked = set(chosen)
    if question["kind"] == "single":
        return 1.0 if picked == right else 0.0
    return max(0.0, (len(picked & right) - len(picked - right)) / len(right))


def is_right(question: Question, chosen: Collection[str]) -> bool:
    """Exactly the right options were chosen."""
    return set(chosen) == {option["key"] for option in question["options"] if option["correct"]}


def is_possible(question: Question, chosen: Collection[str]) -> bool:
    """The choice could have been made on screen: known options, one only where one is asked for."""
    known = {option["key"] for option in question["options"]}
    return bool(chosen) and set(chosen) <= known and (question["kind"] != "single" or len(set(chosen)) == 1)


def score_first_answers(questions: Sequence[Question], answers: Mapping[str, Any]) -> float:
    """Mean worth (0 to 1) of each question's first answer; what was not answered is worth 0.

    First answers count, so that trying a wrong one again is practice and never a way to a better mark.
    """
    if not questions:
        return 0.0
    worth = (score_answer(q, answers[q["key"]]["first"]) for q in questions if q["key"] in answers)
    return round(sum(worth) / len(questions), 4)


def score_by_skill(questions: Sequence[Question], answers: Mapping[str, Any]) -> dict[str, float]:
    """Mean worth of the first answers by skill code, for questions that name one."""
    skills = {q["skill"] for q in questions if q.get("skill")}
    return {skill: score_first_answers([q for q in questions if q.get("skill") == skill], answers) for skill in skills}
