"""Accepted changes to one learner's plan, each with its reason, each undoable, all through the same sync."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from content.models import ContentItem, ItemState
from journeys.events import PlanOverridden
from journeys.models import Assignment, Enrolment, Override
from journeys.services.sync import sync_enrolments
from lxp.events import record
from lxp.people.models import User


def extend_due(
    *, enrolment: Enrolment, key: str, due_at: datetime, reason: str, by: User | None, at: datetime
) -> Override:
    """Give more time for one step. Raises ValidationError for a moment that has passed or a finished step."""
    if due_at <= at:
        raise ValidationError({"due_at": "Choose a moment that lies ahead."})
    _unfinished(enrolment, key)
    return _apply(enrolment, Override.Kind.EXTEND, key, {"due_at": due_at.isoformat()}, reason, by, at)


def waive_step(*, enrolment: Enrolment, key: str, reason: str, by: User | None, at: datetime) -> Override:
    """Release somebody from a step."""
    _unfinished(enrolment, key)
    return _apply(enrolment, Override.Kind.WAIVE, key, {}, reason, by, at)


def insert_step(
    *,
    enrolment: Enrolment,
    item: ContentItem,
    reason: str,
    by: User | None,
    at: datetime,
    due_at: datetime | None = None,
) -> Override:
    """Put an extra piece of content into somebody's journey, open at once."""
    if item.state != ItemState.PUBLISHED:
        raise ValidationError("Only published content can be added.")
    if due_at is not None and due_at <= at:
        raise ValidationError({"due_at": "Choose a moment that lies ahead."})
    value = {
        "item_id": item.pk,
        "title": item.title,
        "minutes": item.minutes,
        "due_at": due_at.isoformat() if due_at else None,
    }
    return _apply(enrolment, Override.Kind.INSERT, "", value, reason, by, at)


@transaction.atomic
def undo_override(*, override: Override, by: User | None, at: datetime) -> Override:
    """Take a change back; what was finished meanwhile stays."""
    if override.undone_at is None:
        override.undone_at = at
        override.save(update_fields=["undone_at"])
        _settle(override, by, at)
    return override


@transaction.atomic
def _apply(
    enrolment: Enrolment, kind: str, key: str, value: dict[str, Any], reason: str, by: User | None, at: datetime
) -> Override:
    if not reason.strip():
        raise ValidationError({"reason": "Say why, so that the learner can read it."})
    override = Override.objects.create(
        enrolment=enrolment, kind=kind, key=key, value=value, reason=reason.strip()[:300], by=by, created_at=at
    )
    _settle(override, by, at)
    return override


def _settle(override: Override, by: User | None, at: datetime) -> None:
    enrolment = Enrolment.objects.select_related("cohort__journey").get(pk=override.enrolment_id)
    sync_enrolments(cohort=enrolment.cohort, enrolment_ids=[enrolment.pk], at=at)
    record(PlanOverridden(override.pk, override.enrolment_id), by=by, at=at)


def _unfinished(enrolment: Enrolment, key: str) -> Assignment:
    assignment = enrolment.assignments.filter(key=key).first()
    if assignment is None:
        raise ValidationError("This journey has no such step.")
    if assignment.state in (Assignment.State.DONE, Assignment.State.MISSED):
        raise ValidationError("This step is finished already.")
    return assignment
