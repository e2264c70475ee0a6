"""Every address against everybody: who gets in, who is told no, who finds nothing there at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from tests.architecture.permissions import ALL, L_AND_D, MATRIX, Page, things_of

NAMED = ("asha", "ben", "chen", "dana", "adi")
OPEN_TO_ALL_TOKENS = {"api:schema", "api:docs"}
"""The API document: readable by anybody, because it holds nothing of anybody's."""

REFUSED = (403, 404)
API = "api:"


def _patterns(resolver: Any, namespace: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            yield f"{namespace}{pattern.name}", pattern


ADDRESSES = dict(_patterns(get_resolver()))


def test_every_address_stands_in_the_matrix():
    pages = {name for name in ADDRESSES if not name.startswith(API)}
    assert pages - MATRIX.keys() == set(), "Say in permissions.py who may open these."
    assert MATRIX.keys() - pages == set(), "These addresses are gone."


@pytest.fixture
def things(world):
    return things_of(world)


def _send(client: Client, name: str, page: Page, things: SimpleNamespace) -> HttpResponse:
    url = reverse(name, kwargs=page.args(things))
    client.raise_request_exception = False
    session = client.cookies.get(settings.SESSION_COOKIE_NAME)
    # Each request in a world of its own: what one changes, the next doesn't meet, not even having signed out.
    with transaction.atomic():
        response = client.post(url, page.data(things)) if page.post else client.get(url)
        transaction.set_rollback(True)
    if session is not None:
        client.cookies[settings.SESSION_COOKIE_NAME] = session.value
    cache.clear()
    return response


@pytest.mark.parametrize("name", NAMED)
def test_pages_open_for_whom_the_matrix_says_and_for_nobody_else(world, things, name):
    wrong = []
    client = world.client(getattr(world, name))
    for address, page in MATRIX.items():
        status = _send(client, address, page, things).status_code
        fits = status in REFUSED if name not in page.allowed else status not in (401, *REFUSED, 405) and status < 500
        if not fits:
            wrong.append(f"{address}: {status}")
    assert wrong == [], "\n".join(wrong)


def test_a_stranger_with_every_role_elsewhere_finds_nothing_of_ours(world, things):
    wrong = []
    client = world.client(world.eve)
    for address, page in MATRIX.items():
        response = _send(client, address, page, things)
        of_ours = page.ours and bool(page.args(things))
        status = response.status_code
        if of_ours and status != 404:
            wrong.append(f"{address}: {status}")
        if status == 200 and re.search(r"Fernhill|fernhill|Asha|Chen Wei", response.text) and page.ours:
            wrong.append(f"{address}: shows something of Fernhill's")
    assert wrong == [], "\n".join(wrong)


def test_who_is_not_signed_in_is_asked_in(world, things):
    wrong = []
    for address, page in MATRIX.items():
        response = _send(Client(), address, page, things)
        asked_in = response.status_code != 302 or response["Location"].startswith(("/sign-in/", "/password/"))
        if response.status_code != page.signed_out or not asked_in:
            wrong.append(f"{address}: {response.status_code}")
    assert wrong == [], "\n".join(wrong)


# ---------------------------------------------------------------- the REST API: one rule for all of it


def _api_calls(things: SimpleNamespace) -> Iterator[tuple[str, str, str, bool]]:
    """(name, method, path, whether the path names something of Fernhill's) of every operation."""
    known = {
        "person": things.world.asha.pk, "audience": things.audience.slug, "session": things.session.uuid,
        "booking": things.session.bookings(manager="unscoped").get().pk, "journey": "leading",
        "step": things.assignment.step_id, "cohort": things.cohort.slug, "enrolment": things.enrolment.pk,
        "assignment": things.assignment.pk, "override": things.override.pk, "act": things.act.pk,
        "item": things.item.slug,
    }  # fmt: skip
    for name, pattern in ADDRESSES.items():
        if not name.startswith(API) or name in OPEN_TO_ALL_TOKENS:
            continue
        names = list(pattern.pattern.regex.groupindex)
        resource = name.removeprefix(API).split("-")[0]
        kwargs = {key: things.session.uuid if key == "uuid" else known[resource] for key in names}
        path = reverse(name, kwargs=kwargs)
        for method in list(pattern.callback.actions):  # a call adds to it
            yield name, method, path, bool(kwargs)


def _call(client: Client, method: str, path: str) -> int:
    client.raise_request_exception = False
    with transaction.atomic():
        response = getattr(client, method)(
            path, **({} if method == "get" else {"data": {}, "content_type": "application/json"})
        )
        transaction.set_rollback(True)
    return response.status_code


@pytest.mark.parametrize("name", NAMED)
def test_the_api_is_for_systems_and_the_learning_team(world, things, name):
    wrong = []
    client = world.client(getattr(world, name))
    for address, method, path, _named in _api_calls(things):
        status = _call(client, method, path)
        fits = status not in (401, 404, 405) and status < 500 if name in L_AND_D else status == 403
        if not fits:
            wrong.append(f"{method} {address}: {status}")
    assert wrong == [], "\n".join(wrong)


def test_a_stranger_finds_nothing_of_ours_in_the_api(world, things):
    browser, token = world.client(world.eve), world.api(organisation=world.harbour)
    wrong = []
    for address, method, path, named in _api_calls(things):
        for client in (browser, token):
            status = _call(client, method, path)
            if named and status != 404:
                wrong.append(f"{method} {address}: {status}")
    assert wrong == [], "\n".join(wrong)


def test_the_api_asks_who_is_there(world, things):
    wrong = [
        f"{method} {address}: {status}"
        for address, method, path, _named in _api_calls(things)
        if (status := _call(Client(), method, path)) != 401
    ]
    assert wrong == [], "\n".join(wrong)


def test_the_matrix_knows_everybody():
    assert set(NAMED) == ALL
