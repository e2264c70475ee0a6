"""What people have been told already, for planners that must say what is new: "moved from 10:00 to 15:00"."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Max

from lxp.messaging.categories import CATEGORIES, NUDGE
from lxp.messaging.models import NO_LONGER_NEEDED, Message, Preference, State
from lxp.messaging.plan import PlannedMessage


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
        found.setdefault(scope, set()).add(name_of(suffix, about))
    return found


def nudges_since(since: Mapping[str, datetime]) -> dict[str, list[str]]:
    """The nudges that went out in each scope after its moment, oldest first, as "suffix|about"; one query.

    Scopes without any are left out.
    """
    if not since:
        return {}
    rows = Message.objects.filter(scope__in=list(since), category=NUDGE, sent_at__gt=min(since.values()))
    found: dict[str, list[str]] = {}
    for scope, suffix, about, sent_at in rows.order_by("sent_at", "pk").values_list(
        "scope", "suffix", "about_at", "sent_at"
    ):
        if sent_at > since[scope]:
            found.setdefault(scope, []).append(name_of(suffix, about))
    return found


def last_nudges(recipient_ids: Collection[int]) -> dict[int, datetime]:
    """When each of these people was last nudged, about whatever; who never was is left out. One query."""
    rows = Message.objects.filter(category=NUDGE, recipient_id__in=list(recipient_ids), sent_at__isnull=False)
    return dict(rows.values_list("recipient_id").annotate(last=Max("sent_at")).order_by())


def choices_of(user_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """What holds for each person in every category: their choice, else the default. One query."""
    defaults = {key: str(known.default) for key, known in CATEGORIES.items()}
    found = {pk: dict(defaults) for pk in user_ids}
    for pk, category, choice in Preference.objects.filter(user_id__in=list(user_ids)).values_list(
        "user_id", "category", "choice"
    ):
        found[pk][category] = choice
    return found


def waiting(scopes: Collection[str], *, besides: Collection[str]) -> dict[str, list[PlannedMessage]]:
    """What is promised in these scopes and not sent yet, other than the kinds `besides`, soonest first. One query."""
    found: dict[str, list[PlannedMessage]] = {}
    rows = Message.objects.filter(scope__in=list(scopes), state=State.PLANNED).exclude(kind__in=list(besides))
    for row in rows.order_by("due_at", "pk"):
        planned = PlannedMessage(
            suffix=row.suffix, kind=row.kind, category=row.category, due_at=row.due_at, reason=row.reason,
            channel=row.channel, about_at=row.about_at, subject_id=row.subject_id, mandatory=row.mandatory,
            params=row.params,
        )  # fmt: skip
        found.setdefault(row.scope, []).append(planned)
    return found


def name_of(suffix: str, about: datetime | None) -> str:
    """What tells a promise from the others of its scope: "suffix|about" (ISO moment or "")."""
    return f"{suffix}|{about.isoformat() if about else ''}"
