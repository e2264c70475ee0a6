"""The author's form of a quiz: questions and answers as plain rows, added, moved and removed by buttons.

Without JavaScript every button sends the form and gets it back changed; with it only the questions are swapped.
Names: `q-<n>-text`, `q-<n>-o-<m>-text` and so on; a row counts while its hidden key is sent.
"""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from content.kinds.forms import KindForm, Store
from content.kinds.quiz.body import MAX_OPTIONS, MAX_QUESTIONS

_ACT = re.compile(r"(add-question|(?:remove-question|up|down|add-option):(\d{1,3})|remove-option:(\d{1,3}):(\d{1,2}))")
Row = dict[str, Any]


def empty_question() -> Row:
    return {"key": "", "kind": "single", "text": "", "skill": "", "options": [empty_option() for _n in range(3)]}


def empty_option() -> Row:
    return {"key": "", "text": "", "correct": False, "feedback": ""}


class BodyForm(KindForm):
    intro = forms.CharField(
        label=_("Introduction"), required=False, widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("Markdown. What it is about, and what it is for."),
    )  # fmt: skip
    percent = forms.IntegerField(label=_("Passed from, in percent"), min_value=1, max_value=100, initial=70)
    tries = forms.IntegerField(
        label=_("How many tries"), min_value=0, max_value=20, initial=0, help_text=_("0: as many as it takes.")
    )
    rule_fields = ("percent", "tries")

    def __init__(self, data: Any = None, files: Any = None, **more: Any) -> None:
        super().__init__(data, files, **more)
        self.questions = _read(data) if data is not None else self.old_body.get("questions") or [empty_question()]

    def initial_of(self, body: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
        return {
            "intro": body.get("intro", ""),
            "percent": round(rule.get("score", 0.7) * 100),
            "tries": rule.get("tries", 0),
        }

    def compose(self, store: Store) -> dict[str, Any]:
        return {"intro": self.cleaned_data["intro"], "questions": self.questions}

    def rule(self) -> dict[str, Any]:
        return {"score": self.cleaned_data["percent"] / 100, "tries": self.cleaned_data["tries"]}

    def act(self) -> bool:
        """Add, remove or move what a button names; the rest of the form stays as it was typed."""
        found = _ACT.fullmatch(self.data.get("act", ""))
        if not found:
            return False
        verb, *numbers = found.group(1).split(":")
        getattr(self, f"_{verb.replace('-', '_')}")(*(int(number) for number in numbers))
        return True

    def clean(self) -> dict[str, Any]:
        if not self.questions:
            raise ValidationError(now_("Add at least one question."))
        return super().clean() or {}

    def _add_question(self) -> None:
        if len(self.questions) < MAX_QUESTIONS:
            self.questions.append(empty_question())

    def _remove_question(self, at: int) -> None:
        del self.questions[at : at + 1]

    def _up(self, at: int) -> None:
        if 0 < at < len(self.questions):
            self.questions[at - 1], self.questions[at] = self.questions[at], self.questions[at - 1]

    def _down(self, at: int) -> None:
        self._up(at + 1)

    def _add_option(self, at: int) -> None:
        for question in self.questions[at : at + 1]:
            if len(question["options"]) < MAX_OPTIONS:
                question["options"].append(empty_option())

    def _remove_option(self, at: int, option: int) -> None:
        for question in self.questions[at : at + 1]:
            del question["options"][option : option + 1]


def _read(data: Any) -> list[Row]:
    """The rows of a sent form, as they were typed."""
    questions = []
    for at in range(MAX_QUESTIONS + 1):
        if f"q-{at}-key" not in data:
            break
        options = []
        for option in range(MAX_OPTIONS + 1):
            name = f"q-{at}-o-{option}"
            if f"{name}-key" not in data:
                break
            options.append(
                {
                    "key": data[f"{name}-key"],
                    "text": data.get(f"{name}-text", ""),
                    "correct": f"{name}-correct" in data,
                    "feedback": data.get(f"{name}-feedback", ""),
                }
            )
        questions.append(
            {
                "key": data[f"q-{at}-key"],
                "kind": data.get(f"q-{at}-kind", "single"),
                "text": data.get(f"q-{at}-text", ""),
                "skill": data.get(f"q-{at}-skill", ""),
                "options": options,
            }
        )
    return questions
