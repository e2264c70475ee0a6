"""Bodies of every kind, as small as they can be."""

from __future__ import annotations

from typing import Any

VIDEO_FILE = "12345678-1234-4234-8234-123456789abc"


def question(key: str, right: str = "a", kind: str = "single", skill: str = "") -> dict[str, Any]:
    """A question with options a, b and c; `right` lists the right ones, such as "ac"."""
    options = [
        {"key": option, "text": f"Answer {option}", "correct": option in right, "feedback": f"Because {option}"}
        for option in "abc"
    ]
    return {"key": key, "kind": kind, "text": f"Question {key}?", "skill": skill, "options": options}


def quiz(*questions: dict[str, Any]) -> dict[str, Any]:
    """Without arguments: ten questions q1 … q10 whose right answer is a."""
    return {"intro": "", "questions": list(questions) or [question(f"q{n}") for n in range(1, 11)]}


def checklist(*texts: str) -> dict[str, Any]:
    return {"intro": "", "items": [{"text": text, "note": ""} for text in texts or ("Ask", "Wait", "Agree")]}


def article(words: int = 0) -> dict[str, Any]:
    """ "A short text with two headings, or one of `words` words."""
    if words:
        return {"text": "word " * words}
    return {"text": "## Ask\n\nOne question.\n\n## Wait\n\nFive seconds."}


def video(seconds: float = 100, **more: Any) -> dict[str, Any]:
    transcript = [{"start": 0, "end": 5, "text": "And then I say nothing."}]
    return {
        "file": VIDEO_FILE, "type": "video/webm", "seconds": seconds, "transcript": transcript,
        "chapters": [{"start": 0, "title": "Ask"}, {"start": seconds / 2, "title": "Wait"}], **more,
    }  # fmt: skip


BODIES = {"article": article(), "job_aid": article(), "quiz": quiz(), "checklist": checklist(), "video": video()}
