"""The processes of the platform: started in groups of their own, their output passed on, started again when they die."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxp.supervisor.console import Console
from lxp.supervisor.errors import CannotRun
from lxp.supervisor.groups import Groups

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a dead process is started again, doubled each time
STEADY_AFTER = 30.0  # seconds of life that make earlier deaths forgotten
STOP_PATIENCE = 6.0  # seconds for an orderly end; the stream allows its readers 3


@dataclass(frozen=True)
class Job:
    """What to run under which name, with variables of its own."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Child:
    """One job and its process."""

    def __init__(self, job: Job, console: Console, groups: Groups) -> None:
        self.job = job
        self.deaths = 0  # in a row, without a steady run between them
        self._console = console
        self._groups = groups
        self._process: subprocess.Popen[str] | None = None
        self._pump: threading.Thread | None = None
        self._started = 0.0
        self._due = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start the process. In a session of its own, Ctrl-C reaches only us, and we stop everything in order."""
        self._process = subprocess.Popen(
            self.job.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            env={**os.environ, **self.job.environment, **self._groups.environment()},
            start_new_session=True,
        )
        self._groups.add(self._process.pid)
        self._started = time.monotonic()
        self._pump = threading.Thread(target=self._pass_on, args=[self._process], daemon=True)
        self._pump.start()

    def run_to_end(self) -> int:
        """Start, wait for the end, and return the exit status."""
        self.start()
        assert self._process is not None
        code = self._process.wait()
        self._finish()
        return code

    def tend(self) -> None:
        """Notice a death, say so, and start again when the pause is over."""
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            self._finish()
            self._process = None
            self.deaths = 1 if time.monotonic() - self._started > STEADY_AFTER else self.deaths + 1
            pause = min(FIRST_PAUSE * 2 ** (self.deaths - 1), LONGEST_PAUSE)
            self._due = time.monotonic() + pause
            self._console.say(f"{self.job.name} {in_words(code)}; starting it again in {pause:.0f} s")
        elif time.monotonic() >= self._due:
            self.start()

    def ask_to_stop(self) -> None:
        """Send TERM to the main process, which tells its own."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def make_sure(self, deadline: float) -> None:
        """Wait for the end until `deadline` (monotonic), then end the whole group."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._console.say(f"{self.job.name} did not stop in time and is ended")
        self._finish()
        self._process = None

    def _finish(self) -> None:
        """End what the process left in its group, and read the last of its output."""
        assert self._process is not None
        # Nobody may be left; macOS calls that a matter of permission when they are zombies.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._pump is not None:
            self._pump.join(timeout=1)
        self._groups.remove(self._process.pid)

    def _pass_on(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                self._console.line(self.job.name, line.rstrip())


class Children:
    """All the processes that are kept alive. A context manager that stops them together."""

    def __init__(self, jobs: Sequence[Job], console: Console, groups: Groups) -> None:
        self._children = [Child(job, console, groups) for job in jobs]

    def __enter__(self) -> "Children":
        try:
            for child in self._children:
                child.start()
        except OSError as error:
            self.stop()
            raise CannotRun(f"Cannot start {error.filename}: {error.strerror}.") from error
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def tend(self) -> None:
        for child in self._children:
            child.tend()

    def deaths(self, name: str) -> int:
        """How often the process `name` has died in a row."""
        return next(child.deaths for child in self._children if child.job.name == name)

    def stop(self) -> None:
        for child in reversed(self._children):
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_PATIENCE
        for child in self._children:
            child.make_sure(deadline)


def in_words(code: int) -> str:
    """What an exit status means."""
    if code >= 0:
        return f"stopped with exit status {code}"
    try:
        return f"was stopped by {signal.Signals(-code).name}"
    except ValueError:
        return f"was stopped by signal {-code}"
