"""The state after a set of facts does not depend on the order in which they arrived."""

from __future__ import annotations

import random
from datetime import datetime

import pytest
from django.db import transaction

from journeys import services
from journeys.models import Assignment
from lxp.messaging.models import Message
from lxp.people import services as people
from sessions import services as live
from tests.flows.programme import Programme

pytestmark = pytest.mark.django_db

NEEDS = {
    "enrol": (), "add session": (), "change zone": (), "reschedule": (), "waive": ("enrol",), "extend": ("enrol",),
    "book alternative": ("enrol", "add session"), "finish reading": ("enrol",), "leave and return": ("enrol",),
}  # fmt: skip


def shuffled(seed: int) -> list[str]:
    """A random order in which everything comes after what it needs."""
    waiting, order = sorted(NEEDS), []
    chance = random.Random(seed)
    while waiting:
        ready = [act for act in waiting if set(NEEDS[act]) <= set(order)]
        act = chance.choice(ready)
        waiting.remove(act)
        order.append(act)
    return order


def run(world, programme: Programme, order: list[str], settle) -> tuple[list, list]:  # noqa: C901  one case an act
    alternative = None
    at = world.now
    for act in order:
        enrolment = programme.cohort.enrolments.filter(learner=world.asha).first()
        match act:
            case "enrol":
                programme.enrol(world.asha)
            case "add session":
                alternative = programme.add_alternative(datetime(2026, 3, 24, 10, 0))
            case "book alternative":
                live.book(session=alternative, learner=world.asha, by=world.asha, at=at)
            case "change zone":
                people.update_settings(user=world.asha, changes={"zone": "America/Sao_Paulo"}, by=world.asha, at=at)
            case "reschedule":
                programme.session.refresh_from_db()
                live.reschedule_session(
                    session=programme.session, start_local=datetime(2026, 3, 20, 11, 0), zone="Europe/Lisbon",
                    by=world.dana, at=at,
                )  # fmt: skip
            case "finish reading":
                programme.finish(world.asha, enrolment, "read")
            case "waive":
                services.waive_step(enrolment=enrolment, key="check", reason="knows it", by=world.dana, at=at)
            case "extend":
                due = world.now.replace(month=6)
                services.extend_due(enrolment=enrolment, key="recall", due_at=due, reason="leave", by=world.dana, at=at)
            case "leave and return":
                services.withdraw(cohort=programme.cohort, enrolment_ids=[enrolment.pk], by=world.dana, at=at)
                programme.enrol(world.asha)
                if alternative and "book alternative" in order[: order.index(act)]:
                    live.book(session=alternative, learner=world.asha, by=world.asha, at=at)
        if chance_to_settle(order, act):
            settle()
    settle()
    return plan_of(world), promises_to(world)


def chance_to_settle(order: list[str], act: str) -> bool:
    """Sometimes the workers keep up, sometimes they don't."""
    return random.Random(repr(order) + act).random() < 0.5


def plan_of(world) -> list:
    """What lies ahead, and what is finished without its dates: those stay as they were when it was finished."""
    rows = Assignment.objects.filter(learner=world.asha).order_by("key").select_related("session")
    return [
        (a.key, a.state) if a.state == "done"
        else (a.key, a.state, a.opens_at, a.due_at, a.note, a.session and a.session.starts_at)
        for a in rows
    ]  # fmt: skip


def promises_to(world) -> list:
    """What the plan promises. The welcome is said once, when somebody joins, and is in nobody's plan."""
    rows = Message.objects.filter(
        recipient=world.asha, state="planned", due_at__gt=world.now, kind__startswith="journeys."
    ).exclude(kind="journeys.welcome")
    return sorted((m.kind, m.suffix, m.due_at, m.about_at or m.due_at) for m in rows)


def rolled_back(world, order, settle) -> tuple[list, list]:
    """What `order` leads to, in a transaction that leaves nothing behind."""
    with world.scope(), transaction.atomic():
        found = run(world, Programme.build(world), order, settle)
        transaction.set_rollback(True)
    world.asha.refresh_from_db()
    return found


@pytest.mark.parametrize("seed", range(8))
def test_any_order_ends_in_the_same_state(world, settle, seed):
    expected = rolled_back(world, sorted(NEEDS, key=lambda act: (len(NEEDS[act]), act)), settle)
    found = rolled_back(world, shuffled(seed), settle)
    assert found[0] == expected[0]
    assert found[1] == expected[1]
    assert (len(expected[0]), len(expected[1])) == (6, 2)
