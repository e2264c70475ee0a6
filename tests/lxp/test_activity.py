"""The learner record and its daily roll-up, always in step."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from lxp.activity import queries, services
from lxp.activity.models import DailyActivity, Statement
from lxp.activity.services import Experience
from tests.world import World


@pytest.fixture
def inside(world: World) -> Iterator[World]:
    with world.scope():
        yield world


def experience(world: World, **fields: object) -> Experience:
    fields = {
        "actor_id": world.asha.pk, "verb": "completed", "object_type": "content", "object_id": "7",
        "at": world.now, **fields,
    }  # fmt: skip
    return Experience(**fields)  # type: ignore[arg-type]


def rollup() -> list[tuple[object, ...]]:
    rows = DailyActivity.objects.order_by("actor_id", "day", "registration")
    return list(rows.values_list("actor_id", "day", "registration", "statements", "seconds"))


def test_a_statement_is_appended_and_counted(inside: World) -> None:
    services.record_statement(
        actor_id=inside.asha.pk, verb="passed", object_type="content", object_id=7, object_name="Coaching check",
        result={"score": {"scaled": 0.8}}, seconds=90, at=inside.now,
    )  # fmt: skip
    stored = Statement.objects.get()
    assert (stored.verb, stored.object_id, stored.result) == ("passed", "7", {"score": {"scaled": 0.8}})
    assert rollup() == [(inside.asha.pk, date(2026, 3, 2), None, 1, 90)]


def test_the_same_id_is_recorded_once_and_counted_once(inside: World) -> None:
    one = experience(inside, id=uuid.uuid4(), seconds=30)
    assert services.record_statements([one, experience(inside, seconds=5)]) == 2
    assert services.record_statements([one]) == 0
    assert rollup() == [(inside.asha.pk, date(2026, 3, 2), None, 2, 35)]


def test_days_are_utc_and_enrolments_apart(inside: World) -> None:
    registration = uuid.uuid4()
    services.record_statements(
        [
            experience(inside, at=inside.at("2026-03-02 23:59"), seconds=10),
            experience(inside, at=inside.at("2026-03-03 00:01"), seconds=20, registration=registration),
        ]
    )
    assert rollup() == [
        (inside.asha.pk, date(2026, 3, 2), None, 1, 10),
        (inside.asha.pk, date(2026, 3, 3), registration, 1, 20),
    ]
    assert queries.seconds_in([registration, uuid.uuid4()]) == {registration: 20}


def test_recording_many_costs_one_query(inside: World, queries: object) -> None:
    for count in (1, 3):
        with queries(1):  # type: ignore[operator]
            services.record_statements([experience(inside, object_id=str(n)) for n in range(count)])


def test_seconds_without_a_statement_add_up(inside: World) -> None:
    for _ in range(3):
        services.add_seconds(actor_id=inside.asha.pk, registration=None, seconds=5, at=inside.now)
    services.add_seconds(actor_id=inside.asha.pk, registration=None, seconds=-4, at=inside.now)
    assert rollup() == [(inside.asha.pk, date(2026, 3, 2), None, 0, 15)]


def test_active_time_per_person(inside: World) -> None:
    at = inside.now
    for days, seconds in ((0, 60), (1, 30), (9, 1000)):
        services.add_seconds(actor_id=inside.asha.pk, registration=None, seconds=seconds, at=at + timedelta(days=days))
    found = queries.active_time([inside.asha.pk, inside.ben.pk], since=at.date(), until=at.date() + timedelta(days=6))
    assert list(found) == [inside.asha.pk]
    assert (found[inside.asha.pk].seconds, found[inside.asha.pk].days) == (90, 2)


def test_what_was_recorded_stays_in_its_organisation(inside: World) -> None:
    services.record_statements([experience(inside)])
    with inside.scope(inside.harbour):
        assert not queries.statements_of(inside.asha.pk).exists()
        assert not queries.statements_about("content", 7).exists()
        assert queries.last_active([inside.asha.pk]) == {}
    assert queries.statements_about("content", 7).count() == 1
    assert queries.last_active([inside.asha.pk]) == {inside.asha.pk: inside.now}
