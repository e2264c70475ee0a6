"""Authoring: an item, its draft, its published editions, its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from content import search
from content.captions import Cue
from content.events import ContentPublished
from content.kinds import KINDS, kind_of
from content.models import ContentItem, ContentSkill, ContentVersion, ItemState
from content.services.media import store_media
from lxp.events import record
from lxp.people.models import User
from lxp.skills.models import TOP_LEVEL

RESERVED_SLUGS = frozenset({"manage", "media", "attempt", "note", "library", "import"})
"""First segments of addresses beside `/content/<slug>/`."""

MAX_TAGS = 20

Compose = Callable[[Callable[[Any, str], tuple[str, str, float | None, list[Cue]]]], Mapping[str, Any]]


@dataclass(frozen=True)
class Teaches:
    """An item teaches the skill up to `level` (0 to 5); `weight` (0 to 1) says how much of it."""

    skill_id: int
    level: float = 2.0
    weight: float = 1.0


@transaction.atomic
def create_item(
    *,
    kind: str,
    title: str,
    by: User | None,
    at: datetime,
    slug: str = "",
    summary: str = "",
    language: str = "en",
    minutes: int | None = None,
    tags: Sequence[str] = (),
    owner: User | None = None,
    review_by: date | None = None,
    external_id: str = "",
    source: str = "",
    teaches: Sequence[Teaches] = (),
    body: Mapping[str, Any] | None = None,
    complete: Mapping[str, Any] | None = None,
) -> ContentItem:
    """A new item in draft; with `body`, its first version is drafted with it. The owner is `by` unless given.

    Without `slug` one is made of the title; without `minutes` the kind works them out from the body. Raises
    ValidationError by field.
    """
    if kind not in KINDS:
        raise ValidationError({"kind": _("Choose one of: %(kinds)s.") % {"kinds": ", ".join(KINDS)}})
    item = ContentItem(
        kind=kind,
        title=title.strip(),
        slug=_slug_for(slug, title),
        summary=summary.strip(),
        language=language,
        minutes=minutes or 1,
        tags=_clean_tags(tags),
        owner=owner or by,
        review_by=review_by,
        external_id=external_id,
        source=source,
        created_at=at,
        updated_at=at,
    )
    item.full_clean(exclude=_unchecked(item))
    item.save()
    _set_skills(item, teaches)
    if body is not None:
        save_draft(item=item, body=body, complete=complete, minutes=minutes, by=by, at=at)
    _index(item, item.current)
    return item


@transaction.atomic
def update_item(
    *,
    item: ContentItem,
    by: User | None,
    at: datetime,
    teaches: Sequence[Teaches] | None = None,
    **changes: Any,
) -> ContentItem:
    """Change what stands around the text: title, summary, language, minutes, tags, owner, review_by, source.

    It takes effect at once, also for the published item. `teaches` replaces what the item teaches. Raises
    ValidationError by field, TypeError for a name that can't be changed.
    """
    unknown = set(changes) - {"title", "summary", "language", "minutes", "tags", "owner", "review_by", "source"}
    if unknown:
        raise TypeError(f"update_item can't change {', '.join(sorted(unknown))}.")
    for name, value in changes.items():
        setattr(item, name, _clean_tags(value) if name == "tags" else value)
    item.updated_at = at
    item.full_clean(exclude=_unchecked(item), validate_unique=False, validate_constraints=False)
    item.save(update_fields=[*changes, "updated_at"])
    if teaches is not None:
        _set_skills(item, teaches)
    _index(item, item.current)
    return item


@transaction.atomic
def author_item(
    *,
    item: ContentItem | None,
    kind: str,
    about: Mapping[str, Any],
    teaches: Sequence[Teaches],
    compose: Compose,
    rule: Mapping[str, Any],
    by: User,
    at: datetime,
) -> ContentItem:
    """Everything an author sends at once: the item (made when None), what stands around it, its files and its draft.

    `compose(store)` gives the body, where `store(upload, role)` checks and keeps a file of the item. All or nothing:
    when anything is refused (ValidationError by field), files that were kept on the way are removed again.
    """
    about = dict(about)
    minutes = about.pop("minutes", None)
    if item is None:
        item = create_item(kind=kind, teaches=teaches, by=by, at=at, **about)
    else:
        item = update_item(item=item, teaches=teaches, by=by, at=at, **about)
    new: list[str] = []
    made = item

    def store(upload: Any, role: str) -> tuple[str, str, float | None, list[Cue]]:
        row, checked = store_media(item=made, upload=upload, role=role, by=by, at=at)
        if row.created_at == at:
            new.append(str(row.file.name))
        return str(row.uuid), row.content_type, checked.seconds, checked.cues

    try:
        save_draft(item=item, body=compose(store), complete=rule, title=item.title, minutes=minutes, by=by, at=at)
    except BaseException:
        for name in new:
            default_storage.delete(name)
        raise
    return item


@transaction.atomic
def save_draft(
    *,
    item: ContentItem,
    body: Mapping[str, Any],
    by: User | None,
    at: datetime,
    complete: Mapping[str, Any] | None = None,
    title: str = "",
    minutes: int | None = None,
) -> ContentVersion:
    """Write the item's unpublished version (made when there is none); learners see nothing of it yet.

    `complete` is the completion rule; empty means the kind's own. Raises ValidationError by field when the body
    isn't one of its kind.
    """
    ContentItem.objects.select_for_update().get(pk=item.pk)  # one draft per item, whoever saves
    kind = kind_of(item.kind)
    cleaned = kind.clean_body(body)
    rule = kind.clean_rule(complete or {})
    draft = item.versions.filter(published_at=None).first()
    if draft is None:
        number = (item.versions.aggregate(last=Max("number"))["last"] or 0) + 1
        draft = ContentVersion(item=item, number=number, created_by=by, created_at=at)
    draft.title, draft.body, draft.complete = title.strip() or item.title, cleaned, rule
    draft.save()
    item.minutes = minutes or kind.minutes_of(cleaned)
    item.updated_at = at
    item.save(update_fields=["minutes", "updated_at"])
    return draft


@transaction.atomic
def publish_item(*, item: ContentItem, by: User | None, at: datetime) -> ContentVersion:
    """Freeze the draft as the version that learners get from now on; who has begun keeps the one they have.

    Raises ValidationError when there is nothing to publish.
    """
    item = ContentItem.objects.select_for_update().get(pk=item.pk)
    draft = item.versions.filter(published_at=None).first()
    if draft is None:
        raise ValidationError(_("Nothing has changed since the last version. Write something first."))
    draft.published_at = at
    draft.save(update_fields=["published_at"])
    item.current, item.state, item.title, item.updated_at = draft, ItemState.PUBLISHED, draft.title, at
    item.save(update_fields=["current", "state", "title", "updated_at"])
    _index(item, draft)
    record(ContentPublished(item_id=item.pk, version_id=draft.pk), by=by, at=at)
    return draft


@transaction.atomic
def discard_draft(*, item: ContentItem, by: User | None, at: datetime) -> None:
    """Throw the unpublished version away; the published one stays. Raises ValidationError without either."""
    if item.current_id is None:
        raise ValidationError(_("This was never published: there is no other version to go back to."))
    item.versions.filter(published_at=None).delete()


@transaction.atomic
def retire_item(*, item: ContentItem, by: User | None, at: datetime) -> None:
    """Take an item out of the library. Who has it in a journey keeps it; nothing anybody did is lost."""
    _move(item, {ItemState.PUBLISHED, ItemState.DRAFT}, ItemState.RETIRED, at, _("This is retired already."))


@transaction.atomic
def restore_item(*, item: ContentItem, by: User | None, at: datetime) -> None:
    """Bring a retired item back to where it was: published, or a draft that never was."""
    back = ItemState.PUBLISHED if item.current_id else ItemState.DRAFT
    _move(item, {ItemState.RETIRED}, back, at, _("This is not retired."))


def _move(item: ContentItem, states: set[Any], to: str, at: datetime, otherwise: str) -> None:
    moved = ContentItem.objects.filter(pk=item.pk, state__in=states).update(state=to, updated_at=at)
    if moved != 1:
        raise ValidationError(otherwise)
    item.state = to


def _unchecked(item: ContentItem) -> set[str]:
    """Fields that are not the author's. A catalogue may come without an owner; the manage list asks for one then."""
    return {"current", "search"} | (set() if item.owner_id else {"owner"})


def _slug_for(slug: str, title: str) -> str:
    """The slug as given, or the first free one made of the title."""
    if slug:
        if slug in RESERVED_SLUGS:
            raise ValidationError({"slug": _("This word is an address of ours. Choose another one.")})
        return slug
    base = slugify(title)[:100] or "item"
    taken = {*ContentItem.objects.filter(slug__startswith=base).values_list("slug", flat=True), *RESERVED_SLUGS}
    number, candidate = 1, base
    while candidate in taken:
        number += 1
        candidate = f"{base}-{number}"
    return candidate


def _clean_tags(tags: Sequence[str]) -> list[str]:
    cleaned = list(dict.fromkeys(" ".join(tag.lower().split()) for tag in tags if tag.strip()))
    if len(cleaned) > MAX_TAGS or any(len(tag) > 60 for tag in cleaned):
        raise ValidationError({"tags": _("At most %(n)d tags of up to 60 characters each.") % {"n": MAX_TAGS}})
    return cleaned


def _set_skills(item: ContentItem, teaches: Sequence[Teaches]) -> None:
    for one in teaches:
        if not 0 < one.level <= TOP_LEVEL or not 0 < one.weight <= 1:
            raise ValidationError({"teaches": _("Levels lie above 0 and up to %(top)d.") % {"top": TOP_LEVEL}})
    item.teaches.exclude(skill_id__in=[one.skill_id for one in teaches]).delete()
    ContentSkill.objects.bulk_create(
        [ContentSkill(item=item, skill_id=one.skill_id, level=one.level, weight=one.weight) for one in teaches],
        update_conflicts=True,
        unique_fields=["item", "skill"],
        update_fields=["level", "weight"],
    )


def _index(item: ContentItem, version: ContentVersion | None) -> None:
    """Keep the library's index in step with title, tags, summary and the published text."""
    text = kind_of(item.kind).text_of(version.body) if version else ""
    ContentItem.objects.filter(pk=item.pk).update(
        search=search.vector(title=item.title, tags=item.tags, summary=item.summary, text=text, language=item.language)
    )
