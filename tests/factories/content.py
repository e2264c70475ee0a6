"""Self-paced items with their versions, attempts and notes."""

from __future__ import annotations

from typing import Any

from django.utils.text import slugify

from content.models import Attempt, Bookmark, ContentItem, ContentSkill, ContentVersion, ItemState
from lxp.people.models import User
from lxp.skills.models import Skill
from tests.factories import now, number

BODIES: dict[str, dict[str, Any]] = {
    "article": {"text": "# Pause\n\nCount to three before you answer."},
    "job_aid": {"text": "1. Ask\n2. Wait\n3. Answer"},
}
"""A body that each kind accepts, where the test doesn't care; quizzes, videos and checklists bring their own."""


def item(title: str = "", kind: str = "article", **fields: Any) -> ContentItem:
    """A published item with version 1 as the current one; `published=False` leaves both drafts.

    `body` and `complete` are the version's.
    """
    title = title or f"Item {number()}"
    published = fields.pop("published", True)
    version_fields = {"body": fields.pop("body", BODIES.get(kind, {})), "complete": fields.pop("complete", {})}
    fields = {"slug": slugify(title), "created_at": now(), "updated_at": now(), **fields}
    made = ContentItem.objects.create(title=title, kind=kind, **fields)
    first = version(made, published=published, **version_fields)
    if published:
        made.current, made.state = first, ItemState.PUBLISHED
        made.save(update_fields=["current", "state"])
    return made


def version(of: ContentItem, *, published: bool = True, **fields: Any) -> ContentVersion:
    """The item's next version; it does not become the current one by itself."""
    fields = {
        "number": of.versions.count() + 1, "title": of.title, "created_at": now(),
        "published_at": now() if published else None, **fields,
    }  # fmt: skip
    return ContentVersion.objects.create(item=of, **fields)


def teaches(item: ContentItem, skill: Skill, **fields: Any) -> ContentSkill:
    return ContentSkill.objects.create(item=item, skill=skill, **fields)


def attempt(learner: User, item: ContentItem, **fields: Any) -> Attempt:
    fields = {"version": item.current, "started_at": now(), "last_at": now(), **fields}
    if fields.get("state") == Attempt.State.COMPLETED:
        fields = {"progress": 1, "completed_at": now(), **fields}
    return Attempt.objects.create(learner=learner, item=item, **fields)


def bookmark(learner: User, item: ContentItem, text: str = "Try this on Thursday", **fields: Any) -> Bookmark:
    fields = {"created_at": now(), "updated_at": now(), **fields}
    return Bookmark.objects.create(learner=learner, item=item, text=text, **fields)
