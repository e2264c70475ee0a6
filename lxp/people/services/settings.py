"""What people choose for themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from lxp.events import record
from lxp.people import queries
from lxp.people.events import PersonChanged
from lxp.people.models import Theme, User
from lxp.people.services.people import clean_value
from lxp.tenancy import scope

SETTINGS = ("name", "zone", "locale", "theme", "work_start", "work_end", "work_days", "quiet_from", "quiet_until")


@transaction.atomic
def update_settings(*, user: User, changes: Mapping[str, Any], by: User | None, at: datetime) -> list[str]:
    """Change some of one's SETTINGS. Returns the names of those that are different now.

    `zone` is an IANA name, `work_days` ISO weekdays, the times are wall-clock in that zone; quiet hours go both or
    neither (None: the organisation's). Every organisation the person works in hears of it, because reminders of all
    of them follow the zone. Raises ValidationError by field.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    wanted = {**{key: getattr(locked, key) for key in SETTINGS}, **_known_only(changes)}
    cleaned = _clean(wanted)
    changed = [key for key in SETTINGS if getattr(locked, key) != cleaned[key]]
    if not changed:
        return []
    for key in changed:
        setattr(locked, key, cleaned[key])
        setattr(user, key, cleaned[key])
    locked.save(update_fields=changed)
    for organisation in queries.organisations_of(user):
        with scope(organisation):
            record(PersonChanged(user_id=user.pk, changed=changed), by=by, at=at)
    return changed


def set_theme(*, user: User, theme: str, by: User | None, at: datetime) -> list[str]:
    """Light, dark, or as the device is; see `update_settings`."""
    return update_settings(user=user, changes={"theme": theme}, by=by, at=at)


def _known_only(changes: Mapping[str, Any]) -> Mapping[str, Any]:
    if unknown := set(changes) - set(SETTINGS):
        raise ValidationError({name: _("There is no such setting.") for name in unknown})
    return changes


def _clean(wanted: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = dict(wanted)
    for key in ("name", "zone", "locale"):
        cleaned[key] = clean_value(key, wanted[key])
    if wanted["theme"] not in Theme.values:
        raise ValidationError({"theme": _("Choose light, dark, or as the device.")})
    cleaned["work_days"] = _weekdays(wanted["work_days"])
    if not _minutes(wanted["work_start"]) < _minutes(wanted["work_end"]):
        raise ValidationError({"work_end": _("The working day has to end after it starts.")})
    if (wanted["quiet_from"] is None) != (wanted["quiet_until"] is None):
        missing = "quiet_from" if wanted["quiet_from"] is None else "quiet_until"
        raise ValidationError({missing: _("Give both, or leave both empty for the organisation’s quiet hours.")})
    return cleaned


def _weekdays(days: Collection[int]) -> list[int]:
    if not set(days) <= set(range(1, 8)):
        raise ValidationError({"work_days": _("Weekdays are numbered 1 (Monday) to 7.")})
    return sorted(set(days))


def _minutes(clock: time | str) -> int:
    # A model's default is still text until the row is read again.
    shown = time.fromisoformat(clock) if isinstance(clock, str) else clock
    return shown.hour * 60 + shown.minute
