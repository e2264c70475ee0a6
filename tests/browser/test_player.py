"""The player in a browser: nothing a learner did is lost, whatever happens to the tab, the network or the script."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files import File
from playwright.sync_api import Page

from content import services
from content.models import Attempt, Bookmark, ContentItem
from tests.content import bodies, files
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

PLACE = "document.querySelector('video').currentTime"
CLIP = Path(__file__).parents[2] / "lxp/demo/data/content/videos/the-pause.webm"


@pytest.fixture
def visit(open_as: Callable[..., Page]) -> Iterator[Callable[..., Page]]:
    """`open_as`, with every page left before the tables are emptied: leaving sends the last save."""
    opened: list[Page] = []

    def go(*args: Any, **options: Any) -> Page:
        opened.append(open_as(*args, **options))
        return opened[-1]

    yield go
    for page in opened:
        if not page.is_closed():
            page.goto("about:blank")
    time.sleep(0.5)


@pytest.fixture
def make(world: World) -> Callable[..., ContentItem]:
    def made(kind: str, body: dict[str, Any] | None = None, **fields: Any) -> ContentItem:
        with world.scope():
            item = services.create_item(
                kind=kind, title=f"The {kind}", body=body, by=world.dana, at=world.now, **fields
            )
            if body is None:
                _film(world, item)
            services.publish_item(item=item, by=world.dana, at=world.now)
        return item

    return made


def _film(world: World, item: ContentItem) -> None:
    """A real clip with captions, so that it really plays."""
    by = {"item": item, "by": world.dana, "at": world.now}
    with CLIP.open("rb") as clip:
        video, seen = services.store_media(upload=File(clip, name="clip.webm"), role="video", **by)
    captions, read = services.store_media(upload=files.upload(files.CAPTIONS), role="captions", **by)
    body = {
        "file": str(video.uuid), "type": video.content_type, "seconds": seen.seconds, "chapters": [],
        "captions": {"file": str(captions.uuid), "language": "en"}, "transcript": services.transcript_of(read.cues),
    }  # fmt: skip
    services.save_draft(body=body, **by)


def attempt(world: World) -> Attempt:
    with world.scope():
        return Attempt.objects.get()


def until(condition: Callable[[], Any], seconds: float = 8) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return found


def test_a_video_resumes_where_the_tab_was_closed_and_counts_what_was_seen(
    world: World, make: Callable[..., ContentItem], visit: Callable[..., Any]
) -> None:
    path = f"/content/{make('video').slug}/"
    page = visit(world.asha, path)
    page.click("[data-do=play]")
    until(lambda: page.evaluate(PLACE) > 8, seconds=20)
    page.close()
    kept = attempt(world)
    (start, end), *more = kept.evidence["watched"]
    assert (round(start), more) == (0, [])
    assert 3 <= end <= 9, "the last save is at most five seconds old"
    again = visit(world.asha, path)
    until(lambda: again.evaluate(PLACE) > 3)
    assert "You picked up where you left off, at 0:0" in again.inner_text("#resume")
    again.evaluate("document.querySelector('video').currentTime = 33")
    again.click("[data-do=play]")
    until(lambda: again.evaluate("document.querySelector('video').ended"))
    until(lambda: len(attempt(world).evidence["watched"]) == 2)
    assert attempt(world).state == "started", "jumping to the end is not watching"


def test_what_is_ticked_without_a_network_reaches_the_server_with_it(
    world: World, make: Callable[..., ContentItem], visit: Callable[..., Any]
) -> None:
    page = visit(world.asha, f"/content/{make('checklist', bodies.checklist()).slug}/")
    page.context.set_offline(True)
    page.locator(".tick input").nth(0).check()
    page.get_by_text("Kept on this device").wait_for()
    assert attempt(world).answers == {}
    page.context.set_offline(False)
    until(lambda: len(attempt(world).answers) == 1)
    page.locator(".tick input").nth(1).check()
    page.locator(".tick input").nth(2).check()
    page.get_by_role("heading", name="Done").wait_for()
    assert attempt(world).state == "completed"


def test_what_a_killed_tab_could_not_send_is_sent_by_the_next_one(
    world: World, make: Callable[..., ContentItem], visit: Callable[..., Any]
) -> None:
    path = f"/content/{make('checklist', bodies.checklist()).slug}/"
    page = visit(world.asha, path)
    page.route("**/save/", lambda route: route.abort())
    page.locator(".tick input").nth(0).check()
    page.wait_for_timeout(300)
    page.goto("about:blank")
    assert attempt(world).answers == {}
    page.unroute("**/save/")
    page.go_back()
    until(lambda: len(attempt(world).answers) == 1)


def test_two_devices_keep_each_others_ticks(
    world: World, make: Callable[..., ContentItem], visit: Callable[..., Any]
) -> None:
    path = f"/content/{make('checklist', bodies.checklist()).slug}/"
    phone, desk = visit(world.asha, path, width=390), visit(world.asha, path)
    phone.locator(".tick input").nth(0).check()
    until(lambda: len(attempt(world).answers) == 1)
    desk.locator(".tick input").nth(1).check()
    until(lambda: len(attempt(world).answers) == 2)


def test_a_quiz_explains_each_answer_at_once(
    world: World, make: Callable[..., ContentItem], visit: Callable[..., Any]
) -> None:
    quiz = bodies.quiz(bodies.question("q1"), bodies.question("q2"))
    page = visit(world.asha, f"/content/{make('quiz', quiz).slug}/")
    first = page.locator(".question").nth(0)
    first.get_by_label("Answer b").check()
    first.get_by_role("button", name="Check this one").click()
    first.get_by_text("Because b").wait_for()
    first.get_by_label("Answer a").check()
    first.get_by_role("button", name="Try this one again").click()
    first.get_by_text("Right after 2 tries.").wait_for()
    page.locator(".question").nth(1).get_by_label("Answer a").check()
    page.get_by_role("button", name="Check all my answers").click()
    page.get_by_text("1 of 2 right the first time: 50%").wait_for()
    assert attempt(world).state == "failed"


def test_a_choice_that_was_not_handed_in_is_there_after_a_reload(
    world: World, make: Callable[..., ContentItem], visit: Callable[..., Any]
) -> None:
    page = visit(world.asha, f"/content/{make('quiz', bodies.quiz()).slug}/")
    page.locator(".question").nth(3).get_by_label("Answer c").check()
    until(lambda: attempt(world).position)
    page.reload()
    assert page.locator(".question").nth(3).get_by_label("Answer c").is_checked()
    assert attempt(world).answers == {}


def test_everything_works_without_the_script(
    world: World, make: Callable[..., ContentItem], visit: Callable[..., Any]
) -> None:
    item = make("quiz", bodies.quiz(bodies.question("q1")))
    page = visit(world.asha, f"/content/{item.slug}/", scripts=False)
    page.get_by_label("Answer a").check()
    page.get_by_role("button", name="Check all my answers").click()
    page.get_by_role("heading", name="Passed").wait_for()
    page.get_by_label("Write a note").fill("Ask first")
    page.get_by_role("button", name="Keep this note").click()
    page.locator("#notes").get_by_text("Ask first").wait_for()
    with world.scope():
        assert Bookmark.objects.get().text == "Ask first"
