"""The body of a checklist: an introduction and items to tick, each with an optional explanation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from content import markdown
from content.kinds import checks
from content.kinds.kind import Body, Part, Record, Rule, Submission

MAX_ITEMS = 100
SECONDS_PER_ITEM = 20


def clean_body(body: Mapping[str, Any]) -> Body:
    """{"intro": Markdown, "items": [{"key", "text", "note"}]}; keys are given where they are missing."""
    given = checks.rows(body, "items", limit=MAX_ITEMS)
    items = [
        {"key": key, "text": checks.text(row, "text", limit=300), "note": checks.text(row, "note", limit=1000)}
        for key, row in zip(checks.keys(given, "i"), given, strict=True)
    ]
    items = [item for item in items if item["text"]]
    if not items:
        raise ValidationError({"items": _("Add at least one thing to tick, one per line.")})
    return {"intro": checks.text(body, "intro"), "items": items}


def default_rule(body: Body) -> Rule:
    return {"share": 1.0}


def clean_rule(rule: Mapping[str, Any]) -> Rule:
    return checks.rule(rule, {"share": checks.share})


def rule_text(rule: Rule, body: Body) -> str:
    total = len(body["items"])
    needed = math.ceil(rule["share"] * total)
    if needed == total:
        return ngettext("Done when it is ticked", "Done when all %(n)d are ticked", total) % {"n": total}
    return _("Done when %(needed)d of %(total)d are ticked") % {"needed": needed, "total": total}


def outline(body: Body) -> list[Part]:
    return [Part(key=item["key"], title=item["text"], anchor=f"item-{item['key']}") for item in body["items"]]


def minutes_of(body: Body) -> int:
    return max(1, math.ceil(len(body["items"]) * SECONDS_PER_ITEM / 60))


def present(body: Body, record: Record, over: bool) -> dict[str, Any]:
    return {
        "intro": markdown.render(body["intro"]),
        "items": [{**item, "ticked": bool(record.answers.get(item["key"]))} for item in body["items"]],
    }


def text_of(body: Body) -> str:
    return "\n".join([markdown.plain(body["intro"]), *(f"{i['text']} {i['note']}" for i in body["items"])])


def submission(post: Any, body: Body) -> Submission:
    """The whole list at once: what isn't ticked in the form is not ticked."""
    ticked = set(post.getlist("tick"))
    return Submission(answers={item["key"]: item["key"] in ticked for item in body["items"]})
