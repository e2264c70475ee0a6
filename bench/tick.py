"""The due tick: 10,000 messages become due at once, and two worker processes bring them to a mail server."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from bench.clockwork import Clockwork, Ledger, environment_for, run_prepare, until
from bench.report import Result, at_most
from bench.sink import sink
from lxp.embedded import Addresses

MESSAGES = 10_000
PATIENCE = 600.0


def measure() -> Sequence[Result]:
    """`tick_10k`: from the tick to the last message marked as sent, each of them exactly once."""
    var = Path(os.environ["LXP_VAR"])
    addresses = Addresses(os.environ["DATABASE_URL"], os.environ["REDIS_URL"], os.environ["CELERY_BROKER_URL"])
    with sink(var / "sink.txt") as mail:
        environment = environment_for(addresses, var, mail=mail.url)
        run_prepare(environment, count=MESSAGES)
        ledger = Ledger(addresses.database_url)
        with Clockwork(["worker", "beat"], environment, var) as clockwork:
            until(lambda: clockwork.has_pool(2), seconds=60, what="a worker with two processes")
            began = time.perf_counter()
            _tick()
            until(lambda: ledger.states() == {"sent": MESSAGES}, seconds=PATIENCE, what="all sent", pause=0.5)
            seconds = time.perf_counter() - began
        got = mail.message_ids()
        once = len(got) == MESSAGES and mail.count() == MESSAGES
        return [
            at_most("tick_10k", seconds, "s", 60.0,
                    f"{len(got):,} mails of {MESSAGES:,}, {mail.count() - len(got)} twice; {MESSAGES / seconds:.0f}/s "
                    "with one Celery worker of two processes, beat, and a mail server on the same machine", also=once)
        ]  # fmt: skip


def _tick() -> None:
    """What beat does every half minute; it goes on doing so."""
    from lxp.tasks import deliver_due

    deliver_due.delay()
