"""Messages of the ledger and preferences."""

from __future__ import annotations

from typing import Any

from lxp.messaging.models import Channel, Message, Preference, State
from lxp.people.models import User
from tests.factories import now, number


def message(recipient: User, kind: str = "journeys.reminder", **fields: Any) -> Message:
    """A planned message due now; with `state=State.SENT`, one that went out now and stands in the inbox."""
    fields = {
        "scope": f"test:{number()}", "suffix": "reminder", "category": "assignment", "channel": Channel.EMAIL,
        "reason": "Because it is due soon", "due_at": now(), "planned_at": now(), **fields,
    }  # fmt: skip
    if fields.get("state") == State.SENT:
        fields = {"sent_at": now(), "title": "Due soon", "body": "One thing is due soon.", **fields}
    return Message.objects.create(recipient=recipient, kind=kind, **fields)


def preference(user: User, category: str, choice: str) -> Preference:
    return Preference.objects.create(user=user, category=category, choice=choice)
