"""PURE: which time zones people may live in, and how to find one's own in the list."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

_NOT_A_PLACE = frozenset({"Factory", "localtime", "posixrules"})


@cache
def names() -> frozenset[str]:
    """Every IANA zone name that this machine's data knows, without the entries that are no place."""
    return frozenset(
        name
        for name in zoneinfo.available_timezones()
        if name not in _NOT_A_PLACE and not name.startswith(("posix/", "right/"))
    )


def is_zone(name: str) -> bool:
    """Whether `name` is exactly an IANA zone name ("Europe/Lisbon"); offsets and abbreviations aren't."""
    return name in names()


@cache
def listed() -> tuple[str, ...]:
    """The names to offer: Area/Place and UTC, without the many old aliases of whole countries."""
    return (
        "UTC",
        *sorted(name for name in names() if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))),
    )


def resolve(text: str) -> str | None:
    """The zone somebody means by "europe/lisbon", "Lisbon" or "new york"; None when that is none or several."""
    wanted = text.strip().replace(" ", "_").casefold()
    if not wanted:
        return None
    exact = [name for name in names() if name.casefold() == wanted]
    if exact:
        return exact[0]
    places = [name for name in listed() if name.rpartition("/")[2].casefold() == wanted]
    return places[0] if len(places) == 1 else None


def offset_text(name: str, at: datetime) -> str:
    """How far the zone is from UTC at `at` (aware): "UTC+5:45", "UTC−3", "UTC"."""
    offset = at.astimezone(ZoneInfo(name)).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"
