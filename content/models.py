from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from content.timecode import stamp
from lxp.tenancy import OrgOwned


class ItemState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Retired"


class ContentItem(OrgOwned):
    """A self-paced asset: what it is, who owns it, when it must be looked at again. Its text is in versions."""

    slug = models.SlugField(max_length=120)
    kind = models.CharField(max_length=20, help_text="A room of content.kinds, such as article or quiz.")
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    language = models.CharField(max_length=12, default="en")
    minutes = models.PositiveSmallIntegerField(default=5, help_text="Planned effort.")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    review_by = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.DRAFT)
    external_id = models.CharField(max_length=200, blank=True, help_text="Id in the catalogue it came from.")
    source = models.CharField(max_length=300, blank=True)
    current = models.ForeignKey(
        "content.ContentVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The published version learners get.",
    )
    search = SearchVectorField(
        null=True, editable=False, help_text="Title, tags, summary and text, for the library; kept by the services."
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "slug"], name="item_slug_once"),
            models.UniqueConstraint(
                fields=["organisation", "external_id"], name="item_external_id_once", condition=~Q(external_id="")
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "state", "title", "id"], name="item_list"),
            GinIndex(fields=["tags"], name="item_tags"),
            GinIndex(fields=["search"], name="item_search"),
            GinIndex(OpClass("title", "gin_trgm_ops"), name="item_title_trigrams"),
        ]

    def __str__(self) -> str:
        return self.title


class ContentVersion(OrgOwned):
    """One edition of an item. A draft while `published_at` is empty; immutable afterwards.

    `body` is the kind's own document (see `content/kinds/<kind>/`): Markdown text, questions, a file's name.
    """

    item = models.ForeignKey(ContentItem, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.JSONField(default=dict)
    complete = models.JSONField(default=dict, blank=True, help_text="Completion rule; empty: the kind's default.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="version_number_once"),
            models.UniqueConstraint(fields=["item"], name="version_one_draft", condition=Q(published_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.number}"


class ContentSkill(OrgOwned):
    """An item teaches a skill up to a level; `weight` says how much of it (0 to 1)."""

    item = models.ForeignKey(ContentItem, on_delete=models.CASCADE, related_name="teaches")
    skill = models.ForeignKey("lxp.Skill", on_delete=models.CASCADE, related_name="taught_by")
    level = models.FloatField(default=2)
    weight = models.FloatField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "skill"], name="content_skill_once")]

    def __str__(self) -> str:
        return f"{self.item_id} teaches {self.skill_id}"


class Attempt(OrgOwned):
    """One learner's go at an item, inside an enrolment (`registration`) or on their own.

    `position` is where to resume, `answers` what was answered, `evidence` what coverage is computed from;
    all are saved as they happen. `revision` rises with each save, so that two devices never undo each other.
    """

    class State(models.TextChoices):
        STARTED = "started", "Started"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Not passed"

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="attempts")
    item = models.ForeignKey(ContentItem, on_delete=models.CASCADE, related_name="attempts")
    version = models.ForeignKey(ContentVersion, on_delete=models.PROTECT, related_name="attempts")
    registration = models.UUIDField(null=True, blank=True, help_text="The enrolment's uuid.")
    complete = models.JSONField(
        default=dict, blank=True, help_text="The completion rule it is judged by: its step's, else its version's."
    )
    number = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State.choices, default=State.STARTED)
    progress = models.FloatField(default=0, help_text="0 to 1, never falls.")
    score = models.FloatField(null=True, blank=True, help_text="0 to 1, where the kind has one.")
    position = models.JSONField(default=dict, blank=True)
    answers = models.JSONField(default=dict, blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    seconds = models.PositiveIntegerField(default=0, help_text="Active time.")
    revision = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["learner", "item", "registration", "number"], name="attempt_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="attempt_progress_range"),
        ]
        indexes = [
            models.Index(fields=["organisation", "learner", "-last_at"], name="attempt_learner"),
            models.Index(fields=["registration", "item"], name="attempt_registration"),
            models.Index(fields=["organisation", "item", "state"], name="attempt_item"),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} at {self.item_id} ({self.state})"


class Bookmark(OrgOwned):
    """A learner's own note on an item, at a second or paragraph where that fits. Nobody else sees it."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    item = models.ForeignKey(ContentItem, on_delete=models.CASCADE, related_name="notes")
    at_second = models.PositiveIntegerField(null=True, blank=True)
    text = models.TextField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organisation", "learner", "item"], name="bookmark_learner_item")]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def stamp(self) -> str:
        """Its second, as on the recording's clock."""
        return stamp(self.at_second or 0)


class MediaFile(OrgOwned):
    """A file that belongs to an item: checked when it came, stored under a name of ours, never changed afterwards.

    Bodies of versions name it by `uuid`; a new upload is a new row, so that old versions keep what they show.
    """

    class Role(models.TextChoices):
        VIDEO = "video", "Video"
        CAPTIONS = "captions", "Captions"
        POSTER = "poster", "Poster"
        IMAGE = "image", "Picture"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    item = models.ForeignKey(ContentItem, on_delete=models.CASCADE, related_name="files")
    role = models.CharField(max_length=10, choices=Role.choices)
    file = models.FileField(max_length=200)
    content_type = models.CharField(max_length=40, help_text="What the bytes are, not what the sender said.")
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200, blank=True, help_text="What it was called where it came from.")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["item", "role"], name="media_item_role")]

    def __str__(self) -> str:
        return f"{self.role} of {self.item_id}"
