"""The six journeys of the demo, and what is taught live in them, designed and published through their services."""

from __future__ import annotations

from typing import Any

from content.models import ContentItem
from journeys import services
from journeys.models import Journey
from lxp.demo import files
from lxp.demo.organisation import Day
from lxp.people import queries
from lxp.people.models import User
from sessions import services as live
from sessions.models import SessionTemplate

DESIGNED_DAYS_AGO = 280
STEP_FIELDS = ("part", "phase", "why", "minutes", "required", "opens", "due", "condition", "complete")


def add_journeys(day: Day) -> int:
    """Every journey that isn't there yet, published. Returns how many are new."""
    known = set(Journey.objects.values_list("slug", flat=True))
    new = [journey for journey in files.journeys() if journey["slug"] not in known]
    people = queries.users_by_email([f"{journey['owner']}@fernhill.example" for journey in new])
    for journey in new:
        _add(journey, people[f"{journey['owner']}@fernhill.example"], day)
    return len(new)


def _add(facts: dict[str, Any], by: User, day: Day) -> None:
    at = day.before(DESIGNED_DAYS_AGO)
    templates = {one["key"]: _template(one, by, day) for one in facts.get("sessions", [])}
    slugs = [step["content"] for step in facts["steps"] if step["kind"] == "content"]
    items = {item.slug: item for item in ContentItem.objects.filter(slug__in=slugs)}
    journey = services.create_journey(
        title=facts["title"], slug=facts["slug"], code=facts["code"], summary=facts["summary"],
        outcome=facts["outcome"], need=facts["need"], mandatory=facts["mandatory"],
        self_enrol=facts["self_enrol"], by=by, at=at,
    )  # fmt: skip
    version = services.start_draft(journey=journey, by=by, at=at)
    for step in facts["steps"]:
        services.add_step(
            version=version, kind=step["kind"], title=step["title"], key=step["key"], by=by, at=at,
            item=items[step["content"]] if step["kind"] == "content" else None,
            template=templates[step["session"]] if step["kind"] == "live" else None,
            **{name: step[name] for name in STEP_FIELDS if name in step},
        )  # fmt: skip
    services.publish_journey(journey=journey, by=by, at=at)


def _template(facts: dict[str, Any], by: User, day: Day) -> SessionTemplate:
    known = SessionTemplate.objects.filter(slug=facts["key"]).first()
    if known is not None:
        return known
    return live.create_template(
        title=facts["title"], slug=facts["key"], description=facts["description"], minutes=facts["minutes"],
        capacity=facts["capacity"], min_people=facts["min_people"], by=by, at=day.before(DESIGNED_DAYS_AGO),
        blocks=[
            live.Block(b["title"], b["minutes"], b["kind"], b["core"], b.get("config", {})) for b in facts["agenda"]
        ],
    )  # fmt: skip
