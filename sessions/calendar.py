"""What else stands in a learner's calendar besides live sessions, as upper layers know it: they register."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class CalendarEntry:
    """Something due at `at` (aware UTC): its title, where it leads, minutes it takes, whether it is done."""

    at: datetime
    title: str
    url: str
    minutes: int = 0
    done: bool = False


Source = Callable[[Any, datetime, datetime], Iterable[CalendarEntry]]
"""`(user, since, until) -> entries`, in a fixed number of queries."""

_sources: list[Source] = []


def register(source: Source) -> Source:
    """Add a source; also usable as a decorator. Registering it again changes nothing."""
    if source not in _sources:
        _sources.append(source)
    return source


def entries_of(user: Any, since: datetime, until: datetime) -> list[CalendarEntry]:
    """What every source has for `user` between two moments, soonest first."""
    found = [entry for source in _sources for entry in source(user, since, until)]
    return sorted(found, key=lambda entry: (entry.at, entry.title))
