"""Coverage of a recording: never more than was seen, never more than there was time to see."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from content.coverage import MAX_SPEED, coverage, credit, length, union

SECONDS = st.integers(0, 600).map(lambda tenths: tenths / 10)
STRETCHES = st.lists(st.tuples(SECONDS, SECONDS), max_size=12)
LENGTHS = st.integers(1, 600).map(lambda tenths: tenths / 10)


def painted(stretches: list[tuple[float, float]], seconds: float = 100.0) -> set[int]:
    """The same seconds counted naively: tenth by tenth."""
    return {
        tenth
        for start, end in stretches
        for tenth in range(round(start * 10), round(min(end, seconds) * 10))
        if tenth < round(seconds * 10)
    }


def test_watching_the_same_part_twice_counts_once() -> None:
    assert coverage([(0, 30), (10, 30), (20, 40)], 100) == 0.4


def test_what_lies_outside_the_recording_counts_nothing() -> None:
    assert coverage([(-50, 10), (90, 500)], 100) == 0.2
    assert coverage([(0, 10)], 0) == 0


def test_stretches_that_are_no_stretches_are_dropped() -> None:
    nonsense = [(5, 5), (9, 2), (float("nan"), 3), (0, float("inf"))]
    assert union(nonsense) == []
    assert credit([], nonsense, seconds=100, allowance=1000) == []


def test_time_that_did_not_pass_is_not_credited() -> None:
    assert credit([], [(0, 100)], seconds=100, allowance=5 * MAX_SPEED) == [(0, 10)]
    assert credit([], [(0, 100)], seconds=100, allowance=-1) == []


def test_what_was_cut_is_credited_when_there_was_time() -> None:
    once = credit([], [(0, 100)], seconds=100, allowance=10)
    assert credit(once, [(0, 100)], seconds=100, allowance=40) == [(0, 50)]


@given(STRETCHES)
def test_the_union_holds_the_same_seconds(stretches: list[tuple[float, float]]) -> None:
    merged = union(stretches)
    assert painted(list(merged)) == painted(stretches)
    assert all(before[1] < after[0] for before, after in pairwise(merged))


@given(STRETCHES, LENGTHS)
def test_coverage_is_the_share_of_distinct_seconds(stretches: list[tuple[float, float]], seconds: float) -> None:
    assert abs(coverage(stretches, seconds) - len(painted(stretches, seconds)) / (seconds * 10)) < 1e-6


@given(STRETCHES, STRETCHES, LENGTHS, st.floats(-10, 200))
def test_credit_stays_within_what_was_played_and_what_there_was_time_for(
    known: list[tuple[float, float]], played: list[tuple[float, float]], seconds: float, allowance: float
) -> None:
    credited = credit(known, played, seconds=seconds, allowance=allowance)
    before = length(credit(known, [], seconds=seconds, allowance=0))
    assert length(credited) <= before + max(0.0, allowance) + 1e-6
    assert length(credited) >= before - 1e-6
    assert length([*known, *played, *credited]) <= length([*known, *played]) + 1e-6


@given(STRETCHES, STRETCHES, LENGTHS, st.floats(0, 200))
def test_sending_the_same_again_changes_nothing(
    known: list[tuple[float, float]], played: list[tuple[float, float]], seconds: float, allowance: float
) -> None:
    once = credit(known, played, seconds=seconds, allowance=allowance)
    assert credit(once, played, seconds=seconds, allowance=0) == once
