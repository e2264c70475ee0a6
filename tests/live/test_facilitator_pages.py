"""The desk of those who run live sessions, and the templates of those who design them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from lxp.people.models import Role
from sessions import queries as live_queries
from sessions import readiness, services
from sessions.models import Attendance, Booking, LiveSession, PresenceInterval, SessionTemplate
from sessions.readiness import ReadinessRow, WrongAnswer
from tests.factories import live, people
from tests.live.test_learner_pages import fill, h1, page, post

MINUTE = timedelta(minutes=1)


@pytest.fixture
def full(world, thursday):
    """Thursday's session with Asha and Chen on its two seats."""
    with world.scope():
        services.book_many(session=thursday, learner_ids=[world.asha.pk, world.chen.pk], by=None, at=world.now)
    return thursday


@pytest.fixture
def ready(monkeypatch):
    """What upper layers know about preparation: learner id -> (done, total)."""
    known: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(readiness, "_rows", [
        lambda session: [ReadinessRow(pk, done, total, "The quiz") for pk, (done, total) in known.items()],
    ])  # fmt: skip
    monkeypatch.setattr(readiness, "_answers", [])
    return known


def attendance(world, user):
    with world.scope():
        return Attendance.objects.filter(learner=user).first()


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("name", ["run", "move", "cancel"])
def test_the_desk_is_for_those_who_run_it(
    world, full, name, asha_client, ben_client, dana_client, chen_client, eve_client
):
    page(asha_client, name, full.uuid, status=403)
    page(eve_client, name, full.uuid, status=404)
    page(ben_client, name, full.uuid)
    page(dana_client, name, full.uuid)


def test_a_facilitator_of_something_else_is_a_stranger(world, full):
    with world.scope():
        other = people.person("Femi Ade", Role.LEARNER, Role.FACILITATOR)
    page(world.client(other), "run", full.uuid, status=404)


@pytest.mark.parametrize("name", ["start", "end", "mark-all", "walk-in", "seats"])
def test_learners_press_no_buttons_of_the_desk(world, full, name, asha_client, eve_client):
    assert post(asha_client, name, full.uuid).status_code == 403
    assert post(eve_client, name, full.uuid).status_code == 404


def test_lists_by_role(asha_client, ben_client, dana_client):
    page(asha_client, "sessions", status=403)
    page(ben_client, "sessions")
    page(ben_client, "templates", status=403)
    page(dana_client, "templates")


# ---------------------------------------------------------------- are they ready?


def test_nobody_yet(ben_client, thursday):
    html = page(ben_client, "run", thursday.uuid)
    assert h1(html) == "Nobody has a seat yet, in 10 days"


def test_readiness_of_each_person_and_wrong_answers(world, ben_client, full, ready, monkeypatch):
    ready.update({world.asha.pk: (3, 3), world.chen.pk: (1, 3)})
    wrong = WrongAnswer("Which question is open?", "Why didn’t you call?", 9, 24)
    monkeypatch.setattr(readiness, "_answers", [lambda session: [wrong]])
    html = page(ben_client, "run", full.uuid)
    assert h1(html) == "1 of 2 are ready, in 10 days"
    assert "1 of 3 prepared" in html
    assert "waits on “The quiz”" in html
    assert "1 ready, 1 partly, 0 not started" in html
    assert "9 of 24 said “Why didn’t you call?”" in html


def test_the_list_answers_what_comes_next(world, ben_client, full, ready):
    ready.update({world.asha.pk: (3, 3), world.chen.pk: (1, 3)})
    html = page(ben_client, "sessions")
    assert h1(html) == "Practise the pause in 10 days: 1 of 2 are ready"
    assert "2 of 2 seats" in html


def test_empty_lists(world, ben_client, dana_client):
    assert h1(page(ben_client, "sessions")) == "Nothing to run at the moment"
    assert h1(page(ben_client, "sessions", past="1")) == "What you ran"
    assert "No sessions" in page(dana_client, "sessions", all="1")


def test_designers_look_at_everybodys_others_only_at_theirs(world, full, dana_client, ben_client):
    with world.scope():
        live.session("2026-03-20 10:00", template=live.template("Not Ben’s"))
    assert "Not Ben’s" in page(dana_client, "sessions", all="1")
    assert "Practise the pause" not in page(dana_client, "sessions")
    assert "Not Ben’s" not in page(ben_client, "sessions", all="1")


def test_long_lists_go_on(world, ben_client, thursday):
    with world.scope():
        for n in range(31):
            live.session(f"2026-04-{n % 28 + 1:02} {10 + n // 28}:00", template=thursday.template, lead=world.ben)
    html = page(ben_client, "sessions")
    assert len(re.findall(r'class="t"', html)) == 30
    rest = re.search(r'href="\?(after=[0-9a-f-]+)"', html).group(1)
    assert len(re.findall(r'class="t"', page(ben_client, "sessions", after=rest.removeprefix("after=")))) == 2


# ---------------------------------------------------------------- running it


def test_start_mark_and_end(world, ben_client, full):
    world.at(full.starts_at)
    post(ben_client, "start", full.uuid)
    assert h1(page(ben_client, "run", full.uuid)) == "0 of 2 are here"
    post(ben_client, "mark", full.uuid, world.asha.pk, status="attended")
    world.at(full.ends_at)
    post(ben_client, "end", full.uuid)
    html = page(ben_client, "run", full.uuid)
    assert h1(html) == "1 of 2 were there"
    assert "marked by Ben Okafor" in html
    assert attendance(world, world.asha).status == "attended"
    assert attendance(world, world.chen).status == "missed"


def test_one_click_answers_with_the_row_and_undo_takes_it_back(world, ben_client, full):
    world.at(full.starts_at)
    address = reverse("live:mark", args=[full.uuid, world.asha.pk])
    answer = ben_client.post(address, {"status": "partial"}, headers={"HX-Request": "true"})
    row = answer.content.decode()
    assert row.strip().startswith(f'<li id="person-{world.asha.pk}"')
    assert re.search(r'value="partial" aria-pressed="true"', row)
    undo = reverse("live:unmark", args=[full.uuid, world.asha.pk])
    assert undo in row
    ben_client.post(undo, headers={"HX-Request": "true"})
    assert attendance(world, world.asha) is None


def test_a_forged_mark_changes_nothing(world, ben_client, full):
    world.at(full.starts_at)
    post(ben_client, "mark", full.uuid, world.asha.pk, status="<script>")
    post(ben_client, "mark", full.uuid, world.dana.pk, status="attended")
    post(ben_client, "mark", full.uuid, world.eve.pk, status="attended")
    with world.scope():
        assert not Attendance.objects.exists()


def test_too_early_is_said_not_done(world, ben_client, full):
    answer = ben_client.post(reverse("live:start", args=[full.uuid]), follow=True)
    assert "too early" in answer.content.decode()
    with world.scope():
        assert LiveSession.objects.get().state == "scheduled"


def test_everybody_was_here_but_one(world, ben_client, full):
    world.at(full.ends_at)
    post(ben_client, "end", full.uuid)
    assert "Nobody’s presence was noted" in page(ben_client, "run", full.uuid)
    post(ben_client, "mark", full.uuid, world.chen.pk, status="missed")
    post(ben_client, "mark-all", full.uuid)
    assert attendance(world, world.asha).status == "attended"
    assert attendance(world, world.chen).status == "missed"


def test_a_walk_in_by_address(world, ben_client, full):
    world.at(full.starts_at)
    bad = post(ben_client, "walk-in", full.uuid, person="nobody@fernhill.example")
    assert bad.status_code == 422
    assert "Nobody here has this address" in bad.content.decode()
    assert post(ben_client, "walk-in", full.uuid, person=world.eve.email).status_code == 422
    post(ben_client, "walk-in", full.uuid, person=world.dana.email.upper())
    with world.scope():
        assert Booking.objects.get(learner=world.dana).walk_in
        assert PresenceInterval.objects.get(learner=world.dana).source == "manual"
    assert "walked in" in page(ben_client, "run", full.uuid)


def test_more_seats_for_the_queue(world, ben_client, full, offer):
    with world.scope():
        services.book(session=full, learner=world.dana, by=None, at=world.now)
    assert "Waiting list" in page(ben_client, "run", full.uuid)
    post(ben_client, "seats", full.uuid, capacity="3")
    with world.scope():
        assert Booking.objects.get(learner=world.dana).state == "booked"
    answer = ben_client.post(reverse("live:seats", args=[full.uuid]), {"capacity": "1"}, follow=True)
    assert "3 people have a seat" in answer.content.decode()


# ---------------------------------------------------------------- moving and cancelling


def moved(**changes):
    return {"start_local": "2026-03-13T16:30", "zone": "Europe/Lisbon", "minutes": "60", "provider": "none",
            "place": "Room 4", "provider_url": "", **changes}  # fmt: skip


def test_moving_shows_whom_it_tells_before_it_does(world, dana_client, full):
    assert h1(page(dana_client, "move", full.uuid)) == "When and where instead?"
    preview = post(dana_client, "move", full.uuid, **moved()).content.decode()
    assert h1(preview) == "This tells 3 people"
    assert "From Thu 12 Mar, 16:00 to Fri 13 Mar, 17:30, your time" in preview
    assert "outside working hours" in preview
    with world.scope():
        assert LiveSession.objects.get().sequence == 0
    post(dana_client, "move", full.uuid, **moved(confirm="1"))
    with world.scope():
        session = LiveSession.objects.get()
        assert (session.sequence, f"{session.starts_at:%d %H:%M}") == (1, "13 16:30")


@pytest.mark.parametrize(("changes", "words"), [
    ({"start_local": "2026-03-29T01:30"}, "The next one is 02:00"),
    ({"start_local": "2026-10-25T01:30"}, "comes twice"),
    ({"zone": "Lisbon"}, "no time zone of that name"),
    ({"start_local": "tomorrow"}, "Give a day and a time"),
    ({"provider": "link"}, "Give the link"),
    ({"provider": "link", "provider_url": "javascript:alert(1)"}, "valid URL"),
    ({"minutes": "0"}, "greater than or equal to 1"),
    ({"start_local": "2026-01-05T10:00", "confirm": "1"}, "has passed"),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_what_to_do(world, dana_client, full, changes, words):
    answer = post(dana_client, "move", full.uuid, **moved(**changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    with world.scope():
        assert LiveSession.objects.get().sequence == 0


def test_of_two_equal_times_one_is_chosen(world, dana_client, full):
    twice = moved(start_local="2026-10-25T01:30", confirm="1")
    assert 'name="fold"' in post(dana_client, "move", full.uuid, **twice).content.decode()
    post(dana_client, "move", full.uuid, **twice, fold="1")
    with world.scope():
        assert f"{LiveSession.objects.get().starts_at:%d %H:%M}" == "25 01:30"


def test_a_time_is_read_on_the_sessions_clock_whatever_the_viewers_does(world, dana_client, full):
    """02:30 on that Sunday doesn't exist in Berlin, where Dana sits; in Reykjavík it does."""
    post(
        dana_client, "move", full.uuid, **moved(start_local="2026-03-29T02:30", zone="Atlantic/Reykjavik", confirm="1")
    )
    with world.scope():
        assert f"{LiveSession.objects.get().starts_at:%d %H:%M}" == "29 02:30"


def test_a_clash_is_named(world, dana_client, full):
    with world.scope():
        live.session("2026-03-13 16:00", template=live.template("Feedback that lands"), lead=world.ben)
    answer = post(dana_client, "move", full.uuid, **moved(confirm="1"))
    assert answer.status_code == 422
    assert "Ben Okafor runs “Feedback that lands” then" in answer.content.decode()


def test_cancelling_asks_why_and_offers_moving(world, dana_client, full):
    html = page(dana_client, "cancel", full.uuid)
    assert h1(html) == "Cancel this session for 2 people?"
    assert reverse("live:move", args=[full.uuid]) in html
    assert post(dana_client, "cancel", full.uuid, reason=" ").status_code == 422
    post(dana_client, "cancel", full.uuid, reason="Ben is ill")
    assert h1(page(dana_client, "run", full.uuid)) == "This session is cancelled"


def test_somebody_else_runs_it(world, dana_client, ben_client, full):
    page(ben_client, "staff", full.uuid, status=403)
    page(dana_client, "staff", full.uuid)
    post(dana_client, "staff", full.uuid, facilitators=[world.adi.pk])
    page(world.client(world.ben), "run", full.uuid, status=404)
    page(world.client(world.adi), "run", full.uuid)
    assert post(dana_client, "staff", full.uuid, facilitators=[world.asha.pk]).status_code == 422


# ---------------------------------------------------------------- templates


def agenda(*parts, **more):
    data = {"agenda-TOTAL_FORMS": str(len(parts)), "agenda-INITIAL_FORMS": "0"}
    for n, (title, minutes) in enumerate(parts):
        data |= {f"agenda-{n}-title": title, f"agenda-{n}-minutes": str(minutes), f"agenda-{n}-kind": "talk",
                 f"agenda-{n}-ORDER": str(n + 1), f"agenda-{n}-core": "on"}  # fmt: skip
    return data | more


WHAT = {"title": "Giving feedback", "description": "", "minutes": "60", "capacity": "12", "min_people": "4",
        "attended_percent": "75", "partial_percent": "25"}  # fmt: skip


def test_a_template_is_written_and_reordered(world, dana_client):
    assert h1(page(dana_client, "templates")) == "Nothing to schedule yet"
    page(dana_client, "template-new")
    answer = post(
        dana_client,
        "template-new",
        **WHAT,
        **agenda(("Arrive", 10), ("Practise", 40), ("", 10), **{"agenda-2-ORDER": "3"}),
    )
    with world.scope():
        made = SessionTemplate.objects.get()
        assert answer["Location"] == reverse("live:template", args=[made.pk])
        assert [(b.title, b.minutes) for b in made.blocks.all()] == [("Arrive", 10), ("Practise", 40)]
    changed = agenda(("Arrive", 10), ("Practise", 40), ("Close", 5), **{"agenda-0-ORDER": "9", "agenda-2-DELETE": "on"})
    post(dana_client, "template", made.pk, **WHAT, **changed)
    with world.scope():
        assert [b.title for b in SessionTemplate.objects.get().blocks.all()] == ["Practise", "Arrive"]
    assert "1 session you can schedule" in page(dana_client, "templates")


@pytest.mark.parametrize(("what", "parts", "words"), [
    ({"title": " "}, [], "This field is required"),
    ({"minutes": "20"}, [("Practise", 40)], "The agenda takes 40 minutes"),
    ({"min_people": "20"}, [], "more people than there are seats"),
    ({"attended_percent": "20"}, [], "isn’t above"),
    ({}, [("Practise", 0)], "greater than or equal to 1"),
])  # fmt: skip
def test_a_template_that_makes_no_sense_is_refused(world, dana_client, what, parts, words):
    answer = post(dana_client, "template-new", **{**WHAT, **what}, **agenda(*parts))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    with world.scope():
        assert not SessionTemplate.objects.exists()


def test_templates_of_others_are_not_there(world, dana_client, eve_client):
    with world.scope():
        kind = live.template("Ours")
    page(eve_client, "template", kind.pk, status=404)
    assert "Ours" not in page(eve_client, "templates")


# ---------------------------------------------------------------- what it costs


@pytest.mark.parametrize("count", [1, 3])
def test_the_desk_costs_the_same_for_any_number_of_people(world, ben_client, thursday, ready, queries, count):
    with world.scope():
        services.change_capacity(session=thursday, capacity=10, by=None, at=world.now)
        for user in fill(world, thursday, count):
            live.presence(thursday, user, thursday.starts_at, thursday.starts_at + MINUTE)
            live.attendance(thursday, user, decided_by=world.ben)
        for n in range(count):
            live.session(f"2026-03-{16 + n} 10:00", template=thursday.template, lead=world.ben)
    world.at(thursday.starts_at + MINUTE)
    ben_client.get("/")
    with queries(11):
        page(ben_client, "run", thursday.uuid)
    with queries(5):
        page(ben_client, "sessions")


def test_the_roster_is_by_name(world, thursday):
    with world.scope():
        services.book_many(session=thursday, learner_ids=[world.chen.pk, world.asha.pk], by=None, at=world.now)
        assert [row.user.name for row in live_queries.roster(thursday, world.now)] == ["Asha Raman", "Chen Wei"]
