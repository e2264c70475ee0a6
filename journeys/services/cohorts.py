"""Scheduling cohorts: which version, for whom, from when, with which live sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from journeys.events import CohortScheduled
from journeys.models import BulkAct, Cohort, CohortSession, Enrolment, JourneyVersion, Step
from journeys.services.enrolment import withdraw
from lxp.events import record
from lxp.people.models import Audience, User
from lxp.people.zones import is_zone
from sessions import services as live
from sessions.models import LiveSession


@dataclass(frozen=True)
class Offer:
    """A live session to create for a live step: wall time (naive) in `zone`, and who leads it."""

    step_key: str
    start_local: datetime
    zone: str
    facilitator: User | None = None
    capacity: int | None = None
    provider: str = "none"
    provider_url: str = ""
    place: str = ""
    fold: int | None = None


class OfferRefused(ValidationError):
    """An offered session that can't be: the errors by field as live sessions name them, and whose they are."""

    def __init__(self, offer: Offer, error: ValidationError) -> None:
        super().__init__(error)
        self.offer = offer


@transaction.atomic
def schedule_cohort(
    *,
    version: JourneyVersion,
    title: str,
    starts_on: date,
    zone: str,
    by: User | None,
    at: datetime,
    slug: str = "",
    audience: Audience | None = None,
    follow_audience: bool = False,
    self_enrol: bool = False,
    capacity: int | None = None,
    offers: Sequence[Offer] = (),
    draft: bool = False,
) -> Cohort:
    """A run of a published version. Every live step needs at least one session before it can be active.

    Raises ValidationError naming the live steps without a session, and OfferRefused for a session that can't be.
    """
    if version.published_at is None:
        raise ValidationError("Publish the journey first; only published versions can be scheduled.")
    _check(zone=zone, audience=audience, follow_audience=follow_audience, capacity=capacity)
    cohort = Cohort.objects.create(
        journey_id=version.journey_id,
        version=version,
        title=title,
        slug=_free_slug(slug or slugify(title) or "cohort"),
        starts_on=starts_on,
        zone=zone,
        audience=audience,
        follow_audience=follow_audience,
        self_enrol=self_enrol,
        capacity=capacity,
        state=Cohort.State.DRAFT,
        created_by=by,
        created_at=at,
    )
    for offer in offers:
        _offer(cohort, offer, by, at)
    if not draft:
        _require_sessions(cohort)
        cohort.state = Cohort.State.ACTIVE
        cohort.save(update_fields=["state"])
    record(CohortScheduled(cohort.pk), by=by, at=at)
    return cohort


@transaction.atomic
def add_session(*, cohort: Cohort, offer: Offer, by: User | None, at: datetime) -> LiveSession:
    """One more live session for a step: its first one, or an alternative people may switch to."""
    session = _offer(cohort, offer, by, at)
    record(CohortScheduled(cohort.pk), by=by, at=at)
    return session


def look_at_offer(*, cohort: Cohort, offer: Offer, by: User | None, at: datetime) -> tuple[datetime, datetime]:
    """When an offered session would start and end (UTC), by the same rules as `add_session`, without adding it."""
    with transaction.atomic():
        session = _offer(cohort, offer, by, at)
        transaction.set_rollback(True)
    return session.starts_at, session.ends_at


@transaction.atomic
def link_session(
    *, cohort: Cohort, step_key: str, session: LiveSession, by: User | None, at: datetime
) -> CohortSession:
    """Offer an existing live session (of the step's template) to this cohort too."""
    step = _live_step(cohort, step_key)
    if session.template_id != step.template_id:
        raise ValidationError("That session teaches something else. Choose one of this step's kind.")
    is_default = not cohort.offers.filter(step_key=step_key, is_default=True).exists()
    row, _ = CohortSession.objects.get_or_create(
        cohort=cohort, step_key=step_key, session=session, defaults={"is_default": is_default}
    )
    record(CohortScheduled(cohort.pk), by=by, at=at)
    return row


@transaction.atomic
def remove_session(*, cohort: Cohort, session: LiveSession, by: User | None, at: datetime) -> BulkAct:
    """Stop offering a session to this cohort, whose people lose their seats in it; those with one date left get that.

    Returns the act that can be undone. Raises ValidationError where it is the only one of an active cohort.
    """
    row = cohort.offers.select_for_update().filter(session=session).first()
    if row is None:
        raise ValidationError(_("This session is not offered here any more."))
    others = cohort.offers.filter(step_key=row.step_key).exclude(pk=row.pk).order_by("session__starts_at")
    if cohort.state == Cohort.State.ACTIVE and not others.exists():
        raise ValidationError(_("It is the only session of this step. Add another one first, or move it."))
    was_default = row.is_default
    row.delete()
    if was_default and (next_row := others.first()):
        CohortSession.objects.filter(pk=next_row.pk).update(is_default=True)
    released = _release(cohort, session, by, at)
    act = BulkAct.objects.create(
        kind="remove_session", cohort=cohort, by=by, at=at,
        effect={"step": row.step_key, "session": session.pk, "default": was_default, "released": released},
    )  # fmt: skip
    record(CohortScheduled(cohort.pk), by=by, at=at)
    return act


def restore_session(*, act: BulkAct, by: User | None, at: datetime) -> None:
    """Undo `remove_session`: offered again, and those who had a seat get one as long as there are some."""
    assert act.cohort is not None
    session = LiveSession.objects.get(pk=act.effect["session"])
    link_session(cohort=act.cohort, step_key=act.effect["step"], session=session, by=by, at=at)
    if act.effect["default"]:
        set_default_session(cohort=act.cohort, session=session, by=by, at=at)
    still = act.cohort.enrolments.exclude(state=Enrolment.State.WITHDRAWN)
    learner_ids = list(still.filter(learner_id__in=act.effect["released"]).values_list("learner_id", flat=True))
    if learner_ids and session.starts_at > at and session.state == LiveSession.State.SCHEDULED:
        live.book_many(session=session, learner_ids=learner_ids, by=by, at=at, reason="session offered again")


@transaction.atomic
def set_default_session(*, cohort: Cohort, session: LiveSession, by: User | None, at: datetime) -> None:
    """Make a session the one that counts for people who have not chosen."""
    row = cohort.offers.select_for_update().get(session=session)
    cohort.offers.filter(step_key=row.step_key, is_default=True).update(is_default=False)
    CohortSession.objects.filter(pk=row.pk).update(is_default=True)
    record(CohortScheduled(cohort.pk), by=by, at=at)


@transaction.atomic
def update_cohort(*, cohort: Cohort, by: User | None, at: datetime, **changes: Any) -> Cohort:
    """Change title, start, zone, audience, capacity or self-enrolment; plans follow."""
    allowed = {"title", "starts_on", "zone", "audience", "follow_audience", "self_enrol", "capacity"}
    if unknown := set(changes) - allowed:
        raise ValidationError(f"These can't be changed here: {', '.join(sorted(unknown))}.")
    for name, value in changes.items():
        setattr(cohort, name, value)
    _check(zone=cohort.zone, audience=cohort.audience, follow_audience=cohort.follow_audience, capacity=cohort.capacity)
    cohort.save(update_fields=list(changes))
    record(CohortScheduled(cohort.pk), by=by, at=at)
    return cohort


@transaction.atomic
def set_cohort_state(*, cohort: Cohort, state: str, by: User | None, at: datetime) -> Cohort:
    """Activate, finish or cancel a cohort. Cancelling withdraws everybody, who lose their seats; finished work stays."""
    if state == Cohort.State.ACTIVE:
        _require_sessions(cohort)
    cohort.state = state
    cohort.save(update_fields=["state"])
    if state == Cohort.State.CANCELLED:
        active = cohort.enrolments.filter(state=Enrolment.State.ACTIVE)
        withdraw(cohort=cohort, enrolment_ids=list(active.values_list("pk", flat=True)), by=by, at=at)
    record(CohortScheduled(cohort.pk), by=by, at=at)
    return cohort


def missing_sessions(cohort: Cohort) -> list[Step]:
    """Live steps that nobody could attend: no session that is not cancelled. One query."""
    offered = CohortSession.objects.filter(cohort=cohort).exclude(session__state=LiveSession.State.CANCELLED)
    return list(
        Step.objects.filter(version_id=cohort.version_id, kind=Step.Kind.LIVE)
        .exclude(key__in=offered.values("step_key"))
        .order_by("position")
    )


def _require_sessions(cohort: Cohort) -> None:
    if missing := missing_sessions(cohort):
        names = ", ".join(f"“{step.title}”" for step in missing)
        raise ValidationError(_("Add a live session for %(names)s: learners could not attend it.") % {"names": names})


def _check(*, zone: str, audience: Audience | None, follow_audience: bool, capacity: int | None) -> None:
    errors = {}
    if not is_zone(zone):
        errors["zone"] = _("There is no time zone “%(zone)s”. Use a name such as Europe/Lisbon.") % {"zone": zone[:64]}
    if follow_audience and audience is None:
        errors["audience"] = _("Choose the audience whose members should be enrolled.")
    if capacity is not None and capacity < 1:
        errors["capacity"] = _("At least one place, or none at all for any number.")
    if errors:
        raise ValidationError(errors)


def _release(cohort: Cohort, session: LiveSession, by: User | None, at: datetime) -> list[int]:
    """Take the cohort's people out of a session that lies ahead. Returns whom."""
    if session.starts_at <= at:
        return []
    members = cohort.enrolments.exclude(state=Enrolment.State.WITHDRAWN).values_list("learner_id", flat=True)
    return live.release_many(session=session, learner_ids=list(members), by=by, at=at, reason="another date")


def _offer(cohort: Cohort, offer: Offer, by: User | None, at: datetime) -> LiveSession:
    step = _live_step(cohort, offer.step_key)
    assert step.template is not None
    try:
        session = live.schedule_session(
            template=step.template,
            start_local=offer.start_local,
            zone=offer.zone,
            fold=offer.fold,
            facilitators=[offer.facilitator] if offer.facilitator else [],
            capacity=offer.capacity,
            provider=offer.provider,
            provider_url=offer.provider_url,
            place=offer.place,
            by=by,
            at=at,
        )
    except ValidationError as error:
        raise OfferRefused(offer, error) from error
    is_default = not cohort.offers.filter(step_key=step.key, is_default=True).exists()
    CohortSession.objects.create(cohort=cohort, step_key=step.key, session=session, is_default=is_default)
    return session


def _live_step(cohort: Cohort, step_key: str) -> Step:
    step = (
        Step.objects.select_related("template")
        .filter(version_id=cohort.version_id, key=step_key, kind=Step.Kind.LIVE)
        .first()
    )
    if step is None:
        raise ValidationError(f"This journey has no live step “{step_key}”.")
    return step


def _free_slug(wanted: str) -> str:
    taken = set(Cohort.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    return next(s for s in (wanted, *(f"{wanted}-{n}" for n in range(2, 2000))) if s not in taken)
