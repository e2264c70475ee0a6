"""The pulse of the periodic jobs, for the alarm and the doctor."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lxp.messaging.models import MessagingPulse


def note_pulse(*, job: str, at: datetime, detail: dict[str, Any] | None = None) -> None:
    """`job` ran at `at`; one row per job for all organisations, so it is the house that beats and not a tenant."""
    MessagingPulse.objects.update_or_create(job=job, defaults={"at": at, "detail": detail or {}})
