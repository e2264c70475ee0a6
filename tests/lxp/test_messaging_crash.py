"""Real workers, really killed: nothing is lost, nothing is stuck, and only what was in flight goes out twice."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from aiosmtpd.controller import Controller

from lxp import embedded

ROOT = Path(__file__).parents[2]
COUNT = 2000

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(240)]


class Sink:
    """A mail server that counts what it took by Message-ID."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    async def handle_DATA(self, server, session, envelope) -> str:
        self.taken[re.search(rb"Message-ID: <([^>]+)>", envelope.content)[1].decode()] += 1
        return "250 OK"


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_workers_killed_and_the_database_restarted_in_the_middle(tmp_path):
    sink, port = Sink(), free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    with embedded.temporary(durable=True) as servers:
        environment = {
            **os.environ, **servers.environment(), "DJANGO_SETTINGS_MODULE": "lxp.settings", "LOG_LEVEL": "ERROR",
            "LXP_VAR": str(tmp_path), "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        }  # fmt: skip

        def run(*command: str) -> subprocess.Popen:
            return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment)

        def states() -> dict[str, int]:
            with psycopg2.connect(servers.database_url) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT state, count(*) FROM lxp_message GROUP BY state")
                return dict(cursor.fetchall())

        assert run("manage.py", "migrate", "--verbosity=0").wait() == 0
        assert run("-m", "tests.lxp.delivery_worker", "prepare", str(COUNT)).wait() == 0
        controller.start()
        since = str(time.time())
        workers = [run("-m", "tests.lxp.delivery_worker", "work", since) for _ in range(2)]
        try:
            until(lambda: len(sink.taken) > COUNT * 0.2)
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()
            workers.append(run("-m", "tests.lxp.delivery_worker", "work", since))
            until(lambda: len(sink.taken) > COUNT * 0.5)
            servers.restart_postgres()
            servers.restart_valkey()
            until(lambda: len(sink.taken) == COUNT, 120)
            until(lambda: states() == {"sent": COUNT}, 20)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
            controller.stop()

    twice = {name: times for name, times in sink.taken.items() if times > 1}
    assert len(twice) <= 1, twice  # the one that the killed worker had handed over and not yet marked
