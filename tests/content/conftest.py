"""What the tests of self-paced content share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from content import services
from content.models import ContentItem
from tests.content import bodies
from tests.world import World

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture
def inside(world: World) -> Iterator[World]:
    """The world with Fernhill's scope open."""
    with world.scope():
        yield world


@pytest.fixture
def make(world: World) -> Callable[..., ContentItem]:
    """`make("quiz", body=…, complete=…, teaches=[…])`: an item that Dana published in Fernhill, by the services."""

    def made(kind: str = "article", title: str = "", *, publish: bool = True, **fields: Any) -> ContentItem:
        fields.setdefault("body", bodies.BODIES[kind])
        with world.scope():
            item = services.create_item(
                kind=kind, title=title or f"The {kind.replace('_', ' ')}", by=world.dana, at=world.now, **fields
            )
            if publish:
                services.publish_item(item=item, by=world.dana, at=world.now)
            item.refresh_from_db()
        return item

    return made
