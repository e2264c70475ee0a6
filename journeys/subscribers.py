"""Handlers of domain events: what happened below, or here, moves the plans of those it concerns."""

from __future__ import annotations

from datetime import datetime

from content.events import ContentCompleted, ContentFailed
from journeys import hooks, messages, services  # noqa: F401  hooks and messages register themselves
from journeys.events import CohortScheduled
from lxp.events import subscribe
from lxp.people.events import AudienceChanged, PersonChanged
from sessions.events import (
    AttendanceDecided,
    BookingChanged,
    BookingsChanged,
    SessionCancelled,
    SessionEnded,
    SessionRescheduled,
)

AUDIENCE_FIELDS = {"job_role", "team", "manager", "place", "roles", "hired_on", "attributes", "is_active", "zone"}


@subscribe(ContentCompleted)
def on_content_completed(event: ContentCompleted, *, at: datetime) -> None:
    services.sync_registration(registration=event.registration, at=at)


@subscribe(ContentFailed)
def on_content_failed(event: ContentFailed, *, at: datetime) -> None:
    services.sync_registration(registration=event.registration, at=at)


@subscribe(SessionEnded)
def on_session_ended(event: SessionEnded, *, at: datetime) -> None:
    services.sync_session(session_id=event.session_id, at=at)


@subscribe(SessionRescheduled)
def on_session_rescheduled(event: SessionRescheduled, *, at: datetime) -> None:
    services.sync_session(session_id=event.session_id, at=at)


@subscribe(SessionCancelled)
def on_session_cancelled(event: SessionCancelled, *, at: datetime) -> None:
    services.sync_session(session_id=event.session_id, at=at)


@subscribe(BookingsChanged)
def on_bookings_changed(event: BookingsChanged, *, at: datetime) -> None:
    services.sync_session(session_id=event.session_id, learner_ids=event.learner_ids, at=at)


@subscribe(BookingChanged)
def on_booking_changed(event: BookingChanged, *, at: datetime) -> None:
    services.settle_booking(
        session_id=event.session_id, learner_id=event.learner_id, booked=event.state == "booked", at=at
    )


@subscribe(AttendanceDecided)
def on_attendance_decided(event: AttendanceDecided, *, at: datetime) -> None:
    services.sync_session(session_id=event.session_id, learner_ids=[event.learner_id], at=at)


@subscribe(CohortScheduled)
def on_cohort_scheduled(event: CohortScheduled, *, at: datetime) -> None:
    services.settle_cohort(cohort_id=event.cohort_id, at=at)


@subscribe(PersonChanged)
def on_person_changed(event: PersonChanged, *, at: datetime) -> None:
    services.settle_person(user_id=event.user_id, follow=bool(AUDIENCE_FIELDS & set(event.changed)), at=at)


@subscribe(AudienceChanged)
def on_audience_changed(event: AudienceChanged, *, at: datetime) -> None:
    services.follow_changed_audience(audience_id=event.audience_id, at=at)
