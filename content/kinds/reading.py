"""What article and job aid share: a Markdown text, read to its end, or said to have been read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from content import markdown
from content.kinds import checks
from content.kinds.kind import Body, Part, Progress, Record, Rule, Save, Submission

WORDS_PER_MINUTE = 200
SKIM_WORDS_PER_SECOND = 10
"""Nobody reads faster than 600 words a minute; who was shorter on the page has not read it yet."""


def clean_body(body: Mapping[str, Any]) -> Body:
    return {"text": checks.text(body, "text", required=True)}


def default_rule(body: Body) -> Rule:
    """Reached the end, after at least the seconds that skimming takes, or said so."""
    return {"seconds": min(600, words_of(body) // SKIM_WORDS_PER_SECOND), "acknowledge": False}


def clean_rule(rule: Mapping[str, Any]) -> Rule:
    return checks.rule(rule, {"seconds": checks.count(3600), "acknowledge": checks.flag})


def rule_text(rule: Rule, body: Body) -> str:
    if rule["acknowledge"]:
        return _("Done when you have read it and said so")
    if not rule["seconds"]:
        return _("Done when you reach the end, or say you have read it")
    if rule["seconds"] < 60:
        return ngettext(
            "Done when you reach the end, after at least %(n)d second, or say you have read it",
            "Done when you reach the end, after at least %(n)d seconds, or say you have read it",
            rule["seconds"],
        ) % {"n": rule["seconds"]}
    minutes = math.ceil(rule["seconds"] / 60)
    return ngettext(
        "Done when you reach the end, after at least %(n)d minute, or say you have read it",
        "Done when you reach the end, after at least %(n)d minutes, or say you have read it",
        minutes,
    ) % {"n": minutes}


def merge(record: Record, save: Save, body: Body) -> Record:
    """PURE. The deepest point reached stays; "end" and "acknowledged" are never taken back."""
    depth = max(_depth(record.evidence), _depth(save.evidence))
    evidence = {
        **record.evidence,
        "depth": depth,
        "end": bool(record.evidence.get("end")) or save.evidence.get("end") is True,
        "acknowledged": bool(record.evidence.get("acknowledged")) or save.evidence.get("acknowledged") is True,
    }
    position = record.position
    if "depth" in save.position and (not save.stale or _depth(save.position) > _depth(record.position)):
        position = {"depth": _depth(save.position)}
    return Record(position=position, answers=record.answers, evidence=evidence, seconds=record.seconds)


def progress(record: Record, body: Body, rule: Rule) -> Progress:
    """PURE. The share of the text that was reached; finished as the rule says."""
    said_so = bool(record.evidence.get("acknowledged"))
    read = bool(record.evidence.get("end")) and record.seconds >= rule["seconds"]
    if said_so or (read and not rule["acknowledge"]):
        return Progress(progress=1.0, completed=True)
    return Progress(progress=min(0.99, _depth(record.evidence)))


def outline(body: Body) -> list[Part]:
    return [Part(key=h.id, title=h.text, anchor=h.id) for h in markdown.headings(body["text"])]


def words_of(body: Body) -> int:
    return len(body["text"].split())


def minutes_of(body: Body) -> int:
    return max(1, math.ceil(words_of(body) / WORDS_PER_MINUTE))


def present(body: Body, record: Record, over: bool) -> dict[str, Any]:
    return {"html": markdown.render(body["text"]), "resume": _depth(record.position)}


def text_of(body: Body) -> str:
    return markdown.plain(body["text"])


def submission(post: Any, body: Body) -> Submission:
    """The button "I've read this"."""
    return Submission(evidence={"acknowledged": True, "end": True, "depth": 1})


def _depth(values: Mapping[str, Any]) -> float:
    depth = values.get("depth", 0)
    if isinstance(depth, bool) or not isinstance(depth, int | float) or not math.isfinite(depth):
        return 0.0
    return round(min(1.0, max(0.0, float(depth))), 4)
