"""Home: the answer at the top, the board below it, the week, the journeys, reminders of one's own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from content.models import Attempt
from journeys import services
from journeys.models import Assignment
from lxp.messaging.models import Message
from sessions import services as live
from tests.flows.programme import Programme
from tests.reading import Page

pytestmark = pytest.mark.django_db

DURING_PREWORK = ("2026-03-13 09:00", "Asia/Kolkata")  # a Friday, six days before the session


@pytest.fixture
def programme(world):
    with world.scope():
        yield Programme.build(world)


@pytest.fixture
def enrolment(world, settle, programme):
    """Asha is in, her pre-work (two steps of ten minutes) is open, her session is on Thursday, 20:30 her time."""
    made = programme.enrol(world.asha)
    world.at(*DURING_PREWORK)
    settle()
    return made


def home(client, **query) -> Page:
    return Page(client.get("/", query))


def assignment(enrolment, key) -> Assignment:
    return Assignment.objects.get(enrolment=enrolment, key=key)


def play(enrolment, slug) -> str:
    return f"/content/{slug}/?r={enrolment.uuid}"


# ---------------------------------------------------------------- the answer and the next step


def test_pre_work_is_the_answer_and_the_one_primary_action_leads_to_it(asha_client, enrolment):
    page = home(asha_client)
    assert page.h1 == "20 minutes, and you’re ready for Thursday"
    assert page.links["Start, 10 min"] == play(enrolment, "read-text")
    assert page.html.count("btn primary") == 1
    assert "Step 1 of 5" in page
    assert "Friday 13 March, 09:00 in Kolkata" in page


def test_the_live_side_says_when_in_my_time_who_leads_and_what_i_can_do(asha_client, programme, enrolment):
    page = home(asha_client)
    assert ("h3", "Practise the pause") in page.headings
    for words in (
        "Thursday 19 March 20:30–22:00",
        "Your time, Kolkata",
        "Room opens 20:20",
        "With Ben Okafor",
        "in 6 days",
    ):
        assert words in page
    uuid = programme.session.uuid
    assert page.links["Add to calendar"] == f"/live/{uuid}/session.ics"
    assert page.links["Can’t make it?"] == f"/live/{uuid}/give-up/"


def test_each_finished_step_brings_ready_nearer(world, settle, asha_client, programme, enrolment):
    programme.finish(world.asha, enrolment, "read")
    settle()
    assert home(asha_client).h1 == "10 minutes, and you’re ready for Thursday"
    programme.finish(world.asha, enrolment, "check")
    settle()
    page = home(asha_client)
    assert page.h1 == "You’re ready for Thursday"
    assert "btn primary" not in page.html


def test_a_step_begun_keeps_its_place_and_says_what_is_left(world, asha_client, enrolment):
    step = assignment(enrolment, "read")
    Attempt.objects.create(
        learner=world.asha, item=step.item, version=step.step.content_version, registration=enrolment.uuid,
        progress=0.6, revision=3, position={"depth": 0.6}, started_at=world.now - timedelta(hours=5),
        last_at=world.now - timedelta(hours=2),
    )  # fmt: skip
    page = home(asha_client)
    assert page.h1 == "14 minutes, and you’re ready for Thursday"
    assert page.links["Continue, 4 min left"] == play(enrolment, "read-text")
    assert "2 hours ago; your place is kept" in page


def test_an_open_room_is_the_answer_and_the_primary_action(world, settle, asha_client, programme, enrolment):
    world.at(programme.session.starts_at - timedelta(minutes=6))
    settle()
    page = home(asha_client)
    assert page.h1 == "“Practise the pause” starts at 20:30, the room is open"
    assert page.links["Join now"] == f"/live/{programme.session.uuid}/join/"
    assert page.html.count("btn primary") == 1
    world.at(programme.session.starts_at + timedelta(minutes=20))
    assert home(asha_client).h1 == "“Practise the pause” is on now"


def test_after_the_session_comes_what_follows_it(world, settle, asha_client, programme, enrolment):
    programme.finish(world.asha, enrolment, "read")
    programme.finish(world.asha, enrolment, "check")
    programme.attend(world.asha)
    world.at("2026-03-20 10:00", "Asia/Kolkata")
    settle()
    page = home(asha_client)
    assert page.h1 == "10 minutes to do by Tuesday"
    assert page.links["Start, 10 min"] == play(enrolment, "apply-text")
    assert "you were there" in page


def test_who_missed_it_is_led_to_the_catch_up(world, settle, asha_client, programme, enrolment):
    world.at(programme.session.ends_at)
    live.end_session(session=programme.session, by=world.ben, at=world.now)
    world.at("2026-03-20 10:00", "Asia/Kolkata")
    settle()
    page = home(asha_client)
    assert page.h1 == "20 minutes, and nothing is late any more"
    assert "2 days late" in page
    programme.finish(world.asha, enrolment, "read")
    programme.finish(world.asha, enrolment, "check")
    settle()
    page = home(asha_client)
    assert page.links["Start, 10 min"] == play(enrolment, "catch-up-text")
    assert "Catch up by Tue 24 Mar, 10 min" in page
    assert page.links["Catch up: Leading for the first time"] == play(enrolment, "catch-up-text")


def test_without_a_seat_nobody_is_promised_to_be_ready(world, settle, asha_client, programme, enrolment):
    programme.add_alternative()
    booking = programme.session.bookings.get(learner=world.asha)
    live.cancel_booking(booking=booking, by=world.asha, at=world.now)
    settle()
    page = home(asha_client)
    assert page.h1 == "20 minutes now to get ready for Thursday"
    assert "You have no seat yet." in page
    assert page.links["Choose a date"] == f"/live/{programme.session.uuid}/"
    assert "Add to calendar" not in page


def test_a_cancelled_session_leaves_no_live_side(world, settle, asha_client, programme, enrolment):
    live.cancel_session(session=programme.session, reason="Ben is ill", by=world.ben, at=world.now)
    settle()
    page = home(asha_client)
    assert 'class="then"' not in page.html
    assert "No date yet" in page


def test_before_anything_opens_it_says_what_opens_when(world, settle, asha_client, programme):
    programme.enrol(world.asha)
    settle()
    page = home(asha_client)
    assert page.h1 == "Nothing due. Your preparation opens Thu 12 Mar"
    assert ("h2", "Next: Read") in page.headings
    assert "It opens Thu 12 Mar, 09:00, and takes 10 min." in page


def test_with_nothing_at_all_every_section_says_what_to_do(asha_client):
    page = home(asha_client)
    assert page.h1 == "Nothing due. Pick something, or enjoy the quiet"
    assert page.links["See what’s open"] == "/journeys/"
    assert "Nothing is planned." in page
    assert "No journey is going on" in page
    assert "Keep it fresh" not in page
    assert "How long have you got?" not in page


# ---------------------------------------------------------------- how long have you got, something else


def test_the_step_fits_the_time_somebody_has(world, settle, asha_client, programme, enrolment):
    with world.scope():
        Assignment.objects.get(enrolment=enrolment, key="read").step.version.steps.filter(key="read").update(minutes=40)
    assert "Start, 40 min" in home(asha_client, t="60").links
    assert "Start, 10 min" in home(asha_client, t="15").links
    shortest = home(asha_client, t="5")
    assert "Nothing is that short. This takes 10 min, and you can stop at any point." in shortest
    assert 'value="5" checked' in shortest.html


def test_something_else_is_the_next_best(world, asha_client, enrolment):
    page = home(asha_client)
    other = home(asha_client, skip=assignment(enrolment, "read").pk)
    assert page.links["Something else"] == f"?skip={assignment(enrolment, 'read').pk}"
    assert other.links["Start, 10 min"] == play(enrolment, "check-text")


@pytest.mark.parametrize("query", [{"t": "7"}, {"t": "x"}, {"skip": "a,-1,,9" + "9" * 40}, {"t": "", "skip": "1;drop"}])
def test_an_address_that_means_nothing_changes_nothing(asha_client, enrolment, query):
    assert home(asha_client, **query).links["Start, 10 min"] == play(enrolment, "read-text")


def test_a_swap_gets_the_board_alone_and_going_back_gets_the_page(asha_client, enrolment):
    htmx = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "next"}
    board = asha_client.get("/", {"t": "15"}, **htmx).content.decode()
    assert board.lstrip().startswith('<div class="next" id="next">')
    assert "<h1" not in board
    back = asha_client.get("/", HTTP_HX_HISTORY_RESTORE_REQUEST="true", **htmx).content.decode()
    assert "<h1" in back


# ---------------------------------------------------------------- the week, the journeys, keeping fresh


def test_the_week_holds_what_is_due_and_what_is_live(world, asha_client, enrolment):
    world.at("2026-03-17 09:00", "Asia/Kolkata")
    week = home(asha_client).text.split("This week")[1].split("Your journeys")[0]
    assert "Tue 17, today" in week
    assert "20:30–22:00 Practise" in week
    assert "Read 10 min left" in week
    assert "Quiet. We don’t write to you on your days off." in week
    world.at("2026-03-18 09:00", "Asia/Kolkata")
    assert "Due by 17:00 , 10 min" in home(asha_client)


def test_a_journeys_row_leads_on(asha_client, enrolment):
    page = home(asha_client)
    assert page.links["Start: Leading for the first time"] == play(enrolment, "read-text")
    assert "Spring A 0 of 5 done" in page
    assert "Live Thu 19 Mar, 20:30" in page
    assert page.links["All 1 journey"] == "/journeys/"


def test_what_comes_over_time_shows_when_it_was_last_practised(world, settle, asha_client, programme, enrolment):
    for key in ("read", "check"):
        programme.finish(world.asha, enrolment, key)
    programme.attend(world.asha)
    settle()
    world.at("2026-04-20 10:00", "Asia/Kolkata")
    programme.finish(world.asha, enrolment, "apply")
    settle()
    page = home(asha_client)
    fresh = page.text.split("Keep it fresh")
    assert page.h1 == "Nothing due. Pick something, or enjoy the quiet"
    assert page.links["Start, 10 min"] == play(
        enrolment, "recall-text"
    )  # it is on the board, so it isn't repeated below
    assert len(fresh) == 1
    assert page.links["1 finished"] == "/journeys/"


# ---------------------------------------------------------------- reminders of one's own


def test_a_reminder_is_a_promise_in_the_ledger_kept_to_the_minute(world, settle, asha_client, enrolment):
    step = assignment(enrolment, "read")
    url, wish = f"/journeys/steps/{step.pk}/remind/", "2026-03-13T20:30:00+05:30"  # in her quiet hours
    assert url in home(asha_client).posts
    assert asha_client.post(url, {"at": wish}).url == "/"
    message = Message.objects.get(kind="journeys.later")
    assert (message.state, message.due_at, message.recipient) == ("planned", datetime.fromisoformat(wish), world.asha)
    page = home(asha_client)
    assert "We’ll remind you Fri 13 Mar, 20:30" in page
    world.at(wish)
    settle()
    message.refresh_from_db()
    assert (message.state, message.title, message.url) == ("sent", "As you asked: Read", play(enrolment, "read-text"))
    assert "We’ll remind you" not in home(asha_client)


def test_a_second_wish_replaces_the_first_and_undo_takes_it_back(world, settle, asha_client, enrolment):
    url = f"/journeys/steps/{assignment(enrolment, 'read').pk}/remind/"
    asha_client.post(url, {"at": "2026-03-13T12:00:00+05:30"})
    asha_client.post(url, {"at": "2026-03-13T15:00:00+05:30"})
    (message,) = Message.objects.filter(kind="journeys.later")
    assert message.due_at == datetime(2026, 3, 13, 9, 30, tzinfo=UTC)
    assert f"{url}undo/" in home(asha_client).posts
    asha_client.post(f"{url}undo/")
    assert Message.objects.get(kind="journeys.later").state == "suppressed"
    assert url in home(asha_client).posts
    world.at("2026-03-13 16:00", "Asia/Kolkata")
    settle()
    assert Message.objects.get(kind="journeys.later").state == "suppressed"


def test_a_sync_leaves_a_reminder_alone(world, settle, asha_client, enrolment, programme):
    asha_client.post(f"/journeys/steps/{assignment(enrolment, 'read').pk}/remind/", {"at": "2026-03-14T12:00:00+05:30"})
    programme.finish(world.asha, enrolment, "check")
    settle()
    assert Message.objects.get(kind="journeys.later").state == "planned"


def test_nobody_is_reminded_of_what_is_finished(world, settle, asha_client, enrolment, programme):
    asha_client.post(f"/journeys/steps/{assignment(enrolment, 'read').pk}/remind/", {"at": "2026-03-13T12:00:00+05:30"})
    programme.finish(world.asha, enrolment, "read")
    world.at("2026-03-13 12:01", "Asia/Kolkata")
    settle()
    message = Message.objects.get(kind="journeys.later")
    assert (message.state, message.because) == ("suppressed", "The step is finished, or gone.")


@pytest.mark.parametrize(
    "at", ["", "soon", "2026-03-13T12:00:00", "2026-03-12T12:00:00+00:00", "2026-09-13T12:00:00+00:00", "9" * 39]
)
def test_an_impossible_moment_is_refused_with_a_reason(asha_client, enrolment, at):
    response = asha_client.post(f"/journeys/steps/{assignment(enrolment, 'read').pk}/remind/", {"at": at}, follow=True)
    assert "Choose" in Page(response) or "This field is required" in Page(response)
    assert not Message.objects.filter(kind="journeys.later").exists()


def test_a_step_that_is_not_open_has_no_reminder(asha_client, enrolment):
    url = f"/journeys/steps/{assignment(enrolment, 'recall').pk}/remind/"
    response = asha_client.post(url, {"at": "2026-03-14T12:00:00+05:30"}, follow=True)
    assert "This step isn’t open" in Page(response)


def test_only_ones_own_steps(ben_client, dana_client, eve_client, enrolment):
    url = f"/journeys/steps/{assignment(enrolment, 'read').pk}/remind/"
    for client in (ben_client, dana_client, eve_client):
        assert client.post(url, {"at": "2026-03-14T12:00:00+05:30"}).status_code == 404
        assert client.post(f"{url}undo/").status_code == 404


# ---------------------------------------------------------------- access and cost


def test_home_shows_only_what_is_ones_own(eve_client, ben_client, client, enrolment):
    for other in (eve_client, ben_client):
        assert "Leading" not in home(other)
    assert client.get("/").status_code == 302


def cohort_on(world, programme, day: date):
    """One more run of the same journey, with a session of its own."""
    offer = services.Offer("practise", datetime(day.year, day.month, day.day, 15, 0), "Europe/Lisbon", world.ben)
    return services.schedule_cohort(
        version=programme.cohort.version, title=f"Run {day}", starts_on=day, zone="Europe/Lisbon", by=world.dana,
        at=world.now, offers=[offer],
    )  # fmt: skip


def test_home_costs_ten_queries_however_many_journeys(world, settle, asha_client, programme, enrolment, queries):
    home(asha_client)
    with queries(10):
        page = home(asha_client)
    assert page.text.count("0 of 5 done") == 1
    for day in (20, 23):
        cohort = cohort_on(world, programme, date(2026, 3, day))
        services.enrol(cohort=cohort, learner_ids=[world.asha.pk], source="hand", by=world.dana, at=world.now)
    settle()
    with queries(10):
        page = home(asha_client)
    assert page.text.count("0 of 5 done") == 3


def test_a_swap_costs_no_more_than_what_it_shows(asha_client, enrolment, queries):
    home(asha_client)
    with queries(9):
        asha_client.get("/", HTTP_HX_REQUEST="true", HTTP_HX_TARGET="next")
