"""The pages of a live session for learners."""

from __future__ import annotations

import re
from datetime import timedelta

import icalendar
import pytest
from django.urls import reverse

from sessions import calendar, services
from sessions.models import Booking, PresenceInterval
from tests.factories import live, people

MINUTE = timedelta(minutes=1)


def page(client, name, *args, status=200, **query):
    answer = client.get(reverse(f"live:{name}", args=args), query)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def h1(html):
    (title,) = re.findall(r"<h1[^>]*>(.*?)</h1>", html, re.S)
    return re.sub(r"<[^>]+>|\s+", " ", title).strip()


def post(client, name, *args, **data):
    return client.post(reverse(f"live:{name}", args=args), data)


def booking_of(world, session, user):
    with world.scope():
        return Booking.objects.filter(session=session, learner=user).first()


def fill(world, session, count=2):
    with world.scope():
        users = people.people(count)
        services.book_many(session=session, learner_ids=[user.pk for user in users], by=None, at=world.now)
        return users


# ---------------------------------------------------------------- who sees it


def test_strangers_get_404_and_other_organisations_too(asha_client, eve_client, thursday, offer):
    page(asha_client, "session", thursday.uuid, status=404)
    page(eve_client, "session", thursday.uuid, status=404)
    for name in ("book", "here"):
        assert post(eve_client, name, thursday.uuid).status_code == 404


def test_signed_out_goes_to_sign_in(client, thursday):
    answer = client.get(reverse("live:session", args=[thursday.uuid]))
    assert answer.status_code == 302
    assert "sign-in" in answer["Location"]


def test_to_whom_it_is_offered_books_with_one_click(world, asha_client, thursday, offer):
    offer.add((world.asha.pk, thursday.pk))
    html = page(asha_client, "session", thursday.uuid)
    assert h1(html) == "2 seats are free on Thursday 12 March at 20:30"
    assert "Room 4" in html
    assert "Ben Okafor" in html
    assert "Thu 12 Mar, 15:00 in Lisbon" in html
    assert "outside your working hours" in html  # half past eight in the evening in Pune
    answer = post(asha_client, "book", thursday.uuid)
    assert answer["Location"] == reverse("live:session", args=[thursday.uuid])
    html = page(asha_client, "session", thursday.uuid)
    assert h1(html) == "You have a seat on Thursday 12 March at 20:30"
    assert "Add to calendar" in html


def test_a_full_session_has_a_waiting_list(world, asha_client, thursday, offer):
    offer.add((world.asha.pk, thursday.pk))
    users = fill(world, thursday)
    assert h1(page(asha_client, "session", thursday.uuid)).startswith("Full at the moment")
    post(asha_client, "book", thursday.uuid)
    assert h1(page(asha_client, "session", thursday.uuid)) == "You’re number 1 on the waiting list"
    with world.scope():
        first = Booking.objects.get(session=thursday, learner=users[0])
        services.cancel_booking(booking=first, by=None, at=world.now + MINUTE)
    assert h1(page(asha_client, "session", thursday.uuid)).startswith("You have a seat")


# ---------------------------------------------------------------- can't make it


def test_changing_to_another_date(world, asha_client, thursday, friday, offer):
    offer.update({(world.asha.pk, thursday.pk), (world.asha.pk, friday.pk)})
    post(asha_client, "book", thursday.uuid)
    html = page(asha_client, "give-up", thursday.uuid)
    assert h1(html) == "Another date, or give up your seat?"
    assert reverse("live:switch", args=[thursday.uuid, friday.uuid]) in html
    answer = post(asha_client, "switch", thursday.uuid, friday.uuid)
    assert answer["Location"] == reverse("live:session", args=[friday.uuid])
    assert booking_of(world, thursday, world.asha).state == "cancelled"
    assert booking_of(world, friday, world.asha).state == "booked"


def test_a_date_that_is_full_offers_no_change_and_a_forged_one_keeps_the_seat(
    world, asha_client, thursday, friday, offer
):
    offer.update({(world.asha.pk, thursday.pk), (world.asha.pk, friday.pk)})
    post(asha_client, "book", thursday.uuid)
    fill(world, friday)
    assert "Change to this date" not in page(asha_client, "give-up", thursday.uuid)
    post(asha_client, "switch", thursday.uuid, friday.uuid)
    html = page(asha_client, "session", thursday.uuid)
    assert "You keep your seat" in html  # the reason, said once
    assert booking_of(world, thursday, world.asha).state == "booked"


def test_nobody_changes_to_what_is_not_offered(world, asha_client, thursday, friday, offer):
    offer.add((world.asha.pk, thursday.pk))
    post(asha_client, "book", thursday.uuid)
    assert post(asha_client, "switch", thursday.uuid, friday.uuid).status_code == 404


def test_giving_up_a_seat(world, asha_client, thursday, offer):
    offer.add((world.asha.pk, thursday.pk))
    post(asha_client, "book", thursday.uuid)
    post(asha_client, "give-up", thursday.uuid, reason="A visit to a customer")
    booking = booking_of(world, thursday, world.asha)
    assert booking.state == "cancelled"
    with world.scope():
        assert booking.history.order_by("pk").last().reason == "A visit to a customer"


def test_after_the_start_leaving_is_no_cancelling(world, asha_client, thursday, offer):
    offer.add((world.asha.pk, thursday.pk))
    post(asha_client, "book", thursday.uuid)
    world.at(thursday.starts_at + MINUTE)
    assert "It has started" in page(asha_client, "give-up", thursday.uuid)
    post(asha_client, "give-up", thursday.uuid)
    assert booking_of(world, thursday, world.asha).state == "booked"


# ---------------------------------------------------------------- the calendar file


def test_the_calendar_file_needs_a_seat(world, asha_client, thursday, offer):
    offer.add((world.asha.pk, thursday.pk))
    page(asha_client, "ics", thursday.uuid, status=302)
    post(asha_client, "book", thursday.uuid)
    answer = asha_client.get(reverse("live:ics", args=[thursday.uuid]))
    assert answer["Content-Type"].startswith("text/calendar")
    event = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")[0]
    assert str(event["summary"]) == "Practise the pause"
    assert f"/live/{thursday.uuid}/join/" in str(event["description"])


# ---------------------------------------------------------------- coming in


@pytest.fixture
def booked(world, asha_client, thursday, offer):
    offer.add((world.asha.pk, thursday.pk))
    post(asha_client, "book", thursday.uuid)
    return thursday


def presence(world, user):
    with world.scope():
        return list(PresenceInterval.objects.filter(learner=user).order_by("pk"))


def test_the_door_opens_ten_minutes_before(world, asha_client, booked):
    world.at(booked.starts_at - 11 * MINUTE)
    page(asha_client, "join", booked.uuid, status=302)
    assert presence(world, world.asha) == []
    world.at(booked.starts_at - 10 * MINUTE)
    assert h1(page(asha_client, "session", booked.uuid)) == "The door is open: come in"
    html = page(asha_client, "join", booked.uuid)
    assert h1(html) == "Practise the pause"
    assert 'data-presence="30"' in html
    (interval,) = presence(world, world.asha)
    assert (interval.began_at, interval.seen_at) == (world.now, world.now)


def test_signs_of_life_extend_presence_and_a_long_gap_opens_another(world, asha_client, booked):
    world.at(booked.starts_at)
    page(asha_client, "join", booked.uuid)
    address = reverse("live:here", args=[booked.uuid])
    for _ in range(4):
        world.at(world.now + timedelta(seconds=30))
        assert asha_client.post(address, headers={"X-Presence": "1"}).status_code == 204
    page(asha_client, "join", booked.uuid)  # reloading is no second presence
    (interval,) = presence(world, world.asha)
    assert interval.seen_at - interval.began_at == timedelta(minutes=2)
    world.at(world.now + timedelta(minutes=5))
    assert asha_client.post(address)["Location"] == reverse("live:join", args=[booked.uuid])
    assert len(presence(world, world.asha)) == 2


def test_after_the_end_nothing_is_recorded(world, asha_client, booked):
    world.at(booked.starts_at)
    page(asha_client, "join", booked.uuid)
    world.at(booked.starts_at + 30 * MINUTE)
    with world.scope():
        services.end_session(session=booked, by=world.ben, at=world.now)
    assert asha_client.post(reverse("live:here", args=[booked.uuid]), headers={"X-Presence": "1"}).status_code == 410
    (interval,) = presence(world, world.asha)
    assert interval.seen_at == booked.starts_at


def test_a_meeting_link_opens_beside_the_page_that_counts(world, asha_client, booked):
    with world.scope():
        services.reschedule_session(
            session=booked, provider="link", provider_url="https://meet.example/abc", place="", by=None, at=world.now
        )
    assert "meet.example" not in page(asha_client, "session", booked.uuid)
    world.at(booked.starts_at)
    html = page(asha_client, "join", booked.uuid)
    assert 'href="https://meet.example/abc"' in html
    assert "data-presence" in html


def test_without_a_seat_a_free_one_is_one_click_away(world, chen_client, thursday, offer):
    offer.add((world.chen.pk, thursday.pk))
    world.at(thursday.starts_at)
    assert h1(page(chen_client, "join", thursday.uuid)) == "One click, and you’re in"
    assert h1(page_after_post(chen_client, thursday)) == "Practise the pause"
    assert len(presence(world, world.chen)) == 1


def page_after_post(client, session):
    return client.post(reverse("live:join", args=[session.uuid])).content.decode()


def test_a_full_room_says_so_at_the_door(world, chen_client, thursday, offer):
    offer.add((world.chen.pk, thursday.pk))
    fill(world, thursday)
    world.at(thursday.starts_at)
    assert "It’s full" in page(chen_client, "join", thursday.uuid)
    assert presence(world, world.chen) == []


def test_who_runs_it_goes_to_the_desk(world, ben_client, thursday):
    world.at(thursday.starts_at)
    answer = ben_client.get(reverse("live:join", args=[thursday.uuid]))
    assert answer["Location"] == reverse("live:run", args=[thursday.uuid])


# ---------------------------------------------------------------- afterwards


@pytest.mark.parametrize(("minutes", "title"), [
    (60, "You were there"), (20, "You were there for part of it"), (0, "You missed this one"),
])  # fmt: skip
def test_afterwards_it_says_how_it_was(world, asha_client, booked, minutes, title):
    with world.scope():
        if minutes:
            live.presence(booked, world.asha, booked.starts_at, booked.starts_at + minutes * MINUTE)
        world.at(booked.ends_at)
        services.end_session(session=booked, by=world.ben, at=world.now)
    assert h1(page(asha_client, "session", booked.uuid)) == title


def test_a_cancelled_session_says_why_and_shows_other_dates(world, asha_client, booked, friday, offer):
    offer.add((world.asha.pk, friday.pk))
    with world.scope():
        services.cancel_session(session=booked, reason="Ben is <b>ill</b>", by=None, at=world.now)
    html = page(asha_client, "session", booked.uuid)
    assert h1(html) == "This session won’t take place"
    assert "Ben is &lt;b&gt;ill&lt;/b&gt;" in html
    assert reverse("live:session", args=[friday.uuid]) in html


# ---------------------------------------------------------------- my calendar


def test_an_empty_calendar(chen_client):
    html = page(chen_client, "calendar")
    assert h1(html) == "Nothing live is booked in the next 8 weeks"
    assert "Nothing on the clock" in html


def test_live_sessions_and_what_is_due_by_day(world, asha_client, booked, monkeypatch):
    due = calendar.CalendarEntry(booked.starts_at - timedelta(days=1), "Read: the pause", "/x/", minutes=6)
    monkeypatch.setattr(calendar, "_sources", [lambda user, since, until: [due] if user == world.asha else []])
    html = page(asha_client, "calendar")
    assert h1(html) == "Your next live session is in 10 days, Thu 12 Mar, 20:30"
    wednesday, thursday = html.index("Wednesday 11 March"), html.index("Thursday 12 March")
    assert wednesday < html.index("Read: the pause") < thursday < html.rindex("Practise the pause")


def test_clock_changes_before_the_session_are_said(world, asha_client, offer):
    with world.scope():
        summer = live.session("2026-04-02 15:00")
    offer.add((world.asha.pk, summer.pk))
    html = page(asha_client, "session", summer.uuid)
    assert "The clocks change in Lisbon on Sunday 29 March" in html
    assert "19:30" in html


# ---------------------------------------------------------------- what it costs


@pytest.mark.parametrize("others", [1, 3])
def test_pages_cost_the_same_for_any_number_of_people(world, asha_client, booked, offer, queries, others):
    with world.scope():
        services.change_capacity(session=booked, capacity=10, by=None, at=world.now)
        for n in range(others):
            other = live.session(f"2026-03-{16 + n} 10:00", template=booked.template)
            offer.add((world.asha.pk, other.pk))
            services.book(session=other, learner=world.asha, by=None, at=world.now)
    fill(world, booked, others)
    asha_client.get("/")  # signs in once, caches the session
    with queries(11):
        page(asha_client, "session", booked.uuid)
    with queries(5):
        page(asha_client, "calendar")
