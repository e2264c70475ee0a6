"""PURE: what changed between two editions of an item, in a form that a sentence can be made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from content.kinds.kind import Part


@dataclass(frozen=True)
class Changes:
    """Parts that came, went or were renamed (old title, new title), and words before and after."""

    added: list[str]
    removed: list[str]
    renamed: list[tuple[str, str]]
    words_before: int
    words_after: int


def compare(before: Sequence[Part], after: Sequence[Part], old_text: str, new_text: str) -> Changes:
    """Compare the parts by key, and count the words."""
    old, new = {part.key: part.title for part in before}, {part.key: part.title for part in after}
    return Changes(
        added=[title for key, title in new.items() if key not in old],
        removed=[title for key, title in old.items() if key not in new],
        renamed=[(old[key], title) for key, title in new.items() if key in old and old[key] != title],
        words_before=len(old_text.split()),
        words_after=len(new_text.split()),
    )
