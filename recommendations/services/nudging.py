"""A nudge by hand: a real message of the ledger, with ten seconds in which it can be taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from journeys.models import Enrolment
from lxp.events import record
from lxp.messaging import services as messaging
from lxp.messaging.categories import NUDGE
from lxp.messaging.plan import PlannedMessage, next_allowed
from lxp.messaging.times import person_times
from lxp.people.models import User
from recommendations.events import LearnerNudged
from recommendations.queries import KIND_NUDGE, can_nudge, last_nudges, scope_of

UNDO_WITHIN = timedelta(seconds=10)


@transaction.atomic
def nudge(*, enrolment: Enrolment, by: User, at: datetime, live: bool = False) -> datetime:
    """Promise the learner a friendly word about their next step (`live`: about choosing a date). Returns when it goes.

    Within the hours they may be written to, through their preferences and the cap of one nudge a day. Raises
    ValidationError when they had one less than a day ago, or have nothing to do.
    """
    locked = Enrolment.objects.select_for_update(of=("self",)).select_related("learner").get(pk=enrolment.pk)
    if last_nudges([locked.pk], at=at):
        raise ValidationError(
            _("%(name)s had a nudge less than a day ago. One a day is enough.") % {"name": locked.learner.name}
        )
    if not can_nudge(locked, live=live):
        raise ValidationError(_("%(name)s has nothing to do here at the moment.") % {"name": locked.learner.name})
    due_at = next_allowed(at + UNDO_WITHIN, person_times([locked.learner_id])[locked.learner_id])
    message = PlannedMessage(
        suffix="by-hand",
        kind=KIND_NUDGE,
        category=NUDGE,
        due_at=due_at,
        about_at=at,  # each nudge is a promise of its own
        reason=f"{by.name} asked us to send you this.",
        params={"by": by.pk, "live": live},
    )
    messaging.promise(members=[messaging.Member(locked.learner_id, scope_of(locked.pk))], message=message, at=at)
    record(LearnerNudged(locked.pk, locked.learner_id), by=by, at=at)
    return due_at


def take_back_nudge(*, enrolment: Enrolment, at: datetime) -> bool:
    """Take back a nudge that has not gone out yet. Returns whether there was one."""
    member = messaging.Member(enrolment.learner_id, scope_of(enrolment.pk))
    return bool(messaging.sync_planned(members=[member], plans={}, kinds=[KIND_NUDGE], at=at).suppressed)
