"""The library: found by words, slips of the pen, kind, skill and time; page by page; never what isn't for learners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from content import services
from content.models import ContentItem
from content.queries import Filters, library
from content.services import Teaches
from tests.factories import content as rows
from tests.factories import skills
from tests.world import World

Make = Callable[..., ContentItem]


def titles(world: World, **filters: Any) -> list[str]:
    return [item.title for item in library(world.actor(world.asha), Filters(**filters)).items]


@pytest.fixture
def shelf(inside: World, make: Make) -> World:
    coaching, security = skills.skill("coaching"), skills.skill("security")
    make("article", "What a coach does", summary="Helping someone think", minutes=4, teaches=[Teaches(coaching.pk, 2)],
         body={"text": "Asking questions, waiting in silence."})  # fmt: skip
    make("quiz", "Coaching check", minutes=8, teaches=[Teaches(coaching.pk, 3)])
    make("job_aid", "Phishing card", minutes=2, tags=["security", "mail"], teaches=[Teaches(security.pk, 1)],
         body={"text": "Look at the sender."})  # fmt: skip
    make("article", "Draft on coaching", publish=False)
    retired = make("article", "Old coaching text")
    services.retire_item(item=retired, by=inside.dana, at=inside.now)
    return inside


def test_everything_published_is_there_by_title(shelf: World) -> None:
    assert titles(shelf) == ["Coaching check", "Phishing card", "What a coach does"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("coaching", ["Coaching check", "What a coach does"]),
        ("coaches", ["Coaching check", "What a coach does"]),
        ("phish", ["Phishing card"]),
        ("phising", ["Phishing card"]),
        ("coahcing", ["Coaching check"]),
        ("security", ["Phishing card"]),
        ("silence", ["What a coach does"]),
        ("how do I wait in silence?", ["What a coach does"]),
        ("zebra", []),
        ("!!! ' \" & | :* ()", ["Coaching check", "Phishing card", "What a coach does"]),
    ],
)
def test_words_find_titles_tags_summaries_and_texts(shelf: World, words: str, found: list[str]) -> None:
    assert sorted(titles(shelf, q=words)) == found


def test_a_title_ranks_above_a_mention(inside: World, make: Make) -> None:
    make(title="Mention", body={"text": "Here somebody says negotiation once."})
    make(title="Negotiation basics", body={"text": "Prepare, ask, wait."})
    assert titles(inside, q="negotiation") == ["Negotiation basics", "Mention"]


def test_what_is_changed_is_found_by_its_new_words_only(inside: World, make: Make) -> None:
    item = make(title="First title")
    services.update_item(item=item, title="Giraffes", by=inside.dana, at=inside.now)
    assert titles(inside, q="giraffe") == ["Giraffes"]
    assert titles(inside, q="first") == []
    services.save_draft(item=item, body={"text": "unicorns"}, by=inside.dana, at=inside.now)
    assert titles(inside, q="unicorns") == [], "a draft is not searched"


def test_filters_narrow_and_facets_say_by_how_much(shelf: World) -> None:
    assert titles(shelf, kind="quiz") == ["Coaching check"]
    assert titles(shelf, skill="coaching") == ["Coaching check", "What a coach does"]
    assert titles(shelf, minutes=4) == ["Phishing card", "What a coach does"]
    assert titles(shelf, minutes=4, skill="coaching") == ["What a coach does"]
    page = library(shelf.actor(shelf.asha), Filters(kind="quiz", minutes=10))
    assert page.total == 1
    assert [(facet.value, facet.count) for facet in page.kinds] == [("article", 1), ("quiz", 1), ("job_aid", 1)]
    assert [(facet.value, facet.count) for facet in page.skills] == [("coaching", 1)]


def test_pages_follow_each_other_without_gap_or_repetition(inside: World, make: Make) -> None:
    for number in range(7):
        make(title=f"Pause {number % 3}", body={"text": f"pause {'pause ' * number}"})
    for words in ("", "pause"):
        seen: list[int] = []
        after = ""
        for _ in range(9):
            page = library(inside.actor(inside.asha), Filters(q=words, after=after, limit=2))
            seen += [item.pk for item in page.items]
            after = page.after
            if not after:
                break
        assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize("after", ["x", "W10", "WyJhIl0", "eyJhIjogMX0", "ÿÿ", "W251bGwsIG51bGxd"])
def test_a_cursor_that_was_tampered_with_shows_the_first_page(shelf: World, after: str) -> None:
    assert titles(shelf, after=after)[0] == "Coaching check"


def test_each_item_says_how_far_i_am(shelf: World) -> None:
    quiz = ContentItem.objects.get(title="Coaching check")
    card = ContentItem.objects.get(title="Phishing card")
    rows.attempt(shelf.asha, quiz, state="failed")
    rows.attempt(shelf.asha, card, state="completed")
    rows.attempt(shelf.ben, quiz, state="completed")
    mine = {item.title: item.mine for item in library(shelf.actor(shelf.asha), Filters()).items}
    assert mine == {"Coaching check": "failed", "Phishing card": "completed", "What a coach does": None}


def test_the_page_costs_the_same_for_one_and_for_many(
    world: World, make: Make, asha_client: Client, queries: Any
) -> None:
    make(title="One")
    url = reverse("content:library")
    asha_client.get(url)
    # user, membership, items, kinds, skills, unread messages
    for more in ((), ("Two", "Three", "Four")):
        for title in more:
            with world.scope():
                skill = skills.skill(title.lower())
            make(title=title, teaches=[Teaches(skill.pk, 2)])
        with queries(6):
            asha_client.get(url)
        with queries(6):
            asha_client.get(url, {"q": "question", "minutes": 20})


def test_the_page_shows_and_narrows(world: World, make: Make, asha_client: Client, eve_client: Client) -> None:
    make(title="The <i>pause</i>", minutes=4)
    make(title="Long read", minutes=50)
    url = reverse("content:library")
    page = asha_client.get(url).content.decode()
    assert "2 things to learn from" in page
    assert "The &lt;i&gt;pause" in page
    short = asha_client.get(url, {"minutes": "5"}).content.decode()
    assert "1 thing that fits in 5 min" in short
    assert "Long read" not in short
    nothing = asha_client.get(url, {"q": "zebra"}).content.decode()
    assert "Nothing fits all of that" in nothing
    assert asha_client.get(url, {"minutes": "x", "kind": "nope", "after": "%%"}).status_code == 200
    assert "pause" not in eve_client.get(url).content.decode()
    assert Client().get(url).status_code == 302
