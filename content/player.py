"""The player page's content, prepared: one chrome for all kinds, so that every screen answers the same questions.

Where it belongs, what finishes it, where I am, what is saved, what comes next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from content.hooks import PlayerContext
from content.kinds import kind_of
from content.kinds.kind import Kind, Part, Record
from content.models import Attempt, Bookmark, ContentItem, ContentVersion
from content.services import tries_left


@dataclass(frozen=True)
class Player:
    """Everything the templates show. `over`: the attempt is finished, one way or the other."""

    item: ContentItem
    kind: Kind
    version: ContentVersion
    attempt: Attempt
    place: PlayerContext | None
    rule: str
    parts: list[Part]
    shown: dict[str, Any]
    notes: list[Bookmark]
    skills: list[dict[str, Any]]
    url: str

    @property
    def over(self) -> bool:
        return self.attempt.state != Attempt.State.STARTED

    @property
    def passed(self) -> bool:
        return self.attempt.state == Attempt.State.COMPLETED

    @property
    def percent(self) -> int:
        """Rounded down: 100 is said only when it is done."""
        return int(self.attempt.progress * 100)

    @property
    def score_percent(self) -> int | None:
        return None if self.attempt.score is None else round(self.attempt.score * 100)

    @property
    def tries_left(self) -> int | None:
        return tries_left(self.attempt)

    @property
    def resumes(self) -> bool:
        """The learner was here before and is not through."""
        return not self.over and self.attempt.revision > 0 and self.attempt.progress > 0


def player_of(*, item: ContentItem, attempt: Attempt, place: PlayerContext | None, notes: list[Bookmark]) -> Player:
    """The page for an attempt. No query."""
    kind, version = kind_of(item.kind), attempt.version
    record = Record(attempt.position, attempt.answers, attempt.evidence, attempt.seconds)
    return Player(
        item=item,
        kind=kind,
        version=version,
        attempt=attempt,
        place=place,
        rule=kind.rule_text(kind.rule_for(attempt.complete, version.body), version.body),
        parts=kind.outline(version.body),
        shown=kind.present(version.body, record, attempt.state != Attempt.State.STARTED),
        notes=notes,
        skills=list(getattr(item, "skills", [])),
        url=play_url(item, attempt.registration),
    )


def play_url(item: ContentItem, registration: UUID | None = None) -> str:
    """The address of an item, in that enrolment or on one's own."""
    path = reverse("content:play", args=[item.slug])
    return f"{path}?{urlencode({'r': str(registration)})}" if registration else path
