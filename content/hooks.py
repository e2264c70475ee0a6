"""What upper floors plug in: where an item stands for a learner, and where it is used. Content knows nothing of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from content.models import ContentItem

ContextHook = Callable[[UUID, ContentItem], "dict[str, Any] | None"]
UsageHook = Callable[[Iterable[int]], Mapping[int, int]]

_contexts: list[ContextHook] = []
_usages: list[UsageHook] = []


@dataclass(frozen=True)
class PlayerContext:
    """Where an item stands for one learner: the names a hook's dict may use, and what is missing means.

    `learner_id` says whose registration it is: anybody else gets 404. `version_id` pins an edition, `complete` is the
    step's own completion rule, `state` is the assignment's ("planned" is not open yet). `stops` are for the line.
    """

    learner_id: int
    journey: str = ""
    title: str = ""
    why: str = ""
    state: str = ""
    due_at: datetime | None = None
    opens_at: datetime | None = None
    back: str = ""
    next: str = ""
    next_title: str = ""
    next_minutes: int = 0
    version_id: int | None = None
    complete: dict[str, Any] = field(default_factory=dict)
    stops: list[dict[str, Any]] = field(default_factory=list)
    stops_label: str = ""


def register_player_context(hook: ContextHook) -> ContextHook:
    """Decorator: `hook(registration, item)` gives PlayerContext's fields as a dict, or None for what it doesn't know."""
    _contexts.append(hook)
    return hook


def register_usage(hook: UsageHook) -> UsageHook:
    """Decorator: `hook(item_ids)` gives the number of uses by item id, in one query."""
    _usages.append(hook)
    return hook


def player_context(registration: UUID, item: ContentItem) -> PlayerContext | None:
    """Where `item` stands in the enrolment `registration`; None when nobody knows it. Costs what the hooks cost."""
    for hook in _contexts:
        if (found := hook(registration, item)) is not None:
            return PlayerContext(**found)
    return None


def usage_of(item_ids: Iterable[int]) -> Counter[int]:
    """How often each item is used above. One query per hook."""
    ids, total = list(item_ids), Counter[int]()
    for hook in _usages:
        total.update(hook(ids))
    return total
