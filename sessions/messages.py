"""The messages of live sessions: what they are filled with, and when they have become pointless."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lxp.messaging.models import Message
from lxp.messaging.registry import register_kind
from lxp.messaging.told import last_told
from lxp.people import queries as people
from sessions import ical, queries
from sessions.models import Booking, LiveSession
from sessions.plan import TOLD
from sessions.rules import CANCELLED, OVER, phase

BEGUN = timedelta(minutes=15)
"""So long after the start a word that it starts is still of use."""

REMINDERS = ("live.reminder_day", "live.reminder_hour", "live.starting")
INVITING = ("live.booked", "live.promoted", "live.moved")
WITHDRAWING = ("live.cancelled", "live.released")


# ---------------------------------------------------------------- what a batch is about


@dataclass(frozen=True)
class About:
    """What one message is about: its session, and the booking, or who runs it when there is none."""

    session: LiveSession
    booking: Booking | None
    runs_it: bool


def _load(messages: Sequence[Message]) -> dict[int, About]:
    """By message id; what is gone is left out. Four queries for any number of messages."""
    sessions = queries.sessions_for_messages({m.subject_id for m in messages if m.subject_id})
    bookings = queries.bookings_for_messages(_ids(messages, "booking"))
    staff = queries.staff_ids_of(_ids(messages, "staff"))
    found = {}
    for message in messages:
        session = sessions.get(message.subject_id or 0)
        kind, number = _scope(message)
        booking = bookings.get(number) if kind == "booking" else None
        runs_it = kind == "staff" and number in staff
        if session is not None and (booking is not None or runs_it):
            found[message.pk] = About(session, booking, runs_it)
    return found


def _scope(message: Message) -> tuple[str, int]:
    """A scope is "booking:<id>" or "staff:<id>"."""
    kind, _colon, number = message.scope.partition(":")
    return kind, int(number)


def _ids(messages: Sequence[Message], wanted: str) -> set[int]:
    return {number for kind, number in map(_scope, messages) if kind == wanted}


def _told_before_move(messages: Sequence[Message], about: Mapping[int, About]) -> dict[str, Message]:
    """What each recipient of a `live.moved` had been told last before the session changed. One query."""
    moved = [m for m in messages if m.kind == "live.moved" and m.pk in about]
    until = {m.scope: about[m.pk].session.changed_at or m.planned_at for m in moved}
    return last_told(until, TOLD, until=until) if moved else {}


def _known_start(message: Message, told: Mapping[str, Message]) -> datetime:
    """The start that the recipient believes in: as last told, else as it was before this move."""
    known = told[message.scope].params if message.scope in told else {}
    return datetime.fromisoformat(known.get("starts_at") or message.params["old_starts_at"])


# ---------------------------------------------------------------- is it still worth sending?


def not_worth_sending(messages: Sequence[Message], at: datetime) -> dict[int, str]:
    """Why a message need not go out any more, read from the present state. Five queries for any number of them."""
    about = _load(messages)
    told = _told_before_move(messages, about)
    reasons = {}
    for message in messages:
        subject = about.get(message.pk)
        reason = _pointless(message, subject, told, at) if subject else ""  # without a subject: gone, said elsewhere
        if reason:
            reasons[message.pk] = reason
    return reasons


def _pointless(message: Message, about: About, told: Mapping[str, Message], at: datetime) -> str:
    stands = phase(about.session, at)
    if message.kind in WITHDRAWING:
        return ""
    if stands == CANCELLED:
        return "The session was cancelled; another message says so."
    if stands == OVER:
        return "The session is over."
    if message.kind == "live.moved":
        return _moved_pointless(message, about, told)
    if about.booking is None or about.booking.state == Booking.State.CANCELLED:
        return "They gave up their seat."
    waits = about.booking.state == Booking.State.WAITLISTED
    if waits != (message.kind == "live.waitlisted"):
        return "They wait for a seat now." if waits else "They have a seat now."
    late = BEGUN if message.kind in REMINDERS else timedelta()
    return "The session has begun." if at >= about.session.starts_at + late else ""


def _moved_pointless(message: Message, about: About, told: Mapping[str, Message]) -> str:
    if message.params["sequence"] < about.session.sequence:
        return "It changed again before this was sent; another message says so."
    if about.booking is not None and about.booking.state == Booking.State.CANCELLED:
        return "They gave up their seat."
    only_moved = message.params["old_starts_at"] != message.params["starts_at"] and not _else_changed(message, about)
    if only_moved and _known_start(message, told) == about.session.starts_at:
        return "It was moved back before they were told that it had moved."
    return ""


def _else_changed(message: Message, about: About) -> bool:
    """Whether place or length are new as well, so that there is something to say though the time is the old one."""
    session, was = about.session, message.params
    return was.get("old_place", session.place) != session.place or was.get("old_minutes", 0) != session.minutes


# ---------------------------------------------------------------- what it is filled with


def context_of(messages: Sequence[Message]) -> dict[int, dict[str, Any]]:
    """Session, times, place, links and the calendar entry of each message. Six queries for any number of them."""
    about = _load(messages)
    told = _told_before_move(messages, about)
    organisation = people.organisation_in_scope()
    sender = (
        organisation.brand or organisation.name,
        organisation.mail_from or parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
    )
    found = {}
    for message in messages:
        if subject := about.get(message.pk):
            found[message.pk] = _context(message, subject, told, sender)
    return found


def _context(message: Message, about: About, told: Mapping[str, Message], sender: tuple[str, str]) -> dict[str, Any]:
    session = about.session
    joins = message.kind in ("live.reminder_hour", "live.starting")
    place = "live:run" if about.runs_it else "live:join" if joins else "live:session"
    moved = message.kind == "live.moved"
    return {
        "session": session,
        "facilitators": [row.user.name for row in session.staff.all()],
        "waits": about.booking is not None and about.booking.state == Booking.State.WAITLISTED,
        "runs_it": about.runs_it,
        "old_starts_at": _known_start(message, told) if moved else None,
        "old_place": message.params.get("old_place", "") if moved else "",
        "old_minutes": message.params.get("old_minutes", 0) if moved else 0,
        "cancel_reason": message.params.get("reason", ""),
        "url": reverse(place, args=[session.uuid]),
        "action": SEE_IT if about.runs_it else ACTIONS.get(message.kind, SEE_IT),
        "attachments": _calendar(message, about, sender),
    }


SEE_IT = gettext_lazy("See the session")
ACTIONS = {
    "live.reminder_hour": gettext_lazy("Join the session"),
    "live.starting": gettext_lazy("Join the session"),
    "live.cancelled": gettext_lazy("See other dates"),
    "live.released": gettext_lazy("See other dates"),
}


def _calendar(message: Message, about: About, sender: tuple[str, str]) -> list[tuple[str, bytes, str]]:
    """The invitation, its update or its withdrawal, as attachment; nothing for those who only wait or run it."""
    booking = about.booking
    if booking is None or booking.state == Booking.State.WAITLISTED:
        return []
    if message.kind in INVITING:
        return [_attachment("REQUEST", ical.invitation, entry_of(about.session, booking, sender))]
    if message.kind in WITHDRAWING:
        # A seat given up names the entry it had: the row may have got another since.
        uid = str(message.params.get("uid") or booking.uuid)
        sequence = int(message.params.get("sequence") or about.session.sequence)
        entry = entry_of(about.session, booking, sender, uid=uid, sequence=sequence)
        return [_attachment("CANCEL", ical.cancellation, entry)]
    return []


def _attachment(method: str, write: Callable[[ical.Entry], bytes], entry: ical.Entry) -> tuple[str, bytes, str]:
    return ("invite.ics", write(entry), f"text/calendar; method={method}; charset=utf-8")


def entry_of(
    session: LiveSession,
    booking: Booking,
    sender: tuple[str, str] | None = None,
    *,
    uid: str = "",
    sequence: int | None = None,
) -> ical.Entry:
    """The learner's calendar entry of a session, in their language. `sender`: name and address of who invites.

    `booking.learner` and the names of the staff have to be loaded.
    """
    learner = booking.learner
    link = settings.SITE_URL + reverse("live:join", args=[session.uuid])
    with translation.override(learner.locale):
        names = ", ".join(row.user.name for row in session.staff.all())
        lines = [_("With %(names)s.") % {"names": names}] if names else []
        lines.append(_("Join here: %(link)s") % {"link": link})
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return ical.Entry(
        uid=f"{uid or booking.uuid}@{host}",
        sequence=session.sequence if sequence is None else sequence,
        stamp=max(booking.updated_at, session.changed_at or booking.updated_at),
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        zone=session.zone,
        title=session.title,
        description="\n".join(lines),
        place=session.place or (link if session.provider == LiveSession.Provider.LINK else ""),
        url=link,
        organiser=sender,
        attendee=(learner.name, learner.email) if sender else None,
    )


for _kind in (*TOLD, *WITHDRAWING):
    register_kind(_kind, context=context_of, relevant=not_worth_sending)
