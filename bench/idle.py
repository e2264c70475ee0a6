"""What a tick costs that finds nothing to do, with ten thousand and with a million messages still ahead."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from django.db import connection

from bench.report import Result, at_most
from bench.world import make_learners, make_organisation
from journeys.services import open_due
from lxp import clock
from lxp.events import drain
from lxp.messaging.services import deliver_due
from lxp.tenancy import current_id, scope
from sessions.services import settle_due

FEW, MANY = 10_000, 1_000_000
PEOPLE = 1_000
TICKS = 200

_FUTURE = """
    INSERT INTO lxp_message (organisation_id, recipient_id, scope, suffix, about_at, kind, category, mandatory, channel,
        params, reason, due_at, planned_at, state, because, attempts, title, body, url)
    SELECT %s, (%s::bigint[])[1 + n %% %s], 'enrolment:' || n / 20, 'reminder:step-' || n %% 20, now() + '3 days',
        'journeys.reminder', 'assignment', false, 'email', '{"keys": ["step"]}', 'It is due tomorrow.',
        now() + '1 day'::interval + n * '8 seconds'::interval, now(), 'planned', '', 0, '', '', ''
    FROM generate_series(%s, %s) AS n
"""


def measure() -> Sequence[Result]:
    """`tick_idle_growth`: the median tick at a million over the median tick at ten thousand."""
    with scope(make_organisation()):
        people = make_learners(PEOPLE)
        few = _with_messages(people, 1, FEW)
        many = _with_messages(people, FEW + 1, MANY)
    return [
        at_most("tick_idle_growth", many / few, "×", 1.5,
                f"median of {TICKS} ticks (deliver, open, settle, drain): {few:.2f} ms with {FEW:,} future messages, "
                f"{many:.2f} ms with {MANY:,}")
    ]  # fmt: skip


def _with_messages(people: list[int], first: int, last: int) -> float:
    """Add future messages up to number `last`; the median milliseconds of a tick then."""
    with connection.cursor() as cursor:
        cursor.execute(_FUTURE, [current_id(), people, len(people), first, last])
        cursor.execute("VACUUM ANALYZE lxp_message")
    for _ in range(20):
        _tick()  # plans cached, pages in memory
    return median(_tick() for _ in range(TICKS)) * 1000


def _tick() -> float:
    at = clock.now()
    began = time.perf_counter()
    done = [deliver_due(at=at).sent, open_due(at=at), settle_due(at=at), drain(at=at)]
    seconds = time.perf_counter() - began
    assert not any(done), "Something was due."
    return seconds
