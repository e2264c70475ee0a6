"""What is taught live: templates with their agenda."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from lxp.people.models import User
from sessions.models import SessionTemplate, TemplateBlock

LONGEST = 24 * 60
"""Minutes. A longer event is several live sessions."""


@dataclass(frozen=True)
class Block:
    """One timed activity of an agenda: whole minutes; `core` ones must not be dropped on the day."""

    title: str
    minutes: int = 10
    kind: str = "talk"
    core: bool = True
    config: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def create_template(
    *,
    title: str,
    slug: str = "",
    description: str = "",
    minutes: int = 60,
    capacity: int = 24,
    min_people: int = 0,
    attended_share: float = 0.75,
    partial_share: float = 0.25,
    blocks: Sequence[Block] = (),
    by: User | None,
    at: datetime,
) -> SessionTemplate:
    """A new template. `minutes` is its length, shares are 0 to 1 of it. The slug comes from the title if not given.

    Raises ValidationError for a title without a slug of its own, sizes or shares that make no sense, or an
    agenda longer than the session.
    """
    template = SessionTemplate(
        slug=slug or _free_slug(title), title=title.strip(), description=description, minutes=minutes,
        capacity=capacity, min_people=min_people, attended_share=attended_share, partial_share=partial_share,
        owner=by, created_at=at,
    )  # fmt: skip
    _check(template, blocks)
    if SessionTemplate.objects.filter(slug=template.slug).exists():
        raise ValidationError({"slug": _("There is already a session template called “%s”.") % template.slug})
    template.save()
    _write_blocks(template, blocks)
    return template


@transaction.atomic
def update_template(
    *,
    template: SessionTemplate,
    title: str,
    description: str,
    minutes: int,
    capacity: int,
    min_people: int,
    attended_share: float,
    partial_share: float,
    blocks: Sequence[Block],
    by: User | None,
    at: datetime,
) -> SessionTemplate:
    """Change a template and its agenda. Sessions already scheduled keep the agenda and size they have.

    A part that keeps its title keeps its configuration, unless another is given.
    """
    template.title, template.description = title.strip(), description
    template.minutes, template.capacity, template.min_people = minutes, capacity, min_people
    template.attended_share, template.partial_share = attended_share, partial_share
    _check(template, blocks)
    template.save()
    configured = {block.title: block.config for block in template.blocks.all()}
    template.blocks.all().delete()
    _write_blocks(template, [replace(b, config=b.config or configured.get(b.title, {})) for b in blocks])
    return template


def _free_slug(title: str) -> str:
    """The title as a slug, numbered when it is taken."""
    base = slugify(title)[:110]
    if not base:
        raise ValidationError({"title": _("Give it a title with at least one letter or digit.")})
    taken = set(SessionTemplate.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{n}" for n in range(2, len(taken) + 3))
    return base if base not in taken else next(slug for slug in numbered if slug not in taken)


def _check(template: SessionTemplate, blocks: Sequence[Block]) -> None:
    errors = {}
    if not template.title:
        errors["title"] = _("Give it a title.")
    if not 1 <= template.minutes <= LONGEST:
        errors["minutes"] = _("Between 1 minute and 24 hours.")
    if template.capacity < 1:
        errors["capacity"] = _("At least one seat.")
    elif template.min_people > template.capacity:
        errors["min_people"] = _("That is more people than there are seats.")
    if not 0 < template.partial_share <= template.attended_share <= 1:
        errors["partial_share"] = _("Shares lie between 0 and 1, and “part of it” isn’t above “attended”.")
    planned = sum(block.minutes for block in blocks)
    if any(block.minutes < 1 or not block.title.strip() for block in blocks):
        errors["blocks"] = _("Every part of the agenda needs a title and at least one minute.")
    elif planned > template.minutes:
        errors["blocks"] = _("The agenda takes %(planned)d minutes, the session has %(minutes)d. Shorten a part.") % {
            "planned": planned, "minutes": template.minutes,
        }  # fmt: skip
    if errors:
        raise ValidationError(errors)


def _write_blocks(template: SessionTemplate, blocks: Sequence[Block]) -> None:
    TemplateBlock.objects.bulk_create(
        TemplateBlock(
            template=template, position=position, title=block.title.strip(), kind=block.kind,
            minutes=block.minutes, core=block.core, config=block.config,
        )
        for position, block in enumerate(blocks)
    )  # fmt: skip
