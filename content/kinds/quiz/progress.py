"""PURE: answers to a quiz and what they come to.

The answer to a question is {"first": […], "chosen": […], "right": bool, "tries": n}: the first choice is scored and
stays; a wrong one may be tried again until it is right, for learning and without a better mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from content import scoring
from content.kinds.kind import Body, Progress, Record, Rule, Save


def merge(record: Record, save: Save, body: Body) -> Record:
    """Takes possible answers to known questions; what is right already, or was sent before, changes nothing.

    `position` holds choices not handed in yet ("draft"), so that nothing is lost with the tab.
    """
    answers = dict(record.answers)
    for question in body["questions"]:
        chosen = _chosen(question, save.answers.get(question["key"]))
        if chosen:
            answers[question["key"]] = _answer(question, answers.get(question["key"]), chosen)
    return Record(
        position={"draft": _draft(record, save, body, answers)},
        answers=answers,
        evidence=record.evidence,
        seconds=record.seconds,
    )


def progress(record: Record, body: Body, rule: Rule) -> Progress:
    """The share of questions answered; over when all are, passed when the first answers reach the rule's score."""
    questions = body["questions"]
    done = sum(1 for question in questions if question["key"] in record.answers)
    score = scoring.score_first_answers(questions, record.answers) if done else None
    if done < len(questions):
        return Progress(progress=done / len(questions), score=score)
    passed = (score or 0) + 1e-9 >= rule["score"]
    return Progress(progress=1.0, score=score, completed=passed, failed=not passed)


def skills_shown(body: Body, answers: Mapping[str, Any]) -> dict[str, float]:
    return scoring.score_by_skill(body["questions"], answers)


def _chosen(question: Mapping[str, Any], given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(key, str) for key in given):
        return []
    return sorted(set(given)) if scoring.is_possible(question, given) else []


def _answer(question: Mapping[str, Any], known: Mapping[str, Any] | None, chosen: list[str]) -> dict[str, Any]:
    right = scoring.is_right(question, chosen)
    if known is None:
        return {"first": chosen, "chosen": chosen, "right": right, "tries": 1}
    if known["right"] or known["chosen"] == chosen:
        return dict(known)
    return {**known, "chosen": chosen, "right": right, "tries": known["tries"] + 1}


def _draft(record: Record, save: Save, body: Body, answers: Mapping[str, Any]) -> dict[str, list[str]]:
    known, sent = record.position.get("draft", {}), save.position.get("draft", {})
    sent = sent if isinstance(sent, dict) else {}
    found = {}
    for question in body["questions"]:
        key = question["key"]
        newer = _chosen(question, sent.get(key))
        draft = (known.get(key) or newer) if save.stale else (newer or known.get(key))
        if draft and draft != answers.get(key, {}).get("chosen"):
            found[key] = draft
    return found
