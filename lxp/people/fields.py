"""What each fact about a person must look like, wherever it comes from: forms, files, REST. Asks no database."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from lxp.people import zones
from lxp.people.models import Role, User

ACCOUNT_FIELDS = ("name", "email", "zone", "locale")
"""What belongs to the person's account, which other organisations may share."""

LONGEST_TEXT = 300

MEMBER_FIELDS = ("team", "manager", "job_role", "roles", "external_id", "place", "hired_on", "attributes")
"""What the organisation knows about a person."""


def clean_value(key: str, value: Any) -> Any:
    """One field's value as it is stored. Raises ValidationError on that field."""
    try:
        return _CLEANERS[key](value)
    except ValidationError as error:
        raise ValidationError({key: error.messages}) from None


def _text(longest: int, *, required: bool = False) -> Callable[[Any], str]:
    def clean(value: Any) -> str:
        text = " ".join(str(value or "").replace("\x00", "").split())
        if required and not text:
            raise ValidationError(_("This is needed."))
        if len(text) > longest:
            raise ValidationError(_("At most %(most)d characters.") % {"most": longest})
        return text

    return clean


def _email(value: Any) -> str:
    text = str(value or "").strip()
    validate_email(text)
    return User.objects.normalize_email(text)


def _zone(value: Any) -> str:
    if not zones.is_zone(str(value)):
        raise ValidationError(
            _("“%(zone)s” is no time zone. Give a name such as Europe/Lisbon.") % {"zone": str(value)[:60]}
        )
    return str(value)


def _locale(value: Any) -> str:
    if value not in dict(settings.LANGUAGES):
        known = ", ".join(code for code, _label in settings.LANGUAGES)
        raise ValidationError(
            _("“%(code)s” is not a language we have: %(known)s.") % {"code": str(value)[:20], "known": known}
        )
    return str(value)


def _roles(value: Any) -> list[str]:
    wanted = set(value or [])
    if strange := wanted - set(Role.values):
        raise ValidationError(_("No such role: %(roles)s. There is: %(known)s.") % {
            "roles": ", ".join(sorted(map(str, strange)))[:100], "known": ", ".join(Role.values)})  # fmt: skip
    if not wanted:
        raise ValidationError(_("Give at least one role."))
    return [role for role in Role.values if role in wanted]


def _attributes(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or len(value) > 50:
        raise ValidationError(_("Attributes are at most 50 named values."))
    for name, one in value.items():
        if not _is_plain(name) or not name or not (_is_plain(one) if isinstance(one, str) else _is_simple(one)):
            raise ValidationError(
                _("%(name)s: a text of at most %(most)d characters, a number, true or false.")
                % {"name": str(name)[:60], "most": LONGEST_TEXT}
            )
    return dict(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and "\x00" not in value


def _is_simple(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def _day(value: Any) -> date | None:
    """A date, or ISO text of one ("2026-03-02"); nothing is no date."""
    if value is None or value == "":
        return None
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise ValidationError(_("“%(day)s” is no day. Write it like 2026-03-02.") % {"day": str(value)[:30]}) from None


def _as_given(value: Any) -> Any:
    return value


_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "email": _email, "name": _text(150, required=True), "zone": _zone, "locale": _locale,
    "team": _as_given, "manager": _as_given, "job_role": _as_given, "hired_on": _day,
    "roles": _roles, "external_id": _text(120), "place": _text(120), "attributes": _attributes,
}  # fmt: skip
