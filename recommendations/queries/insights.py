"""Insights by who may see them, and journeys by where people get off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from journeys import queries as journeys
from journeys.models import Assignment, Cohort, CohortSession, Enrolment, Journey, Step
from lxp.people.actor import Actor
from lxp.people.models import Membership, User
from lxp.tenancy import current_id
from recommendations.insights import urgency
from recommendations.journey_finding import FEW, Stage, biggest_drop, stages
from recommendations.models import Insight

A_MONTH = timedelta(days=30)

# ---------------------------------------------------------------- people who may need a hand


def insights_for(actor: Actor) -> QuerySet[Insight]:
    """Open insights the actor may act on: of their reports, of cohorts they lead, all for L&D; never their own.

    With learner, cohort and journey. Lazy, one query.
    """
    rows = _with_people(Insight.objects.filter(state=Insight.State.OPEN)).exclude(
        enrolment__learner_id=actor.user_id or 0
    )
    if actor.is_designer:
        return rows
    return rows.filter(_reach(actor))


def insight_for(actor: Actor, insight_id: int) -> Insight:
    """One insight, open or settled, that the actor may act on. Up to two queries.

    Raises PermissionDenied for the person it is about, who sees it among what others see of them, and Http404 for
    everybody else.
    """
    found = _with_people(Insight.objects.filter(pk=insight_id)).first()
    if found is None:
        raise Http404(_("There is no such insight."))
    if found.enrolment.learner_id == actor.user_id:
        raise PermissionDenied(_("Your manager, your facilitator and the learning team can act on this."))
    if not actor.is_designer and not Insight.objects.filter(_reach(actor), pk=insight_id).exists():
        raise Http404(_("There is no such insight."))
    return found


def insights_about(user: User, *, at: datetime) -> list[Insight]:
    """What others see about the person: open ones, most pressing first, then what was settled in the last month. One query."""
    settled = Q(state__in=(Insight.State.ACCEPTED, Insight.State.DISMISSED), updated_at__gt=at - A_MONTH)
    rows = _with_people(Insight.objects.filter(enrolment__learner=user)).select_related("decided_by")
    found = by_urgency(rows.filter(Q(state=Insight.State.OPEN) | settled))
    return sorted(found, key=lambda one: one.state != Insight.State.OPEN)


def by_urgency(insights: Collection[Insight] | QuerySet[Insight]) -> list[Insight]:
    """Most pressing first: by the rule's place in the table, then by how long it has stood. No query of its own."""
    return sorted(insights, key=lambda one: (urgency(one.kind), one.created_at, one.pk))


def _with_people(rows: QuerySet[Insight]) -> QuerySet[Insight]:
    return rows.select_related("enrolment__learner", "enrolment__cohort__journey", "override")


def _reach(actor: Actor) -> Q:
    """Whose insights somebody without the whole organisation in view may see."""
    leads = CohortSession.objects.filter(cohort=OuterRef("enrolment__cohort"), session__staff__user_id=actor.user_id)
    reach = Q(Exists(leads))
    if actor.is_manager:
        reports = Membership.objects.filter(
            user=OuterRef("enrolment__learner"), manager_id=actor.user_id, is_active=True
        )
        reach |= Q(Exists(reports))
    return reach


# ---------------------------------------------------------------- a journey


def cohorts_for(actor: Actor, slug: str) -> tuple[Journey, list[Cohort]]:
    """A journey and those of its cohorts whose figures the actor may see: all for L&D, those they lead for others.

    Newest start first. Two to four queries. Raises Http404 for a stranger, PermissionDenied for who is only in it.
    """
    journey = Journey.objects.filter(slug=slug).first()
    if journey is None:
        raise Http404(_("There is no such programme."))
    cohorts = journey.cohorts.order_by("-starts_on", "-pk")
    if actor.is_designer:
        return journey, list(cohorts)
    leads = CohortSession.objects.filter(cohort=OuterRef("pk"), session__staff__user_id=actor.user_id)
    led = list(cohorts.filter(Exists(leads)))
    if not led:
        journeys.journey_for(actor, slug)
        raise PermissionDenied(_("The learning team and its facilitators can see this."))
    return journey, led


@dataclass(frozen=True)
class Heads:
    """How many people are in a journey, have begun, and have finished it; how many may need a hand."""

    people: int = 0
    started: int = 0
    finished: int = 0
    insights: int = 0


@dataclass(frozen=True)
class Picture:
    """A journey's people along its route. `few`: too few of them to show anything."""

    journey: Journey
    heads: Heads
    stages: list[Stage]
    drop: Stage | None

    @property
    def few(self) -> bool:
        return self.heads.people < FEW


def picture_of(journey: Journey, *, cohort_ids: Sequence[int], at: datetime) -> Picture:
    """The people of some cohorts of a journey. Four queries."""
    counts = journeys.funnels(journey_ids=[journey.pk], cohort_ids=cohort_ids, at=at)
    heads = _heads(Enrolment.objects.filter(cohort_id__in=cohort_ids), Q(enrolment__cohort_id__in=cohort_ids))
    return _picture(journey, counts.get(journey.pk, []), heads.get(journey.pk, Heads()))


def pictures(*, at: datetime) -> list[Picture]:
    """Every published journey of the organisation, those that lose most people first. Five queries."""
    published = Journey.objects.filter(archived_at=None, versions__published_at__isnull=False).distinct()
    found = list(published.order_by("title", "pk"))
    counts = journeys.funnels(journey_ids=[journey.pk for journey in found], at=at)
    heads = _heads(Enrolment.objects.filter(cohort__journey__in=found), Q(enrolment__cohort__journey__in=found))
    made = [_picture(one, counts.get(one.pk, []), heads.get(one.pk, Heads())) for one in found]
    return sorted(made, key=lambda picture: -_loss(picture))


def _picture(journey: Journey, counts: Sequence[journeys.StepCount], heads: Heads) -> Picture:
    found = stages(counts) if heads.people >= FEW else []
    return Picture(journey, heads, found, biggest_drop(found))


def _loss(picture: Picture) -> float:
    drop = picture.drop
    return drop.before - drop.share if drop and drop.share is not None else 0.0


def _heads(enrolments: QuerySet[Enrolment], insights: Q) -> dict[int, Heads]:
    """Head counts by journey. Two queries."""
    rows = (
        enrolments.exclude(state=Enrolment.State.WITHDRAWN)
        .order_by()
        .values(journey=F("cohort__journey_id"))
        .annotate(
            people=Count("pk"),
            started=Count("pk", filter=Q(last_active_at__isnull=False)),
            finished=Count("pk", filter=Q(state=Enrolment.State.COMPLETED)),
        )
    )
    waiting = dict(
        Insight.objects.filter(insights, state=Insight.State.OPEN)
        .order_by()
        .values_list("enrolment__cohort__journey_id")
        .annotate(n=Count("pk"))
    )
    return {
        row["journey"]: Heads(row["people"], row["started"], row["finished"], waiting.get(row["journey"], 0))
        for row in rows
    }


@dataclass(frozen=True)
class Durations:
    """How long finishing took the quickest quarter, the middle and three quarters of `people`."""

    people: int
    quarter: timedelta
    median: timedelta
    three_quarters: timedelta


_DURATIONS = """
SELECT count(*), percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (
    ORDER BY extract(epoch FROM completed_at - enrolled_at))
FROM journeys_enrolment
WHERE organisation_id = %s AND cohort_id = ANY(%s) AND state = 'completed' AND completed_at >= enrolled_at
"""


def durations(cohort_ids: Sequence[int]) -> Durations | None:
    """Time from joining to finishing; None for fewer than five people. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_DURATIONS, [current_id(), list(cohort_ids)])
        people, seconds = cursor.fetchone()
    if people < FEW:
        return None
    return Durations(people, *(timedelta(seconds=value) for value in seconds))


@dataclass(frozen=True)
class CohortLine:
    """One cohort along the steps: by step key, of how many whose turn it was how many did it."""

    cohort_id: int
    title: str
    slug: str
    steps: dict[str, tuple[int, int]]

    def share(self, key: str) -> float | None:
        """Per cent who did a step; None for fewer than five people."""
        turn, done = self.steps.get(key, (0, 0))
        return 100 * done / turn if turn >= FEW else None


def cohort_lines(cohorts: Sequence[Cohort], *, at: datetime) -> list[CohortLine]:
    """How these cohorts did, step by step, in their order; counted as the stages are. One query."""
    late = Q(state=Assignment.State.OPEN, due_at__lt=at, step__kind=Step.Kind.CONTENT)
    reached = ~Q(state=Assignment.State.PLANNED)
    over = Q(state__in=(Assignment.State.DONE, Assignment.State.MISSED)) | late
    rows = (
        Assignment.objects.filter(enrolment__cohort__in=cohorts)
        .exclude(enrolment__state=Enrolment.State.WITHDRAWN)
        .exclude(state=Assignment.State.WAIVED)
        .order_by()
        .values_list("enrolment__cohort_id", "key")
        .annotate(
            turn=Count("pk", filter=Q(over, step__required=True) | Q(reached, step__required=False)),
            done=Count("pk", filter=Q(state=Assignment.State.DONE)),
        )
    )
    steps: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    for cohort_id, key, turn, done in rows:
        steps[cohort_id][key] = turn, done
    return [CohortLine(one.pk, one.title, one.slug, steps[one.pk]) for one in cohorts]
