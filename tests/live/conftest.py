"""What tests of live sessions share: a session three days ahead, and who is offered it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sessions import access
from tests.factories import live


@pytest.fixture
def thursday(world):
    """Thursday 12 March, 15:00 to 16:00 in Lisbon, led by Ben, with 2 seats; the clock stands ten days before."""
    with world.scope():
        kind = live.template("Practise the pause", blocks=3, capacity=2)
        return live.session("2026-03-12 15:00", template=kind, lead=world.ben, place="Room 4")


@pytest.fixture
def friday(world, thursday):
    """An alternative to Thursday's session: the same template, a day later."""
    with world.scope():
        return live.session("2026-03-13 10:00", template=thursday.template, capacity=2)


@pytest.fixture
def offer(monkeypatch) -> Iterator[set]:
    """Offers: put (user id, session id) into the set and the session is offered to that person."""
    pairs: set[tuple[int, int]] = set()
    monkeypatch.setattr(access, "_checks", [lambda user, ids: [pk for pk in ids if (user.pk, pk) in pairs]])
    return pairs
