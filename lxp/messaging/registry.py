"""Where upper layers say what they send: the template of each kind, what it is filled with, whether it still matters.

Messaging knows none of them. An app calls `register_kind` in its `messages.py`, imported when the app is ready.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxp.messaging.models import Message

ContextOf = Callable[[Sequence[Message]], Mapping[int, Mapping[str, Any]]]
ReasonsNotToSend = Callable[[Sequence[Message], datetime], Mapping[int, str]]
Ring = Callable[[Collection[int]], None]


@dataclass(frozen=True)
class Kind:
    """How one kind of message is written and when it has become pointless. See `register_kind`."""

    name: str
    template: str
    context: ContextOf | None
    relevant: ReasonsNotToSend | None


class UnknownKind(LookupError):
    """A message whose kind no app has registered."""


_kinds: dict[str, Kind] = {}
_bells: list[Ring] = []


def register_kind(
    name: str,
    *,
    template: str = "",
    context: ContextOf | None = None,
    relevant: ReasonsNotToSend | None = None,
) -> None:
    """Say how messages of kind `name` (such as "live.booked") are written.

    `template`: path under templates/messages without suffix, by default the name with its dots as folders
    ("live/booked": live/booked.subject.txt, .txt and .html).
    `context(messages) -> {message id: {...}}`: what the templates are filled with. One call for many messages of
    one organisation, inside its scope, in a fixed number of queries. A message that is left out is not sent: what
    it was about is gone. Names with a meaning of their own: `url` (path of what it leads to), `action` (label of
    the button), `attachments` (list of (file name, bytes, MIME type with parameters)).
    `relevant(messages, at) -> {message id: reason not to send it}`: asked right before sending, likewise.
    Registering a name again replaces it.
    """
    _kinds[name] = Kind(name, template or name.replace(".", "/"), context, relevant)


def kind_named(name: str) -> Kind:
    """The registered kind. Raises UnknownKind saying what to do."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(f"No app has registered the message kind {name!r} (lxp.messaging.registry).") from None


def on_inbox_changed(ring: Ring) -> None:
    """Register what tells open pages of these people (user ids) that their notifications changed. It may fail."""
    if ring not in _bells:
        _bells.append(ring)


def bells() -> Sequence[Ring]:
    """What rings when somebody's notifications change."""
    return tuple(_bells)
