"""A mail server that keeps what it is given: aiosmtpd in a process of its own, one line per mail in a file.

`python -m bench.sink PORT FILE` runs it; `Sink` is the other side, for benchmarks and tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from bench.processes import free_port, running

_MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE | re.IGNORECASE)


class Sink:
    """A running sink: where it listens, and what it has got so far."""

    def __init__(self, port: int, file: Path) -> None:
        self.port, self.file = port, file

    @property
    def url(self) -> str:
        """As EMAIL_URL takes it."""
        return f"smtp://127.0.0.1:{self.port}"

    def message_ids(self) -> Counter[str]:
        """How often each mail came, by its Message-ID."""
        return Counter(line.split("\t")[1] for line in self._lines())

    def count(self) -> int:
        """How many mails came, repeated ones included."""
        return len(self._lines())

    def _lines(self) -> list[str]:
        text = self.file.read_text() if self.file.exists() else ""
        return text[: text.rfind("\n") + 1].splitlines()


@contextlib.contextmanager
def sink(file: Path) -> Iterator[Sink]:
    """A sink in a process of its own while the block lasts."""
    port = free_port()
    with running([sys.executable, "-m", "bench.sink", str(port), str(file)], log=file.with_suffix(".log")):
        deadline = time.monotonic() + 20
        while not _answers(port):
            if time.monotonic() > deadline:
                raise TimeoutError(f"The mail sink does not listen on port {port}.")
            time.sleep(0.05)
        yield Sink(port, file)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class _Keep:
    def __init__(self, file: Path) -> None:
        self._out = file.open("a", buffering=1)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = _MESSAGE_ID.search(envelope.content)
        name = found[1].decode() if found else "none"
        self._out.write(f"{time.time():.3f}\t{name}\t{envelope.rcpt_tos[0]}\n")
        return "250 Kept"


async def _serve(port: int, file: Path) -> None:
    keep, loop = _Keep(file), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keep, enable_SMTPUTF8=True, loop=loop, ident="sink"), "127.0.0.1", port
    )
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    async with server:
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
