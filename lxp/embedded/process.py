"""One server process: start it, wait until it answers, stop it, and find what an earlier crash left behind."""

import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from lxp.embedded.account import Account
from lxp.embedded.errors import EmbeddedError

START_PATIENCE = 60.0  # seconds: the recovery after a crash reads the whole write-ahead log
WHEEL_ORIGIN, MACHINE_ORIGIN = "the wheel", "this machine"
LOG_LIMIT = 5_000_000  # bytes before a log is put aside


class Server(ABC):
    """A server with its data folder, log and account. Not thread-safe: one owner starts and stops it."""

    name: str
    pid_file_name: str  # in the data folder, written by the server itself
    stop_signals: Sequence[tuple[signal.Signals, float]]  # what to send in turn, and how long to wait after each

    def __init__(self, *, data: Path, log: Path, account: Account) -> None:
        self.data = data
        self.log = log
        self.account = account
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """The command line that runs the server in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether a client gets an answer right now."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder ready for the first start."""

    @property
    def pid(self) -> int | None:
        """The living server's process number, or None. Also finds a server that an earlier process started."""
        if self._process is not None:
            return self._process.pid if self._process.poll() is None else None
        return self.pid_in(self.data)

    @classmethod
    def pid_in(cls, data: Path) -> int | None:
        """The process number of a living server of this kind on `data`, or None."""
        try:
            pid = read_pid(data / cls.pid_file_name)
        except (OSError, ValueError):
            return None
        return pid if works_in(pid, data) else None

    @classmethod
    def stop_leftover(cls, data: Path) -> None:
        """Stop a server of this kind that a dead owner left at work on `data`."""
        cls._stop(lambda: cls.pid_in(data), str(data))

    def start(self) -> None:
        """Start and wait until it answers. A server that a crash left behind on the same data is stopped first.

        Raises EmbeddedError with the end of the log when it does not come up.
        """
        self.stop()
        self.prepare()
        deadline = time.monotonic() + START_PATIENCE
        while not self._launch(deadline):
            # After a kill -9 the old server's own children need a moment to notice and let go of the shared memory.
            time.sleep(0.2)

    def restart(self) -> None:
        """Stop, if it lives, and start again on the same data and socket."""
        self.start()

    def stop(self) -> None:
        """Stop, politely first. Quiet when it is not running."""
        self._stop(lambda: self.pid, str(self.data))
        self._process = None

    @classmethod
    def _stop(cls, find: Callable[[], int | None], data: str) -> None:
        for number, seconds in (*cls.stop_signals, (signal.SIGKILL, 5.0)):
            pid = find()
            if pid is None:
                return
            with contextlib.suppress(ProcessLookupError):
                try:
                    os.kill(pid, number)
                except PermissionError as error:
                    raise EmbeddedError(
                        f"{cls.name} (process {pid}) runs under another account and uses {data}. Stop it from there."
                    ) from error
            deadline = time.monotonic() + seconds
            while find() is not None and time.monotonic() < deadline:
                time.sleep(0.02)

    def _launch(self, deadline: float) -> bool:
        """One attempt. False: worth another; raises when it is hopeless."""
        with self._open_log() as log:
            began = log.tell()
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.data,
                env=clean_environment(self.data),
                start_new_session=True,
                **self.account.popen_options(),
            )
        while not self.answers():
            if self._process.poll() is not None:
                if b"shared memory block" in self._logged_since(began) and time.monotonic() < deadline:
                    return False
                raise EmbeddedError(f"{self.name} did not start. The end of {self.log}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.stop()
                raise EmbeddedError(f"{self.name} gave no answer. The end of {self.log}:\n{self.log_tail()}")
            time.sleep(0.02)
        return True

    def _open_log(self) -> IO[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old.log"))
        return self.log.open("ab")

    def _logged_since(self, position: int) -> bytes:
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read()

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the server's log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"


def read_pid(path: Path) -> int:
    """The number on the first line of a pid file. Raises OSError or ValueError when there is none."""
    return int(path.read_text().split("\n", 1)[0])


def works_in(pid: int, folder: Path) -> bool:
    """Whether `pid` is a living process at work in `folder`: how we know our own servers after a crash.

    A bare process number may have passed to a stranger, who must not be stopped.
    """
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
        except OSError:
            return False
    found = subprocess.run(
        ["lsof", "-a", "-p", str(pid), "-d", "cwd", "-Fn"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"n{folder.resolve()}" in found.stdout.splitlines()


def clean_environment(home: Path) -> dict[str, str]:
    """A clean environment: PGPORT, PGOPTIONS and their kin of the caller must not bend the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LC_ALL": "C", "TZ": "UTC"}
