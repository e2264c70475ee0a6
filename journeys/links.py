"""Addresses of what learners do, for pages and messages alike."""

from __future__ import annotations

from django.urls import reverse

from journeys.models import Assignment


def step_url(assignment: Assignment) -> str:
    """Where a learner does an assignment: the player inside their enrolment, or the live session's page."""
    if assignment.item:
        return f"{reverse('content:play', args=[assignment.item.slug])}?r={assignment.enrolment.uuid}"
    if assignment.session:
        return reverse("live:session", args=[assignment.session.uuid])
    return reverse("journeys:journey", args=[assignment.enrolment.cohort.journey.slug])
