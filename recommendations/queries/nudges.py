"""Nudges by hand: what they can be about, and who had one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _

from journeys import queries as journeys
from journeys.models import Assignment, Enrolment, Step
from lxp.messaging.models import Message, State
from lxp.people.actor import Actor
from sessions.models import Booking, LiveSession
from sessions.queries import ACTIVE as SEATED

KIND_NUDGE = "recommendations.nudge"
ONE_A_DAY = timedelta(hours=20)
"""Less than a day, so that nine in the morning yesterday doesn't forbid a quarter to nine today."""

ON_THE_WAY = (State.PLANNED, State.SENT, State.DELIVERED)


def scope_of(enrolment_id: int) -> str:
    """The scope in the ledger of nudges about an enrolment."""
    return f"nudge:{enrolment_id}"


def enrolment_id_of(message: Message) -> int:
    """The enrolment a nudge is about."""
    return int(message.scope.removeprefix("nudge:"))


def last_nudges(enrolment_ids: Collection[int], *, at: datetime) -> dict[int, Message]:
    """The newest nudge by hand of the last day, sent or on its way, by enrolment. One query."""
    rows = Message.objects.filter(
        scope__in=[scope_of(pk) for pk in enrolment_ids],
        kind=KIND_NUDGE,
        state__in=ON_THE_WAY,
        planned_at__gt=at - ONE_A_DAY,
    )
    return {enrolment_id_of(row): row for row in rows.order_by("planned_at", "pk")}


def nudgeable_for(actor: Actor, enrolment_id: int) -> Enrolment:
    """Somebody else's enrolment the actor may nudge in: a report's, one in a cohort they lead, any for L&D.

    Up to three queries. Raises Http404 for strangers, PermissionDenied for oneself.
    """
    enrolment = journeys.enrolment_for(actor, enrolment_id)
    if enrolment.learner_id == actor.user_id:
        raise PermissionDenied(_("Your manager, your facilitator and the learning team can nudge you."))
    return enrolment


def can_nudge(enrolment: Enrolment, *, live: bool = False) -> bool:
    """Whether there is anything to remind of: an open step, or (`live`) a session to choose. One query."""
    if enrolment.state != Enrolment.State.ACTIVE:
        return False
    rows = Assignment.objects.filter(enrolment=enrolment)
    return (_to_choose(rows) if live else _open_work(rows)).exists()


def spoken_of(enrolment_ids: Collection[int], *, live: bool) -> dict[int, list[Assignment]]:
    """What nudges about these enrolments speak of, soonest first, with what links need. One query."""
    rows = Assignment.objects.filter(enrolment_id__in=list(enrolment_ids), enrolment__state=Enrolment.State.ACTIVE)
    wanted = (_to_choose(rows) if live else _open_work(rows)).select_related(
        "step", "item", "session", "enrolment__cohort__journey"
    )
    found: dict[int, list[Assignment]] = defaultdict(list)
    for row in wanted.defer("item__search").order_by(F("due_at").asc(nulls_last=True), "step__position", "pk"):
        found[row.enrolment_id].append(row)
    return dict(found)


def _open_work(rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
    return rows.filter(state=Assignment.State.OPEN, item__isnull=False)


def _to_choose(rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
    seat = Booking.objects.filter(session=OuterRef("session"), learner=OuterRef("learner"), state__in=SEATED)
    return rows.filter(
        ~Exists(seat), step__kind=Step.Kind.LIVE, state=Assignment.State.PLANNED, session__state__in=LiveSession.OPEN
    )
