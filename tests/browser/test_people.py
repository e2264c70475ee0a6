"""People's pages in a browser: with scripts they are quicker, without they do the same; clean for axe in every dress."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page

from lxp.people import services
from lxp.people.models import Audience
from tests.factories import people
from tests.factories.people import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_an_audience_counts_while_one_writes_it(world, open_as):
    page = open_as(world.dana, reverse("people:audience-new"))
    page.locator("#reach", has_text="5 people match").wait_for()
    page.get_by_label("Manager", exact=True).check(force=True)
    page.locator("#reach", has_text="1 person matches").wait_for()
    page.get_by_label("Manager", exact=True).uncheck(force=True)
    page.locator("#reach", has_text="5 people match").wait_for()
    page.focus("#id_managers")
    page.keyboard.type(world.chen.email)
    page.locator("#reach", has_text="Asha Raman").wait_for()
    page.fill("#id_name", "Chen’s people")
    page.get_by_role("button", name="Save audience").click()
    page.wait_for_url(f"**{reverse('people:audiences')}")
    assert Audience.unscoped.get().rule == {"all": [{"field": "manager", "is": [world.chen.email]}]}


def test_the_same_without_scripts(world, open_as):
    page = open_as(world.dana, reverse("people:audience-new"), scripts=False)
    page.get_by_label("Manager", exact=True).check(force=True)
    page.get_by_role("button", name="Count again").click()
    assert "1 person matches today" in page.inner_text("#reach")
    page.fill("#id_name", "Managers")
    page.get_by_role("button", name="Save audience").click()
    assert Audience.unscoped.get().rule == {"all": [{"field": "role", "is": ["manager"]}]}


def test_filters_of_the_list_act_at_once_and_stay_in_the_address(world, open_as):
    page = open_as(world.adi, reverse("people:list"))
    page.select_option("select[name=role]", "manager")
    page.wait_for_url("**role=manager**")
    assert page.inner_text("h1") == "1 person matches"


def test_signing_in_by_keyboard_leads_to_where_one_wanted(world, open_as):
    page = open_as(None, reverse("people:settings"))
    page.keyboard.type(world.asha.email)  # the first field has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('people:settings')}")
    assert "for you" in page.inner_text("h1")


def addresses(world: Any) -> list[tuple[Any, str]]:
    """Every page of this part, with somebody who may see it and with something on it."""
    with world.scope():
        audience = services.create_audience(
            name="Managers", rule={"field": "role", "is": "manager"}, by=world.dana, at=world.now
        )
        services.create_audience(name="Nobody", rule={"field": "place", "is": "Oslo"}, by=world.dana, at=world.now)
        services.issue_token(name="HR", scopes=["people:read"], expires_at=None, by=world.adi, at=world.now)
        people.holiday("2027-04-25")
        text = f"email,name,team\n{world.asha.email},Asha R.,\nx@y.example,X,nowhere\n"
        entry = services.start_import(name="people.csv", text=text, by=world.adi, at=world.now)
    everything = [
        (None, reverse("lxp:sign-in")),
        (world.asha, reverse("people:settings")),
        (world.chen, reverse("people:reports")),
        (world.dana, reverse("people:audiences")),
        (world.dana, reverse("people:audience", args=[audience.slug])),
        (world.dana, reverse("people:audience", args=[audience.slug]) + "?as=text"),
        (world.adi, reverse("people:person", args=[world.asha.pk])),
        (world.adi, reverse("people:edit", args=[world.asha.pk])),
        (world.adi, reverse("people:import", args=[entry.pk])),
    ]
    names = ("list", "new", "imports", "organisation", "structure", "tokens")
    return everything + [(world.adi, reverse(f"people:{name}")) for name in names]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_pages_are_accessible_and_never_wider_than_the_window(world, open_as, width, theme):
    found = []
    for user, path in addresses(world):
        page: Page = open_as(user, path, width=width, theme=theme)
        found += [f"{path}: {one['id']} {one['nodes'][0]['target']}" for one in Axe().run(page).response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{path}: wider than {width}")
        page.context.close()
    assert found == []
