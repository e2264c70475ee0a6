"""What people have been told already, for planners that must say what is new: "moved from 10:00 to 15:00"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

from lxp.messaging.models import NO_LONGER_NEEDED, Message, State


def last_told(
    scopes: Collection[str], kinds: Collection[str], *, until: Mapping[str, datetime] | None = None
) -> dict[str, Message]:
    """The latest message of `kinds` that went out in each of `scopes`; scopes without one are left out. One query.

    `until` gives the moment of a scope after which what went out doesn't count.
    """
    until = until or {}
    rows = Message.objects.filter(scope__in=list(scopes), kind__in=list(kinds), sent_at__isnull=False)
    return {
        message.scope: message
        for message in rows.order_by("sent_at", "pk")
        if message.scope not in until or message.sent_at <= until[message.scope]
    }


def sent_suffixes(scopes: Collection[str]) -> dict[str, set[str]]:
    """What has gone out or was settled otherwise, by scope, as "suffix|about" (about: ISO moment or ""). One query."""
    found: dict[str, set[str]] = {}
    rows = Message.objects.filter(scope__in=list(scopes)).exclude(state=State.PLANNED)
    # What was suppressed because the plan no longer held it may be promised again; it has not been said.
    rows = rows.exclude(state=State.SUPPRESSED, attempts=0, sent_at=None, because=NO_LONGER_NEEDED)
    for scope, suffix, about in rows.values_list("scope", "suffix", "about_at"):
        found.setdefault(scope, set()).add(f"{suffix}|{about.isoformat() if about else ''}")
    return found


def nudges_since(since: Mapping[str, datetime]) -> dict[str, int]:
    """How many nudges went out in each scope after its moment; scopes without any are left out. One query."""
    if not since:
        return {}
    rows = Message.objects.filter(
        scope__in=list(since), category="nudge", sent_at__gt=min(since.values())
    ).values_list("scope", "sent_at")
    return Counter(scope for scope, sent_at in rows if sent_at > since[scope])
