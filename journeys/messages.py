"""The messages of a journey: what they are filled with, and when they have become pointless."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse

from content.models import ContentItem
from journeys import reminding
from journeys.links import step_url
from journeys.models import Assignment, Enrolment
from journeys.plan_messages import pointless
from lxp.messaging.models import Message
from lxp.messaging.registry import register_kind

LAST = 1_000_000
"""The place of an assignment without a step: behind all that have one."""

UNFINISHED = (Assignment.State.OPEN, Assignment.State.PLANNED)


def enrolment_id_of(message: Message) -> int:
    """The enrolment a message is planned for: its scope is `enrolment:<id>`."""
    return int(message.scope.removeprefix("enrolment:"))


def context_of(messages: Sequence[Message]) -> Mapping[int, Mapping[str, Any]]:
    """Journey, cohort and the steps each message speaks of. Seven queries for any number of messages."""
    enrolments, assignments = _load(messages)
    found = {}
    for message in messages:
        enrolment = enrolments.get(enrolment_id_of(message))
        if enrolment is None:
            continue
        steps = [_step(a) for a in _spoken_of(message, assignments[enrolment.pk])]
        journey = enrolment.cohort.journey
        path = reverse("journeys:journey", args=[journey.slug])
        found[message.pk] = {
            "journey": journey,
            "cohort": enrolment.cohort,
            "steps": steps,
            "minutes": sum(step["minutes"] for step in steps),
            "live": next((a for a in assignments[enrolment.pk] if a.key == message.params.get("live")), None),
            "due_at": min((s["due_at"] for s in steps if s["due_at"]), default=None),
            "url": steps[0]["url"] if len(steps) == 1 else path,
        }
    return found


def not_worth_sending(messages: Sequence[Message], at: datetime) -> Mapping[int, str]:
    """Why a message need not go out any more, read from the present state. Seven queries for any number of them."""
    enrolments, assignments = _load(messages)
    reasons = {}
    for message in messages:
        enrolment = enrolments.get(enrolment_id_of(message))
        if reason := _pointless(message, enrolment, assignments, at):
            reasons[message.pk] = reason
    return reasons


def _pointless(
    message: Message, enrolment: Enrolment | None, assignments: Mapping[int, list[Assignment]], at: datetime
) -> str:
    if enrolment is None or enrolment.state == Enrolment.State.WITHDRAWN:
        return "They are not in this journey any more."
    mine = _spoken_of(message, assignments[enrolment.pk], everything=True)
    return pointless(message.kind, mine, message.due_at, at, message.about_at)


def _load(messages: Sequence[Message]) -> tuple[dict[int, Enrolment], dict[int, list[Assignment]]]:
    """Their enrolments, and of the assignments those that any of them speaks of, in the order of the steps.

    Steps, items and sessions are few and shared, so each is made once and not for every assignment.
    """
    ids = {enrolment_id_of(message) for message in messages}
    enrolments = Enrolment.objects.prefetch_related("cohort__journey").in_bulk(ids)
    rows = (
        Assignment.objects.filter(enrolment_id__in=ids, key__in={key for m in messages for key in _keys(m)})
        .prefetch_related("step", Prefetch("item", ContentItem.objects.defer("search")), "session")
        .order_by("pk")
    )
    assignments: dict[int, list[Assignment]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.step.position if row.step else LAST):
        row.enrolment = enrolments[row.enrolment_id]
        assignments[row.enrolment_id].append(row)
    return enrolments, assignments


def _keys(message: Message) -> list[str]:
    live = message.params.get("live")
    return [*message.params.get("keys", ()), *([live] if live else [])]


def _spoken_of(message: Message, mine: Sequence[Assignment], *, everything: bool = False) -> list[Assignment]:
    keys = set(message.params.get("keys", ()))
    return [a for a in mine if a.key in keys and (everything or a.state in UNFINISHED)]


def _step(a: Assignment) -> dict[str, Any]:
    return {
        "title": a.step.title if a.step else a.item.title if a.item else "",
        "why": a.step.why if a.step else "",
        "minutes": a.step.minutes if a.step else a.item.minutes if a.item else 0,
        "due_at": a.due_at,
        "url": step_url(a),
    }


for _kind in (
    "welcome", "opened", "refresher", "reminder", "overdue", "choose_session", "not_ready", "apply", "slipping",
    "completed",
):  # fmt: skip
    register_kind(f"journeys.{_kind}", context=context_of, relevant=not_worth_sending)


def context_of_wish(messages: Sequence[Message]) -> Mapping[int, Mapping[str, Any]]:
    """The step somebody asked to be reminded of. One query."""
    wished = _wished(messages)
    return {
        message.pk: {"journey": a.enrolment.cohort.journey, "steps": [_step(a)], "url": step_url(a)}
        for message in messages
        if (a := wished.get(message.subject_id or 0))
    }


def wish_fulfilled(messages: Sequence[Message], at: datetime) -> Mapping[int, str]:
    """Why a reminder somebody set need not go out any more. One query."""
    wished = _wished(messages)
    return {
        message.pk: "The step is finished, or gone."
        for message in messages
        if (a := wished.get(message.subject_id or 0)) is None or a.state != Assignment.State.OPEN
    }


def _wished(messages: Sequence[Message]) -> dict[int, Assignment]:
    rows = Assignment.objects.select_related("step", "item", "session", "enrolment__cohort__journey")
    return rows.in_bulk({message.subject_id for message in messages if message.subject_id})


register_kind(reminding.KIND, context=context_of_wish, relevant=wish_fulfilled)
