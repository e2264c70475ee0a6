"""Handlers of domain events: load by id, call one service."""

from __future__ import annotations

from datetime import datetime

from content.events import ContentCompleted, ContentFailed, ContentStarted
from journeys.events import LearnersEnrolled, LearnersWithdrawn, PlanOverridden, StepCompleted
from lxp.events import subscribe
from lxp.people.events import PersonChanged
from recommendations import messages, on_person, services  # noqa: F401  two of them register themselves
from sessions.events import BookingChanged

PERSON_FIELDS = {"job_role", "is_active", "joined", "locale"}


@subscribe(ContentStarted)
def on_content_started(event: ContentStarted, *, at: datetime) -> None:
    services.take(learner_id=event.learner_id, item_id=event.item_id, at=at)


@subscribe(ContentCompleted)
def on_content_completed(event: ContentCompleted, *, at: datetime) -> None:
    services.refresh_recommendations(learner_ids=[event.learner_id], at=at)


@subscribe(ContentFailed)
def on_content_failed(event: ContentFailed, *, at: datetime) -> None:
    services.refresh_learner(learner_id=event.learner_id, at=at)


@subscribe(PersonChanged)
def on_person_changed(event: PersonChanged, *, at: datetime) -> None:
    if PERSON_FIELDS & set(event.changed):
        services.refresh_recommendations(learner_ids=[event.user_id], at=at)


@subscribe(LearnersEnrolled)
def on_learners_enrolled(event: LearnersEnrolled, *, at: datetime) -> None:
    services.refresh_enrolled(enrolment_ids=event.enrolment_ids, at=at)


@subscribe(LearnersWithdrawn)
def on_learners_withdrawn(event: LearnersWithdrawn, *, at: datetime) -> None:
    services.refresh_enrolled(enrolment_ids=event.enrolment_ids, at=at)


@subscribe(StepCompleted)
def on_step_completed(event: StepCompleted, *, at: datetime) -> None:
    services.refresh_insights(learner_ids=[event.learner_id], at=at)


@subscribe(BookingChanged)
def on_booking_changed(event: BookingChanged, *, at: datetime) -> None:
    services.refresh_insights(learner_ids=[event.learner_id], at=at)


@subscribe(PlanOverridden)
def on_plan_overridden(event: PlanOverridden, *, at: datetime) -> None:
    services.refresh_enrolment(enrolment_id=event.enrolment_id, at=at)
