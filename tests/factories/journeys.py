"""Journeys, versions, steps, cohorts, enrolments, assignments, overrides."""

from __future__ import annotations

from typing import Any

from django.utils.text import slugify

from content.models import ContentItem
from journeys.models import (
    Assignment,
    BulkAct,
    Cohort,
    CohortSession,
    Enrolment,
    Journey,
    JourneyVersion,
    Override,
    Step,
)
from lxp.people.models import User
from sessions.models import LiveSession, SessionTemplate
from tests.factories import content, now, number


def journey(title: str = "", **fields: Any) -> Journey:
    title = title or f"Journey {number()}"
    return Journey.objects.create(title=title, **{"slug": slugify(title), "code": "JO", "created_at": now(), **fields})


def version(of: Journey | None = None, *, published: bool = True, **fields: Any) -> JourneyVersion:
    """The journey's next version, frozen unless `published=False`; it has no steps yet."""
    of = of or journey()
    fields = {
        "number": of.versions.count() + 1, "created_at": now(), "updated_at": now(),
        "published_at": now() if published else None, **fields,
    }  # fmt: skip
    return JourneyVersion.objects.create(journey=of, **fields)


def step(of: JourneyVersion, key: str = "", **fields: Any) -> Step:
    """A self-paced step (give `item`, or one is made), or a live one when `template` is given."""
    key = key or f"step-{number()}"
    template: SessionTemplate | None = fields.get("template")
    if template is None:
        item: ContentItem = fields.setdefault("item", None) or content.item()
        fields.update(item=item, content_version=fields.get("content_version") or item.current)
    fields = {
        "position": of.steps.count() + 1, "phase": "live" if template else "prework",
        "kind": "live" if template else "content", "title": key.replace("-", " ").capitalize(),
        "opens": {"anchor": "enrolled", "days": 0, "at": "09:00"}, "due": {"anchor": "enrolled", "days": 7, "at": "17:00"},
        **fields,
    }  # fmt: skip
    return Step.objects.create(version=of, key=key, **fields)


def cohort(of: JourneyVersion | None = None, **fields: Any) -> Cohort:
    of = of or version()
    title = fields.pop("title", f"Cohort {number()}")
    fields = {
        "slug": slugify(title), "zone": "Europe/Lisbon", "starts_on": now().date(), "created_at": now(), **fields,
    }  # fmt: skip
    return Cohort.objects.create(journey=of.journey, version=of, title=title, **fields)


def offer(of: Cohort, step_key: str, session: LiveSession, **fields: Any) -> CohortSession:
    fields = {"is_default": not of.offers.filter(step_key=step_key, is_default=True).exists(), **fields}
    return CohortSession.objects.create(cohort=of, step_key=step_key, session=session, **fields)


def enrolment(of: Cohort, learner: User, **fields: Any) -> Enrolment:
    """Somebody in a cohort, without assignments: those come of a sync."""
    fields = {"source": Enrolment.Source.HAND, "enrolled_at": now(), **fields}
    return Enrolment.objects.create(cohort=of, learner=learner, **fields)


def assignment(of: Enrolment, step: Step, **fields: Any) -> Assignment:
    fields = {"key": step.key, "item": step.item, "learner": of.learner, **fields}
    return Assignment.objects.create(enrolment=of, step=step, **fields)


def override(of: Enrolment, kind: str = "extend", **fields: Any) -> Override:
    return Override.objects.create(
        enrolment=of, kind=kind, **{"reason": "Back from leave", "created_at": now(), **fields}
    )


def bulk_act(of: Cohort, kind: str = "enrol", **fields: Any) -> BulkAct:
    return BulkAct.objects.create(cohort=of, kind=kind, **{"at": now(), **fields})
