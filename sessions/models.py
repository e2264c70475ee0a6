from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from lxp.tenancy import OrgOwned


class SessionTemplate(OrgOwned):
    """What is taught live: agenda, size, attendance rule. Scheduled any number of times as LiveSessions."""

    slug = models.SlugField(max_length=120)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    minutes = models.PositiveSmallIntegerField(default=60)
    capacity = models.PositiveIntegerField(default=24)
    min_people = models.PositiveIntegerField(default=0)
    attended_share = models.FloatField(default=0.75, help_text="Share of the session that counts as attended.")
    partial_share = models.FloatField(default=0.25, help_text="Share from which it counts as partial.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="session_template_slug_once")]

    def __str__(self) -> str:
        return self.title


class TemplateBlock(OrgOwned):
    """One timed activity of a template's agenda."""

    template = models.ForeignKey(SessionTemplate, on_delete=models.CASCADE, related_name="blocks")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, default="talk")
    minutes = models.PositiveSmallIntegerField(default=10)
    core = models.BooleanField(default=True)
    config = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["template", "position"], name="template_block_position", deferrable=models.Deferrable.DEFERRED
            )
        ]

    def __str__(self) -> str:
        return self.title


class LiveSession(OrgOwned):
    """One scheduled occurrence. People plan it in wall time (`start_local` in `zone`); the instants derive from it.

    `sequence` rises with every change of time or place and is what calendar updates carry.
    `uuid` makes the permanent join link, whatever the provider behind it.
    """

    class State(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        LIVE = "live", "On air"
        ENDED = "ended", "Ended"
        RECONCILING = "reconciling", "Settling attendance"
        CLOSED = "closed", "Closed"
        CANCELLED = "cancelled", "Cancelled"

    class Provider(models.TextChoices):
        NONE = "none", "In a room"
        LINK = "link", "A meeting link"

    OVER: ClassVar[tuple[str, ...]] = (State.ENDED, State.RECONCILING, State.CLOSED)
    OPEN: ClassVar[tuple[str, ...]] = (State.SCHEDULED, State.LIVE)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    template = models.ForeignKey(SessionTemplate, null=True, on_delete=models.PROTECT, related_name="sessions")
    title = models.CharField(max_length=200)
    start_local = models.DateTimeField(help_text="Wall-clock start, stored without a zone (as UTC digits).")
    zone = models.CharField(max_length=64)
    minutes = models.PositiveSmallIntegerField(default=60)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    span = DateTimeRangeField(help_text="starts_at to ends_at, for the constraints.")
    capacity = models.PositiveIntegerField(default=24)
    provider = models.CharField(max_length=12, choices=Provider.choices, default=Provider.NONE)
    provider_url = models.URLField(max_length=500, blank=True)
    place = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.SCHEDULED)
    sequence = models.PositiveIntegerField(default=0)
    actual_start = models.DateTimeField(null=True, blank=True)
    actual_end = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True, help_text="Last change of time or place.")
    cancel_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "starts_at", "id"], name="live_session_starts"),
            models.Index(fields=["ends_at"], name="live_session_to_end", condition=Q(state__in=["scheduled", "live"])),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="live_session_ends_after_start")
        ]

    def __str__(self) -> str:
        return f"{self.title} at {self.starts_at:%Y-%m-%d %H:%M} UTC"

    @property
    def is_over(self) -> bool:
        return self.state in self.OVER


class SessionStaff(OrgOwned):
    """Somebody who runs a live session. The database refuses two live sessions of one lead at one time."""

    class Part(models.TextChoices):
        LEAD = "lead", "Facilitator"
        CO = "co", "Co-facilitator"
        PRODUCER = "producer", "Producer"

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="staff")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    part = models.CharField(max_length=10, choices=Part.choices, default=Part.LEAD)
    span = DateTimeRangeField()
    active = models.BooleanField(default=True, help_text="False once the session is cancelled.")

    class Meta:
        verbose_name_plural = "session staff"
        constraints = [
            models.UniqueConstraint(fields=["session", "user"], name="session_staff_once"),
            ExclusionConstraint(
                name="facilitator_not_twice_at_once",
                expressions=[("user", RangeOperators.EQUAL), ("span", RangeOperators.OVERLAPS)],
                condition=Q(active=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.part} of {self.session_id}"


class AgendaBlock(OrgOwned):
    """One timed activity of a scheduled session (copied from the template, then its own)."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="agenda")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, default="talk")
    minutes = models.PositiveSmallIntegerField(default=10)
    core = models.BooleanField(default=True)
    config = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "position"], name="agenda_block_position", deferrable=models.Deferrable.DEFERRED
            )
        ]

    def __str__(self) -> str:
        return self.title


class Booking(OrgOwned):
    """A seat, a place in the queue, or what became of it. One row per person and session; history in BookingEvent.

    `uuid` names the calendar entry, so taking a seat again after giving it up draws a new one: calendars
    don't bring a cancelled entry back. `updated_at` is the moment of `state`.
    """

    class State(models.TextChoices):
        BOOKED = "booked", "Booked"
        WAITLISTED = "waitlisted", "On the waiting list"
        CANCELLED = "cancelled", "Cancelled"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="bookings")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bookings")
    state = models.CharField(max_length=12, choices=State.choices, default=State.BOOKED)
    queued_at = models.DateTimeField(help_text="Decides the order of the waiting list.")
    walk_in = models.BooleanField(default=False)
    promoted = models.BooleanField(default=False, help_text="The seat came from the waiting list.")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "learner"], name="booking_once"),
        ]
        indexes = [
            models.Index(fields=["session", "state", "queued_at", "id"], name="booking_queue"),
            models.Index(fields=["organisation", "learner", "state"], name="booking_learner"),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} {self.state} on {self.session_id}"


class BookingEvent(OrgOwned):
    """What happened to a booking, who did it and why. Append-only."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="history")
    state = models.CharField(max_length=12, choices=Booking.State.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.booking_id} {self.state} at {self.at}"


class PresenceInterval(OrgOwned):
    """When somebody was there, as one source saw it. Attendance is decided from the union of all sources."""

    class Source(models.TextChoices):
        JOIN = "join", "Join page"
        QR = "qr", "Checked in at the door"
        PROVIDER = "provider", "Meeting provider"
        MANUAL = "manual", "Facilitator"

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="presence")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=10, choices=Source.choices)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="Last sign of life; the end of the interval.")

    class Meta:
        indexes = [models.Index(fields=["session", "learner", "-seen_at"], name="presence_session")]

    def __str__(self) -> str:
        return f"{self.learner_id} in {self.session_id} from {self.began_at}"


class AttendanceStatus(models.TextChoices):
    ATTENDED = "attended", "Attended"
    PARTIAL = "partial", "Part of it"
    MISSED = "missed", "Missed"


class Attendance(OrgOwned):
    """What we hold to be true about somebody's presence, with minutes, evidence and who decided."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="attendance")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=10, choices=AttendanceStatus.choices)
    minutes = models.PositiveSmallIntegerField(default=0)
    evidence = models.JSONField(default=list, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty: the rule.",
    )
    note = models.CharField(max_length=300, blank=True)
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "attendance"
        constraints = [models.UniqueConstraint(fields=["session", "learner"], name="attendance_once")]
        indexes = [models.Index(fields=["organisation", "learner"], name="attendance_learner")]

    def __str__(self) -> str:
        return f"{self.learner_id} {self.status} {self.session_id}"
