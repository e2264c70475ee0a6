"""Reads of the designers' screens: programmes, editions, schedules, cohorts. Each docstring says its cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db.models import (
    CharField,
    Count,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, TruncDate
from django.http import Http404
from django.utils.translation import gettext as _

from journeys import queries
from journeys.models import (
    Assignment,
    BulkAct,
    Cohort,
    CohortSession,
    Enrolment,
    Journey,
    JourneyVersion,
    Step,
)
from lxp.messaging.models import Message, State
from lxp.people import queries as people
from lxp.people.actor import Actor
from lxp.people.models import Membership
from sessions import queries as live
from sessions.models import LiveSession
from sessions.scheduling import WorkingHours

SOON = timedelta(days=30)
"""A cohort that starts within this and has no date for a live step needs somebody's hand."""

PAGE = 50
UNDO = timedelta(days=30)

# ---------------------------------------------------------------- access


def programme_for(actor: Actor, slug: str) -> Journey:
    """A programme as designers see and change it. One query.

    Raises Http404 for one that isn't there, PermissionDenied for everybody who does not design.
    """
    if not actor.is_designer:
        raise PermissionDenied(_("The learning team designs programmes."))
    found = Journey.objects.select_related("owner").filter(slug=slug).first()
    if found is None:
        raise Http404("No such programme.")
    return found


def helped_enrolment_for(actor: Actor, enrolment_id: int) -> Enrolment:
    """An enrolment whose plan the actor may change: L&D, the cohort's facilitators, the learner's manager.

    Up to three queries. Raises Http404 for strangers, PermissionDenied for the learners themselves.
    """
    enrolment = queries.enrolment_for(actor, enrolment_id)
    if not may_help(actor, enrolment):
        raise PermissionDenied(_("Your manager, your facilitator or the learning team can change this."))
    return enrolment


def may_help(actor: Actor, enrolment: Enrolment) -> bool:
    """Whether somebody who may see an enrolment may change its plan too: everybody but the learners themselves."""
    return actor.is_designer or enrolment.learner_id != actor.user_id


def programme_of(act: BulkAct) -> Journey:
    """The programme whose draft an act changed. One query. Raises Http404 where it is gone."""
    found = Journey.objects.filter(pk=act.effect.get("journey", 0)).first()
    if found is None:
        raise Http404("Its programme is gone.")
    return found


def offered_session_for(cohort: Cohort, session_id: int) -> LiveSession:
    """A session that a cohort offers. One query. Raises Http404 for any other."""
    row = CohortSession.objects.select_related("session").filter(cohort=cohort, session_id=session_id).first()
    if row is None:
        raise Http404("This cohort does not offer such a session.")
    return row.session


# ---------------------------------------------------------------- programmes


@dataclass(frozen=True)
class Programme:
    """A row of the list: the programme, its editions, its runs, and what needs somebody's hand."""

    journey: Journey
    draft: JourneyVersion | None
    newest: JourneyVersion | None
    running: list[Cohort]
    without_dates: dict[str, list[str]]
    """Titles of cohorts that start soon → titles of live steps without a session."""

    @property
    def changed(self) -> bool:
        """Something in the draft is not published."""
        return is_changed(self.draft, self.newest)

    @property
    def needs_hand(self) -> bool:
        return self.changed or bool(self.without_dates)

    @property
    def people(self) -> int:
        return sum(getattr(cohort, "people", 0) for cohort in self.running)


def is_changed(draft: JourneyVersion | None, newest: JourneyVersion | None) -> bool:
    """Whether a draft says anything that the newest published version doesn't; a first draft always does."""
    return draft is not None and (newest is None or draft.updated_at > newest.updated_at)


def programmes(*, at: datetime, text: str = "", archived: bool = False) -> list[Programme]:
    """All programmes by title. Five queries for any number of them."""
    rows = Journey.objects.select_related("owner").prefetch_related("versions").order_by("title", "pk")
    rows = rows.filter(archived_at__isnull=not archived)
    for word in text.replace("\x00", "").split()[:5]:
        rows = rows.filter(Q(title__icontains=word) | Q(code__iexact=word))
    journeys = list(rows)
    running: dict[int, list[Cohort]] = defaultdict(list)
    cohorts = _counted(Cohort.objects.filter(journey__in=journeys, state__in=["draft", "active"]))
    for cohort in cohorts.order_by("starts_on", "pk"):
        running[cohort.journey_id].append(cohort)
    soon = [c for mine in running.values() for c in mine if c.starts_on <= (at + SOON).date()]
    missing = missing_dates(soon)
    return [_programme(journey, running[journey.pk], missing) for journey in journeys]


def _programme(journey: Journey, running: list[Cohort], missing: Mapping[int, list[str]]) -> Programme:
    versions = sorted(journey.versions.all(), key=lambda version: version.number)
    published = [version for version in versions if version.published_at]
    return Programme(
        journey,
        next((version for version in versions if version.published_at is None), None),
        published[-1] if published else None,
        running,
        {cohort.title: missing[cohort.pk] for cohort in running if cohort.pk in missing},
    )


def missing_dates(cohorts: Collection[Cohort]) -> dict[int, list[str]]:
    """Live steps that no session is offered for, by title, of each cohort that has any. Two queries."""
    steps = Step.objects.filter(version_id__in={c.version_id for c in cohorts}, kind=Step.Kind.LIVE)
    by_version: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for version_id, key, title in steps.order_by("position").values_list("version_id", "key", "title"):
        by_version[version_id].append((key, title))
    offers = CohortSession.objects.filter(cohort__in=cohorts).exclude(session__state=LiveSession.State.CANCELLED)
    offered = set(offers.values_list("cohort_id", "step_key"))
    found = {c.pk: [title for key, title in by_version[c.version_id] if (c.pk, key) not in offered] for c in cohorts}
    return {pk: titles for pk, titles in found.items() if titles}


def _counted(cohorts: QuerySet[Cohort]) -> QuerySet[Cohort]:
    """Cohorts with `people` and `finished`, counted apart so that nothing is multiplied."""
    return cohorts.annotate(
        people=Count("enrolments", filter=~Q(enrolments__state="withdrawn")),
        finished=Count("enrolments", filter=Q(enrolments__state="completed")),
    )


# ---------------------------------------------------------------- editions


@dataclass(frozen=True)
class Editions:
    """What a programme has: the draft, published versions newest first, and the one the builder shows."""

    draft: JourneyVersion | None
    published: list[JourneyVersion]

    @property
    def newest(self) -> JourneyVersion | None:
        return self.published[0] if self.published else None

    @property
    def shown(self) -> JourneyVersion:
        found = self.draft or self.newest
        assert found is not None  # a journey is created with its first draft
        return found

    @property
    def changed(self) -> bool:
        return is_changed(self.draft, self.newest)


def editions_of(journey: Journey) -> Editions:
    """All editions of a programme. One query."""
    rows = list(journey.versions.select_related("published_by").order_by("-number"))
    return Editions(
        next((row for row in rows if row.published_at is None), None), [row for row in rows if row.published_at]
    )


def steps_of(version: JourneyVersion) -> list[Step]:
    """The steps of an edition in order, with their content, and live ones with their agenda. Two or three queries."""
    return list(
        version.steps.select_related("item", "template")
        .defer("item__search")
        .prefetch_related("template__blocks")
        .order_by("position")
    )


def steps_of_versions(versions: Sequence[JourneyVersion]) -> dict[int, list[Step]]:
    """The steps of several editions by version. One query."""
    found: dict[int, list[Step]] = defaultdict(list)
    rows = Step.objects.filter(version__in=versions).select_related("item", "template").defer("item__search")
    for step in rows.order_by("version_id", "position"):
        found[step.version_id].append(step)
    return found


# ---------------------------------------------------------------- cohorts and when they meet


@dataclass(frozen=True)
class Place:
    """When a session is for the people of one zone: on their clock, how many, and how many outside working hours."""

    zone: str
    local: datetime
    people: int
    unkind: int


Hours = list[tuple[WorkingHours, int]]
"""Working hours with how many people have them."""


def hours_of(cohort_ids: Collection[int]) -> dict[int, Hours]:
    """The working hours of the people in each cohort, grouped. One query for any number of people."""
    rows = (
        Enrolment.objects.filter(cohort_id__in=list(cohort_ids))
        .exclude(state=Enrolment.State.WITHDRAWN)
        .values_list("cohort_id", "learner__zone", "learner__work_start", "learner__work_end", "learner__work_days")
        .annotate(n=Count("pk"))
        .order_by()
    )
    found: dict[int, Hours] = defaultdict(list)
    for cohort_id, zone, start, end, days, n in rows:
        found[cohort_id].append((WorkingHours(zone, start, end, tuple(days) or (1, 2, 3, 4, 5)), n))
    return found


def places(starts_at: datetime, ends_at: datetime, hours: Iterable[tuple[WorkingHours, int]]) -> list[Place]:
    """When that is where the people are, most people first. No query."""
    people: dict[str, int] = defaultdict(int)
    unkind: dict[str, int] = defaultdict(int)
    for working, n in hours:
        people[working.zone] += n
        unkind[working.zone] += 0 if working.covers(starts_at, ends_at) else n
    rows = [Place(zone, starts_at.astimezone(ZoneInfo(zone)), n, unkind[zone]) for zone, n in people.items()]
    return sorted(rows, key=lambda place: (-place.people, place.zone))


@dataclass(frozen=True)
class Run:
    """A cohort in the schedule of its programme: its next live session, and when that is for whom."""

    cohort: Cohort
    session: LiveSession | None
    leads: list[str]
    places: dict[str, Place]
    missing: list[str]


@dataclass(frozen=True)
class Schedule:
    """All runs of a programme; `zones` are those in which most of their people are."""

    runs: list[Run]
    zones: list[str]


def schedule_of(journey: Journey, *, at: datetime, columns: int = 4) -> Schedule:
    """The programme's cohorts, those ahead and going on first. Seven queries for any number of them."""
    cohorts = list(
        _counted(journey.cohorts.select_related("version").exclude(state=Cohort.State.CANCELLED)).order_by(
            "-starts_on", "-pk"
        )
    )
    ids = [cohort.pk for cohort in cohorts]
    hours = hours_of(ids)
    sessions = _sessions_by_cohort(ids)
    missing = missing_dates([c for c in cohorts if c.state != Cohort.State.FINISHED])
    busy: dict[str, int] = defaultdict(int)
    for mine in hours.values():
        for working, n in mine:
            busy[working.zone] += n
    zones = sorted(busy, key=lambda zone: (-busy[zone], zone))[:columns]
    runs = [_run(cohort, sessions[cohort.pk], hours[cohort.pk], missing.get(cohort.pk, []), at) for cohort in cohorts]
    return Schedule(sorted(runs, key=lambda run: (run.cohort.state == "finished", _next_date(run, at))), zones)


def _next_date(run: Run, at: datetime) -> tuple[bool, date]:
    ahead = run.session is not None and run.session.ends_at >= at
    day = run.session.starts_at.date() if run.session else run.cohort.starts_on
    return (not ahead and run.cohort.starts_on < at.date(), day)


def _run(cohort: Cohort, sessions: list[LiveSession], hours: Hours, missing: list[str], at: datetime) -> Run:
    ahead = [session for session in sessions if session.ends_at >= at]
    session = ahead[0] if ahead else sessions[-1] if sessions else None
    found = places(session.starts_at, session.ends_at, hours) if session else []
    leads = [row.user.name for row in session.staff.all()] if session else []
    return Run(cohort, session, leads, {place.zone: place for place in found}, missing)


def _sessions_by_cohort(ids: Sequence[int]) -> dict[int, list[LiveSession]]:
    rows = (
        CohortSession.objects.filter(cohort_id__in=ids)
        .exclude(session__state=LiveSession.State.CANCELLED)
        .select_related("session")
        .prefetch_related("session__staff__user")
        .order_by("session__starts_at", "pk")
    )
    found: dict[int, list[LiveSession]] = defaultdict(list)
    for row in rows:
        found[row.cohort_id].append(row.session)
    return found


# ---------------------------------------------------------------- one cohort


@dataclass(frozen=True)
class Date:
    """A session that a cohort offers for a live step, with its seats and when it is for the cohort's people."""

    offer: CohortSession
    seats: live.Seats
    places: list[Place]

    @property
    def session(self) -> LiveSession:
        return self.offer.session

    @property
    def unkind(self) -> int:
        return sum(place.unkind for place in self.places)


@dataclass(frozen=True)
class LiveStep:
    """A live step of a cohort with the dates on offer."""

    step: Step
    dates: list[Date]

    @property
    def missing(self) -> bool:
        return all(date.session.state == LiveSession.State.CANCELLED for date in self.dates)


def live_steps(cohort: Cohort, hours: Hours) -> list[LiveStep]:
    """The live steps of a cohort with their dates in order of time. Four or five queries for any number of people."""
    steps = Step.objects.filter(version_id=cohort.version_id, kind=Step.Kind.LIVE).select_related("template")
    offers = queries.offers_of(cohort)
    seats = live.seats([offer.session_id for mine in offers.values() for offer in mine])
    return [
        LiveStep(
            step,
            [
                Date(offer, seats[offer.session_id], places(offer.session.starts_at, offer.session.ends_at, hours))
                for offer in offers.get(step.key, ())
            ],
        )
        for step in steps.order_by("position")
    ]


@dataclass(frozen=True)
class CohortFilter:
    """Whom to show of a cohort. `show`: everybody who is in, late, done, or left."""

    text: str = ""
    show: str = ""
    after: str = ""


@dataclass(frozen=True)
class People:
    """Some people of a cohort by name, and where the next ones begin ("" at the end)."""

    rows: Sequence[Enrolment]
    after: str


def people_of(cohort: Cohort, wanted: CohortFilter, *, at: datetime, size: int = PAGE) -> People:
    """Enrolments by name, each with its learner and `late`: how many required steps are overdue. One query."""
    rows = cohort.enrolments.select_related("learner").annotate(late=_late(at))
    if wanted.show == "left":
        rows = rows.filter(state=Enrolment.State.WITHDRAWN)
    else:
        rows = rows.exclude(state=Enrolment.State.WITHDRAWN)
    if wanted.show == "late":
        rows = rows.filter(late__gt=0, state=Enrolment.State.ACTIVE)
    if wanted.show == "done":
        rows = rows.filter(state=Enrolment.State.COMPLETED)
    for word in wanted.text.replace("\x00", "").split()[:5]:
        rows = rows.filter(Q(learner__name__icontains=word) | Q(learner__email__icontains=word))
    if wanted.after.isdecimal():
        last = cohort.enrolments.filter(pk=int(wanted.after)).values("learner__name")
        name = Subquery(last[:1])
        rows = rows.filter(Q(learner__name__gt=name) | Q(learner__name=name, pk__gt=int(wanted.after)))
    found = list(rows.order_by("learner__name", "pk")[: size + 1])
    return People(found[:size], str(found[size - 1].pk) if len(found) > size else "")


def _late(at: datetime) -> Coalesce:
    late = (
        Assignment.objects.filter(
            enrolment=OuterRef("pk"),
            state=Assignment.State.OPEN,
            due_at__lt=at,
            step__required=True,
            item__isnull=False,
        )
        .order_by()
        .values("enrolment")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return Coalesce(Subquery(late), 0)


@dataclass(frozen=True)
class Standing:
    """How a cohort stands, in numbers. `progress`: their average, 0 to 1, None without people."""

    people: int
    finished: int
    left: int
    late: int
    progress: float | None


def standing_of(cohort: Cohort, *, at: datetime) -> Standing:
    """The numbers at the top of a cohort. One query."""
    inside = ~Q(state=Enrolment.State.WITHDRAWN)
    numbers = cohort.enrolments.annotate(late=_late(at)).aggregate(
        people=Count("pk", filter=inside),
        finished=Count("pk", filter=Q(state=Enrolment.State.COMPLETED)),
        left=Count("pk", filter=Q(state=Enrolment.State.WITHDRAWN)),
        behind=Count("pk", filter=Q(late__gt=0, state=Enrolment.State.ACTIVE)),
        total=Coalesce(Sum("progress", filter=inside), 0.0),
    )
    mean = numbers["total"] / numbers["people"] if numbers["people"] else None
    return Standing(numbers["people"], numbers["finished"], numbers["left"], numbers["behind"], mean)


@dataclass(frozen=True)
class Promised:
    """Messages of one kind that go out on one day (in the cohort's zone), and to how many people."""

    day: date
    first_at: datetime
    last_at: datetime
    kind: str
    people: int


def promised_in(cohort: Cohort, *, at: datetime, size: int = 8) -> list[Promised]:
    """What the ledger promises the people of a cohort next, by day and kind: its journey's and its seats'. One query."""
    enrolments = cohort.enrolments.values_list(_scope("enrolment:", "pk"))
    seats = cohort.enrolments.filter(learner__bookings__session__offers__cohort=cohort)
    rows = (
        Message.objects.filter(
            Q(scope__in=enrolments) | Q(scope__in=seats.values_list(_scope("booking:", "learner__bookings__pk")))
        )
        .filter(state=State.PLANNED)
        .values("kind", day=TruncDate("due_at", tzinfo=ZoneInfo(cohort.zone)))
        .annotate(people=Count("recipient", distinct=True), first_at=Min("due_at"), last_at=Max("due_at"))
        .order_by("day", "first_at", "kind")[:size]
    )
    return [Promised(row["day"], row["first_at"], row["last_at"], row["kind"], row["people"]) for row in rows]


def _scope(prefix: str, pk: str) -> Concat:
    """What messages of these rows are planned for: "enrolment:12"."""
    return Concat(Value(prefix), Cast(pk, CharField()))


@dataclass(frozen=True)
class Act:
    """A bulk act as the page lists it: what, how many, by whom, and whether it can still be undone."""

    row: BulkAct
    people: int
    may_undo: bool = field(default=False)


def acts_of(cohort: Cohort, *, at: datetime, size: int = 10) -> list[Act]:
    """The latest bulk acts on a cohort, newest first. One query."""
    rows = BulkAct.objects.filter(cohort=cohort).select_related("by").order_by("-at", "-pk")[:size]
    return [Act(row, _changed_people(row), row.undone_at is None and at - row.at <= UNDO) for row in rows]


def _changed_people(act: BulkAct) -> int:
    effect = act.effect
    return sum(len(effect.get(name, ())) for name in ("created", "returned", "withdrawn", "released"))


def memberships_of(user_ids: Collection[int]) -> list[Membership]:
    """These members by name. One query."""
    return list(people.members().filter(user_id__in=list(user_ids)).order_by("user__name", "pk"))


def enrolment_choices(cohort: Cohort, *, text: str, size: int = 20) -> list[Membership]:
    """Members who are not in a cohort, for picking; by name, those that fit `text`. One query."""
    inside = cohort.enrolments.exclude(state=Enrolment.State.WITHDRAWN).values("learner_id")
    rows = people.members().exclude(user_id__in=inside)
    for word in text.replace("\x00", "").split()[:5]:
        rows = rows.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return list(rows.order_by("user__name", "pk")[:size])


# ---------------------------------------------------------------- one enrolment


def assignments_with_session(enrolment: Enrolment) -> list[Assignment]:
    """The assignments of an enrolment in the order of the steps, with step, item and session. One query."""
    rows = enrolment.assignments.select_related("step", "item", "session").defer("item__search")
    found = list(rows.order_by(F("step__position").asc(nulls_last=True), "pk"))
    for assignment in found:
        assignment.enrolment = enrolment
    return found


def overrides_of(enrolment: Enrolment) -> list[Any]:
    """All accepted changes of an enrolment, undone ones too, newest first. One query."""
    return list(enrolment.overrides.select_related("by").order_by("-created_at", "-pk"))


def messages_of(enrolment: Enrolment, *, size: int = 6) -> list[Message]:
    """What somebody was told last and will be told next in this enrolment, in order. Two queries."""
    rows = Message.objects.filter(scope=f"enrolment:{enrolment.pk}")
    went = rows.filter(sent_at__isnull=False).order_by("-sent_at", "-pk")[:size]
    return [*reversed(went), *rows.filter(state=State.PLANNED).order_by("due_at", "pk")[:size]]


def versions_with_cohorts(journey: Journey) -> QuerySet[JourneyVersion]:
    """Published versions, newest first, each with its `cohort_count`. Lazy, one query."""
    rows = journey.versions.filter(published_at__isnull=False).select_related("published_by")
    return rows.annotate(cohort_count=Count("cohorts")).order_by("-number")


def latest_cohort_of(journey: Journey) -> Cohort | None:
    """The programme's cohort that starts last, for suggestions. One query."""
    return journey.cohorts.exclude(state=Cohort.State.CANCELLED).order_by("-starts_on", "-pk").first()


def learners_of(cohort: Cohort) -> list[tuple[int, str, str]]:
    """(user id, name, e-mail) of everybody in a cohort, by name. One query."""
    rows = cohort.enrolments.exclude(state=Enrolment.State.WITHDRAWN).order_by("learner__name", "pk")
    return list(rows.values_list("learner_id", "learner__name", "learner__email"))


def cohorts_named(slug: str, organisation: str | None = None) -> list[Cohort]:
    """Cohorts with this slug, of one organisation or of any, with journey and organisation. One query.

    Unscoped: an operator at the command line names the cohort, and with it the organisation.
    """
    rows = Cohort.unscoped.select_related("journey", "version", "organisation").filter(slug=slug)
    return list(rows.filter(organisation__slug=organisation) if organisation else rows)


def cohort_names(organisation: str | None = None) -> list[str]:
    """The slugs of cohorts that are prepared or run, for a command line that got one wrong. One query. Unscoped: as above."""
    rows = Cohort.unscoped.filter(state__in=[Cohort.State.DRAFT, Cohort.State.ACTIVE])
    rows = rows.filter(organisation__slug=organisation) if organisation else rows
    return list(rows.order_by("slug").values_list("slug", flat=True))
