"""What journeys plug into the rooms below, which know nothing of them: offers, readiness, the player's context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from content import queries as content
from content.hooks import register_player_context, register_usage
from journeys import queries
from journeys.facts import spec_of
from journeys.line import stops, title_of
from journeys.links import step_url
from journeys.models import Assignment, CohortSession, Enrolment, Step
from journeys.plan import session_of
from sessions.access import register_offer_check
from sessions.calendar import CalendarEntry
from sessions.calendar import register as register_calendar
from sessions.readiness import ReadinessRow, WrongAnswer, register_answers
from sessions.readiness import register as register_readiness

register_offer_check(queries.offered_to)


@register_readiness
def readiness_of(session: Any) -> Iterable[ReadinessRow]:
    """Required pre-work of the people whose session this is, per learner. Three queries for any number of them."""
    wanted = _prework_of(session)
    rows = (
        Assignment.objects.filter(
            enrolment__cohort_id__in=wanted, step__phase="prework", enrolment__assignments__session=session
        )
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


@register_answers
def wrong_answers_of(session: Any) -> Iterable[WrongAnswer]:
    """Wrong first answers in the pre-work quizzes of a live session, the commonest first. Four queries."""
    wanted = _prework_of(session)
    rows = Assignment.objects.filter(
        enrolment__cohort_id__in=wanted,
        step__phase="prework",
        item__kind="quiz",
        enrolment__assignments__session=session,
    ).values_list("enrolment__uuid", "item_id", "enrolment__cohort_id", "key")
    mine = [(registration, item) for registration, item, cohort, key in rows if key in wanted[cohort]]
    found = content.wrong_first_answers([r for r, _item in mine], list({item for _r, item in mine}))
    return [WrongAnswer(wrong.question, wrong.answer, wrong.count, wrong.of) for wrong in found]


def _prework_of(session: Any) -> dict[int, set[str]]:
    """Keys of the required pre-work steps that prepare for a session, by cohort. Two queries."""
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
    return wanted


@register_calendar
def due_dates_of(user: Any, since: datetime, until: datetime) -> Iterable[CalendarEntry]:
    """What is due in somebody's journeys between two moments. One query."""
    return [
        CalendarEntry(a.due_at, title_of(a), step_url(a), _minutes(a), a.state == Assignment.State.DONE)
        for a in queries.due_between(user.pk, since, until)
        if a.due_at
    ]


def _minutes(assignment: Assignment) -> int:
    if assignment.step is not None:
        return assignment.step.minutes
    return assignment.item.minutes if assignment.item else 0


@register_player_context
def player_context(registration: Any, item: Any) -> dict[str, Any] | None:
    """Where an item stands in the learner's journey: step, reason, due date, the way back and the next step.

    Two queries.
    """
    mine = queries.assignments_by_registration(registration)
    assignment = next((a for a in mine if a.item_id == item.pk), None)
    if assignment is None:
        return None
    journey = assignment.enrolment.cohort.journey
    following = next(
        (a for a in mine if a.pk != assignment.pk and a.state == Assignment.State.OPEN and a.item_id), None
    )
    step = assignment.step
    return {
        "learner_id": assignment.learner_id,
        "journey": journey.title,
        "title": title_of(assignment),
        "why": step.why if step else "",
        "due_at": assignment.due_at,
        "opens_at": assignment.opens_at,
        "state": assignment.state,
        "version_id": step.content_version_id if step else None,
        "complete": step.complete if step else {},
        "back": reverse("journeys:journey", args=[journey.slug]),
        "next_title": title_of(following) if following else "",
        "next_minutes": following.item.minutes if following and following.item else 0,
        "next": step_url(following) if following else "",
        "stops": stops(mine, assignment.pk),
        "stops_label": journey.title,
    }


@register_usage
def journeys_using(item_ids: Iterable[int]) -> dict[int, int]:
    """In how many journeys each item stands. One query."""
    rows = (
        Step.objects.filter(Q(item_id__in=list(item_ids)))
        .values("item_id")
        .annotate(n=Count("version__journey", distinct=True))
    )
    return {row["item_id"]: row["n"] for row in rows}
