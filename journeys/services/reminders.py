"""The reminder somebody sets for themselves: a promise in the ledger like any other, and taken back like any other."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from journeys import reminding
from journeys.models import Assignment
from lxp.messaging import services as messaging


@transaction.atomic
def remind_later(*, assignment: Assignment, remind_at: datetime, at: datetime) -> None:
    """Remind the learner of an open step at `remind_at`. A second wish replaces the first.

    Raises ValidationError for a step that isn't open and for a moment that has passed or is too far away.
    """
    if assignment.state != Assignment.State.OPEN:
        raise ValidationError(_("This step isn’t open, so there is nothing to be reminded of."))
    if not at < remind_at <= at + reminding.LATEST:
        raise ValidationError(_("Choose a moment within the next %(n)d days.") % {"n": reminding.LATEST.days})
    _promise(assignment, remind_at, at)


@transaction.atomic
def take_back_reminder(*, assignment: Assignment, at: datetime) -> None:
    """No reminder after all. Harmless where there is none."""
    _promise(assignment, None, at)


def _promise(assignment: Assignment, remind_at: datetime | None, at: datetime) -> None:
    plan = [reminding.message(assignment.key, assignment.pk, remind_at)] if remind_at else []
    messaging.sync_planned(
        members=[messaging.Member(assignment.learner_id, reminding.scope_of(assignment.pk))],
        plans={0: plan},
        kinds=[reminding.KIND],
        at=at,
    )
