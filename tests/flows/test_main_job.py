"""From publishing a journey to its refresher, with a moving clock and every tick run as beat would."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from journeys import services
from journeys.models import Assignment, Enrolment
from lxp.messaging.models import Message
from sessions import services as live
from tests.flows.programme import Programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme(world):
    with world.scope():
        yield Programme.build(world)


def states(enrolment):
    return dict(Assignment.objects.filter(enrolment=enrolment).values_list("key", "state"))


def sent(user):
    return list(
        Message.objects.filter(recipient=user, sent_at__isnull=False)
        .order_by("sent_at", "pk")
        .values_list("kind", flat=True)
    )


def test_publish_to_refresher(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    settle()
    assert states(enrolment) == {
        "read": "planned",
        "check": "planned",
        "practise": "planned",
        "apply": "planned",
        "catch-up": "planned",
        "recall": "planned",
    }
    assert sorted(sent(world.asha)) == ["journeys.welcome", "live.booked"]

    # Seven days before her session, at nine on her own clock, the pre-work opens.
    world.at("2026-03-12 08:59", "Asia/Kolkata")
    settle()
    assert states(enrolment)["read"] == "planned"
    world.at("2026-03-12 09:01", "Asia/Kolkata")
    settle()
    assert (states(enrolment)["read"], states(enrolment)["check"]) == ("open", "open")
    assert sent(world.asha)[-1] == "journeys.opened"

    programme.finish(world.asha, enrolment, "read")
    settle()
    assert states(enrolment)["read"] == "done"

    world.at("2026-03-17 09:05", "Asia/Kolkata")
    settle()
    assert sent(world.asha)[-1] == "journeys.not_ready"
    programme.finish(world.asha, enrolment, "check")
    settle()
    assert not Message.objects.filter(recipient=world.asha, kind="journeys.overdue", state="planned").exists()

    programme.attend(world.asha)
    settle()
    assert states(enrolment) == {
        "read": "done",
        "check": "done",
        "practise": "done",
        "apply": "planned",
        "catch-up": "waived",
        "recall": "planned",
    }
    world.at("2026-03-20 10:00", "Asia/Kolkata")
    settle()
    assert states(enrolment)["apply"] == "open"
    world.at("2026-03-23 09:05", "Asia/Kolkata")  # the third day is a Sunday
    settle()
    assert sent(world.asha)[-1] == "journeys.apply"
    programme.finish(world.asha, enrolment, "apply")
    settle()
    enrolment.refresh_from_db()
    assert (enrolment.progress, enrolment.state) == (1.0, Enrolment.State.COMPLETED)

    world.at("2026-04-20 09:05", "Asia/Kolkata")
    settle()
    assert states(enrolment)["recall"] == "open"
    assert sent(world.asha)[-1] == "journeys.refresher"
    assert not Message.objects.filter(state="planned", due_at__lt=world.now).exists()


def test_who_misses_it_gets_the_catch_up(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    settle()
    world.at(programme.session.ends_at)
    live.end_session(session=programme.session, by=world.ben, at=world.now)
    settle()
    world.at("2026-03-20 10:00", "Asia/Kolkata")
    settle()
    now = states(enrolment)
    assert (now["practise"], now["apply"], now["catch-up"]) == ("missed", "waived", "open")


def test_a_reschedule_moves_what_has_not_opened_and_tells_once(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    settle()
    live.reschedule_session(
        session=programme.session,
        start_local=datetime(2026, 3, 26, 15, 0),
        zone="Europe/Lisbon",
        by=world.ben,
        at=world.now,
    )
    settle()
    read = Assignment.objects.get(enrolment=enrolment, key="read")
    assert read.opens_at == datetime(2026, 3, 19, 3, 30, tzinfo=UTC)  # 09:00 in Kolkata
    world.at("2026-03-03 12:00")
    settle()
    settle()
    told = Message.objects.filter(recipient=world.asha, kind="live.moved")
    assert [m.state for m in told] == ["sent"]
    assert "Thu 19 Mar" in told[0].body
    assert "Thu 26 Mar" in told[0].body


def test_any_order_ends_in_the_same_plan(world, settle, programme):
    first = programme.enrol(world.asha)
    settle()
    second_session = programme.add_alternative()
    settle()
    live.switch_booking(
        from_session=programme.session, to_session=second_session, learner=world.asha, by=world.asha, at=world.now
    )
    settle()
    late = programme.enrol(world.dana)
    live.book(session=second_session, learner=world.dana, by=world.dana, at=world.now)
    world.dana.zone = world.asha.zone
    world.dana.save()
    services.sync_learner(learner_id=world.dana.pk, at=world.now)
    settle()

    def plan(enrolment):
        return list(
            Assignment.objects.filter(enrolment=enrolment)
            .order_by("key")
            .values_list("key", "state", "opens_at", "due_at")
        )

    assert plan(first) == plan(late)


def test_syncing_twice_changes_nothing(world, settle, programme):
    programme.enrol(world.asha)
    programme.enrol(world.dana)
    settle()
    again = services.sync_cohort(cohort=programme.cohort, at=world.now)
    assert (again.assignments, again.messages) == (0, 0)


def test_leaving_withdraws_every_promise_and_keeps_the_work(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    world.at("2026-03-13 09:00")
    settle()
    programme.finish(world.asha, enrolment, "read")
    settle()
    services.withdraw(cohort=programme.cohort, enrolment_ids=[enrolment.pk], by=world.dana, at=world.now)
    settle()
    assert states(enrolment)["read"] == "done"
    assert set(states(enrolment).values()) == {"done", "waived"}
    assert not Message.objects.filter(recipient=world.asha, state="planned").exists()


def test_a_bulk_enrolment_can_be_undone(world, settle, programme):
    act = services.enrol(
        cohort=programme.cohort, learner_ids=[world.asha.pk, world.dana.pk], source="hand", by=world.dana, at=world.now
    )
    settle()
    services.undo_act(act=act, by=world.dana, at=world.now)
    settle()
    assert list(programme.cohort.enrolments.values_list("state", flat=True)) == ["withdrawn", "withdrawn"]


def test_a_finished_quiz_is_never_altered_by_a_later_plan(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    world.at("2026-03-13 09:00")
    settle()
    programme.finish(world.asha, enrolment, "read")
    settle()
    before = Assignment.objects.filter(enrolment=enrolment, key="read").values().get()
    live.reschedule_session(
        session=programme.session,
        start_local=datetime(2026, 4, 26, 15, 0),
        zone="Europe/Lisbon",
        by=world.ben,
        at=world.now,
    )
    settle()
    after = Assignment.objects.filter(enrolment=enrolment, key="read").values().get()
    assert {k: before[k] for k in ("state", "done_at", "score")} == {k: after[k] for k in ("state", "done_at", "score")}
