"""Reads over the learner record. All within the organisation in scope; every function says its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Max, QuerySet, Sum

from lxp.activity.models import DailyActivity, Statement


@dataclass(frozen=True)
class ActiveTime:
    """Somebody's learning time: active seconds, how many days held any, and the last of them (UTC day)."""

    actor_id: int
    seconds: int
    days: int
    last_day: date | None


def statements_of(actor_id: int, *, registration: UUID | None = None) -> QuerySet[Statement]:
    """The record of one person, newest first; with `registration`, only inside that enrolment. Lazy, one query."""
    found = Statement.objects.filter(actor_id=actor_id).order_by("-at", "-id")
    return found.filter(registration=registration) if registration else found


def statements_about(object_type: str, object_id: str | int) -> QuerySet[Statement]:
    """Everything recorded about one object, newest first. Lazy, one query."""
    return Statement.objects.filter(object_type=object_type, object_id=str(object_id)).order_by("-at", "-id")


def active_time(actor_ids: Sequence[int], *, since: date, until: date) -> dict[int, ActiveTime]:
    """Learning time per person between two UTC days (both included). One query; people without any are left out."""
    rows = (
        DailyActivity.objects.filter(actor_id__in=list(actor_ids), day__gte=since, day__lte=until)
        .values("actor_id", "day")
        .annotate(seconds=Sum("seconds"))
        .values_list("actor_id", "day", "seconds")
    )
    found: dict[int, ActiveTime] = {}
    for actor_id, day, seconds in rows:
        known = found.get(actor_id, ActiveTime(actor_id, 0, 0, None))
        last = max(day, known.last_day) if known.last_day else day
        found[actor_id] = ActiveTime(actor_id, known.seconds + seconds, known.days + 1, last)
    return found


def seconds_in(registrations: Sequence[UUID]) -> dict[UUID, int]:
    """Active seconds per enrolment. One query; enrolments without any are left out."""
    rows = (
        DailyActivity.objects.filter(registration__in=list(registrations))
        .values("registration")
        .annotate(total=Sum("seconds"))
    )
    return {row["registration"]: row["total"] for row in rows}


def last_active(actor_ids: Sequence[int]) -> dict[int, datetime]:
    """The moment of each person's newest statement. One query; people without any are left out."""
    rows = Statement.objects.filter(actor_id__in=list(actor_ids)).values("actor_id").annotate(at=Max("at"))
    return {row["actor_id"]: row["at"] for row in rows}
