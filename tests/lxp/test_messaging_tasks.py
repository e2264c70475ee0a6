"""The clockwork around the ledger: tasks, bells, and the operator's commands."""

import json
import time
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from lxp import clock, events, tasks
from lxp.events.models import Delivery, DomainEvent
from lxp.messaging import registry
from lxp.messaging.models import MessagingPulse, State
from lxp.messaging.services import delivery
from lxp.people.events import AudienceChanged
from lxp.web.models import IdempotencyRecord
from tests.factories import messaging as make

DAY = timedelta(days=1)


@pytest.fixture
def fernhill(world, monkeypatch):
    monkeypatch.setattr(registry, "_kinds", {})
    with world.scope():
        yield world


def run(capsys, *command, **options):
    call_command(*command, **options)
    return capsys.readouterr().out


def test_the_tick_delivers_and_leaves_a_pulse(fernhill):
    row = make.message(fernhill.asha, "test.unheard")
    tasks.deliver_due()
    tasks.deliver_due()

    row.refresh_from_db()
    assert row.state == State.DEAD  # nobody has registered that kind
    pulse = MessagingPulse.objects.get()
    assert (pulse.job, pulse.at, pulse.detail["sent"]) == ("deliver", fernhill.now, 0)


def test_a_full_batch_calls_others_once(fernhill, monkeypatch):
    called = []
    monkeypatch.setattr(tasks, "_call", called.append)
    monkeypatch.setattr(delivery, "BATCH", 2)
    for _ in range(5):
        make.message(fernhill.asha, "test.unheard")
    tasks.deliver_due()

    assert called == [tasks.help_deliver, tasks.help_deliver]


def test_without_a_broker_nobody_waits_and_nothing_fails(fernhill, monkeypatch, caplog):
    monkeypatch.setattr(tasks, "_broker", lambda: tasks.current_app.connection_for_write(
        "redis://127.0.0.1:1/0", transport_options={"max_retries": 0, "socket_connect_timeout": 0.5}
    ))  # fmt: skip
    started = time.monotonic()
    tasks.call_helpers()

    assert time.monotonic() - started < 2
    assert "no helpers could be called" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_one_bell_for_each_transaction(world, monkeypatch):
    rung = []
    monkeypatch.setattr(events.bus, "_bells", [lambda: rung.append(1)])
    with world.scope():
        with transaction.atomic():
            for number in range(3):
                events.record(AudienceChanged(number), by=None, at=world.now)
        assert rung == [1]
        events.record(AudienceChanged(4), by=None, at=world.now)
    assert rung == [1, 1]


def test_housekeeping_keeps_what_may_still_be_asked_for(fernhill):
    at = fernhill.now
    event = DomainEvent.objects.create(kind="x", at=at)
    deliveries = [
        Delivery.objects.create(event=event, handler=name, next_try_at=at, done_at=done)
        for name, done in (("old", at - 91 * DAY), ("recent", at - 89 * DAY), ("open", None))
    ]
    for key, age in (("old", 8), ("recent", 6)):
        IdempotencyRecord.objects.create(actor_key="t", key=key, fingerprint="f", created_at=at - age * DAY)

    assert tasks.keep_house() == {"deliveries": 1, "answers": 1}
    assert list(Delivery.objects.order_by("pk")) == deliveries[1:]
    assert IdempotencyRecord.objects.get().key == "recent"
    assert DomainEvent.objects.count() == 1


# ---------------------------------------------------------------- commands


def test_the_forecast_of_every_organisation(world, capsys):
    with world.scope():
        make.message(world.asha, "test.reminder", due_at=world.now + DAY)
        make.message(world.ben, "test.reminder", due_at=world.now + DAY, category="nudge")
        make.preference(world.ben, "nudge", "off")
        make.message(world.ben, "test.far", due_at=world.now + 40 * DAY)
    with world.scope(world.harbour):
        make.message(world.eve, "test.other", due_at=world.now + DAY)

    rows = json.loads(run(capsys, "messages", format="json"))
    assert [(row["organisation"], row["kind"], row["category"], row["count"], row["withheld"]) for row in rows] == [
        ("fernhill", "test.reminder", "assignment", 1, 0),
        ("fernhill", "test.reminder", "nudge", 1, 1),
        ("harbour", "test.other", "assignment", 1, 0),
    ]
    assert len(json.loads(run(capsys, "messages", format="json", days=60))) == 4
    only = run(capsys, "messages", organisation="harbour")
    assert "test.other" in only
    assert "test.reminder" not in only


def test_one_persons_messages_in_their_own_time(fernhill, capsys):
    make.message(fernhill.asha, "test.reminder", due_at=fernhill.now + DAY, params={"title": "Quiz"})
    make.message(fernhill.ben, "test.reminder", due_at=fernhill.now + DAY)

    [row] = json.loads(run(capsys, "messages", person="ASHA.RAMAN@fernhill.example", format="json"))
    assert row["local"] == "Tue 03 Mar 14:30"
    assert (row["zone"], row["what"], row["at"]) == ("Asia/Kolkata", "Reminder: Quiz", "2026-03-03T09:00:00+00:00")


def test_what_went_wrong(fernhill, capsys):
    assert "Nothing late" in run(capsys, "messages", trouble=True)
    make.message(fernhill.asha, due_at=fernhill.now - DAY)
    make.message(fernhill.ben, state=State.DEAD, because="Given up", settled_at=fernhill.now)

    rows = json.loads(run(capsys, "messages", trouble=True, format="json"))
    assert [(row["trouble"], row["person"], row["because"]) for row in rows] == [
        ("late", "asha.raman@fernhill.example", ""), ("failed", "ben.okafor@fernhill.example", "Given up"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"days": 0}, "--days"),
        ({"organisation": "nowhere"}, "no organisation"),
        ({"organisation": "fernhill", "person": "nobody@x.example"}, "Nobody in Fernhill"),
    ],
)
def test_wrong_options_are_explained(fernhill, options, words):
    with pytest.raises(CommandError, match=words):
        call_command("messages", **options)


def test_dead_deliveries_are_listed_and_run_again(fernhill, capsys):
    event = DomainEvent.objects.create(kind="content.ContentCompleted", at=fernhill.now)
    Delivery.objects.create(
        event=event, handler="journeys.on_it", next_try_at=fernhill.now, dead_at=fernhill.now, attempts=10,
        error="ValueError: no\nmore",
    )  # fmt: skip

    assert "journeys.on_it" in run(capsys, "deliveries", dead=True)
    assert "1 deliveries" in run(capsys, "deliveries", retry=True)
    assert "No delivery has given up." in run(capsys, "deliveries", dead=True)
    again = Delivery.objects.get()
    assert (again.dead_at, again.attempts, again.next_try_at) == (None, 0, fernhill.now)
    with pytest.raises(CommandError, match="--dead"):
        call_command("deliveries")


def test_the_doctor_says_what_is_broken_and_leaves_with_1(fernhill, capsys):
    with pytest.raises(SystemExit) as left:
        call_command("doctor", format="json")
    findings = {row["name"]: row for row in json.loads(capsys.readouterr().out)}

    assert left.value.code == 1
    assert (findings["database"]["status"], findings["beat"]["status"]) == ("ok", "broken")
    assert findings["beat"]["remedy"]
    tasks.deliver_due()
    assert "beat" in run(capsys, "doctor")


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("+2d", "moved by 2 days"),
        ("+90m", "moved by 1:30:00"),
        ("reset", "real time"),
        ("2031-05-06T07:08", "Tue 2031-05-06 07:08:00 UTC"),
        ("2031-05-06T07:08+02:00", "Tue 2031-05-06 05:08:00 UTC"),
    ],
)
def test_the_clock_of_a_demo_moves(monkeypatch, tmp_path, capsys, to, shown):
    monkeypatch.setenv("LXP_CLOCK_FILE", str(tmp_path / "clock"))

    assert shown in run(capsys, "clock", to)
    assert clock.offset() == timedelta() or to != "reset"


def test_a_production_clock_does_not_move_and_nonsense_is_refused(monkeypatch):
    monkeypatch.delenv("LXP_CLOCK_FILE", raising=False)
    with pytest.raises(CommandError, match="LXP_CLOCK_FILE"):
        call_command("clock", "+2d")
    with pytest.raises(CommandError, match="neither"):
        call_command("clock", "soon")
