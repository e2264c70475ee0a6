"""A quiz as the player shows it: each question with what was chosen, how that was, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from content import markdown
from content.kinds.kind import Body, Record


def present(body: Body, record: Record, over: bool) -> dict[str, Any]:
    """`over` opens the right answers and all feedback; before, only what was chosen is explained."""
    draft = record.position.get("draft", {})
    questions = [
        _question(question, record.answers.get(question["key"]), draft, over) for question in body["questions"]
    ]
    return {
        "intro": markdown.render(body["intro"]),
        "questions": questions,
        "answered": sum(1 for question in questions if question["tries"]),
        "right": sum(1 for question in questions if question["right_first"]),
    }


def _question(
    question: Mapping[str, Any], answer: Mapping[str, Any] | None, draft: Mapping[str, list[str]], over: bool
) -> dict[str, Any]:
    right = bool(answer and answer["right"])
    chosen = draft.get(question["key"]) or (answer["chosen"] if answer else [])
    handed_in = answer["chosen"] if answer else []
    return {
        "key": question["key"],
        "text": question["text"],
        "several": question["kind"] == "multiple",
        "tries": answer["tries"] if answer else 0,
        "right": right,
        "right_first": right and answer is not None and answer["tries"] == 1,
        "closed": right,
        "options": [_option(option, chosen, handed_in, over and answer is not None) for option in question["options"]],
    }


def _option(option: Mapping[str, Any], chosen: list[str], handed_in: list[str], open_all: bool) -> dict[str, Any]:
    """`tone` says good or alert for what was handed in, and good for the right ones once all is open."""
    shown = option["key"] in handed_in or (open_all and option["correct"])
    tone = "good" if option["correct"] else "alert"
    return {
        "key": option["key"],
        "text": option["text"],
        "chosen": option["key"] in chosen,
        "tone": tone if shown else None,
        "feedback": option["feedback"] if shown else "",
    }
