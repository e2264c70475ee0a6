"""The player at its edges: who gets in, what a save does, every form without JavaScript."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from content import hooks, services
from content.models import Attempt, Bookmark, ContentItem, MediaFile
from content.services import Teaches
from lxp.events.models import DomainEvent
from tests.content import bodies
from tests.factories import skills
from tests.world import World

Make = Callable[..., ContentItem]
KINDS = ("article", "job_aid", "checklist", "quiz", "video")


def play(item: ContentItem, registration: object = None) -> str:
    return reverse("content:play", args=[item.slug]) + (f"?r={registration}" if registration else "")


def text(response: Any) -> str:
    return response.content.decode()


def only_attempt(world: World) -> Attempt:
    with world.scope():
        return Attempt.objects.select_related("item", "version").get()


def post_json(client: Client, attempt: Attempt, **data: Any) -> Any:
    url = reverse("content:save", args=[attempt.pk])
    return client.post(url, json.dumps(data), content_type="application/json")


@pytest.fixture
def journey(world: World) -> Iterator[dict[str, Any]]:
    """A journey as the upper floor would tell of it: a dict to change; only its `registration` is known."""
    told: dict[str, Any] = {
        "learner_id": world.asha.pk, "journey": "Leading for the first time", "title": "Step", "why": "Because it helps",
        "back": "/journeys/leading/", "next": "/content/other/", "next_title": "Your own example", "next_minutes": 10,
        "state": "open",
    }  # fmt: skip
    registration = uuid.uuid4()

    def hook(asked: uuid.UUID, item: ContentItem) -> dict[str, Any] | None:
        return dict(told) if asked == registration else None

    known = hooks._contexts[:]
    hooks._contexts[:] = [hook]
    yield {"told": told, "registration": registration}
    hooks._contexts[:] = known


# ---------------------------------------------------------------- opening


@pytest.mark.parametrize("kind", KINDS)
def test_opening_shows_the_item_its_rule_and_begins_an_attempt(
    world: World, make: Make, asha_client: Client, kind: str
) -> None:
    item = make(kind)
    response = asha_client.get(play(item))
    assert response.status_code == 200
    attempt = only_attempt(world)
    assert (attempt.learner, attempt.item, attempt.registration) == (world.asha, item, None)
    page = text(response)
    assert page.count("<h1") == 1
    assert 'id="rule"' in page
    assert asha_client.get(play(item)).status_code == 200
    assert only_attempt(world) == attempt


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_costs_the_same_with_much_behind_it(
    world: World, make: Make, asha_client: Client, kind: str, queries: Any
) -> None:
    item = make(kind)
    asha_client.get(play(item))
    # user, membership, item, attempt, notes, unread messages: two of eight are left for a journey's hook
    with queries(6):
        asha_client.get(play(item))
    with world.scope():
        for second in range(3):
            services.add_note(learner=world.asha, item=item, text="A note", at_second=second, at=world.now)
            skill = skills.skill(f"skill-{second}")
            services.update_item(item=item, teaches=[Teaches(skill.pk, 2)], by=world.dana, at=world.now)
    with queries(6):
        asha_client.get(play(item))


def test_strangers_and_drafts_are_not_found(world: World, make: Make, asha_client: Client, eve_client: Client) -> None:
    draft, item = make(title="Draft", publish=False), make()
    assert asha_client.get(play(draft)).status_code == 404
    assert eve_client.get(play(item)).status_code == 404
    assert asha_client.get("/content/no-such-thing/").status_code == 404
    assert Client().get(play(item)).status_code == 302
    with world.scope():
        assert not Attempt.objects.exists()


def test_a_retired_item_stays_open_to_who_has_begun(world: World, make: Make, asha_client: Client) -> None:
    item = make()
    asha_client.get(play(item))
    with world.scope():
        services.retire_item(item=item, by=world.dana, at=world.now)
    assert asha_client.get(play(item)).status_code == 200
    assert world.client(world.ben).get(play(item)).status_code == 404


# ---------------------------------------------------------------- in a journey


def test_inside_a_journey_the_page_says_why_and_what_comes_next(
    world: World, make: Make, asha_client: Client, journey: dict[str, Any]
) -> None:
    item = make()
    page = text(asha_client.get(play(item, journey["registration"])))
    for words in ("Leading for the first time", "Because it helps", "Your own example", "/journeys/leading/"):
        assert words in page
    attempt = only_attempt(world)
    assert attempt.registration == journey["registration"]
    started = DomainEvent.unscoped.get(kind="content.ContentStarted")
    assert started.payload["registration"] == str(journey["registration"])


def test_somebody_else_s_enrolment_is_not_found(
    world: World, make: Make, journey: dict[str, Any], asha_client: Client, ben_client: Client
) -> None:
    item = make()
    assert ben_client.get(play(item, journey["registration"])).status_code == 404
    for wrong in (uuid.uuid4(), "nonsense"):
        assert asha_client.get(play(item, wrong)).status_code == 404
    with world.scope():
        assert not Attempt.objects.exists()


def test_a_step_that_is_not_open_yet_says_so(
    world: World, make: Make, asha_client: Client, journey: dict[str, Any]
) -> None:
    journey["told"]["state"] = "planned"
    response = asha_client.get(play(make(), journey["registration"]))
    assert response.status_code == 403


def test_a_journey_pins_the_edition_and_the_rule(
    world: World, make: Make, asha_client: Client, journey: dict[str, Any]
) -> None:
    item = make("quiz")
    first = item.current
    assert first is not None
    with world.scope():
        services.save_draft(item=item, body=bodies.quiz(bodies.question("new")), by=world.dana, at=world.now)
        services.publish_item(item=item, by=world.dana, at=world.now)
    journey["told"] |= {"version_id": first.pk, "complete": {"score": 1.0}}
    asha_client.get(play(item, journey["registration"]))
    attempt = only_attempt(world)
    assert (attempt.version, attempt.complete["score"]) == (first, 1.0)


# ---------------------------------------------------------------- saving


def test_a_save_answers_with_what_is_held(world: World, make: Make, asha_client: Client) -> None:
    asha_client.get(play(make("video")))
    attempt = only_attempt(world)
    world.at(world.now + timedelta(seconds=10))
    response = post_json(
        asha_client,
        attempt,
        revision=0,
        position={"second": 10},
        evidence={"watched": [[0, 10]]},
        seconds=10,
        visit="v",
    )
    held = response.json()
    assert (held["revision"], held["seconds"], held["position"], held["stale"]) == (1, 10, {"second": 10}, False)
    assert held["progress"] == pytest.approx(0.1 / 0.9)


@pytest.mark.parametrize(
    "body", ["", "[]", "{", "null", '"x"', '{"position": [1]}', '{"revision": -1}', '{"seconds": "x"}']
)
def test_a_save_that_makes_no_sense_is_refused_and_changes_nothing(
    world: World, make: Make, asha_client: Client, body: str
) -> None:
    asha_client.get(play(make("video")))
    attempt = only_attempt(world)
    url = reverse("content:save", args=[attempt.pk])
    assert asha_client.post(url, body, content_type="application/json").status_code == 422
    assert only_attempt(world).revision == 0


def test_a_save_of_unfair_size_is_refused(world: World, make: Make, asha_client: Client) -> None:
    asha_client.get(play(make("video")))
    attempt = only_attempt(world)
    assert post_json(asha_client, attempt, position={"second": "9" * 300_000}).status_code == 422


def test_nobody_saves_or_answers_for_somebody_else(
    world: World, make: Make, asha_client: Client, ben_client: Client, dana_client: Client, eve_client: Client
) -> None:
    asha_client.get(play(make()))
    attempt = only_attempt(world)
    for stranger in (ben_client, dana_client, eve_client):
        assert post_json(stranger, attempt, evidence={"acknowledged": True}).status_code == 404
        for name in ("answer", "again"):
            assert stranger.post(reverse(f"content:{name}", args=[attempt.pk])).status_code == 404
    assert only_attempt(world).state == "started"


def test_finishing_by_a_save_says_so(world: World, make: Make, asha_client: Client) -> None:
    item = make("checklist")
    asha_client.get(play(item))
    attempt = only_attempt(world)
    ticks = {entry["key"]: True for entry in attempt.version.body["items"]}
    assert post_json(asha_client, attempt, answers=ticks).json()["finished"]
    assert "Done" in text(asha_client.get(play(item)))


# ---------------------------------------------------------------- plain forms


def send(client: Client, attempt: Attempt, **data: Any) -> Any:
    return client.post(reverse("content:answer", args=[attempt.pk]), data)


def test_i_have_read_this(world: World, make: Make, asha_client: Client, journey: dict[str, Any]) -> None:
    item = make()
    asha_client.get(play(item, journey["registration"]))
    response = send(asha_client, only_attempt(world), r=str(journey["registration"]))
    assert response.status_code == 302
    assert response["Location"].startswith(play(item, journey["registration"]))
    assert only_attempt(world).state == "completed"
    page = text(asha_client.get(response["Location"]))
    assert "Go on: Your own example" in page


def test_a_quiz_is_answered_as_a_whole(world: World, make: Make, asha_client: Client) -> None:
    item = make("quiz")
    asha_client.get(play(item))
    answers = {f"q-q{n}": "a" if n < 7 else "b" for n in range(1, 11)}
    send(asha_client, only_attempt(world), **answers)
    attempt = only_attempt(world)
    assert (attempt.state, attempt.score) == ("failed", 0.6)
    page = text(asha_client.get(play(item)))
    assert "6 of 10 right the first time: 60%" in page
    assert "Because b" in page
    assert "Try again" in page


def test_one_question_is_checked_alone_and_explained(world: World, make: Make, asha_client: Client) -> None:
    item = make("quiz")
    asha_client.get(play(item))
    response = send(asha_client, only_attempt(world), **{"q-q1": "b", "q-q2": "a", "check": "q1"})
    assert response["Location"].endswith("#question-q1")
    assert list(only_attempt(world).answers) == ["q1"]
    page = text(asha_client.get(play(item)))
    assert "Because b" in page
    assert "Because a" not in page, "a right answer that was not chosen is not given away"


def test_an_empty_form_asks_for_an_answer(world: World, make: Make, asha_client: Client) -> None:
    asha_client.get(play(make("quiz")))
    response = send(asha_client, only_attempt(world))
    assert response.status_code == 422
    assert "Choose an answer first." in text(response)


def test_a_checklist_is_kept_as_ticked(world: World, make: Make, asha_client: Client) -> None:
    asha_client.get(play(make("checklist")))
    first, second, _ = (entry["key"] for entry in only_attempt(world).version.body["items"])
    send(asha_client, only_attempt(world), tick=[first, second])
    assert only_attempt(world).answers == {first: True, second: True}
    send(asha_client, only_attempt(world), tick=[second])
    assert only_attempt(world).answers == {second: True}


def test_a_failed_quiz_is_begun_again(world: World, make: Make, asha_client: Client) -> None:
    item = make("quiz", complete={"score": 0.9, "tries": 2})
    asha_client.get(play(item))
    attempt = only_attempt(world)
    again = reverse("content:again", args=[attempt.pk])
    assert asha_client.post(again).status_code == 422
    send(asha_client, attempt, **{f"q-q{n}": "b" for n in range(1, 11)})
    assert asha_client.post(again).status_code == 302
    with world.scope():
        assert [a.number for a in Attempt.objects.order_by("number")] == [1, 2]
    assert "0 of 10 answered" in text(asha_client.get(play(item)))


def test_htmx_gets_the_page_instead_of_a_redirect(world: World, make: Make, asha_client: Client) -> None:
    asha_client.get(play(make()))
    url = reverse("content:answer", args=[only_attempt(world).pk])
    response = asha_client.post(url, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert 'id="finish-h"' in text(response)


# ---------------------------------------------------------------- notes


def test_notes_are_written_shown_removed_and_brought_back(world: World, make: Make, asha_client: Client) -> None:
    item = make("video")
    add = reverse("content:notes", args=[item.slug])
    assert asha_client.post(add, {"text": "Count to <b>five</b>", "at_second": "31"}).status_code == 302
    page = text(asha_client.get(play(item)))
    assert "Count to &lt;b&gt;five&lt;/b&gt;" in page
    assert "0:31" in page
    assert "Count to" not in text(world.client(world.ben).get(play(item)))
    with world.scope():
        note = Bookmark.objects.get()
    remove = reverse("content:note-delete", args=[note.pk])
    assert world.client(world.ben).post(remove).status_code == 404
    asha_client.post(remove)
    with world.scope():
        assert not Bookmark.objects.exists()
    asha_client.post(reverse("content:note-restore"))
    with world.scope():
        back = Bookmark.objects.get()
    assert (back.text, back.at_second, back.learner) == ("Count to <b>five</b>", 31, world.asha)
    assert asha_client.post(reverse("content:note-restore")).status_code == 404


def test_an_empty_note_is_said_to_be_empty(world: World, make: Make, asha_client: Client, eve_client: Client) -> None:
    item = make()
    add = reverse("content:notes", args=[item.slug])
    assert asha_client.post(add, {"text": " "}, headers={"HX-Request": "true"}).status_code == 422
    assert eve_client.post(add, {"text": "Hello"}).status_code == 404
    with world.scope():
        assert not Bookmark.objects.exists()


# ---------------------------------------------------------------- safety


def test_html_in_a_text_stays_text(world: World, make: Make, asha_client: Client) -> None:
    evil = (
        "Hello <script>alert(1)</script> <img src=x onerror=alert(2)>\n\n[click](javascript:alert(3))\n\n"
        "![spy](https://spy.example/x.png)\n\n<iframe src='//evil'></iframe>"
    )
    page = text(asha_client.get(play(make(body={"text": evil}, summary="<u>sum</u>"))))
    for danger in ("<script>alert", "<img src=x", 'href="javascript', "<iframe", 'src="https://spy', "<u>sum"):
        assert danger not in page
    assert 'href="https://spy.example/x.png" rel="noopener noreferrer"' in page


def test_options_and_titles_are_escaped(world: World, make: Make, asha_client: Client) -> None:
    question = bodies.question("q1")
    question["text"] = question["options"][0]["text"] = "<script>alert(1)</script>"
    page = text(asha_client.get(play(make("quiz", title="A <b>bold</b> one", body=bodies.quiz(question)))))
    assert "<script>alert(1)" not in page
    assert "<b>bold</b>" not in page


def test_files_of_another_organisation_are_not_found(
    world: World, make: Make, asha_client: Client, eve_client: Client, dana_client: Client
) -> None:
    item, draft = make(), make(title="Draft", publish=False)
    with world.scope():
        open_file, hidden = (
            MediaFile.objects.create(
                item=one,
                role="image",
                file="content/none.png",
                content_type="image/png",
                size=1,
                sha256="0",
                created_at=world.now,
            )
            for one in (item, draft)
        )
    assert eve_client.get(reverse("content:media", args=[open_file.uuid])).status_code == 404
    assert asha_client.get(reverse("content:media", args=[hidden.uuid])).status_code == 404
    assert asha_client.get(reverse("content:media", args=[uuid.uuid4()])).status_code == 404
    assert dana_client.head(reverse("content:media", args=[hidden.uuid])).status_code == 200
