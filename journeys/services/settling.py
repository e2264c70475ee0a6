"""From a fact to the enrolments it concerns: what the event handlers call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from journeys.models import Cohort, CohortSession, Enrolment, Step
from journeys.services.enrolment import follow_audience
from journeys.services.sync import SyncResult, sync_cohort, sync_enrolments, sync_learner
from lxp.people import queries as people
from sessions import services as live


def sync_registration(*, registration: str, at: datetime) -> SyncResult:
    """Match the enrolment an attempt belongs to; nothing for one outside any journey."""
    if not registration:
        return SyncResult()
    enrolment = Enrolment.objects.select_related("cohort__journey").filter(uuid=UUID(registration)).first()
    if enrolment is None:
        return SyncResult()
    return sync_enrolments(cohort=enrolment.cohort, enrolment_ids=[enrolment.pk], at=at)


def sync_session(*, session_id: int, at: datetime, learner_ids: Sequence[int] | None = None) -> SyncResult:
    """Match everybody whose cohort offers a session, or some of them."""
    result = SyncResult()
    cohorts = Cohort.objects.select_related("journey").filter(offers__session_id=session_id).distinct()
    for cohort in cohorts:
        rows = cohort.enrolments.order_by("pk")
        if learner_ids is not None:
            rows = rows.filter(learner_id__in=learner_ids)
        ids = list(rows.values_list("pk", flat=True))
        result += sync_enrolments(cohort=cohort, enrolment_ids=ids, at=at)
    return result


def settle_booking(*, session_id: int, learner_id: int, booked: bool, at: datetime) -> SyncResult:
    """After one person's booking changed: one seat per live step, then their plan.

    Who takes a seat on another date of a step gives the earlier one back; both acts are theirs.
    """
    if booked:
        _give_up_other_dates(session_id, learner_id, at)
    return sync_session(session_id=session_id, learner_ids=[learner_id], at=at)


def settle_cohort(*, cohort_id: int, at: datetime) -> SyncResult:
    """After a cohort's schedule changed: follow its audience, book what has a single date, match every plan."""
    cohort = Cohort.objects.select_related("journey", "audience").get(pk=cohort_id)
    if cohort.state == Cohort.State.ACTIVE and cohort.follow_audience:
        follow_audience(cohort=cohort, by=None, at=at)
    if cohort.state == Cohort.State.ACTIVE:
        _book_single_dates(cohort, at)
    return sync_cohort(cohort=cohort, at=at)


def settle_person(*, user_id: int, follow: bool, at: datetime) -> SyncResult:
    """After a person changed: audiences first where HR facts did (`follow`), then all their plans."""
    member = people.members().filter(user_id=user_id).exists()
    if not member:
        Enrolment.objects.filter(learner_id=user_id, state=Enrolment.State.ACTIVE).update(
            state=Enrolment.State.WITHDRAWN, withdrawn_at=at
        )
    elif follow:
        rows = Cohort.objects.select_related("journey", "audience").filter(
            follow_audience=True, state=Cohort.State.ACTIVE
        )
        for cohort in rows:
            follow_audience(cohort=cohort, by=None, at=at)
    return sync_learner(learner_id=user_id, at=at)


def follow_changed_audience(*, audience_id: int, at: datetime) -> int:
    """Let the cohorts that follow an audience enrol and release. Returns how many acts that made."""
    rows = Cohort.objects.select_related("journey", "audience").filter(
        audience_id=audience_id, follow_audience=True, state=Cohort.State.ACTIVE
    )
    return sum(len(follow_audience(cohort=cohort, by=None, at=at)) for cohort in rows)


def _book_single_dates(cohort: Cohort, at: datetime) -> None:
    """A session added after people enrolled is theirs too when it is the only one of its step."""
    offers: dict[str, list[CohortSession]] = defaultdict(list)
    rows = CohortSession.objects.select_related("session").filter(cohort=cohort).exclude(session__state="cancelled")
    for offer in rows:
        offers[offer.step_key].append(offer)
    keys = Step.objects.filter(version_id=cohort.version_id, kind=Step.Kind.LIVE).values_list("key", flat=True)
    learner_ids = list(cohort.enrolments.exclude(state=Enrolment.State.WITHDRAWN).values_list("learner_id", flat=True))
    for key in keys:
        single = offers[key]
        if len(single) == 1 and single[0].session.starts_at > at and learner_ids:
            live.book_many(session=single[0].session, learner_ids=learner_ids, by=None, at=at, reason="enrolled")


def _give_up_other_dates(session_id: int, learner_id: int, at: datetime) -> None:
    mine = CohortSession.objects.filter(session_id=session_id, cohort__enrolments__learner_id=learner_id).exclude(
        cohort__enrolments__state=Enrolment.State.WITHDRAWN
    )
    for offer in mine:
        others = (
            CohortSession.objects.select_related("session")
            .filter(cohort_id=offer.cohort_id, step_key=offer.step_key, session__starts_at__gt=at)
            .exclude(session_id=session_id)
        )
        for other in others:
            live.release_many(
                session=other.session, learner_ids=[learner_id], by=None, at=at, reason="took another date"
            )
