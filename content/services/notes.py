"""Private notes on an item."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from content.models import Bookmark, ContentItem
from lxp.people.models import User

MAX_NOTE = 5000


def add_note(*, learner: User, item: ContentItem, text: str, at: datetime, at_second: int | None = None) -> Bookmark:
    """A private note, at a second of a recording where that fits. Raises ValidationError when it is empty or too long."""
    note = Bookmark(
        learner=learner, item=item, text=_note_text(text), at_second=at_second, created_at=at, updated_at=at
    )
    note.save()
    return note


def change_note(*, note: Bookmark, text: str, at: datetime) -> Bookmark:
    """Rewrite a note. Raises ValidationError when it is empty or too long."""
    note.text, note.updated_at = _note_text(text), at
    note.save(update_fields=["text", "updated_at"])
    return note


def delete_note(*, note: Bookmark) -> None:
    """Remove a note for good; the page offers to write it again (its text comes back with the undo)."""
    note.delete()


def _note_text(text: str) -> str:
    text = text.replace("\x00", "").strip()
    if not text:
        raise ValidationError({"text": _("Write something first.")})
    if len(text) > MAX_NOTE:
        raise ValidationError({"text": _("A note has at most %(n)d characters.") % {"n": MAX_NOTE}})
    return text
