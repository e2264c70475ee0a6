"""What people are told about their bookings, end to end: planned, moved, withdrawn, written and sent."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import icalendar
import pytest
from django.core import mail
from hypothesis import given
from hypothesis import strategies as st

from lxp.events import record
from lxp.messaging.models import Message
from lxp.messaging.plan import PersonTime
from lxp.people import services as people_services
from lxp.people.events import OrganisationChanged, PersonChanged
from sessions import services
from sessions.models import Booking
from sessions.plan import BookingFacts, plan_booking
from tests.factories import live, people

HOUR = timedelta(hours=1)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ---------------------------------------------------------------- the plan alone


def facts(**changes):
    given = {
        "session_id": 1, "title": "Practise the pause", "starts_at": utc("2026-03-12 15:00"), "takes_place": True,
        "changed_at": None, "state": "booked", "since": utc("2026-03-02 09:00"),
    }  # fmt: skip
    return BookingFacts(**{**given, **changes})


def due(plan):
    return {m.suffix: f"{m.due_at:%a %d %H:%M}" for m in plan}


LISBON = PersonTime("Europe/Lisbon")


def test_a_seat_promises_a_confirmation_and_three_reminders():
    plan = plan_booking(facts(), LISBON)
    assert due(plan) == {
        "booked": "Mon 02 09:00", "reminder_day": "Wed 11 15:00", "reminder_hour": "Thu 12 14:00",
        "starting": "Thu 12 14:50",
    }  # fmt: skip
    assert [m.channel for m in plan] == ["email", "email", "email", "inapp"]
    assert {m.category for m in plan} == {"session"}


def test_the_day_reminder_comes_earlier_never_later():
    monday_morning = facts(starts_at=utc("2026-03-09 09:00"))
    assert due(plan_booking(monday_morning, LISBON))["reminder_day"] == "Fri 06 18:59"


def test_those_who_join_at_night_are_reminded_at_night():
    auckland = PersonTime("Pacific/Auckland")
    plan = {m.suffix: m for m in plan_booking(facts(), auckland)}  # 04:00 on Friday there
    assert plan["reminder_hour"].due_at == utc("2026-03-12 14:00")
    assert plan["reminder_hour"].params["urgent"] is True
    assert not auckland.is_quiet(plan["reminder_day"].due_at)
    assert plan["reminder_day"].due_at < utc("2026-03-11 15:00")


def test_who_is_booked_by_others_at_night_hears_of_it_in_the_morning():
    night = facts(since=utc("2026-03-02 22:00"))
    assert due(plan_booking(night, LISBON))["booked"] == "Tue 03 08:00"
    assert due(plan_booking(facts(since=utc("2026-03-02 22:00"), own_act=True), LISBON))["booked"] == "Mon 02 22:00"


def test_who_is_booked_late_is_not_told_twice():
    late = plan_booking(facts(since=utc("2026-03-12 13:00")), LISBON)
    assert due(late) == {"booked": "Thu 12 13:00", "reminder_hour": "Thu 12 14:00", "starting": "Thu 12 14:50"}


def test_a_session_moved_close_is_not_announced_as_tomorrow():
    moved = plan_booking(facts(changed_at=utc("2026-03-12 10:00")), LISBON)
    assert set(due(moved)) == {"booked", "reminder_hour", "starting"}


@pytest.mark.parametrize("changes", [
    {"state": "cancelled"}, {"takes_place": False}, {"since": utc("2026-03-12 15:01")},
])  # fmt: skip
def test_what_is_off_promises_nothing(changes):
    assert plan_booking(facts(**changes), LISBON) == []


def test_the_waiting_list_promises_one_message_and_a_promotion_another():
    assert [m.kind for m in plan_booking(facts(state="waitlisted"), LISBON)] == ["live.waitlisted"]
    assert next(iter(plan_booking(facts(promoted=True), LISBON))).kind == "live.promoted"


@given(
    zone=st.sampled_from(["Europe/Lisbon", "Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati", "UTC"]),
    starts=st.datetimes(datetime(2026, 1, 5), datetime(2028, 1, 1), timezones=st.just(UTC)),
    ahead=st.timedeltas(timedelta(minutes=1), timedelta(days=40)),
    quiet=st.tuples(st.times(), st.times()),
)
def test_a_plan_never_writes_too_late_and_never_twice(zone, starts, ahead, quiet):
    person = PersonTime(zone, quiet[0].replace(second=0, microsecond=0), quiet[1].replace(second=0, microsecond=0))
    plan = plan_booking(facts(starts_at=starts, since=starts - ahead), person)
    assert len({m.suffix for m in plan}) == len(plan)
    assert all(starts - ahead <= m.due_at < starts for m in plan)
    quiet_ones = [m for m in plan if person.is_quiet(m.due_at)]
    assert all(m.params.get("urgent") for m in quiet_ones)


# ---------------------------------------------------------------- in the ledger


@pytest.fixture
def session(world):
    """Thursday 12 March, 15:00 in Lisbon, led by Ben; the clock stands at Monday 2 March, 09:00 UTC."""
    with world.scope():
        yield live.session("2026-03-12 15:00", lead=world.ben, place="Room 4")


def ledger(user, kind=None):
    rows = Message.objects.filter(recipient=user, kind__startswith="live.").order_by("due_at", "pk")
    return [(m.kind.removeprefix("live."), m.state) for m in rows if kind is None or m.kind == f"live.{kind}"]


def mails_to(user):
    return [m for m in mail.outbox if user.email in m.to[0]]


def entry_in(message):
    """The calendar entry of a mail: method of the header, method inside, and the event."""
    for part in message.message().walk():
        if part.get_content_type() == "text/calendar" and part.get_param("method"):
            calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
            return part.get_param("method"), str(calendar["method"]), calendar.walk("VEVENT")[0]
    raise AssertionError("no calendar entry in this mail")


def book(world, session, user):
    return services.book(session=session, learner=user, by=user, at=world.now)


def move(world, session, start, **changes):
    local = datetime.fromisoformat(start)
    return services.reschedule_session(session=session, start_local=local, by=world.dana, at=world.now, **changes)


def test_a_confirmation_with_an_invitation(world, settle, session):
    booking = book(world, session, world.asha)
    settle()
    assert ledger(world.asha) == [
        ("booked", "sent"), ("reminder_day", "planned"), ("reminder_hour", "planned"), ("starting", "planned"),
    ]  # fmt: skip
    (sent,) = mails_to(world.asha)
    assert "You have a seat" in sent.subject
    assert "20:30" in sent.body  # Asha's time
    assert "15:00" in sent.body  # and the session's own
    assert "Room 4" in sent.body
    header, inside, event = entry_in(sent)
    assert (header, inside) == ("REQUEST", "REQUEST")
    assert str(event["uid"]) == f"{booking.uuid}@testserver"
    assert event["sequence"] == 0
    assert event["dtstart"].to_ical() == b"20260312T150000"
    assert event["dtstart"].params["TZID"] == "Europe/Lisbon"


def test_synchronising_twice_changes_nothing(world, settle, session):
    book(world, session, world.asha)
    settle()
    again = services.sync_messages(session_ids=[session.pk], at=world.now)
    assert (again.added, again.moved, again.suppressed) == (0, 0, 0)


def test_moving_tells_only_the_affected_once_with_both_times(world, settle, session):
    book(world, session, world.asha)
    gone = book(world, session, world.chen)
    services.cancel_booking(booking=gone, by=world.chen, at=world.now)
    settle()
    mail.outbox.clear()
    moved = move(world, session, "2026-03-13 10:00")
    settle()
    settle()
    assert ledger(world.asha, "moved") == [("moved", "sent")]
    assert ledger(world.ben, "moved") == [("moved", "sent")]
    assert ledger(world.chen, "moved") == ledger(world.adi) == ledger(world.dana) == []
    (sent,) = mails_to(world.asha)
    assert "Thu 12 Mar, 20:30" in sent.body
    assert "Fri 13 Mar, 15:30" in sent.body
    _header, inside, event = entry_in(sent)
    assert (inside, event["sequence"], str(event["uid"])) == (
        "REQUEST", 1, f"{Booking.objects.get(learner=world.asha).uuid}@testserver",
    )  # fmt: skip
    # The reminders moved along: nothing is promised for the old time.
    rows = Message.objects.filter(recipient=world.asha, state="planned")
    assert {row.about_at for row in rows} == {moved.starts_at}


def test_nothing_moved_tells_nobody(world, settle, session):
    book(world, session, world.asha)
    settle()
    same = move(world, session, "2026-03-12 15:00")
    settle()
    assert same.sequence == 0
    assert ledger(world.asha, "moved") == []


def test_moved_twice_before_anybody_was_told_is_one_message_with_the_first_old_time(world, settle, session):
    book(world, session, world.asha)
    settle()
    world.at("2026-03-03 20:00")
    move(world, session, "2026-03-13 10:00")
    settle()
    world.at("2026-03-03 21:00")
    move(world, session, "2026-03-16 11:00")
    settle()
    mail.outbox.clear()
    world.at("2026-03-04 09:00")
    settle()
    assert sorted(ledger(world.asha, "moved")) == [("moved", "sent"), ("moved", "suppressed")]
    (sent,) = mails_to(world.asha)
    assert "Thu 12 Mar, 20:30" in sent.body
    assert "Mon 16 Mar, 16:30" in sent.body
    assert "13 Mar" not in sent.body


def test_moved_and_moved_back_before_anybody_was_told_is_no_message(world, settle, session):
    book(world, session, world.asha)
    settle()
    world.at("2026-03-03 20:00")
    move(world, session, "2026-03-13 10:00")
    settle()
    move(world, session, "2026-03-12 15:00")
    world.at("2026-03-04 09:00")
    settle()
    assert {state for _kind, state in ledger(world.asha, "moved")} == {"suppressed"}


def test_a_new_room_says_so(world, settle, session):
    book(world, session, world.asha)
    settle()
    mail.outbox.clear()
    services.reschedule_session(session=session, place="Room 7", by=world.dana, at=world.now)
    settle()
    (sent,) = mails_to(world.asha)
    assert sent.subject.startswith("Changed: ")
    assert "no longer here: Room 4" in sent.body
    assert "Where: Room 7" in sent.body


def test_a_change_in_the_night_before_wakes_only_those_who_need_it(world, settle, session):
    book(world, session, world.asha)
    settle()
    world.at("2026-03-11 22:00")  # 03:30 in Pune; their morning leaves hours enough
    move(world, session, "2026-03-12 16:00")
    settle()
    (row,) = Message.objects.filter(recipient=world.asha, kind="live.moved")
    assert row.due_at == utc("2026-03-12 02:30")
    world.at("2026-03-12 00:30")
    move(world, session, "2026-03-12 04:00")  # 09:30 there: the morning at eight would be too late
    settle()
    row = Message.objects.filter(recipient=world.asha, kind="live.moved").order_by("pk").last()
    assert (row.state, row.due_at) == ("sent", utc("2026-03-12 00:30"))


def test_cancelling_tells_why_and_clears_the_calendar(world, settle, session):
    booking = book(world, session, world.asha)
    settle()
    mail.outbox.clear()
    services.cancel_session(session=session, reason="Ben is ill", by=world.dana, at=world.now)
    settle()
    assert ("cancelled", "sent") in ledger(world.asha)
    assert not [kind for kind, state in ledger(world.asha) if state == "planned"]
    (sent,) = mails_to(world.asha)
    assert "Ben is ill" in sent.body
    header, inside, event = entry_in(sent)
    assert (header, inside, str(event["status"]), event["sequence"]) == ("CANCEL", "CANCEL", "CANCELLED", 1)
    assert str(event["uid"]) == f"{booking.uuid}@testserver"
    assert ledger(world.ben) == [("cancelled", "sent")]


def test_giving_a_seat_up_takes_the_entry_back_and_booking_again_makes_a_new_one(world, settle, session):
    first = book(world, session, world.asha)
    settle()
    services.cancel_booking(booking=first, by=world.asha, at=world.now + HOUR)
    world.at(world.now + HOUR)
    settle()
    again = services.book(session=session, learner=world.asha, by=world.asha, at=world.now + HOUR)
    world.at(world.now + HOUR)
    settle()
    entries = [entry_in(sent) for sent in mails_to(world.asha)]
    assert [(method, event["sequence"]) for _h, method, event in entries] == [
        ("REQUEST", 0), ("CANCEL", 1), ("REQUEST", 0),
    ]  # fmt: skip
    uids = [str(event["uid"]) for _h, _m, event in entries]
    assert uids == [f"{first.uuid}@testserver", f"{first.uuid}@testserver", f"{again.uuid}@testserver"]
    assert first.uuid != again.uuid


def test_who_never_was_invited_is_not_told_about_a_seat_given_up(world, settle, session):
    booking = book(world, session, world.asha)
    services.cancel_booking(booking=booking, by=world.asha, at=world.now)
    settle()
    assert mails_to(world.asha) == []
    assert ledger(world.asha, "released") == []


def test_promotion_confirms_the_seat_with_an_invitation(world, settle, session):
    full = live.session("2026-03-11 15:00", capacity=1)
    first = book(world, full, world.chen)
    book(world, full, world.asha)
    settle()
    assert ledger(world.asha) == [("waitlisted", "sent")]
    world.at(world.now + HOUR)
    services.cancel_booking(booking=first, by=world.chen, at=world.now)
    settle()
    assert ledger(world.asha)[:2] == [("waitlisted", "sent"), ("promoted", "sent")]
    assert entry_in(mails_to(world.asha)[-1])[1] == "REQUEST"


def test_the_whole_course_of_reminders(world, settle, session):
    book(world, session, world.asha)
    for moment in ("2026-03-11 13:29", "2026-03-12 14:00", "2026-03-12 14:50"):
        world.at(moment)
        settle()
    assert ledger(world.asha) == [
        ("booked", "sent"), ("reminder_day", "sent"), ("reminder_hour", "sent"), ("starting", "sent"),
    ]  # fmt: skip
    assert f"/live/{session.uuid}/join/" in mails_to(world.asha)[-1].body
    starting = Message.objects.get(recipient=world.asha, kind="live.starting")
    assert (starting.channel, starting.url) == ("inapp", f"/live/{session.uuid}/join/")


def test_a_reminder_that_comes_too_late_is_not_sent(world, settle, session):
    """Mail was down for a day: what has begun is not announced."""
    book(world, session, world.asha)
    settle()
    world.at("2026-03-12 15:30")
    settle()
    assert set(ledger(world.asha)[1:]) == {
        ("reminder_day", "suppressed"), ("reminder_hour", "suppressed"), ("starting", "suppressed"),
    }  # fmt: skip


def test_a_person_who_moves_to_another_zone_is_reminded_in_its_hours(world, settle, session):
    book(world, session, world.asha)
    settle()
    before = Message.objects.get(recipient=world.asha, kind="live.reminder_day").due_at
    world.asha.zone, world.asha.quiet_from, world.asha.quiet_until = "America/Los_Angeles", time(18), time(9)
    world.asha.save()
    record(PersonChanged(user_id=world.asha.pk, changed=["zone"]), by=world.asha, at=world.now)
    settle()
    after = Message.objects.get(recipient=world.asha, kind="live.reminder_day").due_at
    assert (before, after) == (utc("2026-03-11 13:29"), utc("2026-03-11 00:59"))


def test_messages_of_many_cost_no_more_statements_than_those_of_one(world, session, queries):
    services.book_many(session=session, learner_ids=[p.pk for p in people.people(1)], by=None, at=world.now)
    with queries(12):
        services.sync_messages(session_ids=[session.pk], at=world.now)
    services.book_many(session=session, learner_ids=[p.pk for p in people.people(3)], by=None, at=world.now)
    with queries(12):
        services.sync_messages(session_ids=[session.pk], at=world.now)


def test_new_quiet_hours_of_the_organisation_move_what_is_promised(world, settle, session):
    book(world, session, world.asha)
    settle()
    before = Message.objects.get(recipient=world.asha, kind="live.reminder_day").due_at
    world.fernhill.quiet_from = time(17)
    world.fernhill.save()
    record(OrganisationChanged(changed=["quiet_from"]), by=world.adi, at=world.now)
    settle()
    after = Message.objects.get(recipient=world.asha, kind="live.reminder_day").due_at
    assert (before, after) == (utc("2026-03-11 13:29"), utc("2026-03-11 11:29"))


def test_the_seat_of_somebody_who_leaves_goes_to_the_next(world, settle, session):
    full = live.session("2026-03-11 15:00", capacity=1)
    book(world, full, world.chen)
    book(world, full, world.asha)
    settle()
    people_services.deactivate_person(membership=world.membership(world.chen), by=world.adi, at=world.now)
    settle()
    states = dict(Booking.objects.filter(session=full).values_list("learner_id", "state"))
    assert states == {world.chen.pk: "cancelled", world.asha.pk: "booked"}
