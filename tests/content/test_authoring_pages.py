"""The designers' side at its edges: writing each kind without JavaScript, files, publishing, who may."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from content.models import ContentItem, ContentVersion, MediaFile
from tests.content import bodies, files
from tests.factories import content as rows
from tests.factories import skills
from tests.world import World

Make = Callable[..., ContentItem]


def url(name: str, *args: Any) -> str:
    return reverse(f"content:{name}", args=args)


def text(response: Any) -> str:
    return response.content.decode()


def about(world: World, **more: Any) -> dict[str, Any]:
    return {
        "title": "The pause", "summary": "Five seconds", "tags": "coaching, Silence", "language": "en", "minutes": "",
        "owner": world.dana.pk, "review_by": "2027-01-31", "teaches-TOTAL_FORMS": 0, "teaches-INITIAL_FORMS": 0, **more,
    }  # fmt: skip


def quiz_form(right: str = "0", texts: tuple[str, ...] = ("Ask", "Tell"), at: int = 0) -> dict[str, Any]:
    form: dict[str, Any] = {f"q-{at}-key": "", f"q-{at}-text": "What now?", f"q-{at}-kind": "single"}
    for number, words in enumerate(texts):
        form |= {
            f"q-{at}-o-{number}-key": "",
            f"q-{at}-o-{number}-text": words,
            f"q-{at}-o-{number}-feedback": f"Because {words}",
        }
    return form | {f"q-{at}-o-{right}-correct": "on"}


QUIZ = {"body-intro": "", "body-percent": "80", "body-tries": "2"}
VIDEO = {
    "body-percent": "90",
    "body-transcript": "on",
    "body-captions_language": "en",
    "body-chapters": "",
    "body-text": "",
}


def only_version(world: World) -> ContentVersion:
    with world.scope():
        return ContentVersion.objects.select_related("item").get()


def nothing_was_made(world: World) -> bool:
    with world.scope():
        return not ContentItem.objects.exists() and not MediaFile.objects.exists()


def stored_files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


# ---------------------------------------------------------------- who may


PAGES = ["edit", "preview", "publish"]
POSTS = ["edit", "publish", "retire", "restore", "discard"]


def test_learners_are_told_who_can_and_strangers_find_nothing(
    world: World, make: Make, asha_client: Client, eve_client: Client
) -> None:
    item = make()
    for path in [url("manage"), url("new"), url("new-kind", "quiz"), *(url(name, item.slug) for name in PAGES)]:
        assert asha_client.get(path).status_code == 403, path
        assert Client().get(path).status_code == 302, path
    for name in PAGES:
        assert eve_client.get(url(name, item.slug)).status_code == 404, name
    for name in POSTS:
        assert asha_client.post(url(name, item.slug)).status_code == 403, name
        assert eve_client.post(url(name, item.slug)).status_code == 404, name
    with world.scope():
        item.refresh_from_db()
    assert item.state == "published"


def test_an_unknown_kind_is_not_found(dana_client: Client) -> None:
    assert dana_client.get(url("new-kind", "hologram")).status_code == 404


# ---------------------------------------------------------------- writing


@pytest.mark.parametrize("kind", ["article", "job_aid", "checklist", "quiz", "video"])
def test_every_kind_has_its_page(world: World, make: Make, dana_client: Client, kind: str) -> None:
    assert dana_client.get(url("new-kind", kind)).status_code == 200
    item = make(kind)
    for name in ("edit", "preview"):
        page = dana_client.get(url(name, item.slug))
        assert page.status_code == 200
        assert text(page).count("<h1") == 1


def test_an_article_is_written_with_skills_and_a_picture(world: World, dana_client: Client) -> None:
    with world.scope():
        coaching = skills.skill("coaching")
    response = dana_client.post(
        url("new-kind", "article"),
        about(world, **{
            "body-text": "## Ask", "body-picture": files.upload(files.picture(), "p.png"), "body-picture_text": "Two [people]",
            "body-acknowledge": "on", "teaches-TOTAL_FORMS": 2, "teaches-0-skill": coaching.pk, "teaches-0-level": "3",
            "teaches-1-skill": "", "teaches-1-level": "1",
        }),
    )  # fmt: skip
    assert response.status_code == 302
    version = only_version(world)
    item = version.item
    with world.scope():
        picture = MediaFile.objects.get()
        taught = list(item.teaches.values_list("skill__code", "level"))
    assert version.body["text"] == f"## Ask\n\n![Two (people)](media:{picture.uuid})"
    assert (version.complete, version.published_at, taught) == ({"acknowledge": True}, None, [("coaching", 3.0)])
    assert (item.title, item.tags, item.owner, str(item.review_by)) == (
        "The pause", ["coaching", "silence"], world.dana, "2027-01-31"
    )  # fmt: skip
    assert f'src="{url("media", picture.uuid)}"' in text(dana_client.get(url("preview", item.slug)))


def test_a_preview_of_the_text_saves_nothing(world: World, dana_client: Client) -> None:
    evil = {"body-text": "**bold** <script>alert(1)</script>", "act": "preview"}
    page = dana_client.post(url("new-kind", "article"), about(world, **evil))
    assert "<strong>bold</strong>" in text(page)
    assert "<script>alert(1)" not in text(page)
    assert nothing_was_made(world)


def test_a_checklist_is_written_as_lines_and_keeps_its_keys(world: World, dana_client: Client) -> None:
    lines = "- Ask one question — and wait\n\n* Agree"
    dana_client.post(url("new-kind", "checklist"), about(world, **{"body-items": lines, "body-percent": "100"}))
    first = only_version(world)
    assert [(row["text"], row["note"]) for row in first.body["items"]] == [
        ("Ask one question", "and wait"),
        ("Agree", ""),
    ]
    keys = [row["key"] for row in first.body["items"]]
    again = {"body-items": "Agree\nNew\nAsk one question", "body-percent": "50"}
    dana_client.post(url("edit", first.item.slug), about(world, **again))
    second = only_version(world)
    assert [row["key"] for row in second.body["items"]][::2] == [keys[1], keys[0]]
    assert second.complete == {"share": 0.5}


def test_a_quiz_is_written_row_by_row(world: World, dana_client: Client) -> None:
    assert dana_client.post(url("new-kind", "quiz"), about(world, **QUIZ, **quiz_form())).status_code == 302
    version = only_version(world)
    (question,) = version.body["questions"]
    assert [(o["text"], o["correct"], o["feedback"]) for o in question["options"]] == [
        ("Ask", True, "Because Ask"), ("Tell", False, "Because Tell")
    ]  # fmt: skip
    assert version.complete == {"score": 0.8, "tries": 2}


@pytest.mark.parametrize(
    ("act", "questions", "answers"),
    [
        ("add-question", 3, [2, 3, 3]), ("remove-question:0", 1, [3]), ("add-option:0", 2, [3, 3]),
        ("remove-option:1:2", 2, [2, 2]), ("down:0", 2, [3, 2]), ("up:1", 2, [3, 2]), ("up:0", 2, [2, 3]),
        ("remove-question:99", 2, [2, 3]),
    ],
)  # fmt: skip
def test_buttons_change_the_quiz_form_and_save_nothing(
    world: World, dana_client: Client, act: str, questions: int, answers: list[int]
) -> None:
    form = about(world, **QUIZ, **quiz_form(), **quiz_form(texts=("A", "B", "C"), at=1), act=act)
    page = text(dana_client.post(url("new-kind", "quiz"), form))
    assert page.count('-kind"') // 3 == questions  # label, id and name
    assert [page.count(f'name="q-{n}-o-{m}-text"') for n in range(questions) for m in range(9)].count(1) == sum(answers)
    assert [sum(f'name="q-{n}-o-{m}-text"' in page for m in range(9)) for n in range(questions)] == answers
    assert nothing_was_made(world)


@pytest.mark.parametrize(
    ("kind", "form", "says"),
    [
        ("quiz", {**QUIZ, **quiz_form(right="9")}, "Question 1: Mark exactly one answer as right"),
        ("quiz", QUIZ, "Add at least one question"),
        ("article", {"body-text": " "}, "Write the text"),
        ("checklist", {"body-items": " \n", "body-percent": "100"}, "Write at least one line"),
        ("checklist", {"body-items": "*\n-", "body-percent": "100"}, "Add at least one thing to tick"),
        ("video", VIDEO, "Choose the video’s file"),
        ("article", {"body-text": "x", "title": ""}, "Give it a title"),
        ("article", {"body-text": "x", "review_by": ""}, "Nothing is kept without a date"),
        ("article", {"body-text": "x", "tags": ",".join(f"t{n}" for n in range(30))}, "At most 20 tags"),
        ("article", {"body-text": "x", "owner": "999999"}, "valid choice"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(
    world: World, dana_client: Client, kind: str, form: dict[str, Any], says: str
) -> None:
    response = dana_client.post(url("new-kind", kind), about(world, **{"summary": "Typed already", **form}))
    assert response.status_code == 422
    assert says in text(response).replace("&#x27;", "'")
    assert "Typed already" in text(response)
    assert nothing_was_made(world)


def test_an_owner_is_somebody_of_this_organisation_who_looks_after_content(world: World, dana_client: Client) -> None:
    for person in (world.eve, world.asha):
        form = about(world, owner=person.pk, **{"body-text": "x"})
        assert dana_client.post(url("new-kind", "article"), form).status_code == 422


# ---------------------------------------------------------------- files


def upload_video(world: World, client: Client, **more: Any) -> Any:
    form = {
        "body-file": files.upload(files.webm(30.5), "p.webm"), "body-captions": files.upload(files.CAPTIONS, "p.vtt"),
        "body-poster": files.upload(files.picture("JPEG"), "p.jpg"), **VIDEO, "body-chapters": "0:00 Ask\n0:12 Wait and see",
    }  # fmt: skip
    return client.post(url("new-kind", "video"), about(world, **{**form, **more}))


def test_a_video_comes_with_captions_poster_and_chapters(world: World, dana_client: Client) -> None:
    assert upload_video(world, dana_client).status_code == 302
    body = only_version(world).body
    assert (body["type"], body["seconds"]) == ("video/webm", 30.5)
    assert body["chapters"] == [{"start": 0, "title": "Ask"}, {"start": 12, "title": "Wait and see"}]
    assert [cue["speaker"] for cue in body["transcript"]] == ["Noor", ""]
    with world.scope():
        assert set(MediaFile.objects.values_list("role", flat=True)) == {"video", "captions", "poster"}
    page = text(dana_client.get(url("preview", only_version(world).item.slug)))
    assert f'src="{url("media", body["file"])}"' in page
    assert f'src="{url("media", body["captions"]["file"])}"' in page


def test_editing_a_video_keeps_its_files(world: World, dana_client: Client) -> None:
    upload_video(world, dana_client)
    first = only_version(world)
    dana_client.post(url("edit", first.item.slug), about(world, **VIDEO, title="Renamed"))
    second = only_version(world)
    assert second.title == "Renamed"
    assert second.body == {**first.body, "chapters": []}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"body-file": b"<html><script>alert(1)</script>"}, "not a WebM or MP4 video"),
        ({"body-file": files.picture()}, "not a WebM or MP4 video"),
        ({"body-captions": b"1\n00:00:01,000 --> 00:00:02,000\nSubRip"}, "first line must be WEBVTT"),
        ({"body-captions": b"WEBVTT\n\n00:05.000 --> 00:04.000\nx"}, "Line 3"),
        ({"body-captions": b"WEBVTT\n\n09:00.000 --> 09:04.000\nx"}, "are these its captions?"),
        ({"body-poster": b"<svg onload=alert(1)>"}, "not a JPEG, PNG or WebP"),
        ({"body-file": files.webm(None)}, "doesn’t say how long it is"),
        ({"body-length": "soon"}, "such as 4:12"),
        ({"body-chapters": "0:00 Ask\nlater"}, "Line 2"),
        ({"body-chapters": "9:00 Late"}, "after the video&#x27;s end"),
    ],
)
def test_a_file_that_is_refused_leaves_nothing_behind(
    world: World, dana_client: Client, change: dict[str, Any], says: str
) -> None:
    before = stored_files()
    given = {
        k: files.upload(v, "innocent.webm", "video/webm") if isinstance(v, bytes) else v for k, v in change.items()
    }
    response = upload_video(world, dana_client, **given)
    assert response.status_code == 422
    assert says in text(response).replace("&#39;", "&#x27;")
    assert nothing_was_made(world)
    assert stored_files() == before


def test_a_length_can_be_said_where_the_file_does_not(world: World, dana_client: Client) -> None:
    file = files.upload(files.webm(None), "p.webm")
    assert upload_video(world, dana_client, **{"body-file": file, "body-length": "1:04"}).status_code == 302
    assert only_version(world).body["seconds"] == 64


# ---------------------------------------------------------------- publishing and after


def test_publishing_says_first_what_changes(world: World, make: Make, dana_client: Client) -> None:
    item = make(title="The pause")
    new = {"body-text": "## Ask\n\nTwo questions.\n\n## Agree\n\nA step."}
    response = dana_client.post(url("edit", item.slug), about(world, **new, act="publish"))
    assert response["Location"] == url("publish", item.slug)
    page = text(dana_client.get(url("publish", item.slug)))
    assert "Agree" in page
    assert "Wait" in page
    assert "version 2" in page
    assert dana_client.post(url("publish", item.slug)).status_code == 302
    with world.scope():
        item.refresh_from_db()
        assert item.current.number == 2
    assert dana_client.get(url("publish", item.slug))["Location"] == url("edit", item.slug)


def test_retiring_can_be_undone_from_the_list(world: World, make: Make, dana_client: Client) -> None:
    item = make(title="The pause")
    page = text(dana_client.post(url("retire", item.slug), follow=True))
    assert url("restore", item.slug) in page
    dana_client.post(url("restore", item.slug))
    with world.scope():
        item.refresh_from_db()
    assert item.state == "published"
    assert "not retired" in text(dana_client.post(url("restore", item.slug), follow=True))


def test_a_draft_is_thrown_away(world: World, make: Make, dana_client: Client) -> None:
    item = make(title="The pause")
    dana_client.post(url("edit", item.slug), about(world, **{"body-text": "Oh no"}))
    dana_client.post(url("discard", item.slug))
    assert only_version(world).body == bodies.article()


def test_the_list_costs_the_same_for_one_and_for_many(
    world: World, make: Make, dana_client: Client, queries: Any
) -> None:
    first = make(title="Item 0")
    dana_client.get(url("manage"))
    # user, membership, items, their use in journeys, counts, unread messages
    with queries(6):
        dana_client.get(url("manage"))
    for number in range(3):
        item = make(title=f"Item {number + 1}")
        with world.scope():
            rows.attempt(world.asha, item)
    with world.scope():
        rows.attempt(world.ben, first)
    with queries(6):
        page = text(dana_client.get(url("manage")))
    assert "4 items" in page


def test_the_list_shows_what_is_due_and_narrows(world: World, make: Make, dana_client: Client) -> None:
    make(title="Old one", review_by=world.now.date())
    make("quiz", "Fresh quiz")
    page = text(dana_client.get(url("manage")))
    assert "1 item wants another look" in page
    assert "Fresh quiz" not in text(dana_client.get(url("manage"), {"due": "on"}))
    assert "Old one" not in text(dana_client.get(url("manage"), {"kind": "quiz"}))
    assert "Fresh quiz" in text(dana_client.get(url("manage"), {"q": "fresh"}))
    assert "Nothing fits" in text(dana_client.get(url("manage"), {"q": "zebra", "mine": "on"}))
    assert dana_client.get(url("manage"), {"kind": "x", "state": "y", "after": "%"}).status_code == 200
