"""The body of a quiz: questions with options, each with the feedback that explains it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from content import markdown
from content.kinds import checks
from content.kinds.kind import Answered, Body, Part, Rule, Submission

MAX_QUESTIONS = 100
MAX_OPTIONS = 12
SECONDS_PER_QUESTION = 45
KINDS = ("single", "multiple")


def clean_body(body: Mapping[str, Any]) -> Body:
    """{"intro": Markdown, "questions": [{"key", "kind", "text", "skill", "options": [{"key", "text", "correct",
    "feedback"}]}]}; keys are given where they are missing. Errors name the question they are about."""
    given = checks.rows(body, "questions", limit=MAX_QUESTIONS)
    if not given:
        raise ValidationError({"questions": _("Add at least one question.")})
    questions, problems = [], []
    for number, (key, row) in enumerate(zip(checks.keys(given, "q"), given, strict=True), 1):
        try:
            questions.append(_question(key, row))
        except ValidationError as error:
            problems += [_("Question %(n)d: %(what)s") % {"n": number, "what": text} for text in error.messages]
    if problems:
        raise ValidationError({"questions": problems})
    return {"intro": checks.text(body, "intro"), "questions": questions}


def _question(key: str, row: Mapping[str, Any]) -> dict[str, Any]:
    kind = row.get("kind", "single")
    if kind not in KINDS:
        raise ValidationError(_("Choose “one right answer” or “several right answers”."))
    text = checks.text(row, "text", limit=2000)
    if not text:
        raise ValidationError(_("Write the question."))
    options = _options(row)
    right = sum(option["correct"] for option in options)
    if len(options) < 2:
        raise ValidationError(_("Give at least two answers to choose from."))
    if kind == "single" and right != 1:
        raise ValidationError(_("Mark exactly one answer as right, or choose “several right answers”."))
    if right == 0:
        raise ValidationError(_("Mark at least one answer as right."))
    return {"key": key, "kind": kind, "text": text, "skill": checks.text(row, "skill", limit=120), "options": options}


def _options(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = checks.rows(row, "options", limit=MAX_OPTIONS)
    options = [
        {
            "key": key,
            "text": checks.text(option, "text", limit=1000),
            "correct": option.get("correct") is True,
            "feedback": checks.text(option, "feedback", limit=2000),
        }
        for key, option in zip(checks.keys(given, "o"), given, strict=True)
    ]
    return [option for option in options if option["text"]]


def default_rule(body: Body) -> Rule:
    """70 percent, as often as it takes."""
    return {"score": 0.7, "tries": 0}


def clean_rule(rule: Mapping[str, Any]) -> Rule:
    return checks.rule(rule, {"score": checks.share, "tries": checks.count(20)})


def rule_text(rule: Rule, body: Body) -> str:
    total = len(body["questions"])
    needed = math.ceil(round(rule["score"] * total, 6))
    text = ngettext(
        "Passed when %(needed)d of %(n)d is right the first time",
        "Passed when %(needed)d of %(n)d are right the first time",
        total,
    ) % {"needed": needed, "n": total}
    if rule["tries"]:
        text += ngettext(", in at most %(n)d try", ", in at most %(n)d tries", rule["tries"]) % {"n": rule["tries"]}
    return text


def outline(body: Body) -> list[Part]:
    return [Part(key=q["key"], title=q["text"], anchor=f"question-{q['key']}") for q in body["questions"]]


def minutes_of(body: Body) -> int:
    return max(1, math.ceil(len(body["questions"]) * SECONDS_PER_QUESTION / 60))


def text_of(body: Body) -> str:
    """Questions and answers, without the feedback, which would give answers away in a search excerpt."""
    lines = [markdown.plain(body["intro"])]
    for question in body["questions"]:
        lines += [question["text"], *(option["text"] for option in question["options"])]
    return "\n".join(lines)


def submission(post: Any, body: Body) -> Submission:
    """What is chosen in the form; with a button named `check`, only the question it stands under."""
    only = post.get("check", "")
    answers = {
        q["key"]: post.getlist(f"q-{q['key']}")
        for q in body["questions"]
        if (not only or only == q["key"]) and post.getlist(f"q-{q['key']}")
    }
    return Submission(answers=answers)


def answered(before: Mapping[str, Any], after: Mapping[str, Any], body: Body) -> list[Answered]:
    """The questions whose number of tries rose."""
    found = []
    for question in body["questions"]:
        now, then = after.get(question["key"]), before.get(question["key"])
        if now and now["tries"] > (then["tries"] if then else 0):
            found.append(
                Answered(
                    key=question["key"],
                    text=question["text"],
                    response="[,]".join(now["chosen"]),  # xAPI 1.0.3, "choice" interactions: keys joined like this
                    success=now["right"],
                )
            )
    return found
