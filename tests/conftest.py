"""What every test may use: the small world of named people, their clients, the clock, and `settle()`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import ticks
from tests.world import World


@pytest.fixture(scope="session", autouse=True)
def _media_folder() -> Iterator[None]:
    yield
    shutil.rmtree(django_settings.MEDIA_ROOT, ignore_errors=True)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Throttles and cached sessions of one test never reach the next."""
    cache.clear()


@pytest.fixture
def world(db: Any) -> Iterator[World]:
    """Fernhill with Asha, Ben, Chen, Dana and Adi; Harbour with Eve; the clock stands at Mon 2 March 2026, 09:00 UTC."""
    made = World.build()
    with made:
        yield made


@pytest.fixture
def settle(world: World) -> Callable[[], None]:
    """`settle()` drains events and runs the ticks at the world's present moment until nothing moves any more."""
    return ticks.settle


def _client_of(name: str) -> Any:
    @pytest.fixture(name=f"{name}_client")
    def client(world: World) -> Client:
        return world.client(getattr(world, name))

    return client


asha_client = _client_of("asha")
ben_client = _client_of("ben")
chen_client = _client_of("chen")
dana_client = _client_of("dana")
adi_client = _client_of("adi")
eve_client = _client_of("eve")


@pytest.fixture
def api(world: World) -> Any:
    """A REST client of Fernhill's HR system, with a token that has every scope; `world.api(…)` makes others."""
    return world.api()


@pytest.fixture
def queries() -> Callable[[int], AbstractContextManager[None]]:
    """`with queries(5): …` fails with the list of statements unless exactly five are sent to the database."""

    @contextmanager
    def exactly(number: int) -> Iterator[None]:
        with CaptureQueriesContext(connection) as caught:
            yield
        sent = [query["sql"] for query in caught.captured_queries]
        if len(sent) != number:
            listing = "\n".join(f"{index:3} {sql[:400]}" for index, sql in enumerate(sent, 1))
            pytest.fail(f"{len(sent)} queries instead of {number}:\n{listing}", pytrace=False)

    return exactly
