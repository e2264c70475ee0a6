"""Process groups that we started, written down so that the next start can clear up after a kill -9."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

MARK = "LXP_SUPERVISED"  # carries the var folder: by it, a process is known as ours although numbers are used again


class Groups:
    """The list in `var/run/processes.json`. Each child leads a process group of its own."""

    def __init__(self, var: Path) -> None:
        self._path = var / "run" / "processes.json"
        self._mark = str(var)
        self._groups: set[int] = set()

    def environment(self) -> dict[str, str]:
        """The variable that marks a child, and what the child starts, as ours."""
        return {MARK: self._mark}

    def add(self, group: int) -> None:
        self._groups.add(group)
        self._write()

    def remove(self, group: int) -> None:
        self._groups.discard(group)
        self._write()

    def stop_leftovers(self) -> int:
        """Stop what an earlier, killed supervisor left running; how many processes that were."""
        try:
            recorded = {int(group) for group in json.loads(self._path.read_text())}
        except (OSError, ValueError, TypeError):
            recorded = set()
        found = self._members(recorded)
        for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            left = self._members(recorded)
            for pid in left:
                _send(pid, number)
            deadline = time.monotonic() + seconds
            while left and time.monotonic() < deadline:
                time.sleep(0.05)
                left = self._members(recorded)
        self._path.unlink(missing_ok=True)
        return len(found)

    def _members(self, groups: set[int]) -> list[int]:
        if not groups:
            return []
        if Path("/proc/self/environ").exists():
            wanted = f"{MARK}={self._mark}".encode()
            return [pid for pid, group in _processes() if group in groups and wanted in _environment(pid)]
        listing = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,command="], capture_output=True, text=True, check=False)
        rows = (line.split(None, 2) for line in listing.stdout.splitlines())
        # Without a view of the environment the command line has to do: our children are all Python programs.
        return [int(row[0]) for row in rows if len(row) == 3 and int(row[1]) in groups and "python" in row[2].lower()]

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(sorted(self._groups)))
        fresh.replace(self._path)


def _processes() -> list[tuple[int, int]]:
    """The number and group of every process. Linux only."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                found.append((int(entry.name), os.getpgid(int(entry.name))))
            except ProcessLookupError:
                continue
    return found


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []  # gone, a zombie, or another account's


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
