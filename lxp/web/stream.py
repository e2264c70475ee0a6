"""The event stream: one open response for each page, fed by one loop for each process. Raw ASGI, no Django middleware.

A page asks for `/stream` with its browser session's cookie and gets server-sent events. Redis only wakes the loop;
every fifteen seconds it looks anyway, with one query for everybody who is connected, so that losing Redis costs
seconds and no news. `inbox` carries the number of unread notifications; a page fetches its bell when that differs
from what it shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

PATH = "/stream"
CHANNEL = "inbox:*"
LOOK = 15.0
"""Seconds between two looks at the database when nothing rings."""
GATHER = 0.05
"""Seconds for which rings are gathered, so that many of them cost one query."""
ALIVE = 15.0
"""Seconds after which a silent stream says that it is still there, or finds that nobody listens."""
LIFETIME = 3600.0
"""Seconds after which a stream ends. The browser comes back by itself, and its session is looked at again."""
STUCK = 30.0
"""Seconds for a reader to take what is sent; one that doesn't is gone."""
STREAMS_EACH = 12
"""Open pages of one person; the oldest stream makes room for one more."""

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


Authenticate = Callable[[str], Awaitable[int | None]]
"""From a session key to its person's id; None for a session that is over."""

Unread = Callable[[Collection[int]], Awaitable[Mapping[int, int]]]
"""From user ids to how many notifications each of them has not seen, in one query."""


@dataclass(eq=False)
class _Stream:
    """One open response: what it shows, and what it should show."""

    user_id: int
    wanted: int | None = None
    shown: int | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    def show(self, unread: int) -> None:
        if unread != self.wanted:
            self.wanted = unread
            self.changed.set()

    def end(self) -> None:
        self.over = True
        self.changed.set()


class EventStream:
    """The ASGI application. `cookie` names the session cookie, `origin` the address of the pages."""

    def __init__(self, *, authenticate: Authenticate, unread: Unread, redis_url: str, cookie: str, origin: str) -> None:
        self._authenticate = authenticate
        self._unread = unread
        self._redis_url = redis_url
        self._cookie = cookie
        self._origin = origin
        self._streams: defaultdict[int, list[_Stream]] = defaultdict(list)
        self._rung: set[int] = set()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()  # a task that nothing refers to may be collected while it runs
        self._closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    def close(self) -> None:
        """End every stream; the browsers come back within seconds, to whoever runs then."""
        self._closing = True
        for streams in list(self._streams.values()):
            for stream in streams:
                stream.end()
        for task in self._tasks:
            task.cancel()

    # ------------------------------------------------------------ one request

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if scope["path"] != PATH or scope["method"] != "GET":
            return await _refuse(send, 404)
        if headers.get(b"origin", self._origin) != self._origin:
            return await _refuse(send, 403)
        try:
            user_id = await self._person(headers.get(b"cookie", ""))
        except Exception:
            log.exception("a session could not be looked up")
            return await _refuse(send, 503)
        if user_id is None:
            return await _refuse(send, 401)
        if self._closing:
            return await _refuse(send, 503)
        await self._serve(user_id, receive, send)

    async def _person(self, cookies: str) -> int | None:
        try:
            morsel = SimpleCookie(cookies).get(self._cookie)
        except CookieError:
            return None
        return await self._authenticate(morsel.value) if morsel else None

    async def _serve(self, user_id: int, receive: Receive, send: Send) -> None:
        self._start()
        stream = self._join(user_id)
        gone = asyncio.ensure_future(_gone(receive))
        gone.add_done_callback(lambda _: stream.end())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self._headers()})
            await _write(send, "retry: 3000\n\n")
            await self._feed(stream, send)
            if not gone.done():
                # Not all at once: whoever runs next should not meet a thousand at the door.
                await send(_body(f"retry: {random.randint(200, 5000)}\n\n", more=False))
        except (TimeoutError, OSError):
            log.debug("a reader went away", extra={"user_id": user_id})
        finally:
            gone.cancel()
            self._leave(stream)

    async def _feed(self, stream: _Stream, send: Send) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + LIFETIME * random.uniform(0.8, 1.0)
        while not stream.over and loop.time() < end:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stream.changed.wait(), ALIVE)
            stream.changed.clear()
            if stream.over:
                break
            if stream.wanted != stream.shown:
                stream.shown = stream.wanted
                await _write(send, event("inbox", str(stream.shown)))
            else:
                await _write(send, ":\n\n")

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            (b"access-control-allow-origin", self._origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
            (b"vary", b"origin"),
        ]

    # ------------------------------------------------------------ who is connected

    def _join(self, user_id: int) -> _Stream:
        stream = _Stream(user_id)
        mine = self._streams[user_id]
        if len(mine) >= STREAMS_EACH:
            mine.pop(0).end()
        mine.append(stream)
        self.ring(user_id)
        return stream

    def _leave(self, stream: _Stream) -> None:
        mine = self._streams[stream.user_id]
        if stream in mine:
            mine.remove(stream)
        if not mine:
            del self._streams[stream.user_id]

    def ring(self, user_id: int) -> None:
        """Somebody's notifications changed; look at the next opportunity."""
        if user_id in self._streams:
            self._rung.add(user_id)
            self._wake.set()

    # ------------------------------------------------------------ the loops

    def _start(self) -> None:
        """With the first reader, because a server may be run without a lifespan."""
        if not self._tasks:
            self._keep(self._look())
            self._keep(self._listen())
            self._end_on_signals()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(asyncio.ensure_future(work))

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK)
                await asyncio.sleep(GATHER)
            rung, self._rung = self._rung or set(self._streams), set()
            self._wake.clear()
            await self._refresh(rung)

    async def _refresh(self, user_ids: set[int]) -> None:
        connected = [user_id for user_id in user_ids if user_id in self._streams]
        if not connected:
            return
        try:
            counts = await self._unread(connected)
        except Exception:
            log.exception("notifications could not be read; the next look tries again")
            return
        for user_id, unread in counts.items():
            for stream in self._streams.get(user_id, ()):
                stream.show(unread)

    async def _listen(self) -> None:
        """Hear Redis ring, and come back to it when it is gone. Nothing is missed meanwhile: the loop looks anyway."""
        pause = 1.0
        while True:
            # A blocking read has no time limit: redis-py's own five seconds would end every quiet connection.
            client = redis.asyncio.from_url(
                self._redis_url, socket_timeout=None, socket_connect_timeout=5, max_connections=2
            )
            try:
                async with client.pubsub() as bell:
                    await bell.psubscribe(CHANNEL)
                    pause = 1.0
                    async for message in bell.listen():
                        self._hear(message)
            except (RedisError, OSError) as error:
                log.warning("the bell is gone (%s); looking every %d s", error, LOOK)
                await asyncio.sleep(pause)
                pause = min(30.0, 2 * pause)
            finally:
                with contextlib.suppress(RedisError, OSError):
                    await client.aclose()

    def _hear(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "pmessage":
            user_id = message["channel"].rpartition(b":")[2]
            if user_id.isdigit():
                self.ring(int(user_id))

    # ------------------------------------------------------------ the end

    def _end_on_signals(self) -> None:
        """A server that stops waits for its open responses; ours only end when they are told to."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if not callable(before):
                continue

            def end(number: int, frame: Any, before: Callable[..., Any] = before) -> None:
                loop.call_soon_threadsafe(self.close)
                before(number, frame)

            with contextlib.suppress(ValueError):  # not in the main thread: whoever started us ends us
                signal.signal(number, end)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return
            await send({"type": "lifespan.startup.complete"})


def event(name: str, data: str) -> str:
    """One server-sent event; every line of `data` is a line of its own."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"event: {name}\n{lines}\n"


def _body(text: str, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": more}


async def _write(send: Send, text: str) -> None:
    await asyncio.wait_for(send(_body(text)), STUCK)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
