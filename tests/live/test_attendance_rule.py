"""The rule that makes attendance of presence."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.attendance import LEASE, Interval, decide, presence

START = datetime(2026, 3, 5, 15, tzinfo=UTC)
END = START + timedelta(minutes=60)


def minute(n):
    return START + timedelta(minutes=n)


def stay(first, last):
    return Interval(minute(first), minute(last))


def rule(*intervals, began=START, ended=END, planned=60, attended=0.75, partial=0.25):
    return decide(intervals, began=began, ended=ended, planned=timedelta(minutes=planned), attended_share=attended,
                  partial_share=partial)  # fmt: skip


SECONDS = st.integers(-3600, 7200)
STAYS = st.lists(
    st.tuples(SECONDS, SECONDS).map(
        lambda pair: Interval(START + timedelta(seconds=min(pair)), START + timedelta(seconds=max(pair)))
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("stays", "status", "minutes"),
    [
        ([stay(0, 60)], "attended", 60),
        ([stay(-10, 90)], "attended", 60),
        ([stay(0, 45)], "attended", 45),
        ([stay(0, 44)], "partial", 44),
        ([stay(0, 15)], "partial", 15),
        ([stay(0, 14)], "missed", 14),
        ([], "missed", 0),
        ([stay(70, 90)], "missed", 0),
        ([stay(0, 20), stay(0, 20), stay(5, 20)], "partial", 20),
        ([stay(0, 20), stay(21, 46)], "attended", 46),  # a minute's gap is no absence
        ([stay(0, 20), stay(22, 46)], "partial", 44),  # two minutes are
    ],
)
def test_share_decides(stays, status, minutes):
    found = rule(*stays)
    assert (found.status, found.minutes) == (status, minutes)


def test_a_session_that_ends_early_asks_for_less():
    assert rule(stay(0, 24), ended=minute(30)).status == "attended"


def test_a_session_that_runs_late_asks_for_no_more():
    found = rule(stay(0, 46), ended=minute(120))
    assert (found.status, found.minutes) == ("attended", 46)


@given(STAYS, st.integers(1, 7200))
def test_presence_never_exceeds_the_session(stays, seconds):
    ended = START + timedelta(seconds=seconds)
    found = decide(stays, began=START, ended=ended, planned=timedelta(hours=1), attended_share=0.75, partial_share=0.25)
    assert 0 <= found.minutes * 60 <= seconds


@given(STAYS)
def test_union_is_in_order_apart_and_inside(stays):
    merged = presence(stays, START, END)
    assert all(START <= i.began <= i.ended <= END for i in merged)
    assert all(b.began - a.ended >= LEASE for a, b in pairwise(merged))


@given(STAYS, st.randoms())
def test_order_and_repetition_of_sources_make_no_difference(stays, chance):
    shuffled = [*stays, *stays]
    chance.shuffle(shuffled)
    assert rule(*shuffled) == rule(*stays)


@given(STAYS, STAYS)
def test_more_evidence_never_lowers_the_outcome(stays, more):
    rank = ["missed", "partial", "attended"]
    less, all_of_it = rule(*stays), rule(*stays, *more)
    assert rank.index(all_of_it.status) >= rank.index(less.status)
    assert all_of_it.minutes >= less.minutes


@given(STAYS)
def test_deciding_from_the_union_is_deciding_from_all(stays):
    assert rule(*presence(stays, START, END)) == rule(*stays)
