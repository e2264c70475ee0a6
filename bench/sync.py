"""A cohort of 10,000 into assignments and messages, and the same after its session moved."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.report import Result, at_most
from bench.world import Large, make_cohort, make_learners, make_organisation
from journeys.models import Assignment
from journeys.services import sync_cohort
from journeys.services.sync import CHUNK
from lxp.messaging.models import Message
from lxp.tenancy import scope
from sessions import services as live

LEARNERS = 10_000
MEMORY = 400  # megabytes


def measure() -> Sequence[Result]:
    """`sync_10k` and `reschedule_10k`."""
    organisation = make_organisation()
    with scope(organisation):
        few, half = _statements(200, "few"), _statements(CHUNK // 2, "half")
        large = make_cohort(make_learners(LEARNERS, first=100_000))
        _analyse()
        before = _peak()
        seconds, statements = _sync(large)
        memory, wrote = _peak(), _written(large)
        again, _ = _sync(large)
        first = at_most(
            "sync_10k", seconds, "s", 15.0,
            f"{wrote} for {LEARNERS:,} learners × 12 steps; peak {memory:.0f} MB (limit {MEMORY}, {before:.0f} before);"
            f" {statements} statements, {few} for 200 learners and {half} for {CHUNK // 2:,}; again {again:.1f} s",
            also=memory <= MEMORY and few == half and _is_settled(large),
        )  # fmt: skip
        return [first, _reschedule(large)]


def _reschedule(large: Large) -> Result:
    """The session moves by two days and an hour; everything planned around it follows, and everybody is told."""
    began = time.perf_counter()
    wall = large.session.start_local.replace(tzinfo=None) + timedelta(days=2, hours=1)
    live.reschedule_session(session=large.session, start_local=wall, by=None, at=large.at + timedelta(hours=1))
    large.at += timedelta(hours=1)
    _sync(large)
    seconds = time.perf_counter() - began
    moved = Assignment.objects.filter(enrolment__cohort=large.cohort, session=large.session)
    starts = set(moved.values_list("opens_at", flat=True))
    large.session.refresh_from_db()
    right = starts == {large.session.starts_at - timedelta(minutes=10)}
    return at_most(
        "reschedule_10k", seconds, "s", 8.0, f"{_written(large)} of the same cohort follow their session", also=right
    )


def _sync(large: Large) -> tuple[float, int]:
    with CaptureQueriesContext(connection) as caught:
        began = time.perf_counter()
        sync_cohort(cohort=large.cohort, at=large.at)
        seconds = time.perf_counter() - began
        return seconds, len(caught.captured_queries)


def _statements(count: int, slug: str) -> int:
    """How many statements a first sync of so many learners takes, all in one chunk."""
    large = make_cohort(make_learners(count, first=count * 10), slug=slug)
    return _sync(large)[1]


def _is_settled(large: Large) -> bool:
    result = sync_cohort(cohort=large.cohort, at=large.at)
    return not (result.assignments or result.messages)


def _written(large: Large) -> str:
    assignments = Assignment.objects.filter(enrolment__cohort=large.cohort).count()
    messages = Message.objects.filter(state="planned").count()
    return f"{assignments:,} assignments and {messages:,} messages"


def _analyse() -> None:
    """As autovacuum would have by the time somebody schedules a cohort."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _peak() -> float:
    """The most memory this process ever had, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 / (1024 if sys.platform == "darwin" else 1)
