"""What has to be done before the processes start: migrate, collect the static files, load the demo."""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from lxp.supervisor.children import Child, Job
from lxp.supervisor.console import Console
from lxp.supervisor.errors import CannotRun
from lxp.supervisor.groups import Groups

ROOT = Path(__file__).parents[2]
MANAGE = ROOT / "manage.py"


class Preparation:
    """Runs management commands with the environment of the platform, and shows what they say."""

    def __init__(self, *, var: Path, environment: Mapping[str, str], console: Console, groups: Groups) -> None:
        self._var = var
        self._environment = environment
        self._console = console
        self._groups = groups

    def run(self) -> None:
        """Raises CannotRun when a step fails."""
        self._step("migrate", "Bringing the database up to date", "migrate", "--noinput", "--verbosity=0")
        self._collect_static()
        self._load_demo()

    def _step(self, name: str, says: str, *arguments: str) -> None:
        self._console.say(says)
        job = Job(name, [sys.executable, str(MANAGE), *arguments], self._environment)
        child = Child(job, self._console, self._groups)
        try:
            code = child.run_to_end()
        except BaseException:
            child.make_sure(0)
            raise
        if code != 0:
            raise CannotRun(f"`manage.py {arguments[0]}` failed; its lines above say why.")

    def _collect_static(self) -> None:
        """Hash and compress the static files, unless nothing has changed since the last time."""
        stamp = self._var / "run" / "static.stamp"
        now = static_fingerprint()
        if (self._var / "static").is_dir() and stamp.exists() and stamp.read_text() == now:
            return
        stamp.unlink(missing_ok=True)
        self._step("static", "Collecting the static files", "collectstatic", "--noinput", "--clear", "--verbosity=0")
        stamp.write_text(now)

    def _load_demo(self) -> None:
        """Fill an empty database with the demo organisation; the command itself knows whether it is empty."""
        if (ROOT / "lxp" / "management" / "commands" / "demo.py").exists():
            self._step("demo", "Looking after the demo organisation", "demo", "--once")


def static_fingerprint() -> str:
    """Changes whenever the static files may: ours by name, size and time, the packages' by their lock, and the settings."""
    digest = hashlib.sha256()
    for path in _static_sources():
        about = path.stat()
        digest.update(f"{path.relative_to(ROOT)}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _static_sources() -> Iterator[Path]:
    yield from (path for path in sorted((ROOT / "static").rglob("*")) if path.is_file())
    yield from (path for path in sorted(ROOT.glob("requirements*.lock")))
    yield ROOT / "lxp" / "settings.py"
