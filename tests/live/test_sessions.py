"""Scheduling, moving, cancelling and ending live sessions, and what is held of who was there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from lxp.events.models import DomainEvent
from sessions import queries as live_queries
from sessions import services, tasks
from sessions.models import Attendance, Booking, LiveSession, PresenceInterval, SessionStaff
from tests.factories import live, people

MINUTE = timedelta(minutes=1)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def at(world):
    with world.scope():
        yield world.now


@pytest.fixture
def kind(at):
    return live.template("Practise the pause", blocks=3, minutes=60, capacity=5)


def schedule(world, kind, start="2026-03-12 15:00", zone="Europe/Lisbon", **changes):
    given = {"facilitators": [world.ben], "by": world.dana, "at": world.now, **changes}
    return services.schedule_session(template=kind, start_local=datetime.fromisoformat(start), zone=zone, **given)


def events(kind):
    return list(DomainEvent.objects.filter(kind=f"sessions.{kind}").order_by("pk"))


# ---------------------------------------------------------------- scheduling


def test_a_session_takes_over_what_the_template_says(world, kind):
    session = schedule(world, kind)
    assert (session.title, session.minutes, session.capacity) == ("Practise the pause", 60, 5)
    assert (session.starts_at, session.ends_at) == (utc("2026-03-12 15:00"), utc("2026-03-12 16:00"))
    assert [block.title for block in session.agenda.all()] == ["Part 1", "Part 2", "Part 3"]
    kind.blocks.all().delete()
    assert session.agenda.count() == 3
    staff = SessionStaff.objects.get()
    assert (staff.user, staff.part) == (world.ben, "lead")


@pytest.mark.parametrize(("start", "zone", "field", "words"), [
    ("2026-03-29 01:30", "Europe/Lisbon", "start_local", "next valid time is 2026-03-29 02:00"),
    ("2026-10-25 01:30", "Europe/Lisbon", "fold", "happens twice"),
    ("2026-03-12 15:00", "Lisbon", "zone", "IANA"),
    ("2026-03-02 07:00", "Europe/Lisbon", "start_local", "has passed"),
])  # fmt: skip
def test_impossible_times_are_refused_and_nothing_is_left_behind(world, kind, start, zone, field, words):
    with pytest.raises(ValidationError) as refused:
        schedule(world, kind, start, zone)
    assert words in str(refused.value.message_dict[field])
    assert not LiveSession.objects.exists()


def test_the_second_of_two_equal_times(world, kind):
    assert schedule(world, kind, "2026-10-25 01:30", fold=1).starts_at == utc("2026-10-25 01:30")
    assert schedule(world, kind, "2026-10-25 01:30", fold=0, facilitators=[]).starts_at == utc("2026-10-25 00:30")


def test_only_facilitators_run_sessions_and_nobody_two_at_once(world, kind):
    with pytest.raises(ValidationError, match="Not a facilitator here: Asha Raman"):
        schedule(world, kind, facilitators=[world.asha])
    with pytest.raises(ValidationError, match="Not a facilitator here: Eve Strand"):
        schedule(world, kind, facilitators=[world.eve])
    schedule(world, kind)
    with pytest.raises(ValidationError) as clash:
        schedule(world, kind, "2026-03-12 16:30", "Europe/Berlin")
    assert "Ben Okafor runs “Practise the pause” then: 2026-03-12 15:00 in Europe/Lisbon, 60 minutes" in str(
        clash.value
    )
    schedule(world, kind, "2026-03-12 16:00")  # back to back is no clash
    assert LiveSession.objects.count() == 2


def test_a_clash_in_another_organisation_names_nothing_of_it(world, kind):
    with world.scope(world.harbour):
        people_there = world.membership(world.eve)
        people_there.user = world.ben
        people_there.pk = None
        people_there.save()
        live.session("2026-03-12 15:00", template=live.template("Secret plans"), lead=world.ben)
    with pytest.raises(ValidationError) as clash:
        schedule(world, kind)
    assert "busy then" in str(clash.value)
    assert "Secret" not in str(clash.value)


# ---------------------------------------------------------------- moving and cancelling


def move(world, session, start=None, **changes):
    local = datetime.fromisoformat(start) if start else None
    return services.reschedule_session(session=session, start_local=local, by=world.dana, at=world.now, **changes)


def test_moving_raises_the_sequence_and_is_announced_once(world, kind):
    session = schedule(world, kind)
    moved = move(world, session, "2026-03-13 10:00")
    assert (moved.sequence, moved.changed_at) == (1, world.now)
    assert SessionStaff.objects.get().span == moved.span
    (event,) = events("SessionRescheduled")
    assert event.payload == {
        "session_id": session.pk, "sequence": 1, "old_starts_at": "2026-03-12T15:00:00+00:00",
        "new_starts_at": "2026-03-13T10:00:00+00:00", "moved_at": "2026-03-02T09:00:00+00:00", "old_place": "",
        "old_minutes": 60,
    }  # fmt: skip
    assert move(world, session, "2026-03-13 10:00").sequence == 1
    assert len(events("SessionRescheduled")) == 1


def test_changing_the_place_keeps_the_time_also_where_the_clock_shows_it_twice(world, kind):
    second = schedule(world, kind, "2026-10-25 01:30", fold=1)
    moved = move(world, second, place="Room 9")
    assert (moved.starts_at, moved.place, moved.sequence) == (second.starts_at, "Room 9", 1)


def test_what_has_started_or_is_off_is_not_moved(world, kind):
    session = schedule(world, kind)
    services.start_session(session=session, by=world.ben, at=session.starts_at)
    with pytest.raises(ValidationError, match="can’t be moved"):
        move(world, session, "2026-03-20 10:00")
    other = schedule(world, kind, "2026-03-20 10:00")
    services.cancel_session(session=other, reason="No demand", by=world.dana, at=world.now)
    with pytest.raises(ValidationError, match="can’t be moved"):
        move(world, other, "2026-03-21 10:00")


def test_moving_into_a_clash_changes_nothing(world, kind):
    first, second = schedule(world, kind), schedule(world, kind, "2026-03-13 10:00")
    with pytest.raises(ValidationError, match="Ben Okafor runs"):
        move(world, second, "2026-03-12 15:30")
    second.refresh_from_db()
    assert (second.sequence, second.starts_at) == (0, utc("2026-03-13 10:00"))
    services.cancel_session(session=first, reason="No demand", by=world.dana, at=world.now)
    assert move(world, second, "2026-03-12 15:30").sequence == 1  # a cancelled session blocks nobody


def test_cancelling_needs_a_reason_and_happens_once(world, kind):
    session = schedule(world, kind)
    with pytest.raises(ValidationError, match="Say why"):
        services.cancel_session(session=session, reason="  ", by=world.dana, at=world.now)
    for _ in range(2):
        cancelled = services.cancel_session(session=session, reason="Ben is ill", by=world.dana, at=world.now)
    assert (cancelled.state, cancelled.sequence) == ("cancelled", 1)
    assert [event.payload["reason"] for event in events("SessionCancelled")] == ["Ben is ill"]


# ---------------------------------------------------------------- the end


@pytest.fixture
def held(world, kind):
    """A session with five people on it, at the moment of its start."""
    session = schedule(world, kind)
    users = people.people(5)
    services.book_many(session=session, learner_ids=[user.pk for user in users], by=None, at=world.now)
    world.at(session.starts_at)
    return session, users


def outcome(session):
    rows = Attendance.objects.filter(session=session).order_by("learner_id")
    return [(row.status, row.minutes) for row in rows]


def was_there(session, user, first, last, **fields):
    return live.presence(session, user, session.starts_at + first * MINUTE, session.starts_at + last * MINUTE, **fields)


def end(session, minutes=60):
    return services.end_session(session=session, by=None, at=session.starts_at + minutes * MINUTE)


def test_the_end_settles_everybody(world, held):
    session, users = held
    was_there(session, users[0], -5, 60)
    was_there(session, users[1], 0, 30)
    was_there(session, users[1], 10, 20, source="qr")
    was_there(session, users[2], 0, 5)
    was_there(session, world.ben, 0, 60)  # who runs it attends nothing
    was_there(session, world.asha, 0, 60)  # there without a seat
    end(session)
    assert outcome(session) == [("attended", 60), ("attended", 60), ("partial", 30), ("missed", 5), ("missed", 0),
                                ("missed", 0)]  # fmt: skip
    assert Attendance.objects.get(learner=world.asha).status == "attended"
    evidence = Attendance.objects.get(learner=users[1]).evidence
    assert [(row["source"], row["from"][11:16], row["to"][11:16]) for row in evidence] == [
        ("join", "15:00", "15:30"), ("qr", "15:10", "15:20"),
    ]  # fmt: skip
    assert [event.payload["ended_at"] for event in events("SessionEnded")] == ["2026-03-12T16:00:00+00:00"]


def test_ending_twice_changes_nothing(world, held):
    session, _users = held
    first = end(session)
    again = services.end_session(session=session, by=None, at=session.starts_at + 90 * MINUTE)
    assert again.actual_end == first.actual_end
    assert len(events("SessionEnded")) == 1


def test_what_has_not_begun_or_was_cancelled_has_no_end(world, kind):
    session = schedule(world, kind)
    with pytest.raises(ValidationError, match="hasn’t begun"):
        services.end_session(session=session, by=None, at=world.now)
    services.cancel_session(session=session, reason="No demand", by=None, at=world.now)
    with pytest.raises(ValidationError, match="was cancelled"):
        services.end_session(session=session, by=None, at=world.now)


def test_a_mark_stands_over_the_rule(world, held):
    session, users = held
    mark = {"session": session, "by": world.ben, "at": session.starts_at + MINUTE}
    services.set_attendance(learner_id=users[0].pk, status="attended", reason="Sat in the back", **mark)
    was_there(session, users[0], 0, 10)
    assert events("AttendanceDecided") == []  # provisional: the end speaks for everybody
    assert live_queries.attendance_facts([session.pk]) == []
    end(session)
    row = Attendance.objects.get(learner=users[0])
    assert (row.status, row.minutes, row.note, row.decided_by) == ("attended", 10, "Sat in the back", world.ben)
    facts = live_queries.attendance_facts([session.pk], [users[0].pk])
    assert [(fact["status"], fact["ended_at"]) for fact in facts] == [("attended", session.starts_at + 60 * MINUTE)]


def test_a_correction_is_announced_and_can_be_taken_back(world, held):
    session, users = held
    was_there(session, users[0], 0, 20)
    end(session)
    later = session.starts_at + 120 * MINUTE
    services.set_attendance(session=session, learner_id=users[0].pk, status="attended", by=world.ben, at=later)
    services.set_attendance(session=session, learner_id=users[0].pk, status="attended", by=world.ben, at=later)
    services.clear_attendance(session=session, learner_id=users[0].pk, by=world.ben, at=later)
    services.clear_attendance(session=session, learner_id=users[0].pk, by=world.ben, at=later)
    assert [event.payload["status"] for event in events("AttendanceDecided")] == ["attended", "partial"]
    row = Attendance.objects.get(learner=users[0])
    assert (row.status, row.minutes, row.decided_by) == ("partial", 20, None)


def test_everybody_at_once_is_one_announcement(world, held):
    session, users = held
    end(session)
    later = session.starts_at + 120 * MINUTE
    services.set_attendance(session=session, learner_id=users[0].pk, status="missed", by=world.ben, at=later)
    marked = services.set_attendance_of_all(session=session, status="attended", by=world.ben, at=later)
    assert marked == [user.pk for user in users[1:]]
    assert [row[0] for row in outcome(session)] == ["missed"] + ["attended"] * 4
    assert len(events("SessionEnded")) == 2


def test_strangers_and_nonsense_are_not_marked(world, held):
    session, users = held
    mark = {"session": session, "by": world.ben, "at": session.starts_at}
    for learner, status, words in (
        (world.dana.pk, "attended", "no seat"), (world.eve.pk, "attended", "no seat"), (users[0].pk, "asleep", "Choose"),
    ):  # fmt: skip
        with pytest.raises(ValidationError, match=words):
            services.set_attendance(learner_id=learner, status=status, **mark)
    with pytest.raises(ValidationError, match="ten minutes before"):
        services.set_attendance(session=session, learner_id=users[0].pk, status="attended", by=world.ben,
                                at=session.starts_at - 11 * MINUTE)  # fmt: skip
    assert not Attendance.objects.exists()


def test_a_walk_in_counts_from_when_they_came(world, held):
    session, _users = held
    services.add_walk_in(session=session, learner=world.asha, by=world.ben, at=session.starts_at + 30 * MINUTE)
    end(session, 50)
    row = Attendance.objects.get(learner=world.asha)
    assert (row.status, row.minutes) == ("partial", 20)


@pytest.mark.parametrize("count", [1, 3])
def test_settling_costs_the_same_for_any_number_of_people(world, kind, queries, count):
    session = schedule(world, kind)
    users = people.people(count * 2)
    ids = [user.pk for user in users]
    services.change_capacity(session=session, capacity=20, by=None, at=world.now)
    services.book_many(session=session, learner_ids=ids, by=None, at=world.now)
    for user in users[:count]:
        was_there(session, user, 0, 60)
        live.attendance(session, user, status="partial")
    with queries(14):
        end(session)
    assert Attendance.objects.count() == count * 2


# ---------------------------------------------------------------- nobody ends it


def test_what_nobody_ends_is_ended_at_its_planned_end(world, held, settle):
    session, users = held
    was_there(session, users[0], 0, 55)
    world.at(session.ends_at + 14 * MINUTE)
    settle()
    assert LiveSession.objects.get().state == "scheduled"
    world.at(session.ends_at + 15 * MINUTE)
    settle()
    ended = LiveSession.objects.get()
    assert (ended.state, ended.actual_start, ended.actual_end) == ("ended", session.starts_at, session.ends_at)
    assert outcome(session)[0] == ("attended", 55)


def test_people_who_are_still_there_keep_it_going_for_an_hour_at_most(world, held):
    session, users = held
    there = was_there(session, users[0], 0, 74)
    assert services.settle_due(at=session.ends_at + 15 * MINUTE) == 0
    PresenceInterval.objects.filter(pk=there.pk).update(seen_at=session.ends_at + 30 * MINUTE)
    assert services.settle_due(at=session.ends_at + 33 * MINUTE) == 1
    assert LiveSession.objects.get().actual_end == session.ends_at + 30 * MINUTE


def test_a_tab_left_open_does_not_keep_it_going_for_ever(world, held):
    session, users = held
    was_there(session, users[0], 0, 119)
    assert services.settle_due(at=session.ends_at + 60 * MINUTE) == 1
    assert LiveSession.objects.get().actual_end == session.ends_at + 59 * MINUTE


def test_every_organisations_sessions_are_settled_in_their_own_scope(world, held):
    session, _users = held
    with world.scope(world.harbour):
        theirs = live.session("2026-03-12 10:00", lead=world.eve)
        live.booking(theirs, world.eve)
    world.at(session.ends_at + 15 * MINUTE)
    assert tasks.settle_due() == 2
    assert tasks.settle_due() == 0
    assert set(LiveSession.unscoped.values_list("state", flat=True)) == {"ended"}
    assert set(Attendance.unscoped.values_list("organisation_id", flat=True)) == {world.fernhill.pk}  # Eve ran hers


def test_a_moved_session_is_not_ended_at_its_old_time(world, held):
    session, _users = held
    with world.scope():
        services.reschedule_session(
            session=session, start_local=datetime(2026, 3, 20, 10), by=None, at=session.starts_at
        )
    assert services.settle_due(at=session.ends_at + 15 * MINUTE) == 0


def test_facts_for_planners(world, held):
    session, users = held
    services.cancel_booking(booking=Booking.objects.get(learner=users[0]), by=None, at=session.starts_at - MINUTE)
    facts = live_queries.bookings_facts([session.pk])
    assert {fact["learner_id"] for fact in facts} == {user.pk for user in users[1:]}
    assert {(fact["state"], fact["session_state"], fact["starts_at"]) for fact in facts} == {
        ("booked", "scheduled", session.starts_at),
    }  # fmt: skip
    assert live_queries.bookings_facts([session.pk], [users[1].pk])[0]["since"] == utc("2026-03-02 09:00")
    assert live_queries.seats([session.pk])[session.pk].free == 1
