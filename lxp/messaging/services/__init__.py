"""What can be done to the ledger and to people's choices; each function is one change."""

from lxp.messaging.services.choices import (
    mark_all_read,
    mark_read,
    record_bounce,
    record_delivery,
    resend,
    retry_all_dead,
    retry_dead,
    set_preference,
    set_preferences,
    unsubscribe,
)
from lxp.messaging.services.delivery import Delivered, deliver_due
from lxp.messaging.services.ledger import NO_LONGER_NEEDED, POSTPONED, Member, SyncResult, promise, sync_planned
from lxp.messaging.services.pulse import note_pulse

__all__ = [
    "NO_LONGER_NEEDED",
    "POSTPONED",
    "Delivered",
    "Member",
    "SyncResult",
    "deliver_due",
    "mark_all_read",
    "mark_read",
    "note_pulse",
    "promise",
    "record_bounce",
    "record_delivery",
    "resend",
    "retry_all_dead",
    "retry_dead",
    "set_preference",
    "set_preferences",
    "sync_planned",
    "unsubscribe",
]
