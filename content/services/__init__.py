"""Changes to self-paced content, one public function each."""

from content.services.attempts import Saved, acknowledge, save_progress, start_again, start_attempt, tries_left
from content.services.authoring import (
    Teaches,
    author_item,
    create_item,
    discard_draft,
    publish_item,
    restore_item,
    retire_item,
    save_draft,
    update_item,
)
from content.services.media import store_media, transcript_of
from content.services.notes import add_note, change_note, delete_note
from content.services.past import PastAttempt, record_past_attempts

__all__ = [
    "PastAttempt",
    "Saved",
    "Teaches",
    "acknowledge",
    "add_note",
    "author_item",
    "change_note",
    "create_item",
    "delete_note",
    "discard_draft",
    "publish_item",
    "record_past_attempts",
    "restore_item",
    "retire_item",
    "save_draft",
    "save_progress",
    "start_again",
    "start_attempt",
    "store_media",
    "transcript_of",
    "tries_left",
    "update_item",
]
