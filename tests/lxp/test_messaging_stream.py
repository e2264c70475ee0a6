"""The event stream: a real server, real Redis, real sessions."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from lxp.messaging.models import Message, State
from lxp.web import bell
from lxp.web.stream import EventStream, event
from tests.factories import messaging as make

ROOT = Path(__file__).parents[2]
SITE = "http://localhost:8000"


@pytest.mark.parametrize(("data", "text"), [("3", "data: 3\n"), ("a\nb", "data: a\ndata: b\n"), ("", "")])
def test_every_line_of_an_event_is_a_data_line(data, text):
    assert event("inbox", data) == f"event: inbox\n{text}\n"


# ---------------------------------------------------------------- the loops, without a server


class Browser:
    """One request to the application, spoken in ASGI."""

    def __init__(self, app, cookie="sessionid=asha", path="/stream", method="GET", origin=SITE):
        headers = [(b"cookie", cookie.encode()), *([(b"origin", origin.encode())] if origin else [])]
        scope = {"type": "http", "path": path, "method": method, "headers": headers}
        self.sent, self.news, self.hung_up = [], asyncio.Event(), asyncio.Event()
        self.task = asyncio.ensure_future(app(scope, self.receive, self.send))

    async def receive(self):
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)
        self.news.set()

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def text(self):
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    async def until(self, words, seconds=3):
        async with asyncio.timeout(seconds):
            while words not in self.text:
                self.news.clear()
                await self.news.wait()


class House:
    """What the stream asks: sessions and counts, and how often it asked."""

    def __init__(self, redis_url="redis://127.0.0.1:1/0"):
        self.people = {"asha": 1, "ben": 2}
        self.counts = {1: 0, 2: 5}
        self.asked = []
        self.app = EventStream(
            authenticate=self.authenticate, unread=self.unread, redis_url=redis_url, cookie="sessionid", origin=SITE
        )

    async def authenticate(self, key):
        return self.people.get(key)

    async def unread(self, ids):
        self.asked.append(sorted(ids))
        return {pk: self.counts[pk] for pk in ids}


def played(scene):
    """Run an asynchronous scene with a house of its own."""

    def run():
        async def play():
            house = House()
            try:
                await scene(house)
            finally:
                house.app.close()

        asyncio.run(play())

    run.__name__ = scene.__name__
    return run


@played
async def test_the_count_comes_at_once_and_again_when_it_changes(house):
    browser = Browser(house.app)
    await browser.until("event: inbox\ndata: 0\n\n")
    assert browser.status == 200
    house.counts[1] = 2
    house.app.ring(1)
    await browser.until("event: inbox\ndata: 2\n\n")
    house.app.ring(1)
    await asyncio.sleep(0.2)
    assert browser.text.count("event: inbox") == 2  # the same number is no news


@played
async def test_everybody_hears_their_own_and_rings_are_gathered_into_one_query(house):
    asha, ben, second = Browser(house.app), Browser(house.app, "sessionid=ben"), Browser(house.app)
    for browser, count in ((asha, 0), (ben, 5), (second, 0)):
        await browser.until(f"data: {count}\n")
    house.asked.clear()
    house.counts = {1: 7, 2: 8}
    for _ in range(3):
        house.app.ring(1)
        house.app.ring(2)
        house.app.ring(99)  # not connected
    await asha.until("data: 7\n")
    await second.until("data: 7\n")
    await ben.until("data: 8\n")
    assert house.asked == [[1, 2]]
    assert "8" not in asha.text


def test_without_redis_the_loop_looks_by_itself_with_one_query(monkeypatch):
    monkeypatch.setattr("lxp.web.stream.LOOK", 0.1)

    @played
    async def scene(house):
        asha, ben = Browser(house.app), Browser(house.app, "sessionid=ben")
        await asha.until("data: 0\n")
        await ben.until("data: 5\n")
        house.counts[1] = 4
        await asha.until("data: 4\n")
        assert house.asked[-1] == [1, 2]

    scene()


def test_a_silent_stream_says_that_it_is_alive_and_ends_after_its_time(monkeypatch):
    monkeypatch.setattr("lxp.web.stream.ALIVE", 0.05)
    monkeypatch.setattr("lxp.web.stream.LIFETIME", 0.5)

    @played
    async def scene(house):
        browser = Browser(house.app)
        await browser.until("\n:\n\n")
        await asyncio.wait_for(browser.task, 3)
        assert browser.sent[-1]["more_body"] is False

    scene()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"path": "/"}, 404),
        ({"path": "/stream/"}, 404),
        ({"method": "POST"}, 404),
        ({"cookie": "sessionid=stranger"}, 401),
        ({"cookie": ""}, 401),
        ({"cookie": "\x00=;;"}, 401),
        ({"origin": "https://evil.example"}, 403),
    ],
)
def test_anything_else_is_refused(request_, status):
    @played
    async def scene(house):
        browser = Browser(house.app, **request_)
        await asyncio.wait_for(browser.task, 2)
        assert browser.status == status
        assert house.asked == []

    scene()


@played
async def test_who_hangs_up_is_forgotten(house):
    browser = Browser(house.app)
    await browser.until("data: 0\n")
    browser.hung_up.set()
    await asyncio.wait_for(browser.task, 2)
    assert not house.app._streams


@played
async def test_a_new_page_takes_the_place_of_the_oldest(house):
    browsers = [Browser(house.app) for _ in range(13)]
    await browsers[-1].until("data: 0\n")
    await asyncio.wait_for(browsers[0].task, 2)
    assert not browsers[1].task.done()


@played
async def test_a_database_that_fails_is_asked_again(house):
    good = house.app._unread

    async def fails(ids):
        raise OSError("database away")

    house.app._unread = fails
    browser = Browser(house.app)
    await asyncio.sleep(0.2)
    house.app._unread = good
    house.app.ring(1)
    await browser.until("data: 0\n")


@played
async def test_closing_ends_every_stream(house):
    browser = Browser(house.app)
    await browser.until("data: 0\n")
    house.app.close()
    await asyncio.wait_for(browser.task, 2)
    assert browser.sent[-1]["more_body"] is False
    late = Browser(house.app)
    await asyncio.wait_for(late.task, 2)
    assert late.status == 503


# ---------------------------------------------------------------- the real thing


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server(transactional_db):
    port = free_port()
    database = settings.DATABASES["default"]
    host = database["HOST"].replace("/", "%2F")
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgres://{database['USER']}@{host}:{database['PORT']}/{database['NAME']}",
        "DJANGO_SETTINGS_MODULE": "lxp.settings", "SITE_URL": SITE, "SECRET_KEY": settings.SECRET_KEY,
    }  # fmt: skip
    command = [sys.executable, "-m", "uvicorn", "lxp.asgi:application", "--port", str(port), "--lifespan", "off"]
    command += ["--timeout-graceful-shutdown", "10", "--log-level", "error"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    end = time.monotonic() + 20
    while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
        assert process.poll() is None, "the server did not start"
        assert time.monotonic() < end
        time.sleep(0.1)
    yield process, port
    process.kill()
    process.wait()


def connect(port: int, client: Client) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    connection.request("GET", "/stream", headers={"Cookie": cookie, "Origin": SITE})
    return connection.getresponse()


def next_count(response: http.client.HTTPResponse) -> str:
    while line := response.readline().decode():
        if line.startswith("data: "):
            return line.removeprefix("data: ").strip()
    raise AssertionError("the stream ended")


@pytest.mark.slow
def test_a_browser_hears_of_a_message_and_of_the_end(server, world, monkeypatch):
    process, port = server
    with world.scope():
        row = make.message(world.asha, state=State.SENT)
    response = connect(port, world.client(world.asha))

    assert response.status == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Access-Control-Allow-Origin"] == SITE
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert next_count(response) == "1"
    Message.unscoped.filter(pk=row.pk).update(read_at=world.now)
    time.sleep(0.3)  # its listener may still be on the way to Redis
    started = time.monotonic()
    bell.ring_inboxes({world.asha.pk})
    assert next_count(response) == "0"
    assert time.monotonic() - started < 2  # it heard the bell, and did not just look after a while
    process.send_signal(signal.SIGTERM)
    assert b"retry: " in response.read()
    assert process.wait(5) is not None


@pytest.mark.slow
def test_a_session_that_is_over_is_refused(server, world):
    _process, port = server
    client = world.client(world.asha)
    client.logout()
    client.cookies[settings.SESSION_COOKIE_NAME] = "gone"

    assert connect(port, client).status == 401
