"""Insights: found set-based, settled by people, gone by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from content.models import Attempt
from journeys import services as journey_services
from journeys.models import Assignment, Enrolment, Override
from lxp.events.models import DomainEvent
from lxp.messaging.models import Message
from recommendations import queries as reads
from recommendations import services
from recommendations.models import Insight
from sessions import services as live
from tests.factories import content, journeys, people
from tests.flows.programme import Programme

pytestmark = pytest.mark.django_db
State = Insight.State


@pytest.fixture
def programme(world):
    with world.scope():
        yield Programme.build(world)


def refresh(world, *who):
    return services.refresh_insights(at=world.now, learner_ids=[one.pk for one in who] or None)


def found():
    return [(row.enrolment.learner.name, row.kind, row.action, row.state) for row in Insight.objects.order_by("pk")]


def give_up_the_seat(programme):
    world = programme.world
    live.cancel_booking(booking=programme.session.bookings.get(learner=world.asha), by=world.asha, at=world.now)


def overdue(programme, settle, *who):
    """People who prepared and came, and have not tried it at work four days after they were to: nothing else is late."""
    world = programme.world
    enrolment = programme.enrol(*who)
    world.at("2026-03-13 09:00")
    settle()
    for one in who:
        for key in ("read", "check"):
            programme.finish(one, programme.cohort.enrolments.get(learner=one), key)
    programme.attend(*who)
    settle()
    world.at("2026-03-28 15:00")
    settle()
    return enrolment


def test_not_ready_two_days_before_and_gone_when_prepared(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    settle()
    world.at("2026-03-17 14:00")
    settle()
    assert found() == []
    refresh(world)
    assert found() == [], "two days and an hour are more than two days"
    world.at("2026-03-17 16:00")
    refresh(world)
    (row,) = Insight.objects.all()
    assert (row.kind, row.action, row.facts) == (
        "not_ready",
        "nudge",
        {
            "step": "Practise",
            "starts_at": programme.session.starts_at.isoformat(),
            "waiting": ["Read", "Check"],
        },
    )
    assert refresh(world) == services.Refreshed()

    programme.finish(world.asha, enrolment, "read")
    settle()
    row.refresh_from_db()
    assert (row.state, row.facts["waiting"]) == (State.OPEN, ["Check"])
    programme.finish(world.asha, enrolment, "check")
    settle()
    row.refresh_from_db()
    assert row.state == State.RESOLVED


def test_no_seat_a_week_before_and_gone_with_one(world, settle, programme):
    programme.enrol(world.asha)
    settle()
    give_up_the_seat(programme)
    settle()
    world.at("2026-03-13 09:00")
    refresh(world)
    assert found() == [("Asha Raman", "not_booked", "nudge", State.OPEN)]
    live.book(session=programme.session, learner=world.asha, by=world.asha, at=world.now)
    settle()
    assert found() == [("Asha Raman", "not_booked", "nudge", State.RESOLVED)]


def test_missed_counts_only_where_the_journey_has_no_way_back(world, settle, programme):
    programme.enrol(world.asha, world.chen)
    settle()
    world.at("2026-03-12 09:00")
    settle()
    programme.attend(world.chen)
    settle()
    refresh(world)
    assert "missed_live" not in {kind for _, kind, *_ in found()}, "there is a catch-up"
    programme.cohort.version.steps.filter(key="catch-up").update(condition={})
    refresh(world)
    assert ("Asha Raman", "missed_live", "talk", State.OPEN) in found()


def test_failing_twice_offers_another_item_on_the_same_skill(world, settle, programme, need):
    enrolment = programme.enrol(world.asha)
    settle()
    world.at("2026-03-13 09:00")
    settle()
    check = programme.cohort.version.steps.get(key="check")
    content.teaches(check.item, need.coaching, level=3)
    need.item("Too hard", need.coaching, 4)
    easier = need.item("Open questions", need.coaching, 2, kind="job_aid", minutes=4)
    for number in (1, 2):
        content.attempt(
            world.asha, check.item, registration=enrolment.uuid, number=number, state=Attempt.State.FAILED, score=0.4
        )
    refresh(world)
    (row,) = Insight.objects.all()
    assert (row.kind, row.facts, row.action_value) == (
        "failed_twice",
        {"step": "Check", "tries": 2},
        {"item_id": easier.pk, "title": "Open questions", "minutes": 4},
    )

    services.accept_insight(insight=row, by=world.chen, at=world.now)
    extra = Assignment.objects.get(enrolment=enrolment, item=easier)
    assert (extra.state, extra.key) == ("open", f"extra:{row.__class__.objects.get().override_id}")
    services.reopen_insight(insight=row, by=world.chen, at=world.now)
    assert not Assignment.objects.filter(item=easier).exists()


def test_more_time_goes_through_the_same_sync_and_can_be_taken_back(world, settle, programme):
    enrolment = overdue(programme, settle, world.asha)
    refresh(world)
    (row,) = Insight.objects.all()
    assert (row.kind, row.action, row.action_value["keys"]) == ("overdue", "more_time", ["apply"])
    apply = Assignment.objects.get(enrolment=enrolment, key="apply")
    before = apply.due_at

    services.accept_insight(insight=row, by=world.chen, at=world.now)
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.override.by) == (State.ACCEPTED, world.chen, world.chen)
    apply.refresh_from_db()
    assert apply.due_at == datetime(2026, 4, 1, 17, tzinfo=ZoneInfo("Asia/Kolkata")), "three working days from Saturday"
    settle()
    assert found() == [("Asha Raman", "overdue", "more_time", State.ACCEPTED)]
    kinds = [event.payload["state"] for event in DomainEvent.objects.filter(kind="recommendations.InsightSettled")]
    assert kinds == ["accepted"]

    services.reopen_insight(insight=row, by=world.chen, at=world.now)
    row.refresh_from_db()
    assert (row.state, row.override, Override.objects.get().undone_at) == (State.OPEN, None, world.now)
    apply.refresh_from_db()
    assert apply.due_at == before


def test_settled_once_is_settled(world, settle, programme):
    overdue(programme, settle, world.asha)
    refresh(world)
    row = Insight.objects.get()
    services.dismiss_insight(insight=row, note="On leave until Monday", by=world.chen, at=world.now)
    with pytest.raises(ValidationError, match="settled this already"):
        services.accept_insight(insight=row, by=world.dana, at=world.now)
    refresh(world)
    assert [row.state for row in Insight.objects.all()] == [State.DISMISSED]
    services.reopen_insight(insight=row, by=world.chen, at=world.now)
    assert Insight.objects.get().state == State.OPEN


def test_leaving_it_alone_needs_a_reason(world, settle, programme):
    overdue(programme, settle, world.asha)
    refresh(world)
    with pytest.raises(ValidationError, match="why"):
        services.dismiss_insight(insight=Insight.objects.get(), note="  ", by=world.chen, at=world.now)
    assert Insight.objects.get().state == State.OPEN


def test_talking_rests_for_a_week_and_then_comes_again_if_nothing_changed(world, settle, programme):
    overdue(programme, settle, world.asha)
    world.at(world.now + timedelta(days=20))
    refresh(world)
    row = Insight.objects.get()
    assert (row.kind, row.action) == ("quiet", "talk")
    services.accept_insight(insight=row, by=world.chen, at=world.now)
    world.at(world.now + timedelta(days=6))
    refresh(world)
    assert [(kind, state) for _, kind, _, state in found()] == [("quiet", State.ACCEPTED)]
    world.at(world.now + timedelta(days=2))
    refresh(world)
    assert [(kind, state) for _, kind, _, state in found()] == [("quiet", State.ACCEPTED), ("quiet", State.OPEN)]


def test_nobody_is_spoken_of_who_has_left_or_whose_cohort_is_over(world, settle, programme):
    enrolment = overdue(programme, settle, world.asha)
    refresh(world)
    Enrolment.objects.filter(pk=enrolment.pk).update(state=Enrolment.State.WITHDRAWN)
    refresh(world)
    assert [state for *_, state in found()] == [State.RESOLVED]


def test_who_sees_which(world, settle, programme):
    overdue(programme, settle, world.asha, world.dana, world.adi)
    refresh(world)
    assert Insight.objects.count() == 3

    def seen(user):
        return sorted(row.enrolment.learner.name for row in reads.insights_for(world.actor(user)))

    assert seen(world.chen) == ["Asha Raman"], "a manager: reports"
    assert seen(world.ben) == ["Adi Mensah", "Asha Raman", "Dana Novák"], "who leads a session: its cohort"
    assert seen(world.adi) == ["Asha Raman", "Dana Novák"], "the learning team: everybody but themselves"
    assert seen(world.dana) == ["Adi Mensah", "Asha Raman"]
    assert seen(world.asha) == []
    assert [row.kind for row in reads.insights_about(world.asha, at=world.now)] == ["overdue"], (
        "but she sees what is said of her"
    )

    mine = Insight.objects.get(enrolment__learner=world.asha)
    assert reads.insight_for(world.actor(world.chen), mine.pk) == mine
    with pytest.raises(PermissionDenied):
        reads.insight_for(world.actor(world.asha), mine.pk)
    stranger = people.person("Stranger", "learner", "manager")
    for actor in (world.actor(stranger), world.actor(world.eve)):
        with world.scope(actor.organisation_id), pytest.raises(Http404):
            reads.insight_for(actor, mine.pk)


def test_the_number_of_queries_does_not_depend_on_the_number_of_people(world, queries):
    with world.scope():
        step = journeys.step(journeys.version(), "read")
        cohort = journeys.cohort(step.version)
        crowd = people.people(12)
        for one in crowd:
            enrolment = journeys.enrolment(cohort, one)
            journeys.assignment(enrolment, step, state="open", due_at=world.now - timedelta(days=5))
        with queries(11):
            services.refresh_insights(at=world.now, learner_ids=[crowd[0].pk])
        Insight.objects.all().delete()
        with queries(11):
            services.refresh_insights(at=world.now)
        assert Insight.objects.filter(state=State.OPEN).count() == 12


# ---------------------------------------------------------------- nudges


def sent(user):
    return Message.objects.filter(recipient=user, kind="recommendations.nudge")


def test_a_nudge_is_a_real_message_and_waits_ten_seconds(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    world.at("2026-03-13 06:00")
    settle()
    due = services.nudge(enrolment=enrolment, by=world.chen, at=world.now)
    assert due == world.now + services.UNDO_WITHIN
    settle()
    assert sent(world.asha).get().state == "planned"
    world.at(due)
    settle()
    message = sent(world.asha).get()
    assert (message.state, message.title, message.reason) == (
        "sent",
        "10 min for “Read”?",
        "Chen Wei asked us to send you this.",
    )
    assert "Chen Wei is thinking of you" in message.body
    with pytest.raises(ValidationError, match="One a day is enough"):
        services.nudge(enrolment=enrolment, by=world.ben, at=world.now)


def test_within_ten_seconds_it_can_be_taken_back_and_given_again(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    world.at("2026-03-13 06:00")
    settle()
    services.nudge(enrolment=enrolment, by=world.chen, at=world.now)
    assert services.take_back_nudge(enrolment=enrolment, at=world.now)
    world.at("2026-03-13 06:01")
    settle()
    assert [message.state for message in sent(world.asha)] == ["suppressed"]
    services.nudge(enrolment=enrolment, by=world.chen, at=world.now)
    world.at("2026-03-13 06:02")
    settle()
    assert sorted(message.state for message in sent(world.asha)) == ["sent", "suppressed"]
    assert not services.take_back_nudge(enrolment=enrolment, at=world.now), "what is out is out"


def test_a_nudge_at_night_waits_for_the_morning_and_for_work_to_be_left(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    world.at("2026-03-13 12:00")
    settle()
    night = world.at("2026-03-13 23:30", "Asia/Kolkata")
    due = services.nudge(enrolment=enrolment, by=world.chen, at=night)
    assert due == world.at("2026-03-16 08:00", "Asia/Kolkata"), "Monday: it was Friday night"
    for key in ("read", "check"):
        programme.finish(world.asha, enrolment, key)
    settle()
    message = sent(world.asha).get()
    assert (message.state, message.because) == ("suppressed", "There is nothing left to do.")


def test_who_has_nothing_to_do_is_not_nudged(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    settle()
    with pytest.raises(ValidationError, match="nothing to do here"):
        services.nudge(enrolment=enrolment, by=world.chen, at=world.now)


def test_accepting_a_missing_seat_asks_to_choose_a_date(world, settle, programme):
    programme.enrol(world.asha)
    settle()
    give_up_the_seat(programme)
    world.at("2026-03-13 06:00")
    settle()
    refresh(world)
    services.accept_insight(insight=Insight.objects.get(), by=world.chen, at=world.now)
    world.at("2026-03-13 06:01")
    settle()
    message = sent(world.asha).get()
    assert (message.state, message.title) == ("sent", "Choose your date for “Practise”")
    assert message.url == f"/live/{programme.session.uuid}/"


def test_journeys_keep_their_hands_off_nudges_by_hand(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    world.at("2026-03-13 06:00")
    settle()
    services.nudge(enrolment=enrolment, by=world.chen, at=world.now)
    journey_services.sync_cohort(cohort=programme.cohort, at=world.now)
    assert sent(world.asha).get().state == "planned"
