"""Signs that somebody is there: joining opens an interval, heartbeats extend it.

Presence is a matter of the person, not of the tab: what several tabs or a meeting client report is united when
attendance is settled, so nothing here needs a lock.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from lxp.people.models import User
from sessions import rules
from sessions.attendance import LEASE
from sessions.models import Booking, LiveSession, PresenceInterval, SessionStaff

HEARTBEAT_SECONDS = 30
"""How often a join page says that it is still open; well inside the lease, as hidden tabs may be slowed down."""


@transaction.atomic
def join(*, session: LiveSession, learner: User, at: datetime) -> PresenceInterval | None:
    """Somebody opens the join page. Returns their presence, None for those who run the session.

    Raises ValidationError when the door isn't open, or they have no seat.
    """
    if not rules.may_join(session, at):
        raise ValidationError(_("The door opens ten minutes before the start and closes when the session ends."))
    if SessionStaff.objects.filter(session=session, user=learner, active=True).exists():
        return None
    if not Booking.objects.filter(session=session, learner=learner, state=Booking.State.BOOKED).exists():
        raise ValidationError(_("You have no seat in this session yet. Book one first."))
    return _extend(session, learner, at)


@transaction.atomic
def heartbeat(*, session: LiveSession, learner: User, at: datetime) -> bool:
    """The join page is still open. Returns whether the session goes on; afterwards nothing is recorded."""
    if not rules.may_join(session, at):
        return False
    if Booking.objects.filter(session=session, learner=learner, state=Booking.State.BOOKED).exists():
        _extend(session, learner, at)
    return True


def _extend(session: LiveSession, learner: User, at: datetime) -> PresenceInterval:
    """Prolong the last interval while its lease holds, else open a new one."""
    source = PresenceInterval.Source.JOIN
    last = (
        PresenceInterval.objects.filter(session=session, learner=learner, source=source, seen_at__gt=at - LEASE)
        .order_by("-seen_at")
        .first()
    )
    if last is None:
        return PresenceInterval.objects.create(session=session, learner=learner, source=source, began_at=at, seen_at=at)
    # Never backwards: two tabs may report out of order.
    PresenceInterval.objects.filter(pk=last.pk, seen_at__lt=at).update(seen_at=at)
    last.seen_at = max(last.seen_at, at)
    return last
