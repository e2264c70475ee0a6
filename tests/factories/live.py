"""Session templates, live sessions, bookings, presence, attendance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.text import slugify

from lxp.people.models import User
from sessions.models import (
    AgendaBlock,
    Attendance,
    Booking,
    BookingEvent,
    LiveSession,
    PresenceInterval,
    SessionStaff,
    SessionTemplate,
    TemplateBlock,
)
from tests.factories import now, number


def template(title: str = "", *, blocks: int = 0, **fields: Any) -> SessionTemplate:
    """A template; with `blocks`, that many agenda blocks of ten minutes."""
    title = title or f"Workshop {number()}"
    made = SessionTemplate.objects.create(title=title, **{"slug": slugify(title), "created_at": now(), **fields})
    TemplateBlock.objects.bulk_create(
        TemplateBlock(template=made, position=position, title=f"Part {position}") for position in range(1, blocks + 1)
    )
    return made


def session(
    start: str | datetime = "2026-03-05 15:00",
    *,
    zone: str = "Europe/Lisbon",
    minutes: int = 60,
    lead: User | None = None,
    **fields: Any,
) -> LiveSession:
    """A scheduled session at wall time `start` in `zone`, led by `lead` when somebody is given."""
    local = datetime.fromisoformat(start) if isinstance(start, str) else start.astimezone(ZoneInfo(zone))
    starts_at = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    ends_at = starts_at + timedelta(minutes=minutes)
    kind = fields.pop("template", None) or template()
    made = LiveSession.objects.create(
        template=kind, zone=zone, minutes=minutes, start_local=local.replace(tzinfo=UTC), starts_at=starts_at,
        ends_at=ends_at, span=DateTimeTZRange(starts_at, ends_at),
        **{"title": kind.title, "capacity": kind.capacity, "created_at": now(), **fields},
    )  # fmt: skip
    if lead:
        staff(made, lead)
    return made


def staff(of: LiveSession, user: User, **fields: Any) -> SessionStaff:
    return SessionStaff.objects.create(session=of, user=user, span=of.span, **fields)


def agenda_block(of: LiveSession, position: int, **fields: Any) -> AgendaBlock:
    return AgendaBlock.objects.create(session=of, position=position, **{"title": f"Part {position}", **fields})


def booking(of: LiveSession, learner: User, **fields: Any) -> Booking:
    return Booking.objects.create(session=of, learner=learner, **{"queued_at": now(), "updated_at": now(), **fields})


def booking_event(of: Booking, **fields: Any) -> BookingEvent:
    return BookingEvent.objects.create(booking=of, **{"state": of.state, "at": now(), **fields})


def presence(of: LiveSession, learner: User, began: datetime, ended: datetime, **fields: Any) -> PresenceInterval:
    fields = {"source": PresenceInterval.Source.JOIN, **fields}
    return PresenceInterval.objects.create(session=of, learner=learner, began_at=began, seen_at=ended, **fields)


def attendance(of: LiveSession, learner: User, status: str = "attended", **fields: Any) -> Attendance:
    return Attendance.objects.create(session=of, learner=learner, status=status, **{"decided_at": now(), **fields})
