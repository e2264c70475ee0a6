"""What people decide about their own messages, and what somebody in charge does about one that went wrong."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from lxp.messaging.categories import CATEGORIES
from lxp.messaging.models import Message, Preference, State
from lxp.messaging.services.ledger import BY_HAND
from lxp.messaging.unsubscribe import Unsubscribe
from lxp.people.models import User
from lxp.tenancy import scope

GONE_OUT = (State.SENT, State.DELIVERED)
CAN_BE_TRIED_AGAIN = (State.DEAD, State.BOUNCED)


@transaction.atomic
def set_preference(*, user: User, category: str, choice: str) -> Preference:
    """How `user` wants the messages of one category from now on. Raises ValidationError for what can't be chosen."""
    known = CATEGORIES.get(category)
    if known is None or choice not in known.choices:
        raise ValidationError(_("This can’t be chosen here. Choose one of the options shown."))
    row, _created = Preference.objects.update_or_create(user=user, category=category, defaults={"choice": choice})
    return row


@transaction.atomic
def set_preferences(*, user: User, choices: dict[str, str]) -> None:
    """Several choices at once, all or none; see `set_preference`."""
    for category, choice in choices.items():
        set_preference(user=user, category=category, choice=choice)


@transaction.atomic
def unsubscribe(*, wish: Unsubscribe) -> None:
    """Stop the e-mails of one category for whoever holds this signed wish; the app still shows them.

    Who has switched the category off altogether keeps it off; who has left needs nothing.
    """
    with scope(wish.organisation_id):
        user = User.objects.filter(pk=wish.user_id, memberships__organisation_id=wish.organisation_id).first()
        off = Preference.objects.filter(user=user, category=wish.category, choice=Preference.Choice.OFF)
        if user is not None and not off.exists():
            set_preference(user=user, category=wish.category, choice=Preference.Choice.INAPP)


def mark_read(*, user: User, message_ids: Collection[int], at: datetime) -> int:
    """`user` has seen these notifications of theirs. Returns how many were new; others' messages are left alone."""
    return _unread(user).filter(pk__in=list(message_ids)).update(read_at=at)


def mark_all_read(*, user: User, at: datetime) -> int:
    """`user` has seen everything there is. Returns how many were new."""
    return _unread(user).update(read_at=at)


def retry_dead(*, messages: Collection[int], at: datetime) -> int:
    """Try failed and bounced messages again, from the first try on. Returns how many will be tried.

    Their `due_at` becomes `at`, so that the next tick takes them; whether they are still right is asked again then.
    """
    return Message.objects.filter(pk__in=list(messages), state__in=CAN_BE_TRIED_AGAIN).update(
        state=State.PLANNED, due_at=at, because="", attempts=0, lease_until=None, settled_at=None, sent_at=None
    )


def retry_all_dead(*, at: datetime) -> int:
    """Try every failed message of the organisation in scope again; bounced addresses are left alone."""
    dead = Message.objects.filter(state=State.DEAD).values_list("pk", flat=True)
    return retry_dead(messages=list(dead), at=at)


@transaction.atomic
def resend(*, message: Message, at: datetime) -> Message:
    """Promise a message that went out once more, now. Returns the new row.

    The old one stays as it is: it did go out. Raises ValidationError when it has not gone out, or when its copy
    still waits.
    """
    if message.state not in GONE_OUT:
        raise ValidationError(_("Only a message that went out can be sent again."))
    copies = Message.objects.filter(scope=message.scope, suffix__startswith=_copy_of(message, ""))
    if copies.filter(state=State.PLANNED).exists():
        raise ValidationError(_("It is already on its way again."))
    return Message.objects.create(
        recipient_id=message.recipient_id,
        scope=message.scope,
        suffix=_copy_of(message, str(copies.count() + 1)),
        about_at=message.about_at,
        kind=message.kind,
        category=message.category,
        mandatory=True,  # somebody asked for it by hand
        channel=message.channel,
        subject_id=message.subject_id,
        params=message.params | {"urgent": True},
        reason=message.reason,
        due_at=at,
        planned_at=at,
    )


def _copy_of(message: Message, number: str) -> str:
    return f"{message.suffix[:90]}{BY_HAND}{message.pk}:{number}"


def record_delivery(*, message: Message, at: datetime) -> bool:
    """The recipient's server confirmed it. Returns whether that is news."""
    return bool(Message.objects.filter(pk=message.pk, state=State.SENT).update(state=State.DELIVERED, settled_at=at))


def record_bounce(*, message: Message, because: str, at: datetime) -> bool:
    """It came back after it had been taken. Returns whether that is news."""
    return bool(
        Message.objects.filter(pk=message.pk, state__in=GONE_OUT).update(
            state=State.BOUNCED, because=because[:300], settled_at=at
        )
    )


def _unread(user: User) -> QuerySet[Message]:
    return Message.objects.filter(recipient=user, sent_at__isnull=False, read_at=None)
