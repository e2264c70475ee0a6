"""The formula that turns evidence into a level: what it promises, for any evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lxp.skills.estimate import TAKING_PART, TRUST, Observation, estimate

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def observations(sources: list[str]) -> st.SearchStrategy[Observation]:
    return st.builds(
        Observation,
        level=st.floats(0, 5),
        weight=st.floats(0.1, 2),
        source=st.sampled_from(sources),
        at=st.integers(0, 2000).map(lambda days: START + timedelta(days=days)),
    )


ANY = st.lists(observations(sorted(TRUST)), max_size=8)


def seen(level: float, source: str = "quiz", days: int = 0, weight: float = 1) -> Observation:
    return Observation(level=level, weight=weight, source=source, at=START + timedelta(days=days))


def test_nothing_observed_is_level_zero() -> None:
    assert estimate([]) == 0


def test_one_measurement_is_believed() -> None:
    assert estimate([seen(3.4)]) == 3.4


def test_a_year_halves_what_a_measurement_weighs() -> None:
    assert estimate([seen(1, days=0), seen(4, days=365)]) == 3.0


def test_a_manager_is_believed_more_than_oneself() -> None:
    assert estimate([seen(4, "self"), seen(2, "manager")]) == 2.5


def test_reading_about_it_gets_a_third_of_the_way() -> None:
    assert estimate([seen(3, "content")]) == 1.0
    assert estimate([seen(3, "content"), seen(3, "content", days=1)]) == 1.0


@given(ANY)
def test_the_estimate_never_exceeds_what_was_observed(evidence: list[Observation]) -> None:
    assert 0 <= estimate(evidence) <= max((one.level for one in evidence), default=0) + 0.005


@given(ANY, st.randoms())
def test_order_does_not_matter(evidence: list[Observation], random: object) -> None:
    shuffled = evidence[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert abs(estimate(shuffled) - estimate(evidence)) <= 0.011


@given(ANY, st.integers(-4000, 4000))
def test_only_differences_in_age_matter(evidence: list[Observation], days: int) -> None:
    moved = [Observation(one.level, one.weight, one.source, one.at + timedelta(days=days)) for one in evidence]
    assert abs(estimate(moved) - estimate(evidence)) <= 0.011


@given(ANY, observations(sorted(TAKING_PART)))
def test_taking_part_never_lowers(evidence: list[Observation], more: Observation) -> None:
    assert estimate([*evidence, more]) >= estimate(evidence)
