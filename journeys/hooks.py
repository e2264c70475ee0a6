"""What journeys plug into the rooms below, which know nothing of them: offers, readiness, the player's context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, F, Q
from django.urls import reverse

from content.hooks import register_player_context, register_usage
from journeys import queries
from journeys.facts import spec_of
from journeys.links import step_url
from journeys.models import Assignment, CohortSession, Enrolment, Step
from journeys.plan import session_of
from sessions.access import register_offer_check
from sessions.readiness import ReadinessRow
from sessions.readiness import register as register_readiness

register_offer_check(queries.offered_to)


@register_readiness
def readiness_of(session: Any) -> Iterable[ReadinessRow]:
    """Required pre-work of a live session per learner. Three queries for any number of learners."""
    offers = list(CohortSession.objects.filter(session=session).select_related("cohort"))
    steps_by_version: dict[int, list[Any]] = defaultdict(list)
    for step in Step.objects.filter(version_id__in=[o.cohort.version_id for o in offers]).order_by("position"):
        steps_by_version[step.version_id].append(spec_of(step))
    wanted: dict[int, set[str]] = {}
    for offer in offers:
        steps = steps_by_version[offer.cohort.version_id]
        wanted[offer.cohort_id] = {
            s.key
            for s in steps
            if s.phase == "prework" and s.required and s.kind == "content" and session_of(s, steps) == offer.step_key
        }
    return _ready_rows(wanted)


def _ready_rows(wanted: dict[int, set[str]]) -> list[ReadinessRow]:
    rows = (
        Assignment.objects.filter(enrolment__cohort_id__in=wanted, step__phase="prework")
        .exclude(enrolment__state=Enrolment.State.WITHDRAWN)
        .exclude(state=Assignment.State.WAIVED)
        .order_by("step__position")
        .values_list("learner_id", "enrolment__cohort_id", "key", "state", "step__title")
    )
    found: dict[int, list[tuple[bool, str]]] = defaultdict(list)
    for learner, cohort, key, state, title in rows:
        if key in wanted[cohort]:
            found[learner].append((state == Assignment.State.DONE, title))
    return [
        ReadinessRow(
            learner, sum(done for done, _ in work), len(work), next((title for done, title in work if not done), "")
        )
        for learner, work in found.items()
    ]


@register_player_context
def player_context(registration: Any, item: Any) -> dict[str, Any] | None:
    """Where an item stands in the learner's journey: step, reason, due date, the way back and the next step."""
    assignment = queries.assignment_by_registration(registration, item.pk)
    if assignment is None:
        return None
    enrolment = assignment.enrolment
    journey = enrolment.cohort.journey
    following = (
        Assignment.objects.filter(enrolment=enrolment, state=Assignment.State.OPEN, item__isnull=False)
        .exclude(pk=assignment.pk)
        .select_related("step", "item")
        .order_by(F("step__position").asc(nulls_last=True))
        .first()
    )
    return {
        "journey": journey.title,
        "title": assignment.step.title if assignment.step else item.title,
        "why": assignment.step.why if assignment.step else "",
        "due_at": assignment.due_at,
        "state": assignment.state,
        "back": reverse("journeys:journey", args=[journey.slug]),
        "next_title": _title(following),
        "next_minutes": following.item.minutes if following and following.item else 0,
        "next": step_url(following) if following else "",
    }


def _title(assignment: Assignment | None) -> str:
    if assignment is None:
        return ""
    return assignment.step.title if assignment.step else assignment.item.title if assignment.item else ""


@register_usage
def journeys_using(item_ids: Iterable[int]) -> dict[int, int]:
    """In how many journeys each item stands. One query."""
    rows = (
        Step.objects.filter(Q(item_id__in=list(item_ids)))
        .values("item_id")
        .annotate(n=Count("version__journey", distinct=True))
    )
    return {row["item_id"]: row["n"] for row in rows}
