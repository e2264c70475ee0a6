"""One owner per folder: an advisory file lock that the operating system lets go of when its owner dies.

A process number alone proves nothing after a crash (it may belong to somebody else by then); a lock does.
"""

import os
import time
from pathlib import Path
from typing import IO


class Lock:
    """An exclusive lock on `path`, which also holds the process number of its owner for messages.

    Unix only (`fcntl`), like the servers it protects. Children do not inherit it: Python opens files close-on-exec.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def acquire(self, *, patience: float = 1.0) -> bool:
        """Take the lock; False when another process keeps it for longer than `patience` seconds.

        The short patience is for a process that merely looks (`is_held`), which holds the lock for an instant.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        deadline = time.monotonic() + patience
        while not _try_lock(file):
            if time.monotonic() > deadline:
                file.close()
                return False
            time.sleep(0.05)
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file
        return True

    def release(self) -> None:
        """Let go. The file stays: removing it would let two owners lock two different files of the same name."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def is_held(self) -> bool:
        """Whether a living process, this one included, has the lock."""
        if self._file is not None:
            return True
        try:
            file = self.path.open()  # to read only: looking leaves nothing behind
        except OSError:
            return False
        with file:
            return not _try_lock(file)

    def owner(self) -> int | None:
        """The process number that the last owner wrote, or None."""
        try:
            return int(self.path.read_text().strip())
        except (OSError, ValueError):
            return None


def _try_lock(file: IO[str]) -> bool:
    import fcntl  # not at the top, so that a machine without it can still import this package and use its own servers

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
