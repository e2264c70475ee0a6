"""The whole clockwork, as `make run` starts it: web, worker and beat in processes of their own, looked after.

For what must be measured or broken for real. `python -m bench.clockwork prepare COUNT` fills an empty database with so
many messages that are due.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import time as wall
from pathlib import Path

import psutil
import psycopg2

from bench.processes import free_port
from lxp.embedded import Addresses
from lxp.supervisor.__main__ import jobs
from lxp.supervisor.children import Child, Job
from lxp.supervisor.console import Console
from lxp.supervisor.groups import Groups
from lxp.supervisor.options import Options

ROOT = Path(__file__).parents[1]
BEAT = 0.1  # seconds between looks at the processes


class Clockwork:
    """Running processes by name ("web", "worker", "beat"). Who dies is started again, as the supervisor does it."""

    def __init__(self, names: Sequence[str], environment: Mapping[str, str], var: Path, *, app: str = "lxp") -> None:
        self.port = free_port(2)
        self.var = var
        options = Options(var, "127.0.0.1", self.port, self.port + 1)
        self._log = (var / "clockwork.log").open("a")
        console, groups = Console(self._log), Groups(var)
        found = {job.name: _with_app(job, app) for job in jobs(options, {**environment, "PORT": str(self.port)})}
        self.children = {name: Child(found[name], console, groups) for name in names}
        self._stopping = threading.Event()
        self._care = threading.Thread(target=self._tend, daemon=True)

    def __enter__(self) -> Clockwork:
        for child in self.children.values():
            child.start()
        self._care.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._care.join()
        for child in self.children.values():
            child.ask_to_stop()
        deadline = time.monotonic() + 10
        for child in self.children.values():
            child.make_sure(deadline)
        self._log.close()

    def kill(self, name: str) -> None:
        """Kill -9 of one process; what it leaves behind is the clockwork's affair."""
        pid = self.children[name].pid
        if pid is None:
            raise RuntimeError(f"{name} is not running.")
        os.kill(pid, signal.SIGKILL)

    def kill_pool_process(self) -> None:
        """Kill -9 of one of the processes in which a worker runs its tasks."""
        pid = self.children["worker"].pid
        pool = psutil.Process(pid).children() if pid else []
        if not pool:
            raise RuntimeError("The worker has no pool yet.")
        os.kill(pool[0].pid, signal.SIGKILL)

    def has_pool(self, size: int) -> bool:
        """Whether the worker runs so many processes for its tasks."""
        pid = self.children["worker"].pid
        with contextlib.suppress(psutil.Error):
            return pid is not None and len(psutil.Process(pid).children()) >= size
        return False

    def log(self) -> str:
        """What the processes said."""
        return (self.var / "clockwork.log").read_text(errors="replace")

    def _tend(self) -> None:
        while not self._stopping.wait(BEAT):
            for child in self.children.values():
                child.tend()


def _with_app(job: Job, app: str) -> Job:
    command = [
        app if before == "--app" else part for before, part in zip(["", *job.command], job.command, strict=False)
    ]
    return Job(job.name, command, job.environment)


def environment_for(addresses: Addresses, var: Path, *, mail: str) -> dict[str, str]:
    """The variables by which processes find these servers, this mail server, and nothing of the caller's."""
    return {
        **addresses.environment(),
        "LXP_VAR": str(var),
        "MEDIA_ROOT": str(var / "media"),
        "EMAIL_URL": mail,
        "SECRET_KEY": "clockwork-" + "0" * 50,
        "DJANGO_SETTINGS_MODULE": "lxp.settings",
        "LOG_LEVEL": "WARNING",
        "LOG_JSON": "false",
    }


def until(done: Callable[[], bool], *, seconds: float, what: str, pause: float = 0.05) -> None:
    """Wait until `done()`. Raises TimeoutError that says `what` never came."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:g} s in vain: {what}.")
        time.sleep(pause)


class Ledger:
    """A look at the messages from outside; a database that is away at the moment is asked again."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def states(self) -> dict[str, int]:
        """How many messages there are, by state."""
        return {
            str(state): int(count) for state, count in self.rows("SELECT state, count(*) FROM lxp_message GROUP BY 1")
        }

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """What a statement returns."""
        while True:
            with contextlib.suppress(psycopg2.OperationalError, psycopg2.InterfaceError):
                connection = psycopg2.connect(self._url)
                try:
                    with connection, connection.cursor() as cursor:
                        cursor.execute(statement)
                        return list(cursor.fetchall())
                finally:
                    connection.close()
            time.sleep(0.2)


def prepare(count: int) -> None:
    """So many people with one message due now each: the welcome to a journey, written and mailed like any other."""
    from bench.world import make_cohort, make_learners, make_organisation
    from journeys.plan_messages import welcome
    from lxp import clock
    from lxp.events.models import Delivery
    from lxp.messaging import services as messaging
    from lxp.tenancy import scope

    organisation = make_organisation()
    # No quiet hours and no free days, so that the same is due on every day and at every hour.
    organisation.quiet_from = organisation.quiet_until = wall(0, 0)
    organisation.save(update_fields=["quiet_from", "quiet_until"])
    with scope(organisation):
        large = make_cohort(make_learners(count, work_days=list(range(1, 8))))
        enrolments = large.cohort.enrolments.order_by("pk").values_list("learner_id", "pk")
        at = clock.now()
        messaging.promise(
            members=[messaging.Member(learner, f"enrolment:{pk}") for learner, pk in enrolments],
            message=welcome(at, mandatory=False, cohort_id=large.cohort.pk), at=at,
        )  # fmt: skip
        Delivery.objects.all().delete()  # what the cohort's events would set off is not what is measured


def run_prepare(environment: Mapping[str, str], *, count: int, migrate: bool = False) -> None:
    """Migrate (if asked to) and fill the database of `environment`, in processes of their own."""
    commands = [["-m", "bench.clockwork", "prepare", str(count)]]
    if migrate:
        commands.insert(0, ["manage.py", "migrate", "--noinput", "--verbosity=0"])
    for command in commands:
        subprocess.run([sys.executable, *command], env={**os.environ, **environment}, cwd=ROOT, check=True)


if __name__ == "__main__":
    import django

    django.setup()
    prepare(int(sys.argv[2]))
