"""How far somebody got with the parts of an item, for the list of parts that shows where to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from content.kinds import kind_of
from content.kinds.kind import Body, Part, Record


@dataclass(frozen=True)
class PartState:
    """A part with where the learner stands in it: done, now or todo."""

    title: str
    state: str


def part_states(kind: str, body: Body, record: Record, share: float = 0.0) -> list[PartState]:
    """The parts of an item in order; the first that isn't done is where the learner is.

    Questions and lines of a checklist are done when they are answered; sections of a text and chapters of a recording
    when the learner's place lies behind them, or, where no place is known, the `share` (0 to 1) they have done.
    """
    parts = kind_of(kind).outline(body)
    done = _done(kind, body, record, parts, share)
    now = next((part.key for part in parts if part.key not in done), None)
    return [
        PartState(part.title, "done" if part.key in done else "now" if part.key == now else "todo") for part in parts
    ]


def _done(kind: str, body: Body, record: Record, parts: Sequence[Part], share: float) -> set[str]:
    if "text" in body and kind in ("article", "job_aid"):
        return _behind(parts, _beginnings(body["text"], parts), record.position.get("depth", share))
    if all(part.second is not None for part in parts) and parts:
        place = record.position.get("second", share * body.get("seconds", 0))
        return _behind(parts, [part.second or 0 for part in parts], place)
    return {part.key for part in parts if record.answers.get(part.key)}


def _behind(parts: Sequence[Part], begins: Sequence[float], place: float) -> set[str]:
    """The parts that end at or before `place`: each ends where the next begins, and the last one never."""
    return {part.key for part, end in zip(parts, begins[1:], strict=False) if end <= place}


def _beginnings(text: str, parts: Sequence[Part]) -> list[float]:
    """The share of the words that stand before each heading."""
    total = max(1, len(text.split()))
    titles, before = [part.title for part in parts], 0
    shares: list[float] = []
    for line in text.splitlines():
        if line.startswith("#") and len(shares) < len(titles) and _bare(line) == titles[len(shares)]:
            shares.append(before / total)
        before += len(line.split())
    return shares


def _bare(line: str) -> str:
    return line.strip("# ").replace("*", "").replace("`", "")
