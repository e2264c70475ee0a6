"""Items, drafts, editions: what designers change and what learners get."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from content import queries, services
from content.models import ContentItem, ContentSkill, ContentVersion
from content.services import Teaches
from lxp.events.models import DomainEvent
from tests.content import bodies
from tests.factories import skills
from tests.world import World

Make = Callable[..., ContentItem]


def test_a_new_item_is_a_draft_that_learners_do_not_see(inside: World, make: Make) -> None:
    item = make("article", "The pause", publish=False, tags=[" Coaching ", "coaching", "Live  talk"])
    assert (item.slug, item.state, item.current, item.tags) == ("the-pause", "draft", None, ["coaching", "live talk"])
    assert item.owner == inside.dana
    with pytest.raises(Http404):
        queries.item_for(inside.actor(inside.asha), item.slug)
    assert queries.item_for(inside.actor(inside.dana), item.slug, "edit") == item
    assert not queries.published_items().exists()


def test_publishing_freezes_the_draft_and_says_so(inside: World, make: Make) -> None:
    item = make("article", "The pause")
    first = item.current
    assert first is not None
    assert (first.number, first.published_at, item.state) == (1, inside.now, "published")
    assert list(DomainEvent.objects.values_list("kind", "payload")) == [
        ("content.ContentPublished", {"item_id": item.pk, "version_id": first.pk})
    ]
    with pytest.raises(ValidationError, match="Nothing has changed"):
        services.publish_item(item=item, by=inside.dana, at=inside.now)


def test_a_new_draft_leaves_the_published_edition_as_it_is(inside: World, make: Make) -> None:
    item = make("article")
    draft = services.save_draft(item=item, body={"text": "New words"}, by=inside.dana, at=inside.now, title="New title")
    again = services.save_draft(item=item, body={"text": "Newer words"}, by=inside.dana, at=inside.now)
    assert (draft.pk, again.number) == (again.pk, 2)
    item.refresh_from_db()
    assert (item.current.number, item.current.body, item.title) == (1, bodies.article(), "The article")
    services.publish_item(item=item, by=inside.dana, at=inside.now)
    item.refresh_from_db()
    assert (item.current.number, item.current.body) == (2, {"text": "Newer words"})


def test_a_body_of_another_kind_is_refused_and_nothing_is_made(inside: World, make: Make) -> None:
    with pytest.raises(ValidationError) as caught:
        make("quiz", body={"text": "This is an article"})
    assert "questions" in caught.value.message_dict
    assert not ContentItem.objects.exists()


@pytest.mark.parametrize("slug", ["manage", "media", "note"])
def test_a_slug_that_is_an_address_of_ours_is_refused(inside: World, make: Make, slug: str) -> None:
    with pytest.raises(ValidationError, match="address"):
        make(slug=slug)
    assert make(title=slug.capitalize()).slug == f"{slug}-2"


def test_equal_titles_get_slugs_of_their_own(inside: World, make: Make) -> None:
    assert [make(title="The pause").slug for _ in range(3)] == ["the-pause", "the-pause-2", "the-pause-3"]


def test_what_an_item_teaches_is_replaced_as_a_whole(inside: World, make: Make) -> None:
    ask, wait, agree = skills.skill("ask"), skills.skill("wait"), skills.skill("agree")
    item = make(teaches=[Teaches(ask.pk, 2), Teaches(wait.pk, 1)])
    services.update_item(
        item=item, teaches=[Teaches(wait.pk, 3, 0.5), Teaches(agree.pk, 1)], by=inside.dana, at=inside.now
    )
    taught = ContentSkill.objects.order_by("skill__code").values_list("skill__code", "level", "weight")
    assert list(taught) == [("agree", 1, 1), ("wait", 3, 0.5)]
    with pytest.raises(ValidationError, match="Levels"):
        services.update_item(item=item, teaches=[Teaches(ask.pk, 9)], by=inside.dana, at=inside.now)


def test_changing_what_stands_around_the_text(inside: World, make: Make) -> None:
    item = make(title="The pause")
    services.update_item(item=item, title="The long pause", minutes=9, by=inside.dana, at=inside.now)
    item.refresh_from_db()
    assert (item.title, item.minutes, item.slug) == ("The long pause", 9, "the-pause")
    with pytest.raises(TypeError):
        services.update_item(item=item, state="retired", by=inside.dana, at=inside.now)
    with pytest.raises(ValidationError):
        services.update_item(item=item, title="", by=inside.dana, at=inside.now)


def test_retired_items_leave_the_library_and_can_come_back(inside: World, make: Make) -> None:
    item = make()
    services.retire_item(item=item, by=inside.dana, at=inside.now)
    assert not queries.published_items().exists()
    with pytest.raises(ValidationError, match="already"):
        services.retire_item(item=item, by=inside.dana, at=inside.now)
    services.restore_item(item=item, by=inside.dana, at=inside.now)
    assert queries.published_items().get() == item


def test_a_draft_can_be_thrown_away_but_not_the_only_version(inside: World, make: Make) -> None:
    item = make()
    services.save_draft(item=item, body={"text": "Oh no"}, by=inside.dana, at=inside.now)
    services.discard_draft(item=item, by=inside.dana, at=inside.now)
    assert queries.draft_of(item) is None
    fresh = make(title="Fresh", publish=False)
    with pytest.raises(ValidationError, match="never published"):
        services.discard_draft(item=fresh, by=inside.dana, at=inside.now)
    assert ContentVersion.objects.filter(item=fresh).count() == 1


def test_who_may_enter(inside: World, make: Make) -> None:
    item = make()
    assert queries.item_for(inside.actor(inside.asha), item.slug) == item
    with pytest.raises(PermissionDenied):
        queries.item_for(inside.actor(inside.asha), item.slug, "edit")
    with inside.scope(inside.harbour), pytest.raises(Http404):
        queries.item_for(inside.actor(inside.eve), item.slug)
    with inside.scope(inside.harbour), pytest.raises(Http404):
        queries.item_for(inside.actor(inside.eve), item.pk, "edit")


def test_an_item_comes_with_its_skills_in_one_query(inside: World, make: Make, queries: object) -> None:
    from content.queries import item_for

    ask, wait = skills.skill("ask"), skills.skill("wait")
    one, three = make(title="One"), make(title="Three", teaches=[Teaches(ask.pk, 2), Teaches(wait.pk, 1, 0.5)])
    asha = inside.actor(inside.asha)
    for item, expected in ((one, []), (three, ["ask", "wait"])):
        with queries(1):  # type: ignore[operator]
            found = item_for(asha, item.slug)
            assert [skill["code"] for skill in found.skills] == expected
            assert found.current.body == bodies.article()
            assert found.owner.name == "Dana Novák"
