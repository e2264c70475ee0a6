"""Reads over journeys. Each docstring says its cost; access functions raise Http404 or PermissionDenied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform
from django.http import Http404

from content import queries as content
from journeys.board import EXTRA, Row, Run
from journeys.explain import Case, Said
from journeys.facts import cohort_facts, members_of, spec_of
from journeys.models import (
    Assignment,
    BulkAct,
    Cohort,
    CohortSession,
    Enrolment,
    Journey,
    JourneyVersion,
    Override,
    Phase,
    Step,
)
from journeys.plan import Anchor, StepSpec, plan_assignments
from journeys.progress import Progress, progress
from journeys.timing import OUTCOMES
from lxp.people.actor import Actor
from lxp.people.models import Membership
from sessions import queries as live
from sessions.models import LiveSession, SessionStaff


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
    """An enrolment: a report's for their manager, anybody's for L&D and the cohort's facilitator, one's own to see.

    Up to three queries.
    """
    enrolment = (
        Enrolment.objects.select_related("cohort__journey", "cohort__version", "learner")
        .filter(pk=enrolment_id)
        .first()
    )
    if enrolment is None:
        raise Http404("No such enrolment.")
    if actor.is_designer:
        return enrolment
    if enrolment.learner_id == actor.user_id:
        if action == "see":
            return enrolment
        raise PermissionDenied("Your manager, your facilitator and the learning team can change your plan.")
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


# ---------------------------------------------------------------- what learners' pages show


def runs_of(user_id: int, *, since: datetime | None = None) -> list[Run]:
    """Somebody's enrolments with their steps as their pages show them, newest first. Three queries.

    All steps of active ones; of finished ones what is not done yet, what keeps it fresh, and what was done after `since`.
    """
    rows = Assignment.objects.filter(learner_id=user_id)
    still = Q(state__in=[Assignment.State.PLANNED, Assignment.State.OPEN]) | Q(
        step__phase__in=[Phase.LIVE, Phase.REINFORCEMENT]
    )
    if since:
        still |= Q(done_at__gte=since)
    wanted = Q(enrolment__state=Enrolment.State.ACTIVE) | Q(still, enrolment__state=Enrolment.State.COMPLETED)
    enrolments = Enrolment.objects.filter(learner_id=user_id).exclude(state=Enrolment.State.WITHDRAWN)
    return _runs(enrolments.order_by("-enrolled_at", "-pk").values_list(*_RUN), rows.filter(wanted))


def run_of(enrolment: Enrolment) -> Run:
    """One enrolment (with cohort and journey loaded) with all its steps as its page shows them. Two queries."""
    e, journey = enrolment, enrolment.cohort.journey
    own = (
        e.pk, e.uuid, e.state, e.source, e.progress, e.enrolled_at, e.completed_at, journey.slug, journey.code,
        journey.title, journey.mandatory, e.cohort.title,
    )  # fmt: skip
    return _runs([own], Assignment.objects.filter(enrolment=enrolment))[0]


def runs_in(enrolment_ids: Collection[int]) -> list[Run]:
    """These enrolments with all their steps, newest first. Three queries for any number of them."""
    ids = list(enrolment_ids)
    enrolments = Enrolment.objects.filter(pk__in=ids).order_by("-enrolled_at", "-pk")
    return _runs(enrolments.values_list(*_RUN), Assignment.objects.filter(enrolment_id__in=ids))


_RUN = (
    "pk", "uuid", "state", "source", "progress", "enrolled_at", "completed_at", "cohort__journey__slug",
    "cohort__journey__code", "cohort__journey__title", "cohort__journey__mandatory", "cohort__title",
)  # fmt: skip


def _runs(enrolments: Iterable[tuple[Any, ...]], assignments: QuerySet[Assignment]) -> list[Run]:
    """Plain rows instead of models: a learner with thirty journeys has four hundred of them on one page."""
    found = list(enrolments)
    active = [uuid for _pk, uuid, state, *_rest in found if state != Enrolment.State.WITHDRAWN]
    begun = {
        (facts.registration, facts.item_id): (facts.progress, facts.last_at)
        for facts in content.attempt_facts(active)
        if facts.completed_at is None
    }
    registrations = {pk: uuid for pk, uuid, *_rest in found}
    rows: dict[int, list[Row]] = defaultdict(list)
    for values in assignments.annotate(**_FROM_RULES).order_by(_IN_ORDER, "pk").values_list(*_ROW):
        row = _row(values, begun, registrations)
        rows[row.enrolment_id].append(row)
    return [Run(*(*values, tuple(rows[values[0]]))) for values in found]


_IN_ORDER = F("step__position").asc(nulls_last=True)
_FROM_RULES = {
    "opens_from": KeyTextTransform("step", "step__opens"),
    "due_from": KeyTextTransform("step", "step__due"),
    "days_after": KeyTextTransform("days", "step__opens"),
    "on_step": KeyTextTransform("step", "step__condition"),
    "outcomes": KeyTextTransform("attendance", "step__condition"),
}
_ROW = (
    "pk", "enrolment_id", "key", "state", "note", "opens_at", "due_at", "done_at", "outcome", "score",
    "step__position", "step__part", "step__phase", "step__kind", "step__title", "step__why", "step__minutes",
    "step__required", "opens_from", "due_from", "days_after", "on_step", "outcomes", "item_id", "item__slug", "item__kind",
    "step__content_version_id", "session_id", "session__uuid", "session__starts_at", "session__ends_at",
    "item__title", "item__minutes",
)  # fmt: skip


def _row(values: tuple[Any, ...], begun: dict[Any, tuple[float, datetime]], registrations: dict[int, UUID]) -> Row:
    (pk, enrolment_id, key, state, note, opens_at, due_at, done_at, outcome, score, position, part, phase, kind, title,
     why, minutes, required, opens_from, due_from, days, on, outcomes, item_id, item_slug, item_kind, version_id, session_id,
     session_uuid, starts_at, ends_at, item_title, item_minutes) = values  # fmt: skip
    extra = position is None
    share, last_at = begun.get((registrations[enrolment_id], item_id), (0.0, None))
    return Row(
        pk, enrolment_id, key, state, note, opens_at, due_at, done_at, outcome, score,
        position=EXTRA if extra else position,
        part=part or "",
        phase="postwork" if extra else phase,
        kind="content" if extra else kind,
        title=item_title if extra else title,
        why=why or "",
        minutes=item_minutes if extra else minutes,
        required=bool(required),
        follows=opens_from or due_from or "",
        days=int(days or 0),
        on=on or "",
        only=tuple(name for name in OUTCOMES if outcomes and f'"{name}"' in outcomes),
        item_id=item_id, item_slug=item_slug or "", item_kind=item_kind or "", version_id=version_id,
        session_id=session_id, session_uuid=session_uuid, starts_at=starts_at, ends_at=ends_at,
        share=share, last_at=last_at,
    )  # fmt: skip


def own_enrolment(actor: Actor, slug: str, enrolment_id: int | None = None) -> Enrolment | None:
    """The actor's own enrolment in a journey they have not left: this one, else the newest. One query."""
    rows = Enrolment.objects.select_related("cohort__journey").filter(
        cohort__journey__slug=slug, learner_id=actor.user_id
    )
    rows = rows.filter(pk=enrolment_id) if enrolment_id else rows
    return rows.exclude(state=Enrolment.State.WITHDRAWN).order_by("-enrolled_at", "-pk").first()


_CATCH_UP = Q(condition__has_key="attendance") & Q(condition__attendance=["missed"])
"""Steps only for those who missed a live session: nobody plans to."""


def open_cohort(actor: Actor, slug: str) -> Cohort:
    """A cohort the actor may join. One query. Raises Http404 for one that isn't open to them."""
    found = joinable_by(actor).filter(slug=slug).first()
    if found is None:
        raise Http404("There is no such group to join.")
    return found


def outline_of(journey: Journey, cohort: Cohort | None) -> list[Step]:
    """The steps somebody would get in that cohort, else in the newest edition, in order. One or two queries."""
    newest = journey.versions.filter(published_at__isnull=False).order_by("-number").values_list("pk", flat=True)
    version_id = cohort.version_id if cohort else newest.first()
    return list(Step.objects.filter(version_id=version_id).exclude(_CATCH_UP).order_by("position"))


def sessions_of(cohort: Cohort, user_id: int) -> list[Any]:
    """The live sessions offered to a cohort, soonest first, `described` for a user, each with its `step_key`. One query."""
    offered = LiveSession.objects.filter(offers__cohort=cohort).annotate(step_key=F("offers__step_key"))
    return list(live.described(offered, user_id).order_by("starts_at", "pk"))


@dataclass(frozen=True)
class Company:
    """How many people a cohort has, and how many of them have finished some steps."""

    people: int
    ready: int


def company_of(cohort: Cohort, keys: Collection[str]) -> Company:
    """Who is in a cohort, and how many of them have nothing left of the steps `keys`. One query."""
    unfinished = Assignment.objects.filter(enrolment=OuterRef("pk"), key__in=list(keys)).exclude(
        state__in=[Assignment.State.DONE, Assignment.State.WAIVED]
    )
    rows = cohort.enrolments.exclude(state=Enrolment.State.WITHDRAWN).annotate(unready=Exists(unfinished))
    return Company(**rows.aggregate(people=Count("pk"), ready=Count("pk", filter=Q(unready=False))))


def own_assignment(actor: Actor, assignment_id: int) -> Assignment:
    """An assignment of the actor's own, with its enrolment. One query. Raises Http404 for anybody else's."""
    rows = Assignment.objects.select_related("step", "item", "enrolment").defer("item__search")
    found = rows.filter(pk=assignment_id, learner_id=actor.user_id or 0).first()
    if found is None:
        raise Http404("No such step of yours.")
    return found


def case_of(assignment: Assignment) -> Case:
    """Everything that explains an assignment (of `assignment_for`). Five queries."""
    enrolment = assignment.enrolment
    run = run_of(enrolment)
    row = next(row for row in run.rows if row.pk == assignment.pk)
    before = [r for r in run.rows if r.required and r.state != "waived" and r.position < row.position]
    changes = [
        Said(one.kind, one.reason, one.by.name if one.by else "")
        for one in live_overrides([enrolment.pk])[enrolment.pk]
        if assignment.key in (one.key, f"extra:{one.pk}")
    ]
    spec = spec_of(assignment.step) if assignment.step else StepSpec(
        row.key, row.position, row.phase, row.kind, row.title, minutes=row.minutes, required=False
    )  # fmt: skip
    return Case(
        spec=spec,
        state=assignment.state,
        note=assignment.note,
        opens_at=assignment.opens_at,
        due_at=assignment.due_at,
        journey=run.title,
        source=run.source,
        enrolled_at=run.enrolled_at,
        why=row.why,
        outcome=assignment.outcome,
        previous=before[-1].title if before else "",
        titles={r.key: r.title for r in run.rows},
        anchors=_anchors(run, enrolment.learner_id),
        changes=changes,
    )


def _anchors(run: Run, learner_id: int) -> dict[str, Anchor]:
    ids = [row.session_id for row in run.rows if row.session_id]
    booked = {b["session_id"] for b in live.bookings_facts(ids, [learner_id]) if b["state"] == "booked"}
    return {
        row.key: Anchor(row.session_id, row.starts_at, row.ends_at, row.session_id in booked)
        for row in run.rows
        if row.kind == "live" and row.session_id and row.starts_at and row.ends_at
    }


@dataclass(frozen=True)
class Taking:
    """What joining a cohort takes: steps, own time and live time in minutes, and its live sessions ahead."""

    cohort: Cohort
    steps: int
    own: int
    live: int
    dates: list[Any]
    places: int | None

    @property
    def is_full(self) -> bool:
        return self.places is not None and self.places <= 0


def takings_of(cohorts: Iterable[Cohort], at: datetime) -> list[Taking]:
    """What joining each of these cohorts takes. Three queries for any number of them."""
    cohorts = list(cohorts)
    steps: dict[int, dict[str, Any]] = {
        row["version_id"]: row
        for row in Step.objects.filter(version_id__in=[c.version_id for c in cohorts])
        .exclude(_CATCH_UP)
        .values("version_id")
        .annotate(
            steps=Count("pk"),
            own=Sum("minutes", filter=Q(kind="content") & ~Q(phase=Phase.REINFORCEMENT), default=0),
            live=Sum("minutes", filter=Q(kind="live"), default=0),
        )
    }
    people = dict(
        Enrolment.objects.filter(cohort__in=cohorts)
        .exclude(state=Enrolment.State.WITHDRAWN)
        .values_list("cohort")
        .annotate(n=Count("pk"))
        .order_by()
    )
    dates: dict[int, list[Any]] = defaultdict(list)
    ahead = CohortSession.objects.filter(cohort__in=cohorts, session__starts_at__gt=at, session__state="scheduled")
    for offer in ahead.select_related("session").order_by("session__starts_at"):
        dates[offer.cohort_id].append(offer.session)
    none = {"steps": 0, "own": 0, "live": 0}
    return [
        Taking(
            cohort,
            **{name: steps.get(cohort.version_id, none)[name] for name in none},
            dates=dates[cohort.pk],
            places=None if cohort.capacity is None else cohort.capacity - people.get(cohort.pk, 0),
        )
        for cohort in cohorts
    ]


@dataclass(frozen=True)
class StepCount:
    """How many people are where with one step of a cohort (or all of a journey's). `aside`: only for who missed a session."""

    key: str
    title: str
    part: str
    phase: str
    kind: str
    required: bool
    reached: int
    done: int
    missed: int
    overdue: int
    aside: bool = False


def funnel(*, journey: Journey, cohort: Cohort | None = None, at: datetime) -> list[StepCount]:
    """People per step in the order of the newest version concerned. Two queries."""
    cohort_ids = [cohort.pk] if cohort else None
    return funnels(journey_ids=[journey.pk], cohort_ids=cohort_ids, at=at).get(journey.pk, [])


def funnels(
    *, journey_ids: Collection[int], cohort_ids: Collection[int] | None = None, at: datetime
) -> dict[int, list[StepCount]]:
    """`funnel` of many journeys, of all or of some cohorts. Two queries; journeys never published are left out."""
    rows = Assignment.objects.filter(enrolment__cohort__journey_id__in=list(journey_ids))
    versions = JourneyVersion.objects.filter(journey_id__in=list(journey_ids), published_at__isnull=False)
    if cohort_ids is not None:
        rows = rows.filter(enrolment__cohort_id__in=list(cohort_ids))
        versions = versions.filter(cohorts__in=list(cohort_ids))
    counts = {
        (row["journey"], row["key"]): row
        for row in rows.exclude(enrolment__state="withdrawn")
        .exclude(state=Assignment.State.WAIVED)
        .values("key", journey=F("enrolment__cohort__journey_id"))
        .annotate(
            reached=Count("pk", filter=~Q(state=Assignment.State.PLANNED)),
            done=Count("pk", filter=Q(state=Assignment.State.DONE)),
            missed=Count("pk", filter=Q(state=Assignment.State.MISSED)),
            overdue=Count("pk", filter=Q(state=Assignment.State.OPEN, due_at__lt=at)),
        )
    }
    newest = versions.order_by("journey_id", "-number").distinct("journey_id")
    steps = Step.objects.filter(version_id__in=newest.values("pk")).order_by("position")
    empty = {"reached": 0, "done": 0, "missed": 0, "overdue": 0}
    found: dict[int, list[StepCount]] = defaultdict(list)
    for step in steps.annotate(journey_id=F("version__journey_id")):
        row = counts.get((step.journey_id, step.key), empty)
        counted = {name: row[name] for name in ("reached", "done", "missed", "overdue")}
        aside = step.condition.get("attendance") == ["missed"]
        found[step.journey_id].append(
            StepCount(step.key, step.title, step.part, step.phase, step.kind, step.required, **counted, aside=aside)
        )
    return dict(found)


def _newest_published(journey: Journey) -> int | None:
    return journey.versions.filter(published_at__isnull=False).order_by("-number").values_list("pk", flat=True).first()


def live_overrides(enrolment_ids: Sequence[int]) -> dict[int, list[Override]]:
    """Accepted changes by enrolment, newest first. One query."""
    found: dict[int, list[Override]] = defaultdict(list)
    rows = Override.objects.filter(enrolment_id__in=enrolment_ids, undone_at=None).select_related("by")
    for row in rows.order_by("-created_at"):
        found[row.enrolment_id].append(row)
    return found


# ---------------------------------------------------------------- for other systems


def journeys_for_api() -> QuerySet[Journey]:
    """All journeys with their versions. Lazy, two queries."""
    return Journey.objects.prefetch_related("versions").order_by("pk")


def cohorts_for_api() -> QuerySet[Cohort]:
    """All cohorts with journey, version and audience. Lazy, one query."""
    return Cohort.objects.select_related("journey", "version", "audience").order_by("pk")


def enrolments_for_api() -> QuerySet[Enrolment]:
    """All enrolments with cohort and learner. Lazy, one query."""
    return Enrolment.objects.select_related("cohort", "learner").order_by("pk")


def assignments_for_api() -> QuerySet[Assignment]:
    """All assignments with step, item and session. Lazy, one query."""
    return (
        Assignment.objects.select_related("step", "item", "session", "enrolment").defer("item__search").order_by("pk")
    )


def acts_for_api() -> QuerySet[BulkAct]:
    """All bulk acts with their cohorts. Lazy, one query."""
    return BulkAct.objects.select_related("cohort").order_by("pk")


def assignment_for(actor: Actor, assignment_id: int, action: str = "see") -> Assignment:
    """An assignment whose enrolment the actor may see. Two to four queries."""
    found = assignments_for_api().filter(pk=assignment_id).first()
    if found is None:
        raise Http404("No such assignment.")
    found.enrolment = enrolment_for(actor, found.enrolment_id, action)
    return found


def override_for(actor: Actor, override_id: int) -> Override:
    """An override, for those who may see its enrolment and change plans. Two to four queries."""
    found = Override.objects.filter(pk=override_id).first()
    if found is None:
        raise Http404("No such change.")
    enrolment_for(actor, found.enrolment_id, "change")
    return found


def act_for(actor: Actor, act_id: int) -> BulkAct:
    """A bulk act, for designers. One query."""
    act = BulkAct.objects.select_related("cohort__journey").filter(pk=act_id).first()
    if act is None:
        raise Http404("No such act.")
    if not actor.is_designer:
        raise PermissionDenied("The learning team can see this.")
    return act


def progress_of(enrolment: Enrolment) -> Progress:
    """The explained number, counted again from today's facts with the shown one as its floor. Eleven queries."""
    facts = cohort_facts(enrolment.cohort)
    (member,) = members_of(facts, [enrolment.pk])
    return progress(plan_assignments(facts.steps, member.inputs), member.started, enrolment.progress)


def due_between(user_id: int, since: datetime, until: datetime) -> QuerySet[Assignment]:
    """Self-paced work of somebody's enrolments that is open or done and due between two moments. Lazy, one query."""
    return (
        Assignment.objects.filter(
            learner_id=user_id,
            due_at__gte=since,
            due_at__lt=until,
            item__isnull=False,
            state__in=[Assignment.State.OPEN, Assignment.State.PLANNED, Assignment.State.DONE],
        )
        .exclude(enrolment__state=Enrolment.State.WITHDRAWN)
        .select_related("step", "item", "session", "enrolment__cohort__journey")
        .defer("item__search")
        .order_by("due_at", "step__position", "pk")
    )
