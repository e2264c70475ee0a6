from django.db import models

from lxp.tenancy import OrgOwned


class IdempotencyRecord(OrgOwned):
    """The answer once given to a POST with an `Idempotency-Key`, replayed when the client asks again."""

    actor_key = models.CharField(max_length=80, help_text="Which token or user sent it.")
    key = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "actor_key", "key"], name="idempotency_once")]

    def __str__(self) -> str:
        return self.key
