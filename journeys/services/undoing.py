"""Taking acts back: every bulk act, and every change of a draft, for thirty days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from journeys.models import BulkAct
from journeys.services.cohorts import restore_session
from journeys.services.design import undo_design
from journeys.services.enrolment import undo_bulk
from lxp.people.models import User

UNDO_DAYS = 30

_UNDO: dict[str, Callable[..., None]] = {
    "enrol": undo_bulk,
    "withdraw": undo_bulk,
    "remove_session": restore_session,
    "add_step": undo_design,
    "change_step": undo_design,
    "move_step": undo_design,
    "remove_step": undo_design,
    "discard_draft": undo_design,
}


@transaction.atomic
def undo_act(*, act: BulkAct, by: User | None, at: datetime) -> BulkAct:
    """Take an act back within 30 days; a second time changes nothing. Finished work stays, as always.

    Raises ValidationError where it is too late, or where newer changes would be lost.
    """
    act = BulkAct.objects.select_for_update().get(pk=act.pk)
    if act.undone_at:
        return act
    if at - act.at > timedelta(days=UNDO_DAYS):
        raise ValidationError(
            _("This was more than %(days)d days ago and can’t be undone any more.") % {"days": UNDO_DAYS}
        )
    _UNDO[act.kind](act=act, by=by, at=at)
    act.undone_at = at
    act.save(update_fields=["undone_at"])
    return act
