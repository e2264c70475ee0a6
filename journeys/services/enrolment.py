"""Who is in a cohort: by hand, by audience rule, by themselves. Every bulk act is previewed and can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from journeys.events import LearnersEnrolled, LearnersWithdrawn
from journeys.facts import cohort_facts
from journeys.models import BulkAct, Cohort, Enrolment
from journeys.plan_messages import welcome
from journeys.services.sync import sync_enrolments
from lxp.events import record
from lxp.messaging import services as messaging
from lxp.people import queries as people
from lxp.people.models import Audience, Membership, User
from lxp.tenancy import scope
from sessions import services as live
from sessions.models import LiveSession


@dataclass(frozen=True)
class EnrolmentPreview:
    """What enrolling some people would do: user ids by effect."""

    joining: list[int]
    returning: list[int]
    already: list[int]
    unknown: list[int]
    too_many: int = 0


@dataclass(frozen=True)
class AudiencePreview:
    """What following the audience would do now: memberships that gain and enrolments that lose the journey."""

    gaining: list[Membership]
    losing: list[Enrolment]
    staying: int
    no_room: list[Membership] = field(default_factory=list)
    """Who matches as well, but there are no places left for."""


def preview_enrolment(*, cohort: Cohort, learner_ids: Sequence[int]) -> EnrolmentPreview:
    """The effect of `enrol` with the same arguments, without doing it. Two queries."""
    wanted = list(dict.fromkeys(learner_ids))
    members = set(people.members().filter(user_id__in=wanted).values_list("user_id", flat=True))
    known = dict(cohort.enrolments.filter(learner_id__in=wanted).values_list("learner_id", "state"))
    joining = [pk for pk in wanted if pk in members and pk not in known]
    returning = [pk for pk in wanted if pk in members and known.get(pk) == Enrolment.State.WITHDRAWN]
    already = [pk for pk in wanted if pk in known and known[pk] != Enrolment.State.WITHDRAWN]
    over = 0
    if cohort.capacity is not None:
        active = cohort.enrolments.exclude(state=Enrolment.State.WITHDRAWN).count()
        over = max(0, active + len(joining) + len(returning) - cohort.capacity)
    return EnrolmentPreview(joining, returning, already, [pk for pk in wanted if pk not in members], over)


@transaction.atomic
def enrol(*, cohort: Cohort, learner_ids: Sequence[int], source: str, by: User | None, at: datetime) -> BulkAct:
    """Put people into a cohort, book them where there is only one session, plan everything they get.

    Idempotent: who is in already stays as they are. Returns the act, which can be undone for 30 days. Raises
    ValidationError for a cohort that takes nobody, people who are not members here, or too many of them.
    """
    Cohort.objects.select_for_update().get(pk=cohort.pk)
    if cohort.state != Cohort.State.ACTIVE:
        raise ValidationError("This cohort is not active, so nobody can join it.")
    preview = preview_enrolment(cohort=cohort, learner_ids=learner_ids)
    if preview.unknown:
        raise ValidationError(f"{len(preview.unknown)} of these people are not active members of the organisation.")
    if preview.too_many:
        raise ValidationError(f"{preview.too_many} more than the {cohort.capacity} places of this cohort.")
    act = BulkAct.objects.create(kind="enrol", cohort=cohort, by=by, at=at)
    created = Enrolment.objects.bulk_create(
        Enrolment(cohort=cohort, learner_id=pk, source=source, enrolled_at=at) for pk in preview.joining
    )
    back = list(cohort.enrolments.filter(learner_id__in=preview.returning))
    for enrolment in back:
        enrolment.state, enrolment.withdrawn_at = Enrolment.State.ACTIVE, None
        enrolment.enrolled_at, enrolment.source = at, source
    Enrolment.objects.bulk_update(back, ["state", "withdrawn_at", "enrolled_at", "source"])
    joined = [*created, *back]
    act.effect = {"created": [e.pk for e in created], "returned": [e.pk for e in back]}
    act.save(update_fields=["effect"])
    if joined:
        _settle_in(cohort, joined, by, at)
        record(LearnersEnrolled(cohort.pk, [e.pk for e in joined], source), by=by, at=at)
    return act


def self_enrol(*, cohort: Cohort, learner: User, at: datetime) -> Enrolment:
    """A learner joins on their own. Raises ValidationError where that is not offered."""
    if not cohort.self_enrol:
        raise ValidationError("This cohort is by invitation. Ask your manager or the learning team.")
    enrol(cohort=cohort, learner_ids=[learner.pk], source=Enrolment.Source.SELF, by=learner, at=at)
    return cohort.enrolments.get(learner=learner)


@transaction.atomic
def withdraw(*, cohort: Cohort, enrolment_ids: Sequence[int], by: User | None, at: datetime) -> BulkAct:
    """Take people out: what they finished stays, everything promised is withdrawn, their seats become free."""
    rows = list(
        cohort.enrolments.select_for_update().filter(pk__in=enrolment_ids).exclude(state=Enrolment.State.WITHDRAWN)
    )
    act = BulkAct.objects.create(
        kind="withdraw", cohort=cohort, by=by, at=at, effect={"withdrawn": {str(e.pk): e.state for e in rows}}
    )
    ids = [e.pk for e in rows]
    Enrolment.objects.filter(pk__in=ids).update(state=Enrolment.State.WITHDRAWN, withdrawn_at=at)
    learner_ids = [e.learner_id for e in rows]
    for session in _sessions_ahead(cohort, at):
        live.release_many(session=session, learner_ids=learner_ids, by=by, at=at, reason="left the journey")
    sync_enrolments(cohort=cohort, enrolment_ids=ids, at=at)
    if ids:
        record(LearnersWithdrawn(cohort.pk, ids), by=by, at=at)
    return act


@transaction.atomic
def undo_bulk(*, act: BulkAct, by: User | None, at: datetime) -> None:
    """Undo `enrol` or `withdraw`: who came goes, who went comes back. Finished work stays, as always."""
    assert act.cohort is not None
    if act.kind == "enrol":
        ids = [*act.effect.get("created", []), *act.effect.get("returned", [])]
        withdraw(cohort=act.cohort, enrolment_ids=ids, by=by, at=at)
        return
    ids = [int(pk) for pk in act.effect.get("withdrawn", {})]
    learners = act.cohort.enrolments.filter(pk__in=ids, state=Enrolment.State.WITHDRAWN)
    enrol(
        cohort=act.cohort,
        learner_ids=list(learners.values_list("learner_id", flat=True)),
        source=Enrolment.Source.HAND,
        by=by,
        at=at,
    )


def preview_audience(*, cohort: Cohort, at: datetime, audience: Audience | None = None) -> AudiencePreview:
    """Dry run of `follow_audience`, with the cohort's audience or another one: who would gain and who would lose it.

    Three queries.
    """
    audience = audience or cohort.audience
    if audience is None:
        return AudiencePreview([], [], 0)
    matching = list(people.members_of(audience, at=at).order_by("created_at", "pk"))
    ids = {m.user_id for m in matching}
    active = list(cohort.enrolments.select_related("learner").exclude(state=Enrolment.State.WITHDRAWN))
    inside = {e.learner_id for e in active}
    # Only people whom the rule brought in lose it again; who was enrolled by hand or signed up stays.
    losing = [
        e
        for e in active
        if e.learner_id not in ids and e.source == Enrolment.Source.RULE and e.state == Enrolment.State.ACTIVE
    ]
    gaining = [m for m in matching if m.user_id not in inside]
    room = len(gaining) if cohort.capacity is None else max(0, cohort.capacity - len(inside) + len(losing))
    return AudiencePreview(gaining[:room], losing, len(inside) - len(losing), gaining[room:])


@transaction.atomic
def follow_audience(*, cohort: Cohort, by: User | None, at: datetime) -> list[BulkAct]:
    """Release those whom the audience's rule no longer matches, and enrol everybody it does (also retroactively).

    As many as there are places, those first who have been members for longest.
    """
    Cohort.objects.select_for_update().get(pk=cohort.pk)
    preview = preview_audience(cohort=cohort, at=at)
    acts = []
    if preview.losing:
        acts.append(withdraw(cohort=cohort, enrolment_ids=[e.pk for e in preview.losing], by=by, at=at))
    if preview.gaining:
        gaining = [m.user_id for m in preview.gaining]
        acts.append(enrol(cohort=cohort, learner_ids=gaining, source=Enrolment.Source.RULE, by=by, at=at))
    return acts


@transaction.atomic
def enrol_audience(*, cohort: Cohort, audience: Audience, follow: bool, by: User | None, at: datetime) -> list[BulkAct]:
    """Enrol an audience now, and with `follow` keep up with its rule. Returns the acts, which can be undone.

    Raises ValidationError for a cohort that takes nobody, and for a rule that matches nobody and would do nothing.
    """
    if cohort.state != Cohort.State.ACTIVE:
        raise ValidationError(_("This cohort is not active yet, so nobody can join it. Start it first."))
    cohort.audience, cohort.follow_audience = audience, follow
    cohort.save(update_fields=["audience", "follow_audience"])
    acts = follow_audience(cohort=cohort, by=by, at=at)
    if not acts and not follow and not people.members_of(audience, at=at).exists():
        raise ValidationError(
            {
                "audience": _(
                    "Nobody matches this rule today. Change the rule, or keep following it so that people are in as soon as they match."
                )
            }
        )
    return acts


def _settle_in(cohort: Cohort, joined: Sequence[Enrolment], by: User | None, at: datetime) -> None:
    """Book the only session of each live step, plan everything, and say welcome."""
    facts = cohort_facts(cohort)
    learner_ids = [e.learner_id for e in joined]
    for sessions in facts.offers.values():
        if len(sessions) == 1 and sessions[0].starts_at > at:
            live.book_many(session=sessions[0], learner_ids=learner_ids, by=by, at=at, reason="enrolled")
    sync_enrolments(cohort=cohort, enrolment_ids=[e.pk for e in joined], at=at)
    messaging.promise(
        members=[messaging.Member(e.learner_id, f"enrolment:{e.pk}", 0) for e in joined],
        message=welcome(at, mandatory=cohort.journey.mandatory, cohort_id=cohort.pk),
        at=at,
    )


def _sessions_ahead(cohort: Cohort, at: datetime) -> list[LiveSession]:
    offers = cohort.offers.select_related("session").filter(session__starts_at__gt=at)
    return [offer.session for offer in offers]


def follow_audiences(*, at: datetime) -> int:
    """Let every active cohort that follows an audience enrol and release, in all organisations. Returns the acts."""
    # Unscoped: the hourly job serves every organisation and opens each one's scope in turn.
    cohorts = Cohort.unscoped.select_related("journey", "audience").filter(
        follow_audience=True, state=Cohort.State.ACTIVE
    )
    acts = 0
    for cohort in cohorts:
        assert cohort.organisation_id is not None
        with scope(cohort.organisation_id):
            acts += len(follow_audience(cohort=cohort, by=None, at=at))
    return acts
