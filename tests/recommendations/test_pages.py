"""Pages of suggestions and insights: what they say, what they do, what they cost."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse

from journeys.models import Assignment, Enrolment, Override
from lxp.messaging.models import Message
from lxp.people.models import Membership
from recommendations import queries as reads
from recommendations import services
from recommendations.models import Insight, Recommendation
from tests.factories import content, journeys, people, recommendations, skills

pytestmark = pytest.mark.django_db

TEAM, SKILLS, OVERVIEW = reverse("insights:team"), reverse("insights:skills"), reverse("insights:overview")
HTMX = {"HX-Request": "true"}


def said(response):
    """What the page says, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(response.text)).split())


def h1(response):
    return html.unescape(re.search(r"<h1[^>]*>(.*?)</h1>", response.text, re.S)[1])


# ---------------------------------------------------------------- what is worth my time


@pytest.fixture
def items(world, need):
    made = [
        need.item("Open questions", need.coaching, 2, minutes=4),
        need.item("Talking about price", need.negotiation, 3, minutes=6),
        need.item("First queries", need.sql, 1, minutes=12),
        need.item("The pause", need.coaching, 3, minutes=8),
    ]
    services.refresh_recommendations(at=world.now)
    return made


def first(world):
    return reads.shown_to(world.asha)[0]


def test_home_shows_at_most_three_each_with_its_reason(asha_client, items):
    shown = said(asha_client.get("/"))
    assert "Worth your time" in shown
    assert (
        "Open questions Article 4 min I know this already Because your role asks for Coaching 3, and you are at 1"
        in shown
    )
    assert shown.count("I know this already") == 3


def test_home_without_a_need_says_so(ben_client, need):
    assert "Nothing you’d have to look at" in said(ben_client.get("/"))


def test_not_for_me_with_a_plain_form_goes_back_and_offers_undo(world, asha_client, items):
    row = first(world)
    response = asha_client.post(reverse("insights:dismiss", args=[row.pk]), {"next": "/"}, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "Open questions" not in said(response)
    undo = re.search(r'action="(/insights/suggestions/\d+/restore/\?next=%2F)"', response.text)[1]
    response = asha_client.post(undo, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "Open questions" in said(response)


def test_not_for_me_with_htmx_swaps_the_section_and_brings_a_toast(world, asha_client, items):
    row = first(world)
    headers = {**HTMX, "HX-Target": "worth", "HX-Current-URL": "http://testserver/"}
    response = asha_client.post(reverse("insights:dismiss", args=[row.pk]), {"next": "/"}, headers=headers)
    assert response.status_code == 200
    assert response.text.lstrip().startswith('<section class="sec" id="worth"')
    assert "Open questions" not in response.text
    assert 'hx-swap-oob="beforeend:#toasts"' in response.text
    assert "The pause" in response.text, "the next best one moves up"


def test_where_to_go_back_is_a_page_of_ours_or_the_skills_page(world, asha_client, items):
    row = first(world)
    for outside in ("https://evil.example/", "//evil.example", "javascript:alert(1)", ""):
        response = asha_client.post(reverse("insights:dismiss", args=[row.pk]), {"next": outside})
        assert response["Location"] == SKILLS


def test_i_know_this_already(world, asha_client, items):
    row = first(world)
    response = asha_client.post(reverse("insights:known", args=[row.pk]), {"next": SKILLS}, follow=True)
    assert "takes your word into account" in said(response)
    assert "Open questions I know it already now Suggest again" in said(response)
    assert Recommendation.objects.get(pk=row.pk).state == "known"


def test_why_lists_the_facts_as_a_page_and_in_a_dialog(world, asha_client, need, items):
    skills.evidence(world.asha, need.coaching, 1, source="quiz", note="“Coaching check”, 40%", at=world.now)
    row = first(world)
    response = asha_client.get(reverse("insights:why", args=[row.pk]))
    shown = said(response)
    assert h1(response) == "Why “Open questions”?"
    assert "Key account manager: Coaching at level 3" in shown
    assert "Level 1 Quiz: “Coaching check”, 40%" in shown
    assert "Teaches it up to level 2 in 4 min" in shown
    dialog = asha_client.get(reverse("insights:why", args=[row.pk]), headers=HTMX)
    assert 'id="dialog-title"' in dialog.text
    assert "<html" not in dialog.text


def test_my_skills_say_what_comes_next_why_and_what_closes_the_gap(world, asha_client, need, items):
    skills.evidence(world.asha, need.coaching, 1, source="manager", note="in a 1:1", at=world.now)
    response = asha_client.get(SKILLS)
    shown = said(response)
    assert h1(response) == "Coaching comes next"
    assert "Your role asks for 3 skills; 0 are where they should be." in shown
    assert "Coaching 1 of 3 Level 1 because Your manager saw it: in a 1:1" in shown
    assert "Open questions 4 min" in shown


def test_what_i_have_to_do_anyway_comes_before_suggestions(world, asha_client, need):
    item = need.item("Reading", need.coaching, 2)
    step = journeys.step(journeys.version(journeys.journey("Leading")), "read", item=item, title="Read this")
    enrolment = journeys.enrolment(journeys.cohort(step.version), world.asha)
    journeys.assignment(enrolment, step, state="open", due_at=world.at("2026-03-05 17:00"))
    assert "Read this on your way in Leading, by Thu 5 Mar" in said(asha_client.get(SKILLS))


def test_nothing_known_yet(ben_client):
    response = ben_client.get(SKILLS)
    assert h1(response) == "Nothing is known about your skills yet"
    assert "Your skills grow here by themselves" in said(response)


def test_everything_the_role_asks_for(world, asha_client, need):
    from lxp.skills.models import LearnerSkill

    LearnerSkill.objects.filter(learner=world.asha).update(level=4)
    skills.estimate(world.asha, need.sql, 2)
    assert h1(asha_client.get(SKILLS)) == "You have what your role asks for"


# ---------------------------------------------------------------- people who may need a hand


def behind(world, user, title="Leading", **fields):
    """Somebody with one open step that is five days late, one to come, and the insight about it."""
    step = journeys.step(journeys.version(journeys.journey(title)), "read", title="Read this", minutes=12)
    later = journeys.step(step.version, "apply", phase="postwork")
    enrolment = journeys.enrolment(journeys.cohort(step.version), user, enrolled_at=world.now - timedelta(days=9))
    due = world.now - timedelta(days=5)
    journeys.assignment(enrolment, step, state="open", opens_at=due, opened_at=due, due_at=due)
    journeys.assignment(enrolment, later)
    services.refresh_insights(at=world.now)
    return enrolment


@pytest.fixture
def late(world):
    with world.scope():
        yield behind(world, world.asha)


def test_my_week_names_who_needs_me_with_a_reason_and_one_action(world, chen_client, late):
    other = people.person("Tom Whitaker", manager=world.chen, place="Leeds")
    response = chen_client.get(TEAM)
    shown = said(response)
    assert h1(response) == "One person needs you this week"
    assert "Field operations, 2 people in 2 places" in shown
    assert "1 on track" in shown
    assert "Asha Raman Leading “Read this” is 5 days late. Give 3 more days Nudge Leave it" in shown
    assert "All 2 Late 1 Live within a week 0" in shown
    assert "Nothing is going on" in shown
    assert other.name in shown


def test_the_filter_stands_in_the_address(world, chen_client, late):
    people.person("Tom Whitaker", manager=world.chen)
    shown = said(chen_client.get(TEAM, {"show": "late"}))
    assert "Asha Raman" in shown.partition("Everyone")[2]
    assert "Tom Whitaker" not in shown
    assert "Nobody just now" in said(chen_client.get(TEAM, {"show": "live"}))
    assert "Tom Whitaker" in said(chen_client.get(TEAM, {"show": "nonsense"}))


def test_a_manager_without_people(world, chen_client):
    with world.scope():
        Membership.objects.filter(manager=world.chen).update(manager=None)
    response = chen_client.get(TEAM)
    assert (h1(response), "Nobody reports to you yet" in said(response)) == ("Nobody needs you this week", True)


def test_more_than_ten_people_come_on_asking(world, chen_client):
    with world.scope():
        for one in people.people(12):
            Membership.objects.filter(user=one).update(manager=world.chen)
    assert "Show 3 more" in said(chen_client.get(TEAM))
    assert chen_client.get(TEAM, {"all": "1"}).text.count('class="avatar"') >= 13


@pytest.mark.parametrize("number", [1, 3])
def test_my_week_costs_the_same_for_one_person_and_for_three(world, chen_client, late, queries, number):
    for place in range(number - 1):
        behind(world, people.person(f"Report {place}", manager=world.chen), title=f"Other {place}")
    chen_client.get(TEAM)
    with queries(11):
        chen_client.get(TEAM)


def test_giving_more_time_with_undo(world, chen_client, late):
    insight = Insight.objects.get()
    accept = reverse("insights:accept", args=[insight.pk])
    response = chen_client.post(accept, {"next": TEAM}, follow=True)
    assert h1(response) == "Nobody needs you this week"
    assert "Asha has more time now" in said(response)
    assert Override.objects.get(undone_at=None).by == world.chen
    undo = re.search(r'action="(/insights/people/\d+/undo/[^"]*)"', response.text)[1]
    response = chen_client.post(undo, follow=True)
    assert h1(response) == "One person needs you this week"
    assert Override.objects.get().undone_at is not None


def test_settled_meanwhile_is_told_kindly(world, chen_client, late):
    insight = Insight.objects.get()
    services.dismiss_insight(insight=insight, note="Away", by=world.dana, at=world.now)
    response = chen_client.post(reverse("insights:accept", args=[insight.pk]), {"next": TEAM}, follow=True)
    assert "Somebody has settled this already." in said(response)


def test_leaving_it_alone_asks_why_and_the_person_can_read_it(world, chen_client, asha_client, late):
    address = reverse("insights:leave", args=[Insight.objects.get().pk])
    assert h1(chen_client.get(address, {"next": TEAM})) == "Leave it for Asha Raman"
    response = chen_client.post(address, {"next": TEAM})
    assert (response.status_code, "Choose a reason" in said(response)) == (422, True)
    response = chen_client.post(address, {"next": TEAM, "because": "other"})
    assert (response.status_code, "Say in a few words what it is." in said(response)) == (422, True)
    response = chen_client.post(address, {"next": TEAM, "because": "away", "words": "back on Monday"}, follow=True)
    assert response.redirect_chain == [(TEAM, 302)]
    assert "Left alone" in said(response)
    assert "Left alone by Chen Wei. Away at the moment: back on Monday" in said(asha_client.get(SKILLS))


def test_in_a_dialog_the_form_comes_as_a_fragment_and_closes_with_a_reload(world, chen_client, late):
    address = reverse("insights:leave", args=[Insight.objects.get().pk])
    assert "<html" not in chen_client.get(address, headers=HTMX).text
    response = chen_client.post(address, {"next": TEAM, "because": "fine"}, headers=HTMX)
    assert (response.status_code, response["HX-Redirect"]) == (204, TEAM)


def test_a_nudge_is_told_with_undo_and_its_button_becomes_nudged(world, chen_client, late):
    world.at("2026-03-02 09:00")
    address = reverse("insights:nudge", args=[late.pk])
    response = chen_client.post(address, {"next": TEAM}, headers={**HTMX, "HX-Target": f"nudge-{late.pk}"})
    assert "Nudged" in said(response)
    assert "The nudge to Asha goes out in ten seconds" in said(response)
    assert Message.objects.get(kind="recommendations.nudge").state == "planned"
    assert "Nudged" in said(chen_client.get(TEAM))
    response = chen_client.post(address, {"next": TEAM}, follow=True)
    assert "One a day is enough" in said(response)
    response = chen_client.post(reverse("insights:nudge-undo", args=[late.pk]), {"next": TEAM}, follow=True)
    assert "Taken back, nothing was sent" in said(response)
    assert Message.objects.get(kind="recommendations.nudge").state == "suppressed"


def test_a_nudge_at_night_says_when_it_goes(world, chen_client, late):
    world.at("2026-03-02 22:00", "Asia/Kolkata")
    response = chen_client.post(reverse("insights:nudge", args=[late.pk]), {"next": TEAM}, follow=True)
    assert "The nudge to Asha goes out Tue 3 Mar, 10:30 your time, in their working hours" in said(response)


def test_the_person_and_strangers_cannot_act(world, asha_client, ben_client, eve_client, late):
    insight = Insight.objects.get()
    for name, pk in (("accept", insight.pk), ("leave", insight.pk), ("undo", insight.pk), ("nudge", late.pk)):
        address = reverse(f"insights:{name}", args=[pk])
        assert asha_client.post(address).status_code == 403
        assert ben_client.post(address).status_code == 404
        assert eve_client.post(address).status_code == 404
    assert (Insight.objects.get().state, Message.objects.count()) == ("open", 0)


def test_the_page_about_a_person_shows_where_they_may_need_a_hand(world, chen_client, asha_client, late):
    address = reverse("people:person", args=[world.asha.pk])
    assert "May need a hand AR Leading “Read this” is 5 days late." in said(chen_client.get(address))
    assert "May need a hand" not in said(asha_client.get(address))


# ---------------------------------------------------------------- where people get off


def run(world, title="Leading", states=("done",) * 4 + ("open",) * 4, **fields):
    """A journey of two steps: everybody did the first one; the second is done or late, person by person."""
    version = journeys.version(journeys.journey(title, code="LF"))
    read, apply = (journeys.step(version, key, title=key.capitalize()) for key in ("read", "apply"))
    cohort = journeys.cohort(version, **fields)
    past = world.now - timedelta(days=2)
    for user, state in zip(people.people(len(states)), states, strict=True):
        enrolment = journeys.enrolment(cohort, user, last_active_at=past, enrolled_at=past)
        journeys.assignment(enrolment, read, state="done", done_at=past)
        journeys.assignment(enrolment, apply, state=state, due_at=past if state == "open" else None)
    return cohort


def address_of(cohort):
    return reverse("insights:journey", args=[cohort.journey.slug])


@pytest.fixture
def org(world):
    with world.scope():
        yield world


def test_the_finding_is_the_title_and_true(org, dana_client):
    cohort = run(org)
    response = dana_client.get(address_of(cohort))
    shown = said(response)
    assert h1(response) == "Half of the people haven’t done “Apply”"
    assert "Started 8 of 8" in shown
    assert "4 −4, the big one" in shown
    assert "4 of them can still do it." in shown
    assert "Apply 8 4 4 0 50%" in shown, "the same as a table"


def test_a_recount_in_sql_says_the_same(org):
    cohort = run(org)
    picture = reads.picture_of(cohort.journey, cohort_ids=[cohort.pk], at=org.now)
    for stage in picture.stages:
        rows = Assignment.objects.filter(enrolment__cohort=cohort, key=stage.key)
        assert stage.done == rows.filter(state="done").count()
        assert stage.late == rows.filter(state="open", due_at__lt=org.now).count()
        assert stage.turn == stage.done + stage.late


def test_fewer_than_five_people_are_hidden_and_it_says_so(org, dana_client):
    response = dana_client.get(address_of(run(org, states=("done", "open", "open", "open"))))
    assert h1(response) == "Too few people to say anything yet"
    assert "Fewer than 5 people: figures are hidden" in said(response)
    assert "Apply" not in said(response)


def test_the_cohort_stands_in_the_address(org, dana_client):
    one = run(org, states=("done",) * 6, title="Leading", slug="one")
    other = journeys.cohort(one.version, title="Other", slug="other")
    past = org.now - timedelta(days=2)
    step = one.version.steps.get(key="apply")
    for user in people.people(6):
        enrolment = journeys.enrolment(other, user)
        journeys.assignment(enrolment, step, state="open", due_at=past)
    response = dana_client.get(address_of(one))
    assert "Half of the people haven’t done “Apply”" in said(response)
    assert "In “Cohort" in said(response), "one cohort did better"
    assert "Cohorts, step by step" in said(response)
    assert h1(dana_client.get(address_of(one), {"cohort": "one"})) == "Everybody is still on board"
    assert h1(dana_client.get(address_of(one), {"cohort": "other"})) == "6 of 6 people haven’t done “Apply”"
    assert dana_client.get(address_of(one), {"cohort": "elsewhere"}).status_code == 404


def test_before_the_first_date_nobody_is_lost(org, dana_client):
    cohort = run(org)
    Assignment.objects.filter(enrolment__cohort=cohort).update(state="planned", due_at=None)
    response = dana_client.get(address_of(cohort))
    assert h1(response) == "Nobody’s turn has come yet"
    assert "The first step isn’t due yet" in said(response)


def test_how_long_it_took(org):
    cohort = run(org)
    days = [3, 5, 8, 9, 20, 40]
    for enrolment, taken in zip(Enrolment.objects.order_by("pk"), days, strict=False):
        enrolment.state, enrolment.completed_at = "completed", enrolment.enrolled_at + timedelta(days=taken)
        enrolment.save()
    found = reads.durations([cohort.pk])
    # Recounted by hand: linear between the ranks.
    assert (found.people, found.median, found.quarter, found.three_quarters) == (
        6, timedelta(days=8.5), timedelta(days=5.75), timedelta(days=17.25),
    )  # fmt: skip
    Enrolment.objects.filter(pk__in=Enrolment.objects.order_by("pk").values("pk")[:2]).update(state="active")
    assert reads.durations([cohort.pk]) is None, "four people are too few"


def test_a_facilitator_sees_the_cohorts_they_lead(org, ben_client, chen_client, asha_client):
    from tests.factories import live

    cohort = run(org, states=("open",) * 6)
    hidden = journeys.cohort(cohort.version, title="Not his")
    assert ben_client.get(address_of(cohort)).status_code == 404
    journeys.offer(cohort, "meet", live.session(lead=org.ben))
    response = ben_client.get(address_of(cohort))
    assert response.status_code == 200
    assert hidden.title not in said(response)
    assert ben_client.get(address_of(cohort), {"cohort": hidden.slug}).status_code == 404
    assert chen_client.get(address_of(cohort)).status_code == 404
    journeys.enrolment(cohort, org.asha)
    assert asha_client.get(address_of(cohort)).status_code == 403


def test_all_programmes_the_biggest_loss_first(org, dana_client):
    run(org, title="Fine", states=("done",) * 6)
    run(org, title="Leaky", states=("done",) * 2 + ("open",) * 6)
    run(org, title="Small", states=("open",) * 3)
    response = dana_client.get(OVERVIEW)
    shown = said(response)
    assert h1(response) == "“Leaky” loses most people"
    assert "Leaky Three quarters of the people haven’t done “Apply” 8 people" in shown
    assert "Fine Everybody is still on board 6 people" in shown
    assert "Small Too few people to say anything yet 3 people" in shown
    assert shown.index("Leaky Three") < shown.index("Fine Everybody")


def test_no_programme_yet(org, dana_client):
    assert "No programme is published yet" in said(dana_client.get(OVERVIEW))


@pytest.mark.parametrize("number", [1, 3])
def test_pages_of_programmes_cost_the_same_for_one_and_for_three(org, dana_client, queries, number):
    cohorts = [run(org, title=f"Journey {n}") for n in range(number)]
    for cohort in cohorts:
        for enrolment in cohort.enrolments.all()[:number]:
            recommendations.insight(enrolment)
    dana_client.get(OVERVIEW)
    with queries(8):
        dana_client.get(OVERVIEW)
    with queries(12):
        dana_client.get(address_of(cohorts[0]))


@pytest.mark.parametrize("number", [1, 3])
def test_my_skills_cost_the_same_for_one_skill_and_for_three(world, asha_client, need, queries, number):
    for skill in (need.coaching, need.negotiation, need.sql)[:number]:
        need.item(f"About {skill.name}", skill, 3)
    services.refresh_recommendations(at=world.now)
    asha_client.get(SKILLS)
    with queries(10):
        asha_client.get(SKILLS)


def test_other_content_never_reaches_another_organisation(world, items, eve_client):
    row = Recommendation.objects.first()
    with world.scope(world.harbour):
        content.item("Elsewhere")
    for name in ("why", "dismiss", "known", "restore"):
        address = reverse(f"insights:{name}", args=[row.pk])
        assert (eve_client.get(address) if name == "why" else eve_client.post(address)).status_code == 404
    assert "Open questions" not in said(eve_client.get(SKILLS))
