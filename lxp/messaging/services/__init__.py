"""What can be done to the ledger and to people's choices; each function is one change."""

from lxp.messaging.services.ledger import NO_LONGER_NEEDED, POSTPONED, Member, SyncResult, promise, sync_planned

__all__ = ["NO_LONGER_NEEDED", "POSTPONED", "Member", "SyncResult", "promise", "sync_planned"]
