"""Who may book what, as upper layers see it: they register checks, live sessions ask them.

A live session by itself is offered to nobody. What offers it (a journey's cohort, later a catalogue)
registers a check and answers for many sessions at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

OfferCheck = Callable[[Any, Collection[int]], Collection[int]]
"""`(user, session ids) -> those of the ids that are offered to the user`; a fixed number of queries."""

_checks: list[OfferCheck] = []


def register_offer_check(check: OfferCheck) -> OfferCheck:
    """Add a check; also usable as a decorator. Registering it again changes nothing."""
    if check not in _checks:
        _checks.append(check)
    return check


def offered(user: Any, session_ids: Collection[int]) -> set[int]:
    """Those of `session_ids` that somebody offers to `user`. As many queries as the checks make."""
    wanted = set(session_ids)
    found: set[int] = set()
    for check in _checks:
        if remaining := wanted - found:
            found.update(check(user, remaining))
    return found & wanted
