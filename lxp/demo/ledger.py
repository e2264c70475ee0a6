"""The past of the ledger: what went out before today stands there as sent at its time, with the words it had.

Nothing of it is mailed. Each message is written by its own template, with the context its own app gives.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from journeys.facts import Member
from journeys.plan_messages import KINDS
from lxp.demo.cohorts import Run
from lxp.demo.organisation import Day
from lxp.demo.stories import Promise
from lxp.messaging.models import Message, State
from lxp.messaging.plan import next_allowed
from lxp.messaging.registry import kind_named
from lxp.messaging.rendering import write
from lxp.messaging.times import person_times
from lxp.people import queries as people
from lxp.people.models import Organisation, User

READ_WITHIN = timedelta(days=3)
"""What is older than this has been read."""


def past_messages(run: Run, promises: Sequence[tuple[Member, Promise]], day: Day) -> list[Message]:
    """Every message that a cohort's people were promised and that is settled by now, with its words where it went out.

    To be called while the steps are still unfinished in the database: that is what the messages spoke of.
    """
    found = [*_about_bookings(run, day), *(_row(member, promise) for member, promise in promises)]
    for number, message in enumerate(found, start=1):
        if message.pk is None:
            message.pk = -number  # only to tell them apart until they are written
    _write_words([message for message in found if message.sent_at])
    return found


def _about_bookings(run: Run, day: Day) -> Iterator[Message]:
    """Welcomes, and what live sessions told: promised by their services, and due since."""
    scopes = [f"enrolment:{pk}" for pk in run.cohort.enrolments.values_list("pk", flat=True)]
    for sessions in run.sessions.values():
        for session in sessions:
            scopes += [f"booking:{pk}" for pk in session.bookings.values_list("pk", flat=True)]
    due = Message.objects.filter(scope__in=scopes, state=State.PLANNED, due_at__lte=day.now).exclude(kind__in=KINDS)
    times = person_times(set(due.values_list("recipient_id", flat=True)))
    for message in due.order_by("due_at", "pk"):
        urgent = message.params.get("urgent")
        at = message.due_at if urgent else next_allowed(message.due_at, times[message.recipient_id])
        if at <= day.now:
            message.state, message.sent_at = State.SENT, at
            yield message


def _row(member: Member, promise: Promise) -> Message:
    planned = promise.message
    return Message(
        recipient_id=member.learner_id, scope=f"enrolment:{member.enrolment_id}", suffix=planned.suffix,
        about_at=planned.about_at, kind=planned.kind, category=planned.category, mandatory=planned.mandatory,
        channel=planned.channel, subject_id=planned.subject_id, params=planned.params, reason=planned.reason,
        due_at=planned.due_at, planned_at=promise.planned_at, because=promise.because, sent_at=promise.sent_at,
        settled_at=promise.settled_at, state=State.SENT if promise.sent_at else State.SUPPRESSED,
    )  # fmt: skip


def _write_words(messages: Sequence[Message]) -> None:
    organisation = people.organisation_in_scope()
    recipients = User.objects.in_bulk({message.recipient_id for message in messages})
    # Kinds that share one way to find their context are asked together: it reads the same rows for all of them.
    groups: dict[Any, list[Message]] = defaultdict(list)
    for message in messages:
        groups[kind_named(message.kind).context].append(message)
    for context_of, group in groups.items():
        contexts = context_of(group) if context_of else {}
        for message in group:
            _write_one(message, recipients[message.recipient_id], organisation, contexts.get(message.pk, {}))


def _write_one(message: Message, recipient: User, organisation: Organisation, context: Any) -> None:
    assert message.sent_at is not None
    written = write(
        message, kind=kind_named(message.kind), recipient=recipient, organisation=organisation, context=context, as_mail=False,
        at=message.sent_at,
    )  # fmt: skip
    message.title, message.body, message.url = written.subject, written.body, written.path[:300]


_FIELDS = {
    "recipient_id": "bigint", "scope": "text", "suffix": "text", "about_at": "timestamptz", "kind": "text",
    "category": "text", "mandatory": "boolean", "channel": "text", "subject_id": "bigint", "params": "jsonb",
    "reason": "text", "due_at": "timestamptz", "planned_at": "timestamptz", "state": "text", "because": "text",
    "title": "text", "body": "text", "url": "text", "sent_at": "timestamptz", "settled_at": "timestamptz",
    "read_at": "timestamptz",
}  # fmt: skip
_FATE = ("state", "because", "title", "body", "url", "sent_at", "settled_at", "read_at", "params", "due_at", "reason")
_WRITE = f"""
    INSERT INTO lxp_message (organisation_id, attempts, {", ".join(_FIELDS)})
    SELECT %s, 0, {", ".join(_FIELDS)}
    FROM json_to_recordset(%s::json) AS given({", ".join(f"{name} {kind}" for name, kind in _FIELDS.items())})
    ON CONFLICT (organisation_id, scope, suffix, about_at)
    DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _FATE)}
"""


def write_past(organisation: Organisation, messages: Iterable[Message], day: Day) -> int:
    """Put them into the ledger, over what was planned when their people joined. Returns how many."""
    rows = [_values(message, day) for message in messages]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), 2000):
            cursor.execute(_WRITE, [organisation.pk, json.dumps(rows[start : start + 2000])])
    return len(rows)


def _values(message: Message, day: Day) -> dict[str, Any]:
    if message.sent_at and day.now - message.sent_at > READ_WITHIN:
        message.read_at = message.sent_at + timedelta(hours=1 + _number_of(message) % 5)
    return {name: _plain(getattr(message, name)) for name in _FIELDS}


def _number_of(message: Message) -> int:
    """The same number for the same message on every machine (Python's own hash is salted)."""
    return sum(map(ord, f"{message.scope}{message.suffix}"))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
