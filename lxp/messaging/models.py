from django.conf import settings
from django.db import models
from django.db.models import Q

from lxp.tenancy import OrgOwned, current_id_or_none


class Channel(models.TextChoices):
    INAPP = "inapp", "In the app"
    EMAIL = "email", "E-mail and in the app"


class State(models.TextChoices):
    """The fate of a promised message. SENT means handed over; DELIVERED and BOUNCED are what came back."""

    PLANNED = "planned", "Planned"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    BOUNCED = "bounced", "Bounced"
    SUPPRESSED = "suppressed", "Not sent"
    DEAD = "dead", "Failed"


NO_LONGER_NEEDED = "No longer needed"
"""`because` of what a plan took back, so that a later plan may promise it again."""


class Message(OrgOwned):
    """The ledger: every message ever promised to somebody is one row, with why, when, how and its fate.

    Natural key: (`scope`, `suffix`, `about_at`) inside an organisation. `scope` names the thing it is
    planned for, such as `enrolment:12` or `booking:7`; `suffix` which message of its plan, such as
    `reminder:quiz-1`; `about_at` the moment it speaks about (a due date, a session's start), so that a
    reminder for a moved date is a new promise once the old one has gone out.

    Every message, once sent, also stands in the recipient's notification list (`read_at`).
    """

    # Without an index of its own: several others begin with it, and each costs a tenth of a large sync.
    organisation = models.ForeignKey(
        "lxp.Organisation", on_delete=models.CASCADE, default=current_id_or_none, related_name="+", editable=False,
        db_index=False,
    )  # fmt: skip
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="messages")
    scope = models.CharField(max_length=60)
    suffix = models.CharField(max_length=120)
    about_at = models.DateTimeField(null=True, blank=True)
    kind = models.CharField(max_length=60, help_text="Template and relevance check, such as journeys.reminder.")
    category = models.CharField(max_length=20, help_text="What people switch on and off; see categories.py.")
    mandatory = models.BooleanField(default=False, help_text="Sent whatever the preferences say.")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    subject_id = models.BigIntegerField(null=True, blank=True, help_text="Id of what the kind speaks about.")
    params = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=300, help_text="Why this message exists, in words for its reader.")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    because = models.CharField(max_length=300, blank=True, help_text="Why it was not sent, or what went wrong.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="A worker holds it until then.")
    attempts = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=300, blank=True, help_text="The rendered subject, kept when sent.")
    body = models.TextField(blank=True, help_text="The rendered text, kept when sent.")
    url = models.CharField(max_length=300, blank=True)
    planned_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was delivered, bounced, suppressed or given up."
    )
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "scope", "suffix", "about_at"], name="message_once", nulls_distinct=False
            )
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="message_due", condition=Q(state="planned")),
            models.Index(fields=["organisation", "due_at", "id"], name="message_org_due"),
            models.Index(
                fields=["recipient", "-sent_at", "-id"], name="message_inbox", condition=Q(sent_at__isnull=False)
            ),
            models.Index(fields=["recipient"], name="message_unread", condition=Q(sent_at__isnull=False, read_at=None)),
            models.Index(
                fields=["organisation", "-settled_at"],
                name="message_trouble",
                condition=Q(state__in=["dead", "bounced"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient_id} due {self.due_at:%Y-%m-%d %H:%M} ({self.state})"


class Preference(OrgOwned):
    """How somebody wants one category of message. No row means the category's default."""

    class Choice(models.TextChoices):
        EMAIL = "email", "E-mail and in the app"
        INAPP = "inapp", "In the app only"
        OFF = "off", "Not at all"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    category = models.CharField(max_length=20)
    choice = models.CharField(max_length=10, choices=Choice.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "user", "category"], name="preference_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.category} {self.choice}"


class MessagingPulse(models.Model):
    """When each periodic job last ran, for the alarm and the doctor. One row per job, for all organisations."""

    job = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.job} at {self.at:%Y-%m-%d %H:%M:%S}"
