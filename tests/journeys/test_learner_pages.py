"""Learners' pages: my journeys, one journey in every state, why, joining and leaving."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from content.models import Attempt
from journeys import services
from journeys.models import Assignment, Enrolment, Step
from journeys.queries import progress_of
from lxp.people.models import Role
from sessions import services as live
from sessions.models import Booking
from tests.factories import content as items
from tests.factories import people
from tests.flows.programme import Programme
from tests.reading import Page

pytestmark = pytest.mark.django_db

SLUG = "leading-for-the-first-time"
JOURNEY = f"/journeys/{SLUG}/"
DURING_PREWORK = ("2026-03-13 09:00", "Asia/Kolkata")


@pytest.fixture
def programme(world):
    with world.scope():
        yield Programme.build(world)


@pytest.fixture
def enrolment(world, settle, programme):
    """Asha is in, her pre-work is open, her session is on Thursday, 20:30 her time."""
    made = programme.enrol(world.asha)
    world.at(*DURING_PREWORK)
    settle()
    return made


def assignment(enrolment, key) -> Assignment:
    return Assignment.objects.get(enrolment=enrolment, key=key)


def colleagues(number: int, *, zone: str = "Europe/Lisbon", prefix: str = "Colleague") -> list:
    return [people.person(f"{prefix} {n}", Role.LEARNER, zone=zone) for n in range(number)]


# ---------------------------------------------------------------- one journey


def test_the_path_has_its_phases_its_steps_and_one_primary_action(asha_client, programme, enrolment):
    page = Page(asha_client.get(JOURNEY))
    assert page.h1 == "Leading for the first time"
    assert [text for tag, text in page.headings if tag == "h3"] == ["Before", "Live: Practise", "After", "Over time"]
    assert page.links["Read"] == f"/content/read-text/?r={enrolment.uuid}"
    assert page.links["Start, 10 min"] == f"/content/read-text/?r={enrolment.uuid}"
    assert page.html.count("btn primary") == 1
    for words in (
        "of 5 steps done", "30 min of own time left", "Thu 19 Mar , 20:30–22:00", "in 6 days",
        "2 steps to go before you’re ready", "Opens after “Practise”.", "Opens Sat 18 Apr, 09:00.", "Part 1",
    ):  # fmt: skip
        assert words in page, words
    assert "Catch-up" not in page  # nobody plans to miss it
    assert page.links["Can’t make it?"] == f"/live/{programme.session.uuid}/give-up/"


def test_done_steps_say_when_and_how_well(world, settle, asha_client, programme, enrolment):
    programme.finish(world.asha, enrolment, "read")
    settle()
    Assignment.objects.filter(pk=assignment(enrolment, "read").pk).update(score=0.83)
    page = Page(asha_client.get(JOURNEY))
    assert "Article 10 min Done Fri 13 Mar 83%" in page
    assert "One step to go before you’re ready" in page
    assert "1/2" in page
    assert page.links["Start, 10 min"] == f"/content/check-text/?r={enrolment.uuid}"


def test_where_everybody_is_and_how_many_are_ready(world, settle, asha_client, programme):
    others = colleagues(3) + colleagues(2, zone="Africa/Nairobi", prefix="Kenyan")
    enrolment = programme.enrol(world.asha, *others)
    world.at(*DURING_PREWORK)
    settle()
    ready = Enrolment.objects.get(learner=others[0])
    Page(asha_client.get(JOURNEY))
    for key in ("read", "check"):
        programme.finish(others[0], ready, key)
    settle()
    page = Page(asha_client.get(JOURNEY))
    assert enrolment.learner == world.asha
    assert "1 of 6 people are ready" in page
    assert "Ben Okafor and 6 of you, Spring A" in page
    assert "20:30 Kolkata you , outside working hours" in page
    assert "18:00 Nairobi Kenyan 0, Kenyan 1 , outside working hours" in page


def test_fewer_than_five_people_are_not_counted(asha_client, enrolment):
    page = Page(asha_client.get(JOURNEY))
    assert "people are ready" not in page
    assert "of you" not in page


def test_an_open_room_has_the_way_in(world, asha_client, programme, enrolment):
    world.at(programme.session.starts_at - timedelta(minutes=5))
    page = Page(asha_client.get(JOURNEY))
    assert page.links["Join now"] == f"/live/{programme.session.uuid}/join/"
    assert page.html.count("btn primary") == 1


def test_without_a_seat_it_asks_to_choose(world, settle, asha_client, programme, enrolment):
    programme.add_alternative()
    live.cancel_booking(booking=Booking.objects.get(learner=world.asha), by=world.asha, at=world.now)
    settle()
    page = Page(asha_client.get(JOURNEY))
    assert "You have no seat yet There is 1 other date." in page
    assert page.links["Choose a date"] == f"/live/{programme.session.uuid}/"
    assert "Add to calendar" not in page


def test_on_the_waiting_list(world, asha_client, programme, enrolment):
    Booking.objects.filter(learner=world.asha).update(state=Booking.State.WAITLISTED)
    page = Page(asha_client.get(JOURNEY))
    assert "You’re on the waiting list" in page
    assert page.links["See your place"] == f"/live/{programme.session.uuid}/"


def test_a_cancelled_session_has_no_date(world, settle, asha_client, programme, enrolment):
    live.cancel_session(session=programme.session, reason="Ben is ill", by=world.ben, at=world.now)
    settle()
    page = Page(asha_client.get(JOURNEY))
    assert "This session has no date" in page
    assert "No date yet" in page


def test_attended_and_what_follows(world, settle, asha_client, programme, enrolment):
    for key in ("read", "check"):
        programme.finish(world.asha, enrolment, key)
    programme.attend(world.asha)
    world.at("2026-03-20 10:00", "Asia/Kolkata")
    settle()
    page = Page(asha_client.get(JOURNEY))
    assert "You were there" in page
    assert page.links["Start, 10 min"] == f"/content/apply-text/?r={enrolment.uuid}"
    assert "3 of 5 steps done" in page.html


def test_missed_and_made_up_for(world, settle, asha_client, programme, enrolment):
    for key in ("read", "check"):
        programme.finish(world.asha, enrolment, key)
    world.at(programme.session.ends_at)
    live.end_session(session=programme.session, by=world.ben, at=world.now)
    world.at("2026-03-20 10:00", "Asia/Kolkata")
    settle()
    page = Page(asha_client.get(JOURNEY))
    assert "You couldn’t be there “Catch-up” brings you back on the path." in page
    assert page.links["Catch up, 10 min"] == f"/content/catch-up-text/?r={enrolment.uuid}"
    assert "Apply" not in page
    programme.finish(world.asha, enrolment, "catch-up")
    settle()
    page = Page(asha_client.get(JOURNEY))
    assert "You missed it, and caught up" in page
    assert "You finished this journey" in page
    assert "Why 100%?" in page


def test_over_but_not_settled(world, asha_client, programme, enrolment):
    world.at(programme.session.ends_at + timedelta(hours=2))
    assert "Who was there is being settled." in Page(asha_client.get(JOURNEY))


def test_late_is_a_fact(world, settle, asha_client, enrolment):
    world.at("2026-03-19 10:00", "Asia/Kolkata")
    settle()
    assert "1 day late" in Page(asha_client.get(JOURNEY))


def test_what_was_changed_for_me_says_who_and_why(world, settle, asha_client, programme, enrolment):
    by = {"by": world.ben, "at": world.now}
    due_at = world.now + timedelta(days=9)
    services.extend_due(enrolment=enrolment, key="read", due_at=due_at, reason="you were on call", **by)
    services.waive_step(enrolment=enrolment, key="check", reason="you know it", **by)
    services.insert_step(enrolment=enrolment, item=items.item("Card"), reason="it helps in between.", **by)
    settle()
    page = Page(asha_client.get(JOURNEY))
    assert "You have more time: you were on call, said Ben Okafor." in page
    assert "It was added for you: it helps in between, said Ben Okafor." in page
    assert page.links["Card"] == f"/content/card/?r={enrolment.uuid}"
    assert "Check" not in page  # released


def test_parts_later_are_there_to_look_at(world, settle, asha_client, programme):
    Step.objects.filter(key__in=["apply", "catch-up", "recall"]).update(part="Use it")
    Step.objects.filter(key__in=["read", "check", "practise"]).update(part="Learn it")
    programme.enrol(world.asha)
    world.at(*DURING_PREWORK)
    settle()
    page = Page(asha_client.get(JOURNEY))
    assert ("h2", "Part 1: Learn it") in page.headings
    assert ("h2", "Part 2: Use it") in page.headings
    assert page.html.count("<details") == page.html.count('<details class="pop') + 1


def test_a_clock_change_is_announced_where_it_matters(world, settle, asha_client, programme):
    """Lisbon's clocks go forward on 29 March; Kolkata's never do."""
    later = live.reschedule_session(
        session=programme.session, start_local=datetime(2026, 4, 9, 15, 0), zone="Europe/Lisbon", by=world.ben,
        at=world.now,
    )  # fmt: skip
    programme.enrol(world.asha)
    world.at("2026-03-20 09:00", "Asia/Kolkata")
    settle()
    page = Page(asha_client.get(JOURNEY))
    assert later.starts_at.hour == 14
    assert (
        "Clocks change in Lisbon on Sunday 29 March. Your session on Thu 9 Apr is at 19:30 your time, "
        "1 h earlier on your clock than it would be today."
    ) in page
    world.at("2026-03-30 09:00", "Asia/Kolkata")
    assert "Clocks change" not in Page(asha_client.get(JOURNEY))


def test_a_title_is_text_and_never_markup(world, settle, asha_client, enrolment):
    Step.objects.filter(key="read").update(title="<script>alert(1)</script>", why='"><img src=x>')
    html = asha_client.get(JOURNEY).content.decode() + asha_client.get("/").content.decode()
    assert "<script>alert" not in html
    assert "<img" not in html


# ---------------------------------------------------------------- my journeys, joining, leaving


@pytest.fixture
def open_cohort(world, programme):
    programme.cohort.self_enrol, programme.cohort.capacity = True, 2
    programme.cohort.save()
    return programme.cohort


def test_the_list_is_empty_until_there_is_something(asha_client):
    page = Page(asha_client.get("/journeys/"))
    assert page.h1 == "No journeys yet"
    assert page.links["Look around the library"] == "/content/"


def test_what_is_open_says_what_it_takes(asha_client, open_cohort):
    page = Page(asha_client.get("/journeys/"))
    assert page.h1 == "1 journey is open to you"
    assert "30 min in your own time" in page
    assert "1 h 30 min live" in page
    assert "live Thu 19 Mar, 20:30, outside your working hours" in page
    assert "5 steps Spring A 2 places left" in page
    preview = Page(asha_client.get(JOURNEY))
    assert preview.posts == ["/journeys/join/spring-a/"]
    assert "Catch-up" not in preview


def test_joining_and_leaving_and_joining_again(world, settle, asha_client, open_cohort):
    assert asha_client.post("/journeys/join/spring-a/").url == JOURNEY
    enrolment = Enrolment.objects.get(learner=world.asha)
    assert (enrolment.source, enrolment.state) == ("self", "active")
    page = Page(asha_client.get("/journeys/"))
    assert page.h1 == "1 journey is going on"
    assert "Open to you" not in page
    leave = Page(asha_client.get(JOURNEY)).links["Leave this journey"]
    asking = Page(asha_client.get(leave))
    assert asking.h1 == "Leave “Leading for the first time”?"
    assert Enrolment.objects.get().state == "active"
    response = asha_client.post(leave, follow=True)
    page = Page(response)
    assert "You left “Leading for the first time”." in page
    assert "/journeys/join/spring-a/" in page.posts  # undo
    assert Enrolment.objects.get().state == "withdrawn"
    assert asha_client.post("/journeys/join/spring-a/").url == JOURNEY
    assert Enrolment.objects.get().state == "active"


def test_the_question_is_a_dialog_with_scripts(asha_client, open_cohort):
    asha_client.post("/journeys/join/spring-a/")
    html = asha_client.get(f"{JOURNEY}leave/", HTTP_HX_REQUEST="true").content.decode()
    assert html.lstrip().startswith('<h2 class="h-sm" id="dialog-title">')


def test_a_full_group_takes_nobody_and_says_so(world, asha_client, open_cohort):
    services.enrol(
        cohort=open_cohort, learner_ids=[world.ben.pk, world.chen.pk], source="hand", by=world.dana, at=world.now
    )
    page = Page(asha_client.get("/journeys/"))
    assert "All places are taken." in page
    assert page.posts == []
    response = asha_client.post("/journeys/join/spring-a/", follow=True)
    assert "1 more than the 2 places of this cohort." in Page(response)
    assert not Enrolment.objects.filter(learner=world.asha).exists()


def test_what_is_by_invitation_cannot_be_joined_or_seen(asha_client, programme):
    assert asha_client.post("/journeys/join/spring-a/").status_code == 404
    assert asha_client.get(JOURNEY).status_code == 404


def test_who_was_enrolled_by_others_cannot_leave(world, asha_client, enrolment):
    assert asha_client.post(f"{JOURNEY}leave/").status_code == 403
    assert "Leave this journey" not in Page(asha_client.get(JOURNEY))
    enrolment.refresh_from_db()
    assert enrolment.state == "active"


def test_finished_journeys_stay_to_be_looked_at(world, settle, asha_client, programme, enrolment):
    Enrolment.objects.filter(pk=enrolment.pk).update(state="completed", completed_at=world.now)
    page = Page(asha_client.get("/journeys/"))
    assert page.h1 == "You finished 1 journey"
    assert page.links["Leading for the first time"] == f"{JOURNEY}?e={enrolment.pk}"
    assert "Finished Fri 13 Mar" in page
    assert "You finished this journey" in Page(asha_client.get(f"{JOURNEY}?e={enrolment.pk}"))


def test_the_same_journey_twice_shows_the_newest_and_the_one_asked_for(
    world, settle, asha_client, programme, enrolment
):
    again = services.schedule_cohort(
        version=programme.cohort.version, title="Autumn B", starts_on=date(2026, 9, 1), zone="Europe/Lisbon",
        by=world.dana, at=world.now,
        offers=[services.Offer("practise", datetime(2026, 9, 10, 15, 0), "Europe/Lisbon", world.ben)],
    )  # fmt: skip
    services.enrol(cohort=again, learner_ids=[world.asha.pk], source="hand", by=world.dana, at=world.now)
    assert "Autumn B" in Page(asha_client.get(JOURNEY))
    assert "Spring A" in Page(asha_client.get(f"{JOURNEY}?e={enrolment.pk}"))
    assert asha_client.get(f"{JOURNEY}?e=999999").status_code == 404
    assert "Autumn B" in Page(asha_client.get(f"{JOURNEY}?e=nonsense"))


# ---------------------------------------------------------------- why


def test_why_a_step_as_a_page_and_as_a_dialog(asha_client, enrolment):
    url = f"/journeys/steps/{assignment(enrolment, 'read').pk}/why/"
    page = Page(asha_client.get(url))
    assert page.h1 == "Why “Read”, and why then"
    for words in (
        "It is part of “Leading for the first time”, in which you were enrolled.",
        "It opened Thu 12 Mar, 09:00.",
        "The rule: 7 days before “Practise” starts, at 09:00 your time.",
        "It is due Wed 18 Mar, 17:00.",
        "The rule: 1 day before “Practise” starts, at 17:00 your time.",
    ):
        assert words in page, words
    dialog = asha_client.get(url, HTTP_HX_REQUEST="true").content.decode()
    assert 'id="dialog-title"' in dialog
    assert "<h1" not in dialog


def test_every_step_can_be_explained(world, settle, asha_client, programme, enrolment):
    services.insert_step(enrolment=enrolment, item=items.item("Card"), reason="it helps", by=world.ben, at=world.now)
    settle()
    rows = list(Assignment.objects.filter(enrolment=enrolment))
    assert len(rows) == 7
    for row in rows:
        assert "%" not in Page(asha_client.get(f"/journeys/steps/{row.pk}/why/"))


def test_joining_late_is_the_reason_for_other_dates(world, settle, asha_client, programme):
    world.at("2026-03-17 09:00", "Asia/Kolkata")
    enrolment = programme.enrol(world.asha)
    settle()
    page = Page(asha_client.get(f"/journeys/steps/{assignment(enrolment, 'read').pk}/why/"))
    assert "By then you had not joined yet, so it opened when you did." in page


def test_why_is_for_the_learner_and_those_around(world, settle, programme, enrolment):
    url = f"/journeys/steps/{assignment(enrolment, 'read').pk}/why/"
    allowed = {
        name: world.client(getattr(world, name)).get(url).status_code for name in ("asha", "ben", "chen", "dana")
    }
    assert allowed == {"asha": 200, "ben": 200, "chen": 200, "dana": 200}
    assert "As Asha Raman reads it:" in Page(world.client(world.chen).get(url))
    programme.enrol(colleague := people.person("Tom Reed", Role.LEARNER))
    assert world.client(colleague).get(url).status_code == 404
    assert world.client(world.eve).get(url).status_code == 404


# ---------------------------------------------------------------- why 62 %?


def progress_page(client, enrolment) -> Page:
    return Page(client.get(f"/journeys/enrolments/{enrolment.pk}/progress/"))


def test_the_facts_behind_the_number_add_up_to_it(world, settle, asha_client, programme, enrolment):
    programme.finish(world.asha, enrolment, "read")
    settle()
    enrolment.refresh_from_db()
    counted = progress_of(enrolment)
    assert counted.counted == enrolment.progress == round(10 / 120, 4)
    page = progress_page(asha_client, enrolment)
    assert page.h1 == "8%, because 10 min of 2 h are done"
    assert "Read 10 min 100% finished" in page
    assert "Practise 1 h 30 min 0% not started" in page
    assert "Together 2 h 8%" in page
    assert "Why 8%?" in Page(asha_client.get(JOURNEY))


def test_a_number_once_reached_is_kept_and_says_so(world, asha_client, enrolment):
    Enrolment.objects.filter(pk=enrolment.pk).update(progress=0.62)
    page = progress_page(asha_client, enrolment)
    assert page.h1 == "Why 62%?"
    assert "Kept at 62% Counted today it would be 0%" in page


def test_work_in_hand_is_ahead_of_the_number_and_says_so(world, asha_client, enrolment):
    step = assignment(enrolment, "read")
    Attempt.objects.create(
        learner=world.asha, item=step.item, version=step.step.content_version, registration=enrolment.uuid,
        progress=0.6, started_at=world.now, last_at=world.now,
    )  # fmt: skip
    page = progress_page(asha_client, enrolment)
    assert "It is 5% by now" in page
    assert "60% of it is done" in page


def test_progress_is_for_the_learner_and_those_around(world, enrolment):
    url = f"/journeys/enrolments/{enrolment.pk}/progress/"
    assert "Asha Raman, Leading for the first time" in Page(world.client(world.chen).get(url))
    stranger = people.person("Tom Reed", Role.LEARNER)
    assert world.client(stranger).get(url).status_code == 404
    assert world.client(world.eve).get(url).status_code == 404


# ---------------------------------------------------------------- access and cost


def test_strangers_find_nothing(world, eve_client, ben_client, client, enrolment):
    for path in (JOURNEY, f"{JOURNEY}leave/", f"{JOURNEY}?e={enrolment.pk}"):
        assert eve_client.get(path).status_code == 404
        assert ben_client.get(path).status_code == 404
        assert client.get(path).status_code == 302
    assert "Leading" not in Page(eve_client.get("/journeys/"))


def test_a_journey_costs_ten_queries_however_many_steps_and_people(
    world, settle, asha_client, programme, enrolment, queries
):
    services.extend_due(
        enrolment=enrolment, key="read", due_at=world.now + timedelta(days=9), reason="on call", by=world.ben,
        at=world.now,
    )  # fmt: skip
    asha_client.get(JOURNEY)
    with queries(10):
        Page(asha_client.get(JOURNEY))
    programme.enrol(*colleagues(6))
    for number in range(3):
        services.insert_step(
            enrolment=enrolment, item=items.item(f"Card {number}"), reason="more", by=world.ben, at=world.now
        )
    programme.add_alternative()
    settle()
    with queries(10):
        page = Page(asha_client.get(JOURNEY))
    assert page.text.count("It was added for you") == 3


def test_the_list_costs_the_same_for_one_and_three(world, settle, asha_client, programme, enrolment, queries):
    def run(number: int):
        return services.schedule_cohort(
            version=programme.cohort.version, title=f"Run {number}", starts_on=date(2026, 9, number), self_enrol=True,
            zone="Europe/Lisbon", by=world.dana, at=world.now, capacity=9,
            offers=[services.Offer("practise", datetime(2026, 9, number, 15, 0), "Europe/Lisbon", world.ben)],
        )  # fmt: skip

    asha_client.get("/journeys/")
    with queries(7):
        asha_client.get("/journeys/")
    for number in (7, 8):
        services.enrol(cohort=run(number), learner_ids=[world.asha.pk], source="hand", by=world.dana, at=world.now)
    with queries(7):
        assert Page(asha_client.get("/journeys/")).h1 == "3 journeys are going on"


def test_what_may_be_joined_costs_the_same_for_one_and_three(world, asha_client, programme, open_cohort, queries):
    asha_client.get("/journeys/")
    with queries(9):
        asha_client.get("/journeys/")
    for number in (7, 8):
        services.schedule_cohort(
            version=programme.cohort.version, title=f"Run {number}", starts_on=date(2026, 9, number), self_enrol=True,
            zone="Europe/Lisbon", by=world.dana, at=world.now,
            offers=[services.Offer("practise", datetime(2026, 9, number, 15, 0), "Europe/Lisbon", world.ben)],
        )  # fmt: skip
    with queries(9):
        assert Page(asha_client.get("/journeys/")).h1 == "3 journeys are open to you"
