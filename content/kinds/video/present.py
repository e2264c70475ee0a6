"""A video as the player shows it: addresses of its files, chapters on the bar, the transcript that seeks."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from content import markdown
from content.kinds.kind import Body, Record
from content.timecode import stamp


def present(body: Body, record: Record, over: bool) -> dict[str, Any]:
    """`resume` is the second to go on from: the start, where little is left."""
    second = float(record.position.get("second", 0.0))
    resume = second if 3 <= second < body["seconds"] - 3 else 0.0
    return {
        "src": _address(body["file"]),
        "type": body["type"],
        "poster": _address(body["poster"]),
        "captions": {**body["captions"], "src": _address(body["captions"]["file"])} if body["captions"] else None,
        "seconds": body["seconds"],
        "length": stamp(body["seconds"]),
        "resume": resume,
        "resume_stamp": stamp(resume),
        "percent": round(resume / body["seconds"] * 100, 2),
        "watched": record.evidence.get("watched", []),
        "chapters": [
            {**row, "stamp": stamp(row["start"]), "percent": round(row["start"] / body["seconds"] * 100, 2)}
            for row in body["chapters"]
        ],
        "transcript": [{**cue, "stamp": stamp(cue["start"])} for cue in body["transcript"]],
        "html": markdown.render(body["text"]),
        "read_after": round(body["seconds"] / 2),
    }


def _address(key: str) -> str:
    return reverse("content:media", args=[key]) if key else ""
