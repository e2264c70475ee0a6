"""The body of a video: the file, its length, captions that are also the transcript, chapters, a text below.

Files are named by the uuid of their MediaFile.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from content import markdown
from content.kinds import checks
from content.kinds.kind import Body, Part, Rule, Submission

MAX_SECONDS = 6 * 3600
MAX_CUES = 10_000
MAX_CHAPTERS = 100
TYPES = ("video/webm", "video/mp4")


def clean_body(body: Mapping[str, Any]) -> Body:
    """{"file", "type", "seconds", "poster", "captions": {"file", "language"}, "transcript": [{"start", "end", "text", "speaker"}],
    "chapters": [{"start", "title"}], "text": Markdown}; seconds are numbers, `poster` and `captions` may be empty."""
    seconds = _seconds(body.get("seconds"), "seconds")
    if not 0 < seconds <= MAX_SECONDS:
        raise ValidationError({"seconds": _("Give the length in seconds, up to six hours.")})
    if body.get("type") not in TYPES:
        raise ValidationError({"file": _("Upload the video as WebM or MP4.")})
    return {
        "file": _file(body, "file", required=True),
        "type": body["type"],
        "seconds": seconds,
        "poster": _file(body, "poster"),
        "captions": _captions(body),
        "transcript": _transcript(body, seconds),
        "chapters": _chapters(body, seconds),
        "text": checks.text(body, "text"),
    }


def _file(body: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = body.get(name) or ""
    if not value and not required:
        return ""
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise ValidationError({name: _("Upload a file.")}) from None


def _captions(body: Mapping[str, Any]) -> dict[str, str]:
    given = body.get("captions") or {}
    if not isinstance(given, Mapping):
        raise ValidationError({"captions": _("This must be a file and its language.")})
    file = _file(given, "file")
    return {"file": file, "language": checks.text(given, "language", limit=12) or "en"} if file else {}


def _transcript(body: Mapping[str, Any], seconds: float) -> list[dict[str, Any]]:
    cues: list[dict[str, Any]] = [
        {
            "start": _seconds(cue.get("start"), "captions"),
            "end": _seconds(cue.get("end"), "captions"),
            "text": checks.text(cue, "text", limit=1000),
            "speaker": checks.text(cue, "speaker", limit=80),
        }
        for cue in checks.rows(body, "transcript", limit=MAX_CUES)
    ]
    late = next((cue for cue in cues if cue["start"] >= seconds), None)
    if late:
        raise ValidationError({"captions": _("A caption starts after the video's end; are these its captions?")})
    return cues


def _chapters(body: Mapping[str, Any], seconds: float) -> list[dict[str, Any]]:
    chapters: list[dict[str, Any]] = [
        {"start": _seconds(row.get("start"), "chapters"), "title": checks.text(row, "title", limit=120)}
        for row in checks.rows(body, "chapters", limit=MAX_CHAPTERS)
    ]
    chapters = sorted((row for row in chapters if row["title"]), key=lambda row: row["start"])
    if any(row["start"] >= seconds for row in chapters):
        raise ValidationError({"chapters": _("A chapter starts after the video's end.")})
    if len({row["start"] for row in chapters}) < len(chapters):
        raise ValidationError({"chapters": _("Two chapters start at the same second.")})
    return chapters


def _seconds(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValidationError({name: _("Times are seconds from the start.")})
    return round(float(value), 3)


def default_rule(body: Body) -> Rule:
    """Nine tenths really watched: nobody needs the credits. Who follows by transcript may say so."""
    return {"coverage": 0.9, "transcript": True}


def clean_rule(rule: Mapping[str, Any]) -> Rule:
    return checks.rule(rule, {"coverage": checks.share, "transcript": checks.flag})


def rule_text(rule: Rule, body: Body) -> str:
    percent = round(rule["coverage"] * 100)
    if rule["transcript"] and body["transcript"]:
        return _("Done when you have seen %(percent)d%% of it, or read the transcript") % {"percent": percent}
    return _("Done when you have seen %(percent)d%% of it") % {"percent": percent}


def outline(body: Body) -> list[Part]:
    return [Part(key=f"c{n}", title=row["title"], second=row["start"]) for n, row in enumerate(body["chapters"], 1)]


def minutes_of(body: Body) -> int:
    return max(1, math.ceil(body["seconds"] / 60))


def text_of(body: Body) -> str:
    chapters = (row["title"] for row in body["chapters"])
    return "\n".join([markdown.plain(body["text"]), *chapters, *(cue["text"] for cue in body["transcript"])])


def submission(post: Any, body: Body) -> Submission:
    """The button "I've read the transcript"."""
    return Submission(evidence={"transcript": True})
