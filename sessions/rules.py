"""Predicates over one live session: what may be done with it at a moment. No queries."""

from __future__ import annotations

from datetime import datetime, timedelta

from sessions.models import LiveSession

DOOR_OPENS = timedelta(minutes=10)
"""The join page lets people in from so long before the start."""
EARLIEST_START = timedelta(minutes=60)
"""A facilitator may open a session from so long before the planned start."""
SETTLE_AFTER = timedelta(minutes=15)
"""A session nobody ended is ended so long after its planned end…"""
LONGEST_OVERRUN = timedelta(minutes=60)
"""…or so long, while people are still there."""

UPCOMING, DOOR, ON_AIR, OVER, CANCELLED = "upcoming", "door", "on_air", "over", "cancelled"


def phase(session: LiveSession, at: datetime) -> str:
    """Where the session stands at `at`: upcoming, door (open to join), on_air, over or cancelled."""
    if session.state == LiveSession.State.CANCELLED:
        return CANCELLED
    if session.is_over:
        return OVER
    if session.state == LiveSession.State.LIVE or at >= session.starts_at:
        return ON_AIR if at < session.ends_at + LONGEST_OVERRUN else OVER
    return DOOR if at >= session.starts_at - DOOR_OPENS else UPCOMING


def may_join(session: LiveSession, at: datetime) -> bool:
    """From ten minutes before the start until it is ended."""
    return phase(session, at) in (DOOR, ON_AIR)


def may_book(session: LiveSession, at: datetime) -> bool:
    """Seats are given and places in the queue taken until the planned end."""
    return session.state in LiveSession.OPEN and at < session.ends_at


def may_give_up(session: LiveSession, at: datetime) -> bool:
    """Learners give a seat up before the start; later, leaving is a matter of attendance."""
    return session.state == LiveSession.State.SCHEDULED and at < session.starts_at


def may_move(session: LiveSession) -> bool:
    """Only what hasn't started is moved."""
    return session.state == LiveSession.State.SCHEDULED


def may_mark(session: LiveSession, at: datetime) -> bool:
    """Attendance is known from when people can be there."""
    return session.is_over or may_join(session, at)
