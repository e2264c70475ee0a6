"""A real browser against a real server: Debian's or anybody's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

# Playwright's own event loop runs in the test's thread; Django's guard would take it for an async view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run. Without one, browser tests are skipped; where CI is set, they fail."""
    if CHROMIUM is None:
        reason = "No Chromium here: install the package chromium, or name one in CHROMIUM."
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def stand_at(world: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`stand_at("2026-03-17 10:00")` moves the clock of the test and of the server's threads alike (UTC)."""
    path = tmp_path / "clock"
    monkeypatch.setenv("LXP_CLOCK_FILE", str(path))

    def move(moment: str) -> None:
        at = world.at(moment)
        path.write_text(str((at - datetime.now(UTC)).total_seconds()))

    return move


@pytest.fixture
def open_as(browser: Browser, live_server: Any, world: Any) -> Iterator[Callable[..., Page]]:
    """`open_as(world.asha, "/", width=390, theme="dark", scripts=False)` is that page, signed in."""
    contexts: list[BrowserContext] = []

    def open_page(user: Any, path: str, *, width: int = 1440, theme: str = "light", scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=scripts,  # type: ignore[arg-type]
        )  # fmt: skip
        contexts.append(context)
        if user is not None:
            cookie = world.client(user).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(f"{live_server.url}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
