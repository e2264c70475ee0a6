"""The frame of every page: workspaces and places by role, where one is, what it costs; and pages for errors."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.db import DatabaseError
from django.test import Client, RequestFactory
from django.urls import reverse

from lxp.people.models import Role
from lxp.web import errors, places
from lxp.web.jinja import address
from tests.factories import messaging

SETTINGS = reverse("people:settings")


def bar(page):
    return re.findall(
        r'<li><a href="([^"]+)"(?: aria-current="page")?>', re.search(r"<nav aria-label.*?</nav>", page, re.S).group()
    )


def current(page):
    return re.findall(
        r'<a href="([^"]+)" aria-current="page"', re.search(r"<nav aria-label.*?</nav>", page, re.S).group()
    )


# ---------------------------------------------------------------- the map


def test_every_place_of_the_map_is_unique_and_has_an_icon_that_exists():
    from tests.architecture.sources import ROOT

    sprite = (ROOT / "static/icons/sprite.svg").read_text()
    for workspace in places.MAP:
        names = [place.name for place in workspace.places]
        assert len(names) == len(set(names))
        assert len(names) <= 6, f"{workspace.key}: more than a bar holds"
        for place in workspace.places:
            assert f'id="i-{place.icon}"' in sprite, place.icon


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("asha", ["learn"]),
        ("ben", ["learn", "facilitate"]),
        ("chen", ["learn", "team"]),
        ("dana", ["learn", "design"]),
        ("adi", ["learn", "design", "admin"]),
        ("eve", ["learn", "team", "facilitate", "design", "admin"]),
    ],
)
def test_roles_open_workspaces(world, name, keys):
    mine = places.workspaces_of(world.actor(getattr(world, name)))
    assert [workspace.key for workspace in mine] == keys


def test_only_places_that_can_be_reached_stand_in_the_bar(world, adi_client):
    shown = bar(adi_client.get(reverse("people:organisation")).text)
    admin = next(workspace for workspace in places.MAP if workspace.key == "admin")
    assert shown == [url for place in admin.places if (url := address(place.name))]
    assert address("no:such-page") is None


def test_one_workspace_needs_no_switch(world, asha_client, chen_client):
    assert 'class="workspace"' not in asha_client.get(SETTINGS).text
    assert 'class="workspace"' in chen_client.get(SETTINGS).text


def test_a_page_shows_the_workspace_it_belongs_to(world, adi_client):
    page = adi_client.get(reverse("people:list")).text
    assert current(page) == [reverse("people:list")]
    page = adi_client.get(reverse("people:person", args=[world.asha.pk])).text
    assert current(page) == [reverse("people:list")]
    page = adi_client.get(reverse("people:tokens")).text
    assert current(page) == [reverse("people:tokens")]
    page = adi_client.get(reverse("lxp:home")).text
    assert current(page) == [reverse("lxp:home")]


def test_pages_of_no_workspace_stay_in_the_one_that_was_chosen(world, adi_client):
    assert reverse("lxp:home") in bar(adi_client.get(SETTINGS).text)
    response = adi_client.get(reverse("lxp:workspace", args=["admin"]))
    assert response["Location"] == places.landing(next(w for w in places.MAP if w.key == "admin"))
    assert reverse("people:tokens") in bar(adi_client.get(SETTINGS).text)
    assert adi_client.get(reverse("lxp:workspace", args=["team"])).status_code == 404
    assert adi_client.get(reverse("lxp:workspace", args=["nowhere"])).status_code == 404


def test_the_start_page_covers_only_itself():
    actor = SimpleNamespace(has=lambda *roles: True, roles=frozenset(Role.values))
    mine = places.workspaces_of(actor)  # type: ignore[arg-type]
    learn = mine[0]
    assert [stop.current for stop in places.stops(learn, "/nothing/of/ours/")] == [False] * len(
        places.stops(learn, "/")
    )
    assert places.stops(learn, "/")[0].current


def test_the_bell_counts_what_is_unread_at_one_query(world, asha_client, queries):
    with world.scope():
        messaging.message(world.asha, state="sent")
    with queries(4):  # user, membership, organisations, unread
        shown = asha_client.get(SETTINGS).text
    assert "1 new" in shown


def test_language_direction_and_theme_follow_the_person(world, asha_client):
    world.asha.locale, world.asha.theme = "ar", "dark"
    world.asha.save()
    page = asha_client.get(SETTINGS).text
    assert '<html lang="ar" dir="rtl" data-theme="dark">' in page


# ---------------------------------------------------------------- errors


def test_what_is_not_there_says_so_with_a_way_on(world, asha_client):
    response = asha_client.get("/nothing/of/ours/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.text


def test_a_refusal_says_who_can(world, asha_client):
    response = asha_client.get(reverse("people:person", args=[world.ben.pk]))
    assert response.status_code == 403
    assert "Their manager and the learning team can see this." in response.text


def test_an_old_form_is_refused_with_what_to_do(world):
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(reverse("lxp:sign-in"), {"username": "x"})
    assert response.status_code == 403
    assert "This page was open for too long" in response.text


def test_a_fault_of_ours_shows_an_id_to_quote_and_nothing_else(world, asha_client, monkeypatch):
    def broken(*_args, **_more):
        raise DatabaseError("password=secret")

    monkeypatch.setattr("lxp.people.queries.organisations_of", broken)
    asha_client.raise_request_exception = False
    response = asha_client.get(SETTINGS, headers={"x-request-id": "quote-me"})
    assert response.status_code == 500
    assert "quote-me" in response.text
    assert "secret" not in response.text


def test_error_pages_need_neither_session_nor_scope_nor_database():
    request = RequestFactory().get("/somewhere/")  # no session, no user, no organisation; and no database in this test
    assert errors.bad_request(request).status_code == 400
    assert errors.not_found(request, Exception("inside")).status_code == 404
    assert "inside" not in errors.not_found(request, Exception("inside")).text
    assert errors.failed(request).status_code == 500
    api = RequestFactory().get("/api/v1/x/")
    assert errors.failed(api)["Content-Type"] == "application/problem+json"
