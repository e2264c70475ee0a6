from __future__ import annotations

import math

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from lxp.tenancy import OrgOwned
from lxp.web.jinja import number


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
            models.Index(
                fields=["organisation", "learner", "rank"], name="recommendation_shown", condition=Q(state="shown")
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id} for {self.learner_id}"

    @property
    def reason_text(self) -> str:
        """The reason as a sentence in the reader's language, made of the facts and of nothing else."""
        level = _in_tenths(self.reason["level"])
        facts = {"skill": self.reason["name"], "target": number(self.reason["target"]), "level": number(level)}
        if not level:
            return _("Because your role asks for %(skill)s %(target)s, and you start from 0") % facts
        return _("Because your role asks for %(skill)s %(target)s, and you are at %(level)s") % facts


def _in_tenths(level: float) -> float:
    """Rounded down: rounded up, somebody just below a target would read that they are there."""
    return math.floor(level * 10 + 1e-6) / 10


class Insight(OrgOwned):
    """Somebody who may need a hand in an enrolment, why, and the one thing we suggest. Derived; see insights.py."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Left alone"
        RESOLVED = "resolved", "Resolved"

    enrolment = models.ForeignKey("journeys.Enrolment", on_delete=models.CASCADE, related_name="insights")
    kind = models.CharField(max_length=30)
    about = models.CharField(
        max_length=150, blank=True, help_text="The very thing it speaks of: settled once is enough."
    )
    facts = models.JSONField(default=dict, help_text="What the reason is made of; every shown number is in here.")
    action = models.CharField(max_length=20, blank=True)
    action_value = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=300, blank=True, help_text="Why it was left alone.")
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
