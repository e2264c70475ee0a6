"""The library of the demo: articles, job aids, checklists, quizzes, and videos with captions and posters."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files import File

from content import services
from content.models import ContentItem, MediaFile
from lxp.demo.files import Document, documents
from lxp.demo.organisation import Day
from lxp.people import queries
from lxp.people.models import User
from lxp.skills.models import Skill

WRITTEN_DAYS_AGO = 290

_TICK = re.compile(r"^- \[ \] (?P<text>.*?)(?: — (?P<note>.*))?$", re.MULTILINE)


def add_library(day: Day, *, owner: User | None = None, only: Iterable[str] | None = None) -> int:
    """Every document that has no item with its slug yet, published. Returns how many are new.

    `owner` is who keeps all of them (by default whom each names); `only` are the slugs wanted.
    """
    wanted = set(only) if only is not None else None
    known = set(ContentItem.objects.values_list("slug", flat=True))
    new = [d for d in documents() if d.slug not in known and (wanted is None or d.slug in wanted)]
    names = {f"{document.facts['owner']}@fernhill.example" for document in new} if owner is None else set()
    people = queries.users_by_email(names)
    skills = dict(Skill.objects.values_list("code", "pk"))
    for document in new:
        by = owner or people[f"{document.facts['owner']}@fernhill.example"]
        _add(document, day, by, skills)
    return len(new)


def _add(document: Document, day: Day, by: User, skills: dict[str, int]) -> None:
    facts, at = document.facts, day.before(WRITTEN_DAYS_AGO)
    teaches = [
        services.Teaches(skills[skill["code"]], skill["level"]) for skill in facts["skills"] if skill["code"] in skills
    ]
    item = services.create_item(
        kind=document.kind, slug=document.slug, title=facts["title"], summary=facts["summary"], tags=facts["tags"],
        language=facts.get("language", "en"), owner=by, by=by, at=at, teaches=teaches,
        review_by=day.today + timedelta(days=_until_review(document)),
    )  # fmt: skip
    services.save_draft(
        item=item, body=_BODIES[document.kind](document, item, by, day), complete=_rule(facts),
        minutes=facts["minutes"], by=by, at=at,
    )  # fmt: skip
    services.publish_item(item=item, by=by, at=at)


def _until_review(document: Document) -> int:
    """Looked at again since it was written, each at another time; a few are a little late."""
    share = random.Random(f"review {document.slug}").uniform(-0.06, 1)
    return round(share * document.facts["review_in_days"])


def _rule(facts: dict[str, Any]) -> dict[str, Any] | None:
    return {"score": facts["pass_score"]} if "pass_score" in facts else None


def _text(document: Document, item: ContentItem, by: User, day: Day) -> dict[str, Any]:
    return {"text": document.text}


def _checklist(document: Document, item: ContentItem, by: User, day: Day) -> dict[str, Any]:
    items = [
        {"key": f"i{number}", "text": found["text"], "note": found["note"] or ""}
        for number, found in enumerate(_TICK.finditer(document.text), start=1)
    ]
    return {"intro": _TICK.sub("", document.text).strip(), "items": items}


def _quiz(document: Document, item: ContentItem, by: User, day: Day) -> dict[str, Any]:
    return {"intro": document.facts.get("intro", ""), "questions": document.facts["questions"]}


def _video(document: Document, item: ContentItem, by: User, day: Day) -> dict[str, Any]:
    facts = document.facts
    at = day.before(WRITTEN_DAYS_AGO)

    def store(name: str, role: str) -> Any:
        with (document.folder / name).open("rb") as file:
            return services.store_media(item=item, upload=File(file, name=Path(name).name), role=role, by=by, at=at)

    video, checked = store(facts["file"], MediaFile.Role.VIDEO)
    poster, _ = store(facts["poster"], MediaFile.Role.POSTER)
    captions, read = store(facts["captions"]["file"], MediaFile.Role.CAPTIONS)
    return {
        "file": str(video.uuid),
        "type": checked.content_type,
        "seconds": checked.seconds or facts["seconds"],
        "poster": str(poster.uuid),
        "captions": {"file": str(captions.uuid), "language": facts["captions"]["language"]},
        "transcript": services.transcript_of(read.cues),
        "chapters": facts["chapters"],
        "text": facts["summary"],
    }


_BODIES: dict[str, Callable[[Document, ContentItem, User, Day], dict[str, Any]]] = {
    "article": _text, "job_aid": _text, "checklist": _checklist, "quiz": _quiz, "video": _video,
}  # fmt: skip
