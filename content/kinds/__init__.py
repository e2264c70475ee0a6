"""The kinds of self-paced content, one small complete room each. A new kind is a new room and a line here."""

from __future__ import annotations

from content.kinds import article, checklist, job_aid, quiz, video
from content.kinds.kind import Kind

KINDS: dict[str, Kind] = {room.KIND.key: room.KIND for room in (video, article, quiz, job_aid, checklist)}


def kind_of(key: str) -> Kind:
    """The kind with this key. Raises KeyError for one that no room registers."""
    return KINDS[key]
