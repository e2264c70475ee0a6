"""Handlers of domain events: load by id, call one service."""

from datetime import datetime

from lxp.events import subscribe
from lxp.people.events import OrganisationChanged, PersonChanged
from sessions import queries, services
from sessions.events import BookingChanged, BookingsChanged, SessionCancelled, SessionRescheduled
from sessions.models import LiveSession

TIMES_OF_A_PERSON = {"zone", "quiet_from", "quiet_until", "work_days"}
"""The settings that decide when somebody may be written to."""
TIMES_OF_ALL = {"quiet_from", "quiet_until", "holidays"}


@subscribe(BookingChanged)
def on_booking_changed(event: BookingChanged, *, at: datetime) -> None:
    session = LiveSession.objects.get(pk=event.session_id)
    services.sync_messages(session_ids=[session.pk], learner_ids=[event.learner_id], at=at)
    services.announce_release(session=session, learner_ids=[event.learner_id], at=at)


@subscribe(BookingsChanged)
def on_bookings_changed(event: BookingsChanged, *, at: datetime) -> None:
    session = LiveSession.objects.get(pk=event.session_id)
    services.sync_messages(session_ids=[session.pk], learner_ids=event.learner_ids, at=at)
    services.announce_release(session=session, learner_ids=event.learner_ids, at=at)


@subscribe(SessionRescheduled)
def on_session_rescheduled(event: SessionRescheduled, *, at: datetime) -> None:
    services.announce_move(
        session=LiveSession.objects.get(pk=event.session_id),
        sequence=event.sequence,
        old_starts_at=datetime.fromisoformat(event.old_starts_at),
        old_place=event.old_place,
        old_minutes=event.old_minutes,
        moved_at=datetime.fromisoformat(event.moved_at),
        at=at,
    )
    services.sync_messages(session_ids=[event.session_id], at=at)


@subscribe(SessionCancelled)
def on_session_cancelled(event: SessionCancelled, *, at: datetime) -> None:
    session = LiveSession.objects.get(pk=event.session_id)
    services.announce_cancellation(session=session, reason=event.reason, at=at)
    services.sync_messages(session_ids=[event.session_id], at=at)


@subscribe(PersonChanged)
def on_person_changed(event: PersonChanged, *, at: datetime) -> None:
    if "is_active" in event.changed:
        services.release_person(user_id=event.user_id, by=None, at=at)
    if TIMES_OF_A_PERSON.intersection(event.changed):
        ahead = queries.future_sessions_of(event.user_id, at)
        services.sync_messages(session_ids=ahead, learner_ids=[event.user_id], at=at)


@subscribe(OrganisationChanged)
def on_organisation_changed(event: OrganisationChanged, *, at: datetime) -> None:
    if TIMES_OF_ALL.intersection(event.changed):
        services.sync_messages(session_ids=queries.sessions_ahead(at), at=at)
