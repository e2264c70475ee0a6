"""Reads over journeys. Each docstring says its cost; access functions raise Http404 or PermissionDenied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.http import Http404

from journeys.models import Assignment, Cohort, CohortSession, Enrolment, Journey, JourneyVersion, Override, Step
from lxp.people.actor import Actor
from lxp.people.models import Membership
from sessions.models import SessionStaff


def journey_for(actor: Actor, slug: str, action: str = "see") -> Journey:
    """A journey: designers everything, learners those they are enrolled in or may join. One or two queries."""
    journey = Journey.objects.filter(slug=slug).first()
    if journey is None:
        raise Http404("No such journey.")
    if actor.is_designer:
        return journey
    mine = Enrolment.objects.filter(cohort__journey=journey, learner_id=actor.user_id).exclude(state="withdrawn")
    open_to_all = Cohort.objects.filter(journey=journey, self_enrol=True, state=Cohort.State.ACTIVE)
    if not (mine.exists() or open_to_all.exists()):
        raise Http404("No such journey.")
    if action != "see":
        raise PermissionDenied("The learning team can change programmes.")
    return journey


def version_for(actor: Actor, version_id: int, action: str = "see") -> JourneyVersion:
    """A version, for designers. One query."""
    version = JourneyVersion.objects.select_related("journey").filter(pk=version_id).first()
    if version is None:
        raise Http404("No such version.")
    if not actor.is_designer:
        raise PermissionDenied("The learning team can see versions.")
    return version


def step_for(actor: Actor, step_id: int, action: str = "change") -> Step:
    """A step of a version, for designers. One query."""
    step = Step.objects.select_related("version__journey", "item", "template").filter(pk=step_id).first()
    if step is None:
        raise Http404("No such step.")
    if not actor.is_designer:
        raise PermissionDenied("The learning team can change programmes.")
    return step


def cohort_for(actor: Actor, slug: str, action: str = "see") -> Cohort:
    """A cohort: designers all, facilitators those whose sessions they lead, learners their own. Up to three queries."""
    cohort = Cohort.objects.select_related("journey", "version", "audience").filter(slug=slug).first()
    if cohort is None:
        raise Http404("No such cohort.")
    if actor.is_designer:
        return cohort
    leads = SessionStaff.objects.filter(session__offers__cohort=cohort, user_id=actor.user_id).exists()
    if not leads and not cohort.enrolments.filter(learner_id=actor.user_id).exclude(state="withdrawn").exists():
        raise Http404("No such cohort.")
    if action == "change" or (action == "manage" and not leads):
        raise PermissionDenied("The learning team can change cohorts.")
    return cohort


def enrolment_for(actor: Actor, enrolment_id: int, action: str = "see") -> Enrolment:
    """An enrolment: the learner's own, a report's for their manager, anybody's for L&D and the cohort's facilitator.

    Up to three queries.
    """
    enrolment = (
        Enrolment.objects.select_related("cohort__journey", "cohort__version", "learner")
        .filter(pk=enrolment_id)
        .first()
    )
    if enrolment is None:
        raise Http404("No such enrolment.")
    if actor.is_designer or enrolment.learner_id == actor.user_id:
        return enrolment
    reports = Membership.objects.filter(user_id=enrolment.learner_id, manager_id=actor.user_id)
    leads = SessionStaff.objects.filter(session__offers__cohort=enrolment.cohort_id, user_id=actor.user_id)
    if not (reports.exists() or leads.exists()):
        raise Http404("No such enrolment.")
    return enrolment


def enrolment_of(user_id: int, journey: Journey) -> Enrolment | None:
    """Somebody's newest enrolment in a journey, not withdrawn. One query."""
    return (
        Enrolment.objects.select_related("cohort__journey", "cohort__version", "learner")
        .filter(cohort__journey=journey, learner_id=user_id)
        .exclude(state=Enrolment.State.WITHDRAWN)
        .order_by("-enrolled_at")
        .first()
    )


def enrolments_of(user_id: int, *, states: Collection[str] = ("active",)) -> QuerySet[Enrolment]:
    """Somebody's enrolments with journey and cohort, newest first. Lazy, one query."""
    return (
        Enrolment.objects.select_related("cohort__journey")
        .filter(learner_id=user_id, state__in=states)
        .order_by("-enrolled_at", "-pk")
    )


def assignments_of(enrolment_ids: Collection[int]) -> dict[int, list[Assignment]]:
    """Assignments with step, item and session by enrolment, in the order of the steps. One query."""
    rows = (
        Assignment.objects.filter(enrolment_id__in=list(enrolment_ids))
        .select_related("step", "item", "session")
        .order_by("enrolment_id", F("step__position").asc(nulls_last=True), "pk")
    )
    found: dict[int, list[Assignment]] = defaultdict(list)
    for row in rows:
        found[row.enrolment_id].append(row)
    return found


def todo_of(user_id: int, *, until: datetime | None = None) -> QuerySet[Assignment]:
    """Open assignments of somebody's active enrolments, soonest due first. Lazy, one query."""
    rows = (
        Assignment.objects.filter(learner_id=user_id, state=Assignment.State.OPEN, enrolment__state="active")
        .select_related("step", "item", "session", "enrolment__cohort__journey")
        .order_by(F("due_at").asc(nulls_last=True), "step__position")
    )
    return rows.filter(due_at__lte=until) if until else rows


def assignments_by_registration(registration: Any) -> list[Assignment]:
    """An enrolment's assignments with step, item, session and journey, in the order of the steps. One query."""
    return list(
        Assignment.objects.filter(enrolment__uuid=registration)
        .select_related("step", "item", "session", "enrolment__cohort__journey")
        .defer("item__search")
        .order_by(F("step__position").asc(nulls_last=True), "pk")
    )


def journeys_for_designer() -> QuerySet[Journey]:
    """All journeys with counts of cohorts and learners and their versions. Lazy, two queries."""
    active = Q(cohorts__enrolments__state__in=["active", "completed"])
    return (
        Journey.objects.filter(archived_at=None)
        .select_related("owner")
        .prefetch_related(Prefetch("versions", JourneyVersion.objects.order_by("-number")))
        .annotate(
            cohort_count=Count("cohorts", distinct=True),
            learner_count=Count("cohorts__enrolments", filter=active, distinct=True),
        )
        .order_by("title", "pk")
    )


def cohorts_of(journey: Journey) -> QuerySet[Cohort]:
    """A journey's cohorts with head counts, newest start first. Lazy, one query."""
    return journey.cohorts.annotate(
        people=Count("enrolments", filter=~Q(enrolments__state="withdrawn")),
        finished=Count("enrolments", filter=Q(enrolments__state="completed")),
    ).order_by("-starts_on", "-pk")


def offers_of(cohort: Cohort) -> dict[str, list[CohortSession]]:
    """Offered sessions with their leads by live step, in order of time. Two queries."""
    rows = (
        CohortSession.objects.filter(cohort=cohort)
        .select_related("session")
        .prefetch_related(Prefetch("session__staff", SessionStaff.objects.select_related("user")))
        .order_by("step_key", "session__starts_at")
    )
    found: dict[str, list[CohortSession]] = defaultdict(list)
    for row in rows:
        found[row.step_key].append(row)
    return found


def offered_to(user: Any, session_ids: Collection[int]) -> set[int]:
    """Those of the sessions that a cohort of the person offers. One query (sessions.access hook)."""
    rows = CohortSession.objects.filter(
        session_id__in=list(session_ids), cohort__enrolments__learner=user, cohort__state=Cohort.State.ACTIVE
    ).exclude(cohort__enrolments__state=Enrolment.State.WITHDRAWN)
    return set(rows.values_list("session_id", flat=True))


def joinable_by(actor: Actor) -> QuerySet[Cohort]:
    """Active cohorts anybody may join and the person is not in. Lazy, one query."""
    mine = Enrolment.objects.filter(learner_id=actor.user_id).exclude(state=Enrolment.State.WITHDRAWN)
    return (
        Cohort.objects.select_related("journey")
        .filter(self_enrol=True, state=Cohort.State.ACTIVE, journey__archived_at=None)
        .exclude(pk__in=mine.values("cohort_id"))
        .exclude(journey_id__in=mine.values("cohort__journey_id"))
        .order_by("starts_on", "pk")
    )


@dataclass(frozen=True)
class StepCount:
    """How many people are where with one step of a cohort (or all of a journey's)."""

    key: str
    title: str
    phase: str
    kind: str
    required: bool
    reached: int
    done: int
    missed: int
    overdue: int


def funnel(*, journey: Journey, cohort: Cohort | None = None, at: datetime) -> list[StepCount]:
    """People per step in the order of the newest version concerned, counted in one query (plus one for the steps)."""
    rows = Assignment.objects.filter(enrolment__cohort__journey=journey).exclude(enrolment__state="withdrawn")
    if cohort:
        rows = rows.filter(enrolment__cohort=cohort)
    counts = {
        row["key"]: row
        for row in rows.exclude(state=Assignment.State.WAIVED)
        .values("key")
        .annotate(
            reached=Count("pk", filter=~Q(state=Assignment.State.PLANNED)),
            done=Count("pk", filter=Q(state=Assignment.State.DONE)),
            missed=Count("pk", filter=Q(state=Assignment.State.MISSED)),
            overdue=Count("pk", filter=Q(state=Assignment.State.OPEN, due_at__lt=at)),
        )
    }
    version_id = cohort.version_id if cohort else _newest_published(journey)
    steps = Step.objects.filter(version_id=version_id).order_by("position")
    empty = {"reached": 0, "done": 0, "missed": 0, "overdue": 0}
    return [
        StepCount(
            step.key,
            step.title,
            step.phase,
            step.kind,
            step.required,
            *((counts.get(step.key) or empty)[name] for name in ("reached", "done", "missed", "overdue")),
        )
        for step in steps
    ]


def _newest_published(journey: Journey) -> int | None:
    return journey.versions.filter(published_at__isnull=False).order_by("-number").values_list("pk", flat=True).first()


def live_overrides(enrolment_ids: Sequence[int]) -> dict[int, list[Override]]:
    """Accepted changes by enrolment, newest first. One query."""
    found: dict[int, list[Override]] = defaultdict(list)
    rows = Override.objects.filter(enrolment_id__in=enrolment_ids, undone_at=None).select_related("by")
    for row in rows.order_by("-created_at"):
        found[row.enrolment_id].append(row)
    return found
