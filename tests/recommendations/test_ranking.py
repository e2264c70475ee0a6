"""Which few items would help most: pure."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from recommendations.ranking import MOST, PER_SKILL, Catalogue, Gap, Item, Learner, Lesson, fit, rank

NEGOTIATION, COACHING, SQL = 1, 2, 3


def item(pk, *lessons, minutes=10, language="en"):
    return Item(pk, language, minutes, tuple(Lesson(*lesson) for lesson in lessons))


def learner(*gaps, ruled_out=(), languages=("en",)):
    return Learner(tuple(Gap(*gap) for gap in gaps), frozenset(languages), frozenset(ruled_out))


def ids(who, *items):
    return [pick.item_id for pick in rank(who, Catalogue(items))]


def test_the_wider_and_the_more_important_gap_comes_first():
    who = learner((NEGOTIATION, 2, 3, 5), (COACHING, 1, 3, 3), (SQL, 1, 2, 1))
    picks = rank(who, Catalogue([item(1, (SQL, 2, 1)), item(2, (NEGOTIATION, 3, 1)), item(3, (COACHING, 2, 1))]))
    assert [(pick.item_id, pick.score, pick.gap.skill_id) for pick in picks] == [
        (3, 6.0, COACHING),
        (2, 5.0, NEGOTIATION),
        (1, 1.0, SQL),
    ]


def test_of_one_skill_the_lower_level_comes_first():
    who = learner((COACHING, 1, 4, 3))
    assert ids(who, item(4, (COACHING, 4, 1)), item(2, (COACHING, 2, 1))) == [2, 4]


def test_what_repeats_the_present_level_teaches_nothing():
    assert ids(learner((COACHING, 2, 4, 3)), item(1, (COACHING, 2, 1)), item(2, (COACHING, 1, 1))) == []


def test_how_much_an_item_is_about_a_skill_counts():
    who = learner((COACHING, 1, 3, 3))
    assert ids(who, item(1, (COACHING, 2, 0.2)), item(2, (COACHING, 2, 0.9))) == [2, 1]


def test_one_item_may_close_two_gaps_and_the_heavier_is_the_reason():
    who = learner((COACHING, 1, 3, 5), (SQL, 0, 2, 1))
    (pick,) = rank(who, Catalogue([item(1, (COACHING, 2, 1), (SQL, 1, 1))]))
    assert (pick.score, pick.gap.skill_id) == (12.0, COACHING)


def test_equal_needs_give_the_shorter_then_the_older_item():
    who = learner((COACHING, 1, 3, 3), (SQL, 1, 3, 3))
    assert ids(who, item(9, (SQL, 2, 1), minutes=5), item(4, (COACHING, 2, 1)), item(3, (SQL, 2, 1))) == [9, 3, 4]


def test_two_of_three_for_one_skill_and_the_next_skill_moves_up():
    who = learner((COACHING, 0, 5, 5), (SQL, 1, 2, 1))
    coaching = [item(pk, (COACHING, 1, 1)) for pk in (1, 2, 3, 4)]
    assert ids(who, *coaching, item(5, (SQL, 2, 1))) == [1, 2, 5]


def test_languages_are_compared_without_their_region():
    who = learner((COACHING, 1, 3, 3), languages=("en-gb", "pt"))
    items = [item(1, (COACHING, 2, 1), language="de"), item(2, (COACHING, 2, 1), language="pt-BR")]
    assert ids(who, *items, item(3, (COACHING, 2, 1), language="en")) == [2, 3]


def test_nobody_without_a_gap_is_bothered():
    assert ids(learner(), item(1, (COACHING, 2, 1))) == []


levels = st.integers(0, 10).map(lambda half: half / 2)
skills = st.integers(1, 4)
lessons = st.lists(
    st.tuples(skills, levels, st.sampled_from([0.2, 0.5, 1.0])), max_size=3, unique_by=lambda row: row[0]
)
items = st.lists(
    st.tuples(st.integers(1, 40), lessons, st.integers(1, 30), st.sampled_from(["en", "de"])),
    max_size=20,
    unique_by=lambda row: row[0],
).map(lambda rows: [item(pk, *taught, minutes=minutes, language=code) for pk, taught, minutes, code in rows])
gaps = st.lists(st.tuples(skills, levels, levels, st.integers(1, 5)), max_size=4, unique_by=lambda row: row[0])
excluded = st.sets(st.integers(1, 40), max_size=15)


@given(items, gaps, excluded, st.randoms())
def test_whatever_comes_in_the_rules_hold(found, wanted, out, random):
    who = learner(*wanted, ruled_out=out)
    picks = rank(who, Catalogue(found))
    by_id = {one.id: one for one in found}

    assert len(picks) <= MOST
    assert len({pick.item_id for pick in picks}) == len(picks)
    assert not out & {pick.item_id for pick in picks}
    assert all(by_id[pick.item_id].language == "en" for pick in picks)
    assert max(Counter(pick.gap.skill_id for pick in picks).values(), default=0) <= PER_SKILL
    for pick in picks:
        assert pick.score > 0
        assert pick.gap.target > pick.gap.level, "the reason is a real gap"
        assert any(
            lesson.skill_id == pick.gap.skill_id and lesson.level > pick.gap.level
            for lesson in by_id[pick.item_id].lessons
        ), "and the item teaches more of it than they have"

    random.shuffle(found)
    shuffled = Learner(tuple(random.sample(who.gaps, len(who.gaps))), who.languages, who.ruled_out)
    assert rank(shuffled, Catalogue(found)) == picks, "order of input plays no part"


@given(items, gaps)
def test_dismissing_the_first_one_removes_it_and_keeps_the_order_of_the_rest(found, wanted):
    before = rank(learner(*wanted), Catalogue(found))
    if before:
        after = rank(learner(*wanted, ruled_out=[before[0].item_id]), Catalogue(found))
        assert before[0].item_id not in {pick.item_id for pick in after}
        assert [pick for pick in after if pick in before[1:]] == before[1:]


@given(levels, levels)
def test_fit_peaks_one_level_up(lesson, level):
    assert 0 <= fit(lesson, level) <= fit(level + 1, level) == 1
