"""From a fresh clone to the sign-in page, and from a stopped platform back to it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.processes import free_port, running, wait_for_page
from bench.report import Result, at_most

ROOT = Path(__file__).parents[1]
PATIENCE = 300.0
OWN = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "LXP_VAR", "LXP_CLOCK_FILE", "DJANGO_SETTINGS_MODULE",
       "SECRET_KEY", "LXP_BENCH_SERVER", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "LOG_LEVEL")  # fmt: skip
"""What must not leak from this run into the one that is measured."""


def measure() -> Sequence[Result]:
    """`first_start` and `second_start`: `make run` in a clone of what is committed, its wheels downloaded before."""
    with tempfile.TemporaryDirectory(prefix="lxp-bench-clone-") as folder:
        base = Path(folder)
        base.chmod(0o755)  # the servers' account must pass
        wheels, clone = base / "wheels", base / "clone"
        _run("git", "clone", "--quiet", "--local", str(ROOT), str(clone))
        lock = str(clone / "requirements-dev.lock")
        _run(sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps",
             "--require-hashes", "--only-binary", ":all:", "-r", lock, "-d", str(wheels))  # fmt: skip
        environment = {
            **{name: value for name, value in os.environ.items() if name not in OWN},
            "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels),
        }  # fmt: skip
        first, page = _start(clone, environment)
        second, _ = _start(clone, environment)
        return [
            at_most("first_start", first, "s", 60.0, "make run in a fresh clone: environment made from local wheels, "
                    "servers, migrations, static files, demonstration, until the sign-in page",
                    also=b"learn-together" in page or b"asha@" in page or b"password" in page.lower()),
            at_most("second_start", second, "s", 10.0, "make run again, until the sign-in page; the data is kept"),
        ]  # fmt: skip


def _start(clone: Path, environment: dict[str, str]) -> tuple[float, bytes]:
    port = free_port(2)
    log = clone.parent / "make-run.log"
    log.unlink(missing_ok=True)
    began = time.perf_counter()
    with running(
        ["make", "run"], environment={**environment, "PORT": str(port)}, folder=clone, log=log
    ) as process:  # fmt: skip
        try:
            page = wait_for_page(f"http://127.0.0.1:{port}/sign-in/", seconds=PATIENCE, process=process)
        except (TimeoutError, RuntimeError) as error:
            raise RuntimeError(f"{error}\n{log.read_text(errors='replace')[-4000:]}") from error
        return time.perf_counter() - began, page


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
