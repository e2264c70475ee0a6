"""Reads over self-paced content, within the organisation in scope. Every function says its cost.

Objects enter through `item_for`, `attempt_of` and `media_for`: a stranger gets 404, who sees but may not gets 403.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import JSONBAgg
from django.contrib.postgres.search import SearchRank, TrigramWordSimilarity
from django.core.exceptions import PermissionDenied
from django.db.models import (
    Count,
    DecimalField,
    Exists,
    F,
    FloatField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Greatest, JSONObject, Lower
from django.http import Http404
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from content import search
from content.kinds import KINDS, kind_of
from content.kinds.kind import Kind, Part, Record
from content.models import (
    Attempt,
    Bookmark,
    ContentItem,
    ContentSkill,
    ContentVersion,
    ItemState,
    MediaFile,
)
from content.parts import PartState, part_states
from lxp.people.actor import Actor
from lxp.people.models import User

# ---------------------------------------------------------------- items


def item_for(actor: Actor, slug_or_id: str | int, action: str = "play") -> ContentItem:
    """An item the actor may "play" or "edit", with its current version, owner and what it teaches. One query.

    Learners play what is published, and what is retired only where they have been before (`registration` or attempt;
    the player asks). Designers see everything. `item.skills` is a list of {"id", "code", "name", "level", "weight"}.
    Raises Http404 for what isn't there for the actor, PermissionDenied where somebody else may.
    """
    wanted = Q(pk=slug_or_id) if isinstance(slug_or_id, int) else Q(slug=slug_or_id)
    taught = (
        ContentSkill.objects.filter(item=OuterRef("pk"))
        .order_by()
        .values("item")
        .annotate(
            all=JSONBAgg(
                JSONObject(id="skill_id", code="skill__code", name="skill__name", level="level", weight="weight"),
                order_by=("-weight", "skill__name"),
            )
        )
        .values("all")
    )
    item = (
        ContentItem.objects.filter(wanted)
        .select_related("current", "owner")
        .defer("search")
        .annotate(taught=Subquery(taught))
        .first()
    )
    if item is None or (item.state == ItemState.DRAFT and not actor.is_designer):
        raise Http404(_("There is no such item."))
    if action == "edit" and not actor.is_designer:
        raise PermissionDenied(_("The learning team can change this."))
    item.skills = item.taught or []
    return item


def published_items() -> QuerySet[ContentItem]:
    """Everything learners can be given, by title. Lazy, one query."""
    return ContentItem.objects.filter(state=ItemState.PUBLISHED).defer("search").order_by("title", "pk")


def draft_of(item: ContentItem) -> ContentVersion | None:
    """The item's unpublished version. One query."""
    return item.versions.filter(published_at=None).first()


def versions_of(item: ContentItem) -> QuerySet[ContentVersion]:
    """The item's published editions, newest first. Lazy, one query."""
    return item.versions.filter(published_at__isnull=False).select_related("created_by").order_by("-number")


def version_of(item: ContentItem, version_id: int) -> ContentVersion | None:
    """A published edition of the item, or None. No query for the current one, else one."""
    if version_id == item.current_id:
        return item.current
    return item.versions.filter(pk=version_id, published_at__isnull=False).first()


def kinds() -> dict[str, Kind]:
    """The kinds of content by key: their names, verbs and icons. No query."""
    return KINDS


def newest_version(item: ContentItem) -> ContentVersion | None:
    """What an author goes on from: the draft, else the current version. One query where there may be a draft."""
    return draft_of(item) or item.current


def outline_of(version: ContentVersion, kind: str) -> list[Part]:
    """The parts of a version, in order. No query."""
    return kind_of(kind).outline(version.body)


# ---------------------------------------------------------------- attempts


def attempt_for(learner: User | int, item: ContentItem | int, registration: UUID | None) -> Attempt | None:
    """The learner's latest go at an item, in that enrolment or (None) on their own. One query."""
    return (
        Attempt.objects.filter(learner=learner, item=item, registration=registration)
        .select_related("version")
        .order_by("-number")
        .first()
    )


def attempt_of(actor: Actor, attempt_id: int) -> Attempt:
    """One of the actor's own attempts, with item and version. One query. Raises Http404 for anybody else's."""
    found = (
        Attempt.objects.filter(pk=attempt_id, learner_id=actor.user_id or 0)
        .select_related("item", "version", "learner")
        .defer("item__search")
        .first()
    )
    if found is None:
        raise Http404(_("There is no such attempt of yours."))
    return found


@dataclass(frozen=True)
class AttemptFacts:
    """All attempts of one enrolment at one item in one row: what a journey's plan and progress are made from.

    `state` is completed when any attempt was, else failed when any failed, else started. `score` is the best,
    `progress` the furthest (0 to 1), `completed_at` the first time, `failed` the number of attempts not passed,
    `last_at` the newest save, `seconds` active time in all.
    """

    registration: UUID
    item_id: int
    state: str
    progress: float
    score: float | None
    started_at: datetime
    completed_at: datetime | None
    failed: int
    last_at: datetime
    seconds: int
    attempts: int


def attempt_facts(registrations: Sequence[UUID]) -> list[AttemptFacts]:
    """One row per enrolment and item that was opened. One query for any number of enrolments."""
    rows = (
        Attempt.objects.filter(registration__in=list(registrations))
        .order_by("registration", "item_id")
        .values("registration", "item_id")
        .annotate(
            progress=Max("progress"),
            score=Max("score"),
            started_at=Min("started_at"),
            completed_at=Min("completed_at", filter=Q(state=Attempt.State.COMPLETED)),
            failed=Count("pk", filter=Q(state=Attempt.State.FAILED)),
            last_at=Max("last_at"),
            seconds=Sum("seconds"),
            attempts=Count("pk"),
        )
    )
    return [AttemptFacts(state=_state(row["completed_at"], row["failed"]), **row) for row in rows]


def _state(completed_at: datetime | None, failed: int) -> str:
    if completed_at:
        return Attempt.State.COMPLETED
    return Attempt.State.FAILED if failed else Attempt.State.STARTED


@dataclass(frozen=True)
class Opening:
    """What opening an item means for somebody: its edition, and where their newest attempt stands."""

    summary: str
    parts: list[PartState]
    last_at: datetime | None

    @property
    def current(self) -> int:
        """The number of the part they are at; 0 where it has no parts or all are done."""
        return next((number for number, part in enumerate(self.parts, 1) if part.state == "now"), 0)


def opening_of(learner: User | int, item_id: int, registration: UUID | None, version_id: int | None) -> Opening | None:
    """An item as the learner will find it: its parts, which of them are done, when they were last there. One query.

    `version_id` is the edition a first attempt would get; None: the item's current one.
    """
    newest = Attempt.objects.filter(learner=learner, item=item_id, registration=registration).order_by("-number")
    place = JSONObject(position="position", answers="answers", progress="progress", last_at="last_at")
    version = (
        ContentVersion.objects.filter(item=item_id)
        .filter(pk=Coalesce(Subquery(newest.values("version")[:1]), Value(version_id), F("item__current")))
        .annotate(place=Subquery(newest.annotate(place=place).values("place")[:1]))
        .values("body", "place", "item__summary", "item__kind")
        .first()
    )
    if version is None:
        return None
    found = version["place"] or {}
    known = Record(position=found.get("position", {}), answers=found.get("answers", {}))
    parts = part_states(version["item__kind"], version["body"], known, found.get("progress", 0.0))
    last_at = datetime.fromisoformat(found["last_at"]) if found else None
    return Opening(version["item__summary"], parts, last_at)


def completed_items_of(learner_ids: Sequence[int]) -> dict[int, set[int]]:
    """Ids of the items each person has ever completed. One query; people without any are left out."""
    found: dict[int, set[int]] = {}
    rows = Attempt.objects.filter(learner_id__in=list(learner_ids), state=Attempt.State.COMPLETED)
    for learner_id, item_id in rows.values_list("learner_id", "item_id").distinct():
        found.setdefault(learner_id, set()).add(item_id)
    return found


def notes_of(learner: User, item: ContentItem) -> list[Bookmark]:
    """The learner's own notes on an item: those at a second first, in its order. One query."""
    return list(Bookmark.objects.filter(learner=learner, item=item).order_by(F("at_second").asc(nulls_last=True), "pk"))


def note_of(actor: Actor, note_id: int) -> Bookmark:
    """One of the actor's own notes, with its item. One query. Raises Http404 for anybody else's."""
    found = Bookmark.objects.filter(pk=note_id, learner_id=actor.user_id or 0).select_related("item").first()
    if found is None:
        raise Http404(_("There is no such note of yours."))
    return found


def media_for(actor: Actor, key: UUID) -> MediaFile:
    """A file the actor may load: of a published or retired item, or of any for designers. One query."""
    found = MediaFile.objects.filter(uuid=key).select_related("item").defer("item__search").first()
    if found is None or (found.item.state == ItemState.DRAFT and not actor.is_designer):
        raise Http404(_("There is no such file."))
    return found


# ---------------------------------------------------------------- library


@dataclass(frozen=True)
class Filters:
    """What the library is asked for: words, kind, skill (code), the minutes somebody has, language."""

    q: str = ""
    kind: str = ""
    skill: str = ""
    minutes: int | None = None
    language: str = ""
    after: str = ""
    limit: int = 24
    loose: bool = False


@dataclass(frozen=True)
class Facet:
    """One way to narrow the list: its value, name and how many items it would leave."""

    value: str
    label: Any
    count: int


@dataclass(frozen=True)
class LibraryPage:
    """One page of items, how many there are in all, the cursor of the next page ("" at the end), and facets."""

    items: list[ContentItem]
    total: int
    after: str
    kinds: list[Facet] = field(default_factory=list)
    skills: list[Facet] = field(default_factory=list)


ALIKE = 0.35
"""From here on a word of a title may be what somebody meant to type (trigram word similarity)."""


def library(actor: Actor, filters: Filters) -> LibraryPage:
    """What the actor can open, best first when words are asked for, else by title. Three queries.

    Each item carries `mine`: the state of the actor's newest attempt, or None. The facets count what each value would
    leave, given the other filters. Where the words are found nowhere, titles that look like them are: three more.
    """
    page = _library_page(actor, filters)
    if filters.q and not page.total and not filters.after:
        return _library_page(actor, replace(filters, loose=True))
    return page


def _library_page(actor: Actor, filters: Filters) -> LibraryPage:
    found = _filtered(filters)
    ordered, keys = _ordered(found, filters)
    cursor = _decode(filters.after, keys)
    page = ordered.filter(_beyond(cursor)) if cursor else ordered
    rows = list(_with_mine(page, actor).defer("search")[: filters.limit + 1])
    items, more = rows[: filters.limit], len(rows) > filters.limit
    kinds = _kind_facets(filters)
    total = sum(f.count for f in kinds if not filters.kind or f.value == filters.kind)
    after = _encode([getattr(items[-1], key) for key, _ in keys]) if more else ""
    return LibraryPage(items=items, total=total, after=after, kinds=kinds, skills=_skill_facets(filters))


def _filtered(filters: Filters) -> QuerySet[ContentItem]:
    found = ContentItem.objects.filter(state=ItemState.PUBLISHED)
    if filters.kind:
        found = found.filter(kind=filters.kind)
    if filters.skill:
        found = found.filter(teaches__skill__code=filters.skill)
    if filters.minutes:
        found = found.filter(minutes__lte=filters.minutes)
    if filters.language:
        found = found.filter(language=filters.language)
    query = search.query(filters.q, get_language() or "en")
    if query is not None and filters.loose:  # reads all titles: only where the index found nothing
        found = found.annotate(like=_likeness(filters.q)).filter(like__gte=ALIKE)
    elif query is not None:
        found = found.filter(Q(search=query) | Q(title__trigram_word_similar=filters.q))
    return found


def _likeness(words: str) -> Any:
    """How much the title's best word looks like one of `words` (0 to 1)."""
    likenesses = [TrigramWordSimilarity(word, "title") for word in search.words_of(words) if len(word) > 2]
    return Greatest(*likenesses, Value(0.0), Value(0.0), output_field=FloatField())


_Keys = list[tuple[str, bool]]
"""Columns of the order and whether each runs downwards."""


def _ordered(found: QuerySet[ContentItem], filters: Filters) -> tuple[QuerySet[ContentItem], _Keys]:
    query = search.query(filters.q, get_language() or "en")
    if query is None:
        return found.annotate(name=Lower("title")).order_by("name", "pk"), [("name", False), ("pk", False)]
    rank = SearchRank(F("search"), query) + _likeness(filters.q) * Value(0.5)
    # Rounded, so that the value in a page's address finds the same place again.
    ranked = found.annotate(rank=_rounded(rank))
    return ranked.order_by("-rank", "pk"), [("rank", True), ("pk", False)]


def _rounded(expression: Any) -> Any:
    places = DecimalField(max_digits=12, decimal_places=6)
    return Cast(Cast(Coalesce(expression, 0.0), places), FloatField())


def _beyond(cursor: list[tuple[str, bool, Any]]) -> Q:
    """Rows after the cursor in the order of its columns (keyset paging)."""
    (first, down, value), (second, _down, last) = cursor
    further = Q(**{f"{first}__{'lt' if down else 'gt'}": value})
    return further | (Q(**{first: value}) & Q(**{f"{second}__gt": last}))


def _encode(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decode(cursor: str, keys: _Keys) -> list[tuple[str, bool, Any]] | None:
    """The values in a cursor; None for one that is empty or was tampered with: the first page is a fair answer."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        types = [float if down else str if key == "name" else int for key, down in keys]
        typed = [kind(value) for kind, value in zip(types, values, strict=True)]
    except (ValueError, TypeError):
        return None
    return [(key, down, value) for (key, down), value in zip(keys, typed, strict=True)]


def _with_mine(found: QuerySet[ContentItem], actor: Actor) -> QuerySet[ContentItem]:
    newest = Attempt.objects.filter(item=OuterRef("pk"), learner_id=actor.user_id or 0).order_by("-last_at", "-pk")
    return found.annotate(mine=Subquery(newest.values("state")[:1]))


def _kind_facets(filters: Filters) -> list[Facet]:
    rows = _filtered(replace(filters, kind="")).order_by().values("kind").annotate(n=Count("pk", distinct=True))
    counts = {row["kind"]: row["n"] for row in rows}
    return [Facet(key, kind.label, counts[key]) for key, kind in KINDS.items() if counts.get(key)]


def _skill_facets(filters: Filters) -> list[Facet]:
    items = _filtered(replace(filters, skill="")).order_by().values("pk")
    rows = (
        ContentSkill.objects.filter(item__in=items)
        .values("skill__code", "skill__name")
        .annotate(n=Count("item", distinct=True))
        .order_by("-n", "skill__name")
    )
    return [Facet(row["skill__code"], row["skill__name"], row["n"]) for row in rows]


# ---------------------------------------------------------------- the designers' side


@dataclass(frozen=True)
class ManageFilters:
    """What the designers' list is narrowed to."""

    q: str = ""
    kind: str = ""
    state: str = ""
    owner: int | None = None
    due: bool = False
    after: str = ""
    limit: int = 50


def managed_items(filters: ManageFilters, *, today: Any) -> tuple[list[ContentItem], str]:
    """Items for designers by title, with owner, `has_draft` and `learners` (people who opened it); and the next cursor.

    `today` is the designer's calendar day; `due` keeps those whose review day has come. One query.
    """
    found = ContentItem.objects.select_related("owner", "current").defer("search", "current__body")
    if filters.kind:
        found = found.filter(kind=filters.kind)
    found = found.filter(state=filters.state) if filters.state else found.exclude(state=ItemState.RETIRED)
    if filters.owner:
        found = found.filter(owner_id=filters.owner)
    if filters.due:
        found = found.filter(review_by__lte=today)
    if filters.q:
        found = found.filter(Q(title__icontains=filters.q) | Q(tags__contains=[filters.q.lower()]))
    keys: _Keys = [("name", False), ("pk", False)]
    learners = Attempt.objects.filter(item=OuterRef("pk")).order_by().values("item")
    found = found.annotate(
        name=Lower("title"),
        has_draft=Exists(ContentVersion.objects.filter(item=OuterRef("pk"), published_at=None)),
        learners=Coalesce(Subquery(learners.annotate(n=Count("learner", distinct=True)).values("n")), 0),
    ).order_by("name", "pk")
    if cursor := _decode(filters.after, keys):
        found = found.filter(_beyond(cursor))
    rows = list(found[: filters.limit + 1])
    items = rows[: filters.limit]
    return items, _encode([items[-1].name, items[-1].pk]) if len(rows) > filters.limit else ""


def managed_counts(*, today: Any) -> dict[str, int]:
    """How many items are kept, how many are due to be looked at, wait as drafts or have no owner. One query."""
    kept = ~Q(state=ItemState.RETIRED)
    return ContentItem.objects.aggregate(
        all=Count("pk", filter=kept),
        due=Count("pk", filter=kept & Q(review_by__lte=today)),
        drafts=Count("pk", filter=Q(state=ItemState.DRAFT)),
        unkept=Count("pk", filter=kept & Q(owner=None)),
    )


def external_items(external_ids: Iterable[str]) -> dict[str, ContentItem]:
    """Items by the id of the catalogue they came from, with their current versions. One query."""
    found = ContentItem.objects.filter(external_id__in=list(external_ids)).select_related("current").defer("search")
    return {item.external_id: item for item in found}


@dataclass(frozen=True)
class WrongFirst:
    """A wrong first answer to a quiz question: how many of those who answered it gave it."""

    question: str
    answer: str
    count: int
    of: int


def wrong_first_answers(registrations: Sequence[UUID], item_ids: Sequence[int]) -> list[WrongFirst]:
    """Wrong first answers these enrolments gave in these quizzes, the commonest first. One query."""
    rows = (
        Attempt.objects.filter(registration__in=list(registrations), item_id__in=list(item_ids), item__kind="quiz")
        .order_by("registration", "item_id", "number")
        .distinct("registration", "item_id")
        .values_list("version__body", "answers")
    )
    given: Counter[tuple[str, str]] = Counter()
    asked: Counter[str] = Counter()
    for body, answers in rows:
        for question in body.get("questions", ()):
            answer = answers.get(question["key"])
            if answer is None:
                continue
            asked[question["text"]] += 1
            texts = {option["key"]: option["text"] for option in question["options"] if not option["correct"]}
            given.update((question["text"], texts[key]) for key in answer.get("first", ()) if key in texts)
    return [WrongFirst(question, text, count, asked[question]) for (question, text), count in given.most_common()]
