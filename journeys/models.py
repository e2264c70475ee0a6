from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from lxp.tenancy import OrgOwned, current_id_or_none


class Need(models.TextChoices):
    """What a journey is for: where the design adviser starts (spec: choosing the right format)."""

    KNOWLEDGE = "knowledge", "Knowledge transfer"
    APPLICATION = "application", "Skill application"
    BEHAVIOUR = "behaviour", "Behaviour change"
    SUPPORT = "support", "Performance support"


class Journey(OrgOwned):
    """A blended programme. Its editions are JourneyVersions: one draft at most, published ones frozen."""

    slug = models.SlugField(max_length=120)
    code = models.CharField(max_length=4, help_text="Two letters for its sign.")
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    outcome = models.TextField(blank=True, help_text="After this they will…")
    need = models.CharField(max_length=12, choices=Need.choices, default=Need.BEHAVIOUR)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    mandatory = models.BooleanField(default=False, help_text="Its messages can't be switched off.")
    self_enrol = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="journey_slug_once")]

    def __str__(self) -> str:
        return self.title


class JourneyVersion(OrgOwned):
    """One edition of a journey. A draft while `published_at` is empty; immutable afterwards."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["journey", "number"], name="journey_version_number_once"),
            models.UniqueConstraint(fields=["journey"], name="journey_one_draft", condition=Q(published_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.journey_id} version {self.number}"


class Phase(models.TextChoices):
    PREWORK = "prework", "Before"
    LIVE = "live", "Live"
    POSTWORK = "postwork", "After"
    REINFORCEMENT = "reinforcement", "Over time"


class Step(OrgOwned):
    """One element of a version: self-paced content or a live session, with when it opens and is due.

    `opens`, `due`, `condition` and `complete` are the rules of `journeys.rules_of_time`/`journeys.plan`
    (documented in docs/timing.md); `key` names the step across versions.
    """

    class Kind(models.TextChoices):
        CONTENT = "content", "Self-paced"
        LIVE = "live", "Live session"

    version = models.ForeignKey(JourneyVersion, on_delete=models.CASCADE, related_name="steps")
    key = models.SlugField(max_length=60)
    position = models.PositiveSmallIntegerField()
    part = models.CharField(max_length=120, blank=True, help_text="Title of the part it stands in.")
    phase = models.CharField(max_length=14, choices=Phase.choices)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=200)
    why = models.CharField(max_length=300, blank=True, help_text="Why this step stands here, for the learner.")
    minutes = models.PositiveSmallIntegerField(default=10)
    required = models.BooleanField(default=True)
    item = models.ForeignKey("content.ContentItem", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    content_version = models.ForeignKey(
        "content.ContentVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Pinned when the journey is published.",
    )
    template = models.ForeignKey(
        "live.SessionTemplate", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    opens = models.JSONField(default=dict, blank=True)
    due = models.JSONField(default=dict, blank=True)
    condition = models.JSONField(default=dict, blank=True)
    complete = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="step_key_once"),
            models.UniqueConstraint(
                fields=["version", "position"], name="step_position_once", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(
                name="step_is_content_or_live",
                condition=Q(kind="content", item__isnull=False, template=None)
                | Q(kind="live", item=None, template__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Cohort(OrgOwned):
    """One scheduled run of a version for a group. `starts_on` is a calendar day in `zone`."""

    class State(models.TextChoices):
        DRAFT = "draft", "Being prepared"
        ACTIVE = "active", "Active"
        FINISHED = "finished", "Finished"
        CANCELLED = "cancelled", "Cancelled"

    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="cohorts")
    version = models.ForeignKey(JourneyVersion, on_delete=models.PROTECT, related_name="cohorts")
    slug = models.SlugField(max_length=120)
    title = models.CharField(max_length=200)
    zone = models.CharField(max_length=64)
    starts_on = models.DateField()
    audience = models.ForeignKey("lxp.Audience", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    follow_audience = models.BooleanField(default=False, help_text="Enrol and release people as the rule matches.")
    self_enrol = models.BooleanField(default=False)
    capacity = models.PositiveIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="cohort_slug_once")]

    def __str__(self) -> str:
        return self.title


class CohortSession(OrgOwned):
    """A live session offered for a live step of a cohort; one of them is the default, the others alternatives."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="offers")
    step_key = models.SlugField(max_length=60)
    session = models.ForeignKey("live.LiveSession", on_delete=models.CASCADE, related_name="offers")
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cohort", "step_key", "session"], name="cohort_session_once"),
            models.UniqueConstraint(
                fields=["cohort", "step_key"], name="cohort_one_default", condition=Q(is_default=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step_key}: {self.session_id}"


class Enrolment(OrgOwned):
    """A learner in a cohort. `uuid` is the xAPI registration; `progress` is derived, and never falls."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        COMPLETED = "completed", "Completed"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Source(models.TextChoices):
        HAND = "hand", "Enrolled by hand"
        RULE = "rule", "Audience rule"
        SELF = "self", "Signed up"
        API = "api", "HR system"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="enrolments")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrolments")
    source = models.CharField(max_length=10, choices=Source.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    progress = models.FloatField(default=0, help_text="0 to 1; see journeys.progress.")
    enrolled_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    last_active_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cohort", "learner"], name="enrolment_once"),
            models.CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="enrolment_progress_range"),
        ]
        indexes = [
            models.Index(fields=["organisation", "learner", "state"], name="enrolment_learner"),
            models.Index(fields=["cohort", "state", "id"], name="enrolment_cohort"),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} in {self.cohort_id}"


class Assignment(OrgOwned):
    """Enrolment × step with when it opens and is due: the one row everything a learner must do comes from.

    `key` is the step's key, or `extra:<override id>` for a step an Override put in. `note` says in a code
    (plan.Note) why it stands as it does; `journeys.explain` turns it into sentences.
    """

    class State(models.TextChoices):
        PLANNED = "planned", "Not open yet"
        OPEN = "open", "Open"
        DONE = "done", "Done"
        MISSED = "missed", "Missed"
        WAIVED = "waived", "Not needed"

    # What another index begins with has none of its own: each costs a tenth of a large sync.
    organisation = models.ForeignKey(
        "lxp.Organisation", on_delete=models.CASCADE, default=current_id_or_none, related_name="+", editable=False,
        db_index=False,
    )  # fmt: skip
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="assignments", db_index=False)
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assignments")
    step = models.ForeignKey(
        Step, null=True, blank=True, on_delete=models.PROTECT, related_name="assignments", db_index=False
    )
    key = models.CharField(max_length=70)
    item = models.ForeignKey("content.ContentItem", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey(
        "live.LiveSession", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.PLANNED)
    opens_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=40, blank=True)
    score = models.FloatField(null=True, blank=True)
    outcome = models.CharField(max_length=10, blank=True, help_text="attended, partial or missed, for a live step.")
    opened_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "key"], name="assignment_once"),
            models.CheckConstraint(
                name="assignment_due_after_opens",
                condition=Q(opens_at=None) | Q(due_at=None) | Q(due_at__gte=models.F("opens_at")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["opens_at", "id"],
                name="assignment_to_open",
                condition=Q(state="planned", opens_at__isnull=False),
            ),
            models.Index(fields=["learner", "due_at"], name="assignment_todo", condition=Q(state="open")),
            models.Index(fields=["organisation", "due_at", "id"], name="assignment_due", condition=Q(state="open")),
            models.Index(fields=["session"], name="assignment_session", condition=Q(session__isnull=False)),
            models.Index(fields=["step", "state"], name="assignment_step"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.enrolment_id} ({self.state})"


class Override(OrgOwned):
    """An accepted change to one learner's plan, with its reason. Undone, it stays as history."""

    class Kind(models.TextChoices):
        EXTEND = "extend", "More time"
        WAIVE = "waive", "Not needed"
        INSERT = "insert", "An extra step"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="overrides")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=70, blank=True, help_text="The step it changes.")
    value = models.JSONField(default=dict, blank=True, help_text="due_at, item id, title, minutes: by kind.")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.key} for {self.enrolment_id}"


class BulkAct(OrgOwned):
    """A bulk act (enrol, release) with what it changed, so that it can be shown and undone for 30 days."""

    kind = models.CharField(max_length=30)
    cohort = models.ForeignKey(Cohort, null=True, on_delete=models.CASCADE, related_name="acts")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    effect = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"
