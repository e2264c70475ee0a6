"""What live sessions announce."""

from dataclasses import dataclass
from typing import ClassVar

from lxp.events import DomainEventData


@dataclass(frozen=True)
class SessionRescheduled(DomainEventData):
    """Time, length or place changed at `moved_at`. Moments are ISO 8601 UTC; `sequence` is the session's new one."""

    session_id: int
    sequence: int
    old_starts_at: str
    new_starts_at: str
    moved_at: str
    old_place: str = ""
    old_minutes: int = 0


@dataclass(frozen=True)
class SessionCancelled(DomainEventData):
    """The session will not take place."""

    session_id: int
    reason: str


@dataclass(frozen=True)
class SessionEnded(DomainEventData):
    """The session is over and attendance has been settled by the rule; `ended_at` is the actual end, ISO UTC."""

    session_id: int
    ended_at: str


@dataclass(frozen=True)
class BookingChanged(DomainEventData):
    """A person's booking was made, cancelled, promoted or put on the waiting list."""

    prompt: ClassVar[bool] = True
    booking_id: int
    session_id: int
    learner_id: int
    state: str


@dataclass(frozen=True)
class BookingsChanged(DomainEventData):
    """Many people were booked or released at once (a cohort); handlers work set-based."""

    session_id: int
    learner_ids: list[int]


@dataclass(frozen=True)
class AttendanceDecided(DomainEventData):
    """Attendance of one person was set or corrected by somebody."""

    prompt: ClassVar[bool] = True
    session_id: int
    learner_id: int
    status: str
