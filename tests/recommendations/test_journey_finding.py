"""Where people get off: pure."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from recommendations.journey_finding import biggest_drop, fraction, stages


def count(key, reached, done=0, missed=0, overdue=0, **more):
    fields = {
        "title": key.capitalize(),
        "part": "",
        "phase": "prework",
        "kind": "content",
        "required": True,
        "aside": False,
        **more,
    }
    return SimpleNamespace(key=key, reached=reached, done=done, missed=missed, overdue=overdue, **fields)


def test_the_step_that_loses_most_against_the_one_before():
    found = stages(
        [
            count("read", 20, done=18, overdue=2),
            count("practise", 20, done=17, missed=3, kind="live"),
            count("apply", 17, done=7, overdue=10),
            count("report", 12, done=4, overdue=8),
        ]
    )
    drop = biggest_drop(found)
    assert (drop.key, drop.turn, drop.lost, drop.late) == ("apply", 17, 10, 10)
    assert [stage.before for stage in found] == [100, 90, 85, pytest.approx(41.18, abs=0.01)]


def test_whose_turn_has_not_come_is_not_lost():
    (stage,) = stages([count("read", 20, done=6)])
    assert (stage.turn, stage.share, stage.lost, stage.waiting) == (6, 100.0, 0, 14)


def test_a_session_that_has_just_ended_has_lost_nobody_yet():
    (stage,) = stages([count("practise", 20, overdue=20, kind="live")])
    assert (stage.turn, stage.share, stage.waiting) == (0, None, 20)


def test_optional_steps_count_everybody_they_opened_for_and_are_never_the_finding():
    found = stages([count("read", 10, done=10), count("recall", 10, done=2, required=False)])
    assert found[1].share == 20
    assert biggest_drop(found) is None


def test_ways_back_lie_beside_the_line():
    found = stages([count("practise", 20, done=12, missed=8), count("catch-up", 8, done=1, overdue=7, aside=True),
                    count("apply", 12, done=6, overdue=6)])  # fmt: skip
    assert found[2].before == 60, "what comes after it goes on from the live session"
    assert biggest_drop(found).key == "practise"


def test_fewer_than_five_are_not_spoken_of():
    found = stages([count("read", 12, done=12), count("apply", 4, overdue=4)])
    assert (found[1].hidden, found[1].share) == (True, None)
    assert biggest_drop(found) is None


def test_losing_one_person_or_a_few_points_is_no_finding():
    assert biggest_drop(stages([count("read", 5, done=4, overdue=1)])) is None
    assert biggest_drop(stages([count("read", 100, done=91, overdue=9)])) is None


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (5, 10, "half"),
        (52, 100, "half"),
        (54, 100, ""),
        (1, 3, "third"),
        (3, 4, "three_quarters"),
        (1, 10, ""),
        (0, 0, ""),
    ],
)
def test_fractions_are_named_only_where_they_are_true(part, whole, expected):
    assert fraction(part, whole) == expected
