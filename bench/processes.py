"""Real processes for measurements: started in groups of their own, asked to stop, ended when they don't."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

STOP_PATIENCE = 20.0  # seconds


@contextlib.contextmanager
def running(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, folder: Path | None = None, log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:  # fmt: skip
    """A process while the block lasts. What it says goes to `log`, or nowhere."""
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(log.open("ab")) if log else subprocess.DEVNULL
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes], *, patience: float = STOP_PATIENCE) -> None:
    """Ask the process to end, then end what is left of its group."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port(count: int = 1) -> int:
    """The first of `count` neighbouring ports that nobody listens on."""
    for _ in range(50):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if all(_is_free(port + more) for more in range(count)):
            return port
    raise RuntimeError("No free port was found.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for_page(url: str, *, seconds: float, process: subprocess.Popen[bytes] | None = None) -> bytes:
    """The page at `url`, once it answers with 200. Raises TimeoutError, or RuntimeError when the process has died."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"The process ended with status {process.returncode} before it answered.")
        try:
            with direct.open(urllib.request.Request(url, headers={"Host": "localhost"}), timeout=5) as answer:
                return bytes(answer.read())
        except (urllib.error.HTTPError, OSError):
            time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer within {seconds:g} s.")
