"""The messages of recommendations: the weekly suggestions, and nudges that somebody asks for by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from content.kinds import kind_of
from journeys.line import title_of
from journeys.links import step_url
from journeys.models import Assignment
from lxp.messaging.models import Message
from lxp.messaging.registry import register_kind
from lxp.people.models import User
from recommendations.models import Recommendation
from recommendations.queries import KIND_NUDGE, KIND_WEEKLY, enrolment_id_of, shown_to_many, spoken_of

MOST_STEPS = 3
"""Steps a nudge names: more would be a list, not a next step."""


# ---------------------------------------------------------------- once a week


def weekly_context(messages: Sequence[Message]) -> Mapping[int, Mapping[str, Any]]:
    """Up to three items with their reasons, as they stand now. One query for any number of messages."""
    shown = shown_to_many({message.recipient_id for message in messages})
    return {
        message.pk: {
            "rows": [_suggestion(row) for row in shown[message.recipient_id]],
            "minutes": sum(row.item.minutes for row in shown[message.recipient_id]),
            "url": reverse("insights:skills"),
            "action": _("See what else would help"),
        }
        for message in messages
        if message.recipient_id in shown
    }


def weekly_not_worth_sending(messages: Sequence[Message], at: datetime) -> Mapping[int, str]:
    """Nothing to suggest any more. One query."""
    shown = shown_to_many({message.recipient_id for message in messages})
    return {
        message.pk: "There is nothing to suggest any more." for message in messages if message.recipient_id not in shown
    }


def _suggestion(row: Recommendation) -> dict[str, Any]:
    return {
        "row": row,
        "title": row.item.title,
        "kind": kind_of(row.item.kind).label,
        "minutes": row.item.minutes,
        "url": reverse("content:play", args=[row.item.slug]),
    }


# ---------------------------------------------------------------- by hand


def nudge_context(messages: Sequence[Message]) -> Mapping[int, Mapping[str, Any]]:
    """Who asks, and the next open steps or the session to choose. Three queries for any number of messages."""
    work = _work_of(messages)
    senders = User.objects.in_bulk({message.params["by"] for message in messages})
    found = {}
    for message in messages:
        steps, sender = work.get(message.pk, [])[:MOST_STEPS], senders.get(message.params["by"])
        if not steps or sender is None:
            continue
        journey = steps[0].enrolment.cohort.journey
        found[message.pk] = {
            "sender": sender,
            "journey": journey,
            "steps": [_step(step) for step in steps],
            "url": step_url(steps[0]),
        }
    return found


def nudge_not_worth_sending(messages: Sequence[Message], at: datetime) -> Mapping[int, str]:
    """What it would remind of is done. Two queries."""
    work = _work_of(messages)
    return {message.pk: "There is nothing left to do." for message in messages if not work.get(message.pk)}


def _work_of(messages: Sequence[Message]) -> dict[int, list[Assignment]]:
    found: dict[int, list[Assignment]] = {}
    for live in (False, True):
        mine = {m.pk: enrolment_id_of(m) for m in messages if bool(m.params.get("live")) == live}
        work = spoken_of(set(mine.values()), live=live) if mine else {}
        found |= {pk: work.get(enrolment_id, []) for pk, enrolment_id in mine.items()}
    return found


def _step(step: Assignment) -> dict[str, Any]:
    return {
        "title": title_of(step),
        "minutes": step.step.minutes if step.step else step.item.minutes if step.item else 0,
        "due_at": step.due_at if step.item else None,
        "starts_at": step.session.starts_at if step.session else None,
        "url": step_url(step),
    }


register_kind(KIND_WEEKLY, context=weekly_context, relevant=weekly_not_worth_sending)
register_kind(KIND_NUDGE, context=nudge_context, relevant=nudge_not_worth_sending)
