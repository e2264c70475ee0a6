"""Every handler of a domain event may run twice, and late: the state after it is the state before it.

One story makes events of every kind; when the house has come to rest, every delivery of the story is made again.
"""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from journeys import services as journeys
from lxp.events import bus, drain_all, record
from lxp.events.models import Delivery
from lxp.people import services as people
from sessions import services as live
from tests.architecture.sources import PACKAGES
from tests.factories import content, skills
from tests.factories import people as some
from tests.flows.programme import Programme

BESIDES = {"lxp.Delivery"}
"""The deliveries themselves are what is done again."""


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of ours."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model.__module__.split(".")[0] in PACKAGES and model._meta.label not in BESIDES:
                cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" t ORDER BY t."{model._meta.pk.column}"')
                found[model._meta.label] = cursor.fetchall()
    return found


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [f"{label}: - {row[0][:300]}" for label in before for row in before[label] if row not in after[label]] + [
        f"{label}: + {row[0][:300]}" for label in after for row in after[label] if row not in before[label]
    ]


@pytest.fixture
def story(world, settle):
    """Weeks of a small organisation: whoever may be told something, is."""
    with world.scope():
        programme = Programme.build(world)
        role, skill = some.job_role("engineer"), skills.skill("coaching")
        skills.target(role, skill, 4)
        content.teaches(content.item("On coaching"), skill, level=4)
        people.update_person(
            membership=world.membership(world.asha),
            changes={"job_role": role, "place": "Pune"},
            by=world.adi,
            at=world.now,
        )
        audience = people.create_audience(
            name="Managers", rule={"field": "role", "is": "manager"}, by=world.dana, at=world.now
        )
        people.update_audience(audience=audience, rule={"field": "role", "is": "learner"}, by=world.dana, at=world.now)
        people.add_holiday(
            day=world.now.date() + timedelta(days=30), name="A day off", zone="", by=world.adi, at=world.now
        )
        enrolment = programme.enrol(world.asha, world.chen, world.ben)
        settle()
        _before_the_session(world, settle, programme, enrolment)
        programme.attend(world.asha)
        live.set_attendance(session=programme.session, learner_id=world.chen.pk, status="attended", reason="Was in the room",
                            by=world.ben, at=world.now)  # fmt: skip
        settle()
        _after_it(world, settle, programme, enrolment)
    return programme


def _before_the_session(world, settle, programme, enrolment):
    world.at("2026-03-13 10:00")
    settle()
    programme.finish(world.asha, enrolment, "read")
    other = programme.add_alternative()
    live.cancel_booking(booking=programme.session.bookings.get(learner=world.ben), by=world.ben, at=world.now)
    live.book(session=other, learner=world.ben, by=world.ben, at=world.now)
    live.reschedule_session(
        session=programme.session,
        start_local=programme.session.start_local.replace(tzinfo=None) + timedelta(hours=1),
        by=world.dana,
        at=world.now,
    )
    settle()
    journeys.extend_due(
        enrolment=enrolment,
        key="check",
        due_at=world.now + timedelta(days=4),
        reason="On leave",
        by=world.dana,
        at=world.now,
    )
    live.cancel_session(session=other, reason="The room is flooded", by=world.dana, at=world.now)
    settle()


def _after_it(world, settle, programme, enrolment):
    world.at(world.now + timedelta(days=1))
    settle()
    programme.finish(world.asha, enrolment, "apply")
    _fail_a_quiz(world, enrolment)
    other = programme.cohort.enrolments.get(learner=world.ben)
    journeys.withdraw(cohort=programme.cohort, enrolment_ids=[other.pk], by=world.dana, at=world.now)
    people.update_settings(user=world.asha, changes={"zone": "Europe/Lisbon"}, by=world.asha, at=world.now)
    people.deactivate_person(membership=world.membership(world.chen), by=world.adi, at=world.now)
    settle()
    world.at(world.now + timedelta(days=40))
    settle()


def _fail_a_quiz(world, enrolment):
    """What the player announces for an attempt below the mark; the attempt itself is a row as it would leave it."""
    from content.events import ContentFailed, ContentStarted

    item = content.item("A quiz", kind="quiz", body={})
    attempt = content.attempt(world.asha, item, state="failed", score=0.2, registration=enrolment.uuid)
    facts = {
        "attempt_id": attempt.pk,
        "item_id": item.pk,
        "learner_id": world.asha.pk,
        "registration": str(enrolment.uuid),
    }
    record(ContentStarted(**facts), by=world.asha, at=world.now)
    record(ContentFailed(**facts, score=0.2), by=world.asha, at=world.now)


def _catch_up():
    """Run what beat runs by the hour or the night: what handlers derive from the present moment is derived now."""
    for path in ("recommendations.tasks.refresh_insights", "recommendations.tasks.refresh_all"):
        module, _, name = path.rpartition(".")
        getattr(importlib.import_module(module), name)()


def deliver_again(world, **which):
    Delivery.unscoped.filter(**which).update(done_at=None, next_try_at=world.now, attempts=0)
    drain_all(at=world.now)
    failed = Delivery.unscoped.filter(done_at=None)
    assert not failed, [f"{delivery.handler}: {delivery.error}" for delivery in failed]


def test_the_story_reaches_every_handler(world, story):
    registered = {name for kind, names in bus._handlers.items() if not kind.startswith("tests") for name in names}
    reached = set(Delivery.unscoped.values_list("handler", flat=True))
    assert registered - reached == set(), "The story makes no event for these."


def test_delivering_everything_again_changes_nothing(world, settle, story):
    _catch_up()
    settle()
    before = snapshot()
    deliver_again(world)
    assert differences(before, snapshot()) == []
    settle()
    assert differences(before, snapshot()) == []
