"""Audiences: named rules over the organisation's people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import slug_re
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from lxp.events import record
from lxp.people import audience as rule_tree
from lxp.people import queries
from lxp.people.events import AudienceChanged
from lxp.people.models import Audience, User

LONGEST_NAME = 150
RESERVED = {"new", "reach"}
"""Addresses beside those of the audiences."""


@transaction.atomic
def create_audience(*, name: str, rule: Mapping[str, Any], by: User | None, at: datetime, slug: str = "") -> Audience:
    """A new audience. Its slug comes from the name unless given. Raises ValidationError by field (name, slug, rule)."""
    cleaned = _clean_name(name)
    if slug in RESERVED or (slug and not _is_slug(slug)):
        raise ValidationError({"slug": _("Letters, digits, - and _ only, and not a word of ours such as “new”.")})
    if slug and Audience.objects.filter(slug=slug).exists():
        raise ValidationError({"slug": _("Another audience has this slug.")})
    made = Audience.objects.create(
        name=cleaned, slug=slug or _free_slug(cleaned), rule=rule_tree.clean(rule, queries.known()),
        created_by=by, created_at=at,
    )  # fmt: skip
    record(AudienceChanged(audience_id=made.pk), by=by, at=at)
    return made


@transaction.atomic
def update_audience(
    *, audience: Audience, by: User | None, at: datetime, name: str | None = None, rule: Mapping[str, Any] | None = None
) -> bool:
    """Change name or rule (None leaves it). Returns whether the rule is another one now.

    Raises ValidationError by field.
    """
    locked = Audience.objects.select_for_update().get(pk=audience.pk)
    if name is not None:
        locked.name = _clean_name(name)
    differs = rule is not None and rule != locked.rule
    if rule is not None and differs:
        locked.rule = rule_tree.clean(rule, queries.known())
    locked.save(update_fields=["name", "rule"])
    if differs:
        record(AudienceChanged(audience_id=locked.pk), by=by, at=at)
    audience.name, audience.rule = locked.name, locked.rule
    return differs


def _clean_name(name: str) -> str:
    text = " ".join(name.replace("\x00", "").split())
    if not 0 < len(text) <= LONGEST_NAME:
        raise ValidationError({"name": _("Give a name of at most %(most)d characters.") % {"most": LONGEST_NAME}})
    return text


def _free_slug(name: str) -> str:
    """The name as a slug, numbered when another audience has it."""
    base = slugify(name)[:140] or "audience"
    taken = RESERVED | set(Audience.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in _numbered(base, len(taken) + 1) if slug not in taken)


def _numbered(base: str, most: int) -> list[str]:
    return [base, *(f"{base}-{number}" for number in range(2, most + 2))]


def _is_slug(text: str) -> bool:
    return bool(slug_re.match(text)) and len(text) <= LONGEST_NAME
