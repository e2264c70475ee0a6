"""One-click unsubscribe (RFC 8058): a signed address that switches one category of one person to the app only.

The address works without signing in and for ever: mail is read late. It says nothing but numbers, and can do
nothing but this one harmless thing, which the preferences page takes back.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core import signing
from django.urls import reverse

from lxp.messaging.categories import CATEGORIES
from lxp.messaging.models import Message

_signer = signing.Signer(salt="lxp.messaging.unsubscribe")


@dataclass(frozen=True)
class Unsubscribe:
    """Whose e-mail of which category, in which organisation."""

    organisation_id: int
    user_id: int
    category: str


def unsubscribe_path(message: Message) -> str:
    """The path under which this message's recipient stops e-mails of its category."""
    token = _signer.sign(f"{message.organisation_id}.{message.recipient_id}.{message.category}")
    return reverse("messages:unsubscribe", args=[token])


def read_token(token: str) -> Unsubscribe | None:
    """What a token says, or None for one that we have not written."""
    try:
        organisation, user, category = _signer.unsign(token).split(".")
    except (signing.BadSignature, ValueError):
        return None
    if category not in CATEGORIES:
        return None
    return Unsubscribe(int(organisation), int(user), category)
