"""Checks that bodies and rules of several kinds share. Each raises ValidationError that says what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_TEXT = 200_000
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def text(body: Mapping[str, Any], name: str, *, required: bool = False, limit: int = MAX_TEXT) -> str:
    """A string of the body, without surrounding space and control characters."""
    value = body.get(name, "")
    if not isinstance(value, str):
        raise ValidationError({name: _("This must be text.")})
    value = "".join(sign for sign in value.replace("\r\n", "\n") if sign >= " " or sign in "\n\t").strip()
    if required and not value:
        raise ValidationError({name: _("Write something here.")})
    if len(value) > limit:
        raise ValidationError(
            {name: _("This has %(has)d characters; shorten it to %(limit)d.") % {"has": len(value), "limit": limit}}
        )
    return value


def rows(body: Mapping[str, Any], name: str, *, limit: int) -> list[Mapping[str, Any]]:
    """A list of objects of the body."""
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise ValidationError({name: _("This must be a list.")})
    if len(value) > limit:
        raise ValidationError({name: _("At most %(limit)d are possible here.") % {"limit": limit}})
    return value


def keys(given: list[Mapping[str, Any]], prefix: str) -> list[str]:
    """A key for each row: its own where that is proper and free, else the next free one such as "q3".

    Keys stay with their rows across versions, so that answers given before can be compared.
    """
    found: list[str] = []
    for row in given:
        own = str(row.get("key", ""))
        found.append(own if _KEY.fullmatch(own) and own not in found else "")
    taken, number = set(found), 0
    for index, key in enumerate(found):
        while not key:
            number += 1
            candidate = f"{prefix}{number}"
            key = candidate if candidate not in taken else ""
        found[index] = key
        taken.add(key)
    return found


def share(value: Any) -> float:
    """A number above 0 and up to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValidationError(_("Give a share above 0% and up to 100%."))
    return float(value)


def count(limit: int) -> Callable[[Any], int]:
    """A whole number from 0 to `limit`."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
            raise ValidationError(_("Give a whole number from 0 to %(limit)d.") % {"limit": limit})
        return value

    return check


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValidationError(_("Say true or false."))
    return value


def rule(given: Mapping[str, Any], known: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The conditions of a completion rule, each checked by `known`; ValidationError for one that isn't there."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValidationError(
            _("“%(name)s” is not a way to finish this. Known: %(known)s.")
            % {"name": unknown[0], "known": ", ".join(sorted(known))}
        )
    return {name: known[name](value) for name, value in given.items()}
