"""Who may need a hand, and why: pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recommendations.insights import (
    RULES,
    Action,
    Ahead,
    Candidate,
    Failed,
    Late,
    Missed,
    Offered,
    Standing,
    easier,
    find,
    urgency,
)

NOW = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
ITEM = Offered(7, "Open questions", 6)


def standing(active_days=1.0, **facts):
    facts = {name: tuple(values) for name, values in facts.items()}
    return Standing(1, NOW - timedelta(days=active_days), **facts)


def late(days, key="read", **more):
    return Late(key, key.capitalize(), NOW - timedelta(days=days), **more)


def ahead(days, seated=True, waiting=()):
    return Ahead("practise", "Practise the pause", NOW + timedelta(days=days), seated, tuple(waiting))


def kind(of, **more):
    found = find(of, at=NOW, **more)
    return (found.kind, found.action) if found else None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, None),
        ({"ahead": [ahead(2, waiting=["Read"])]}, ("not_ready", "nudge")),
        ({"ahead": [ahead(2.01, waiting=["Read"])]}, None),
        ({"ahead": [ahead(1)]}, None),
        ({"ahead": [ahead(7, seated=False)]}, ("not_booked", "nudge")),
        ({"ahead": [ahead(7.01, seated=False)]}, None),
        ({"ahead": [ahead(1, seated=False, waiting=["Read"])]}, ("not_booked", "nudge")),
        ({"missed": [Missed("practise", "Practise", NOW - timedelta(days=1))]}, ("missed_live", "talk")),
        ({"failed": [Failed("check", "Check", 1)]}, None),
        ({"failed": [Failed("check", "Check", 2)]}, ("failed_twice", "talk")),
        ({"failed": [Failed("check", "Check", 2, ITEM)]}, ("failed_twice", "add_item")),
        ({"late": [late(3)]}, None),
        ({"late": [late(3.01)]}, ("overdue", "more_time")),
        ({"late": [late(4, extended=True)]}, ("overdue", "talk")),
        ({"late": [late(14)]}, ("overdue", "more_time")),
        ({"late": [late(14.1)]}, ("overdue", "talk")),  # three days more or less are not the question any more
        ({"late": [late(4)], "active_days": 14}, ("quiet", "talk")),
        ({"late": [late(4)], "active_days": 13.9}, ("overdue", "more_time")),
        ({"active_days": 90}, None),  # nothing is asked of them: being away is nobody's business
    ],
)
def test_when_each_rule_holds_and_what_it_suggests(facts, expected):
    assert kind(standing(**facts)) == expected


def test_the_most_pressing_one_is_said_and_only_that():
    of = standing(
        20,
        late=[late(9)],
        failed=[Failed("check", "Check", 3)],
        missed=[Missed("intro", "Intro", NOW - timedelta(days=9))],
        ahead=[ahead(1, waiting=["Read"])],
    )
    order = []
    settled = set()
    while found := find(of, at=NOW, settled=settled):
        order.append(found.kind)
        settled.add((found.kind, found.about))
    assert order == ["not_ready", "missed_live", "failed_twice", "quiet"], "overdue says less of the same than quiet"
    assert [urgency(name) for name in order] == sorted(urgency(name) for name in order)


def test_what_was_settled_comes_back_only_for_something_else():
    first = find(standing(late=[late(4)]), at=NOW)
    assert find(standing(late=[late(4)]), at=NOW, settled={(first.kind, first.about)}) is None
    moved = standing(late=[Late("read", "Read", NOW - timedelta(days=3, hours=1))])
    assert find(moved, at=NOW, settled={(first.kind, first.about)}).kind == "overdue"


def test_a_further_failed_try_is_news():
    first = find(standing(failed=[Failed("check", "Check", 2)]), at=NOW)
    again = find(standing(failed=[Failed("check", "Check", 3)]), at=NOW, settled={(first.kind, first.about)})
    assert again.facts == {"step": "Check", "tries": 3}


def test_facts_hold_every_number_that_is_shown():
    found = find(standing(late=[late(5, "check"), late(9, "read"), late(1, "apply")]), at=NOW)
    assert found.facts == {"step": "Read", "due_at": (NOW - timedelta(days=9)).isoformat(), "count": 3}
    assert found.value == {"keys": ["read", "check", "apply"], "days": 3}


def test_every_rule_is_documented_in_the_table():
    assert [rule.kind for rule in RULES] == [
        "not_ready", "not_booked", "missed_live", "failed_twice", "quiet", "overdue",
    ]  # fmt: skip
    assert all(rule.when and rule.suggests for rule in RULES)


def test_another_way_to_learn_it_is_no_harder_and_best_of_another_kind():
    def candidate(pk, kind="article", level=2.0, minutes=5):
        return Candidate(Offered(pk, f"Item {pk}", minutes), kind, level)

    found = [candidate(1, "quiz", 1), candidate(2, level=3), candidate(3, level=4), candidate(4, level=3, minutes=4)]
    assert easier(found, kind="quiz", level=3, not_these=()).item_id == 4
    assert easier(found, kind="quiz", level=3, not_these={4, 2}).item_id == 1
    assert easier(found, kind="quiz", level=3, not_these={4, 2, 1}) is None


def test_actions_are_those_that_can_be_undone():
    assert {Action.MORE_TIME, Action.ADD_ITEM, Action.NUDGE, Action.TALK} == {
        value for name, value in vars(Action).items() if name.isupper()
    }
