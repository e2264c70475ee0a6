"""Seats and the waiting list: nobody too many, nobody jumps the queue, each free seat to exactly one."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lxp.events.models import DomainEvent
from lxp.tenancy import scope
from sessions import queries, services
from sessions.models import Booking, BookingEvent, LiveSession, PresenceInterval
from tests.factories import live, people

MINUTE = timedelta(minutes=1)


@pytest.fixture
def at(world):
    with world.scope():
        yield world.now


def states(session):
    rows = Booking.objects.filter(session=session).order_by("queued_at", "pk")
    return [(row.learner_id, row.state) for row in rows]


def booked(session):
    return [pk for pk, state in states(session) if state == "booked"]


def waiting(session):
    return [pk for pk, state in states(session) if state == "waitlisted"]


def join(session, users, at):
    return [services.book(session=session, learner=user, by=user, at=at + n * MINUTE) for n, user in enumerate(users)]


# ---------------------------------------------------------------- one at a time


def test_the_last_seat_and_the_first_place_in_the_queue(at):
    session, users = live.session(capacity=2), people.people(4)
    join(session, users, at)
    assert booked(session) == [users[0].pk, users[1].pk]
    assert waiting(session) == [users[2].pk, users[3].pk]
    assert queries.seats([session.pk])[session.pk] == queries.Seats(2, 2, 2)
    assert queries.booking_of(session, users[3]).place == 2


def test_booking_twice_changes_nothing(at):
    session, (user,) = live.session(), people.people(1)
    first = services.book(session=session, learner=user, by=user, at=at)
    again = services.book(session=session, learner=user, by=user, at=at + MINUTE)
    assert (again.pk, again.updated_at) == (first.pk, first.updated_at)
    assert BookingEvent.objects.count() == 1
    assert DomainEvent.objects.filter(kind="sessions.BookingChanged").count() == 1


def test_a_freed_seat_goes_to_the_first_in_the_queue_only(at):
    session, users = live.session(capacity=2), people.people(5)
    rows = join(session, users, at)
    services.cancel_booking(booking=rows[0], by=users[0], at=at + 10 * MINUTE)
    assert booked(session) == [users[1].pk, users[2].pk]
    assert waiting(session) == [users[3].pk, users[4].pk]
    promoted = Booking.objects.get(session=session, learner=users[2])
    assert (promoted.promoted, promoted.updated_at) == (True, at + 10 * MINUTE)


def test_giving_up_a_place_in_the_queue_frees_no_seat(at):
    session, users = live.session(capacity=1), people.people(3)
    rows = join(session, users, at)
    services.cancel_booking(booking=rows[1], by=users[1], at=at + 10 * MINUTE)
    assert booked(session) == [users[0].pk]
    assert waiting(session) == [users[2].pk]


def test_more_seats_go_to_the_queue_at_once_and_to_nobody_else(at):
    session, users = live.session(capacity=1), people.people(4)
    join(session, users, at)
    services.change_capacity(session=session, capacity=3, by=None, at=at + 10 * MINUTE)
    assert booked(session) == [user.pk for user in users[:3]]
    services.book(session=session, learner=people.people(1)[0], by=None, at=at + 11 * MINUTE)
    assert len(waiting(session)) == 2


def test_fewer_seats_than_people_are_refused(at):
    session = live.session(capacity=3)
    join(session, people.people(2), at)
    with pytest.raises(ValidationError, match="2 people have a seat"):
        services.change_capacity(session=session, capacity=1, by=None, at=at)


def test_a_newcomer_does_not_jump_the_queue(at):
    """Also when a seat is free beside a queue, as after the start, when nobody is promoted any more."""
    session, users = live.session(capacity=1), people.people(3)
    rows = join(session, users[:2], at)
    late = session.starts_at + MINUTE
    services.cancel_booking(booking=rows[0], by=None, at=late)
    assert waiting(session) == [users[1].pk]
    assert services.book(session=session, learner=users[2], by=None, at=late).state == "waitlisted"


def test_booking_again_goes_to_the_end_with_a_calendar_entry_of_its_own(at):
    session, users = live.session(capacity=1), people.people(3)
    rows = join(session, users, at)
    services.cancel_booking(booking=rows[1], by=users[1], at=at + 10 * MINUTE)
    again = services.book(session=session, learner=users[1], by=users[1], at=at + 11 * MINUTE)
    assert again.pk == rows[1].pk
    assert again.uuid != rows[1].uuid
    assert waiting(session) == [users[2].pk, users[1].pk]
    history = BookingEvent.objects.filter(booking=again).order_by("at").values_list("state", "actor_id")
    assert list(history) == [("waitlisted", users[1].pk), ("cancelled", users[1].pk), ("waitlisted", users[1].pk)]


def test_a_learner_gives_up_until_the_start_staff_until_the_end(at):
    session, (user,) = live.session(), people.people(1)
    booking = services.book(session=session, learner=user, by=user, at=at)
    begun = session.starts_at + MINUTE
    with pytest.raises(ValidationError, match="has started"):
        services.cancel_booking(booking=booking, by=user, at=begun)
    assert services.cancel_booking(booking=booking, by=None, at=begun).state == "cancelled"


@pytest.mark.parametrize("state", ["ended", "closed", "cancelled"])
def test_what_is_over_or_off_is_not_booked(at, state):
    session, (user,) = live.session(state=state), people.people(1)
    with pytest.raises(ValidationError, match="can’t be booked"):
        services.book(session=session, learner=user, by=user, at=at)


def test_a_stranger_gets_no_seat(world, at):
    session = live.session()
    with pytest.raises(ValidationError, match="not an active member"):
        services.book(session=session, learner=world.eve, by=None, at=at)
    with pytest.raises(ValidationError, match="1 of these people"):
        services.book_many(session=session, learner_ids=[world.asha.pk, world.eve.pk], by=None, at=at)
    assert not Booking.objects.exists()


# ---------------------------------------------------------------- switching


def test_switching_frees_the_old_seat_for_the_queue(at):
    thursday, friday = live.session(capacity=1), live.session("2026-03-06 15:00")
    users = people.people(2)
    join(thursday, users, at)
    new = services.switch_booking(from_session=thursday, to_session=friday, learner=users[0], by=users[0], at=at)
    assert (new.session_id, new.state) == (friday.pk, "booked")
    assert booked(thursday) == [users[1].pk]


def test_switching_to_a_full_session_changes_nothing(at):
    thursday, friday = live.session(), live.session("2026-03-06 15:00", capacity=1)
    mine, other = people.people(2)
    join(thursday, [mine], at)
    join(friday, [other], at)
    with pytest.raises(ValidationError, match="You keep your seat"):
        services.switch_booking(from_session=thursday, to_session=friday, learner=mine, by=mine, at=at)
    assert booked(thursday) == [mine.pk]
    assert states(friday) == [(other.pk, "booked")]


def test_switching_without_a_seat_is_refused(at):
    thursday, friday = live.session(), live.session("2026-03-06 15:00")
    (user,) = people.people(1)
    with pytest.raises(ValidationError, match="no seat to change from"):
        services.switch_booking(from_session=thursday, to_session=friday, learner=user, by=user, at=at)


# ---------------------------------------------------------------- many at once


def test_many_are_booked_in_the_order_given(at):
    session, users = live.session(capacity=3), people.people(6)
    services.book(session=session, learner=users[5], by=None, at=at)
    ids = [user.pk for user in users]
    found = services.book_many(session=session, learner_ids=[*ids, ids[0]], by=None, at=at + MINUTE)
    assert found == services.BookedMany(booked=ids[:2], waitlisted=ids[2:5], unchanged=[ids[5]])
    (event,) = DomainEvent.objects.filter(kind="sessions.BookingsChanged")
    assert event.payload["learner_ids"] == ids[:5]


def test_many_cost_no_more_statements_than_their_thousands(at, queries):
    session, users = live.session(capacity=10_000), people.people(2_500)
    ids = [user.pk for user in users]
    with queries(10):
        services.book_many(session=session, learner_ids=ids[:1000], by=None, at=at)
    with queries(10):
        services.book_many(session=session, learner_ids=ids[1000:1003], by=None, at=at)
    with queries(12):
        services.book_many(session=session, learner_ids=ids[1003:], by=None, at=at)
    assert len(booked(session)) == 2_500


def test_releasing_many_promotes_as_many(at):
    session, users = live.session(capacity=3), people.people(7)
    join(session, users, at)
    released = services.release_many(
        session=session, learner_ids=[users[0].pk, users[1].pk, users[6].pk], by=None, at=at + 10 * MINUTE
    )
    assert sorted(released) == sorted([users[0].pk, users[1].pk, users[6].pk])
    assert booked(session) == [user.pk for user in users[2:5]]
    assert waiting(session) == [users[5].pk]


def test_a_walk_in_gets_a_seat_beyond_the_capacity_and_counts_as_present(at):
    session, users = live.session(capacity=1), people.people(2)
    join(session, users, at)
    late = session.starts_at + 5 * MINUTE
    booking = services.add_walk_in(session=session, learner=users[1], by=None, at=late)
    assert (booking.state, booking.walk_in) == ("booked", True)
    services.add_walk_in(session=session, learner=users[1], by=None, at=late + MINUTE)
    (there,) = PresenceInterval.objects.filter(learner=users[1])
    assert (there.began_at, there.seen_at, there.source) == (late, session.ends_at, "manual")
    with pytest.raises(ValidationError, match="ten minutes before"):
        services.add_walk_in(session=session, learner=users[1], by=None, at=session.starts_at - 20 * MINUTE)


# ---------------------------------------------------------------- any order of acts

ACTS = st.lists(
    st.tuples(st.sampled_from(["book", "cancel", "release", "grow"]), st.integers(0, 7)), min_size=1, max_size=25
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS, capacity=st.integers(1, 4))
def test_in_any_order_the_three_rules_hold(world, acts, capacity):
    with world.scope():
        session, users = live.session(capacity=capacity), people.people(8)
        for step, (act, number) in enumerate(acts):
            at = world.now + step * MINUTE
            before = waiting(session)
            if act == "book":
                services.book(session=session, learner=users[number], by=None, at=at)
            elif act == "grow":
                capacity += 1
                services.change_capacity(session=session, capacity=capacity, by=None, at=at)
            elif act == "release":
                services.release_many(
                    session=session, learner_ids=[users[number].pk, users[number - 1].pk], by=None, at=at
                )
            elif row := Booking.objects.filter(session=session, learner=users[number]).first():
                services.cancel_booking(booking=row, by=None, at=at)
            assert len(booked(session)) <= capacity
            assert not waiting(session) or len(booked(session)) == capacity
            # What is left of the queue is its old tail, in its old order, with newcomers behind.
            left = waiting(session)
            stayed = [pk for pk in before if pk in left]
            assert left[: len(stayed)] == stayed
            promoted = [pk for pk in before if pk in booked(session)]
            gone = [pk for pk in before if pk not in left and pk not in promoted]
            assert promoted == [pk for pk in before if pk not in gone][: len(promoted)]


# ---------------------------------------------------------------- truly at once


def at_once(acts, organisation):
    """Run every act in a thread and a transaction of its own, all released at the same moment; eight at a time."""
    gate, failures, todo = threading.Barrier(8), [], list(enumerate(acts))

    def work(mine):
        gate.wait()
        for _number, act in mine:
            try:
                with scope(organisation):
                    act()
            except Exception as error:
                failures.append(error)
        connection.close()

    threads = [threading.Thread(target=work, args=(todo[first::8],)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_hundred_sign_ups_for_fifty_seats_then_every_seat_given_up_at_once(world):
    with world.scope():
        session, users = live.session(capacity=50), people.people(200)
        at = world.now
        failures = at_once(
            [lambda user=user: services.book(session=session, learner=user, by=user, at=at) for user in users],
            world.fernhill,
        )
        assert failures == []
        assert (len(booked(session)), len(waiting(session))) == (50, 150)
        first_fifty = booked(session)
        queue = waiting(session)
        rows = list(Booking.objects.filter(session=session, state="booked"))
        failures = at_once(
            [lambda row=row: services.cancel_booking(booking=row, by=None, at=at + MINUTE) for row in rows],
            world.fernhill,
        )
        assert failures == []
        assert sorted(booked(session)) == sorted(queue[:50])
        assert waiting(session) == queue[50:]
        assert not set(first_fifty) & set(booked(session))
        # One announcement each: as many promotions as seats, nobody twice.
        promoted = DomainEvent.objects.filter(kind="sessions.BookingChanged", at=at + MINUTE, payload__state="booked")
        assert sorted(event.payload["learner_id"] for event in promoted) == sorted(queue[:50])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_switching_in_opposite_directions_at_once_never_blocks(world):
    with world.scope():
        thursday, friday = live.session(capacity=20), live.session("2026-03-06 15:00", capacity=20)
        there, here = people.people(10), people.people(10)
        at = world.now
        for session, users in ((thursday, there), (friday, here)):
            services.book_many(session=session, learner_ids=[user.pk for user in users], by=None, at=at)
        acts = []
        for a, b in zip(there, here, strict=True):
            for old, new, user in ((thursday, friday, a), (friday, thursday, b)):
                acts.append(
                    lambda old=old, new=new, user=user: services.switch_booking(
                        from_session=old, to_session=new, learner=user, by=user, at=at + MINUTE
                    )
                )
        assert at_once(acts, world.fernhill) == []
        assert sorted(booked(thursday)) == sorted(user.pk for user in here)
        assert sorted(booked(friday)) == sorted(user.pk for user in there)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_facilitator_is_never_scheduled_twice_at_once(world):
    with world.scope():
        kind, now = live.template(), world.now
        acts = [
            lambda: services.schedule_session(
                template=kind, start_local=now.replace(tzinfo=None) + timedelta(days=3), zone="Europe/Lisbon",
                facilitators=[world.ben], by=world.dana, at=now,
            )
            for _ in range(16)
        ]  # fmt: skip
        failures = at_once(acts, world.fernhill)
        assert LiveSession.objects.count() == 1
        assert len(failures) == 15
        assert all("Ben Okafor runs" in str(error) for error in failures)
