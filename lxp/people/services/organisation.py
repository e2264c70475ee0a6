"""The organisation itself: its name and quiet hours, days off, teams and job roles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from lxp.events import record
from lxp.people import queries, zones
from lxp.people.events import OrganisationChanged
from lxp.people.models import Holiday, JobRole, Organisation, Team, User

SETTINGS = ("name", "brand", "zone", "mail_from", "quiet_from", "quiet_until")


@transaction.atomic
def update_organisation(
    *, organisation: Organisation, changes: Mapping[str, Any], by: User | None, at: datetime
) -> list[str]:
    """Change some of the organisation's SETTINGS. Returns the names of those that are different now.

    Quiet hours hold for everybody who has none of their own, from the next message on. Raises ValidationError.
    """
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    changed = [key for key in SETTINGS if key in changes and getattr(locked, key) != changes[key]]
    for key in changed:
        setattr(locked, key, changes[key])
    if not zones.is_zone(locked.zone):
        raise ValidationError({"zone": _("Give the name of a time zone, such as Europe/Lisbon.")})
    locked.full_clean(exclude=["slug"], validate_unique=False, validate_constraints=False)
    if changed:
        locked.save(update_fields=changed)
        record(OrganisationChanged(changed=changed), by=by, at=at)
        for key in changed:
            setattr(organisation, key, getattr(locked, key))
    return changed


@transaction.atomic
def add_holiday(*, day: date, name: str, zone: str, by: User | None, at: datetime) -> Holiday:
    """A day on which nobody in `zone` (everybody when empty) is reminded of anything. Raises ValidationError."""
    if zone and not zones.is_zone(zone):
        raise ValidationError({"zone": _("Give the name of a time zone, or nothing for everybody.")})
    text = _clean_name(name, 120)
    made, created = Holiday.objects.get_or_create(day=day, zone=zone, defaults={"name": text})
    if not created:
        raise ValidationError({"day": _("This day is off already: %(name)s.") % {"name": made.name}})
    record(OrganisationChanged(changed=["holidays"]), by=by, at=at)
    return made


@transaction.atomic
def remove_holiday(*, holiday: Holiday, by: User | None, at: datetime) -> None:
    """An ordinary day again."""
    holiday.delete()
    record(OrganisationChanged(changed=["holidays"]), by=by, at=at)


@transaction.atomic
def create_team(*, name: str, by: User | None, at: datetime, slug: str = "", parent: Team | None = None) -> Team:
    """A new unit under `parent` (or at the top). The slug comes from the name unless given. Raises ValidationError."""
    text = _clean_name(name, 120)
    slug = _clean_code(slug or slugify(text)[:120], "slug")
    if Team.objects.filter(slug=slug).exists():
        raise ValidationError(
            {"slug": _("Another team is called “%(slug)s”. Give another name or slug.") % {"slug": slug}}
        )
    made = Team.objects.create(name=text, slug=slug, parent=parent)
    record(OrganisationChanged(changed=["teams"]), by=by, at=at)
    return made


@transaction.atomic
def update_team(*, team: Team, changes: Mapping[str, Any], by: User | None, at: datetime) -> list[str]:
    """Rename a team or move it under another `parent`. Returns what is different now. Raises ValidationError."""
    wanted = dict(changes)
    if "name" in wanted:
        wanted["name"] = _clean_name(wanted["name"], 120)
    parent = wanted.get("parent")
    if parent is not None and parent.slug in queries.known_teams().below([team.slug]):
        raise ValidationError({"parent": _("A team can’t stand under itself.")})
    changed: list[str] = [key for key in ("name", "parent") if key in wanted and getattr(team, key) != wanted[key]]
    for key in changed:
        setattr(team, key, wanted[key])
    if changed:
        team.save(update_fields=changed)
        record(OrganisationChanged(changed=["teams"]), by=by, at=at)
    return changed


@transaction.atomic
def create_job_role(*, code: str, name: str, by: User | None, at: datetime, description: str = "") -> JobRole:
    """What somebody can be by trade. `code` is what files and rules say. Raises ValidationError by field."""
    text, code = _clean_name(name, 200), _clean_code(code, "code")
    if JobRole.objects.filter(code=code).exists():
        raise ValidationError({"code": _("Another job role has this code.")})
    made = JobRole.objects.create(code=code, name=text, description=description.replace("\x00", ""))
    record(OrganisationChanged(changed=["job_roles"]), by=by, at=at)
    return made


def _clean_name(name: str, longest: int) -> str:
    text = " ".join(name.replace("\x00", "").split())
    if not 0 < len(text) <= longest:
        raise ValidationError({"name": _("Give a name of at most %(most)d characters.") % {"most": longest}})
    return text


def _clean_code(code: str, field: str) -> str:
    try:
        validate_slug(code)
    except ValidationError:
        raise ValidationError({field: _("Letters, digits, - and _ only.")}) from None
    return code
