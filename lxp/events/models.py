from django.conf import settings
from django.db import models
from django.db.models import Q

from lxp.tenancy import OrgOwned


class DomainEvent(OrgOwned):
    """A fact inside the house: who did what, when. Outbox, audit trail and replay in one; never changed."""

    kind = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-at"], name="event_org_at"),
            models.Index(fields=["organisation", "kind", "-at"], name="event_org_kind_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"


class Delivery(OrgOwned):
    """One event's way to one subscriber. Open until `done_at`; dead when it failed too often."""

    event = models.ForeignKey(DomainEvent, on_delete=models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=150)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="delivery_once_per_handler")]
        indexes = [
            models.Index(fields=["next_try_at", "id"], name="delivery_due", condition=Q(done_at=None, dead_at=None)),
            models.Index(fields=["dead_at"], name="delivery_dead", condition=Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.handler} of event {self.event_id}"
