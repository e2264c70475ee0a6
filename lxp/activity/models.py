import uuid

from django.conf import settings
from django.db import models

from lxp.tenancy import OrgOwned


class Statement(OrgOwned):
    """The learner record: one thing somebody experienced, in xAPI's words. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    verb = models.CharField(max_length=60, help_text="Short xAPI verb, such as completed, attended, answered.")
    object_type = models.CharField(max_length=30)
    object_id = models.CharField(max_length=200)
    object_name = models.CharField(max_length=300, blank=True)
    registration = models.UUIDField(null=True, blank=True, help_text="The enrolment's uuid.")
    result = models.JSONField(default=dict, blank=True)
    context = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "actor", "-at"], name="statement_actor_at"),
            models.Index(fields=["organisation", "object_type", "object_id", "-at"], name="statement_object_at"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_id} {self.verb} {self.object_id}"


class DailyActivity(OrgOwned):
    """Roll-up per person, day (UTC) and enrolment: what insight and audits read instead of the raw record."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    registration = models.UUIDField(null=True, blank=True)
    statements = models.PositiveIntegerField(default=0)
    seconds = models.PositiveIntegerField(default=0, help_text="Active learning time.")

    class Meta:
        verbose_name_plural = "daily activity"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "actor", "day", "registration"],
                name="daily_activity_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor_id} on {self.day}"
