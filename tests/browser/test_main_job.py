"""The main job as its people do it: in a browser, from the pre-work to what follows the session."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from journeys.models import Assignment
from tests.flows.programme import Programme

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def programme(world):
    with world.scope():
        yield Programme.build(world)


@pytest.fixture
def ready(world, settle, stand_at, programme):
    """Asha is enrolled, and it is a week before her session: the pre-work is open."""
    stand_at("2026-03-02 09:00")
    programme.enrol(world.asha, world.dana)
    settle()
    stand_at("2026-03-13 09:00")
    settle()
    return programme


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]


def test_a_learner_does_the_prework_and_sees_it_counted(world, settle, ready, open_as):
    page = open_as(world.asha, "/")
    page.get_by_role("link", name="Start").or_(page.get_by_role("link", name="Continue")).first.click()
    page.wait_for_url("**/content/**")
    page.get_by_role("button", name="read this").or_(page.get_by_role("button", name="Finish")).first.click()
    page.wait_for_timeout(500)
    settle()
    rows = dict(Assignment.objects.filter(learner=world.asha).values_list("key", "state"))
    assert rows["read"] == "done"


def test_the_prework_can_be_done_without_javascript(world, settle, ready, open_as):
    item = ready.cohort.version.steps.get(key="read").item
    registration = ready.cohort.enrolments.get(learner=world.asha).uuid
    page = open_as(world.asha, f"/content/{item.slug}/?r={registration}", scripts=False)
    page.get_by_role("button", name="read this").or_(page.get_by_role("button", name="Finish")).first.click()
    settle()
    assert Assignment.objects.get(learner=world.asha, key="read").state == "done"


SLUG = "leading-for-the-first-time"
PAGES = [
    (None, "lxp:sign-in"), (None, "lxp:password-reset"),
    ("asha", "lxp:home"), ("asha", "journeys:list"), ("asha", "journeys:journey", SLUG), ("asha", "messages:inbox"),
    ("asha", "messages:preferences"), ("asha", "people:settings"), ("asha", "content:library"),
    ("asha", "live:calendar"), ("asha", "insights:skills"),
    ("ben", "live:sessions"),
    ("chen", "insights:team"), ("chen", "people:reports"),
    ("dana", "messages:ledger"), ("dana", "insights:overview"), ("dana", "insights:journey", SLUG),
    ("dana", "content:manage"), ("dana", "content:new"), ("dana", "live:templates"),
    ("adi", "people:list"), ("adi", "people:audiences"), ("adi", "people:tokens"), ("adi", "people:organisation"),
]  # fmt: skip


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_pages_are_accessible_and_fit(world, ready, open_as, live_server, width, theme):
    troubles = []
    pages: dict = {}
    for who, name, *args in PAGES:
        path = reverse(name, args=args)
        if who not in pages:
            pages[who] = open_as(getattr(world, who) if who else None, "/healthz", width=width, theme=theme)
        page = pages[who]
        answer = page.goto(f"{live_server.url}{path}")
        found = [("status", answer.status)] if answer.status != 200 else violations(page)
        if page.locator("h1").count() != 1:
            found.append(("h1", page.locator("h1").count()))
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(("wider than the window", page.evaluate("document.documentElement.scrollWidth")))
        troubles += [(path, *trouble) for trouble in found]
    assert troubles == []
