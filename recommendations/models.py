from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from lxp.tenancy import OrgOwned


class Recommendation(OrgOwned):
    """One thing worth a learner's time, with the true reason it was chosen. At most three stand at a time."""

    class State(models.TextChoices):
        SHOWN = "shown", "Shown"
        DISMISSED = "dismissed", "Dismissed"
        KNOWN = "known", "I know it already"
        TAKEN = "taken", "Opened"
        GONE = "gone", "No longer fits"

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recommendations")
    item = models.ForeignKey("content.ContentItem", on_delete=models.CASCADE, related_name="+")
    rank = models.PositiveSmallIntegerField()
    score = models.FloatField()
    reason_kind = models.CharField(max_length=20)
    reason = models.JSONField(default=dict, help_text="The facts the reason is made of: skill, level, target…")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SHOWN)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["learner", "item", "organisation"], name="recommendation_once"),
        ]
        indexes = [
            models.Index(fields=["organisation", "learner", "rank"], name="recommendation_shown", condition=Q(state="shown"))
        ]

    def __str__(self) -> str:
        return f"{self.item_id} for {self.learner_id}"


class Insight(OrgOwned):
    """Somebody who may need a hand in an enrolment, why, and the one thing we suggest. Derived; see insights.py."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Left alone"
        RESOLVED = "resolved", "Resolved"

    enrolment = models.ForeignKey("journeys.Enrolment", on_delete=models.CASCADE, related_name="insights")
    kind = models.CharField(max_length=30)
    facts = models.JSONField(default=dict, help_text="What the reason is made of; every shown number is in here.")
    action = models.CharField(max_length=20, blank=True)
    action_value = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    override = models.ForeignKey("journeys.Override", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "kind"], name="insight_open_once", condition=Q(state="open"))
        ]
        indexes = [models.Index(fields=["organisation", "state", "-updated_at"], name="insight_open")]

    def __str__(self) -> str:
        return f"{self.kind} for {self.enrolment_id}"
