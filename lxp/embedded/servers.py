"""Both servers together: started and stopped as one, and found by other processes."""

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from lxp.embedded.account import Account, home_for, service_account, socket_folder
from lxp.embedded.errors import AlreadyRunning, EmbeddedError
from lxp.embedded.lock import Lock
from lxp.embedded.postgres import Postgres
from lxp.embedded.postgres import find_binaries as find_postgres
from lxp.embedded.process import Server
from lxp.embedded.valkey import Valkey
from lxp.embedded.valkey import find_binary as find_valkey

S = TypeVar("S", bound=Server)

TEMPORARY_PREFIX = "lxp-temporary-"
ABANDONED_AFTER = 60  # seconds: a younger folder may belong to a run that is about to take its lock


@dataclass(frozen=True)
class Addresses:
    """Where the servers of a folder answer, as any process may know it."""

    database_url: str
    redis_url: str  # as redis-py and Django's cache read it
    broker_url: str  # as Celery reads it
    postgres_pid: int | None = None  # None: not ours, an address was given
    valkey_pid: int | None = None

    def environment(self) -> dict[str, str]:
        """The variables by which the platform's settings find these servers."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "CELERY_BROKER_URL": self.broker_url,
        }


@dataclass(frozen=True)
class Given:
    """Addresses of servers that somebody else runs. None: start our own."""

    database_url: str | None = None
    redis_url: str | None = None
    broker: str | None = None

    @property
    def broker_url(self) -> str | None:
        """The broker's address, by default the same Redis in Celery's spelling."""
        if self.broker or not self.redis_url:
            return self.broker
        return self.redis_url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")

    def environment(self) -> dict[str, str]:
        """The variables that name these servers."""
        urls = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "CELERY_BROKER_URL": self.broker_url,
        }
        return {name: url for name, url in urls.items() if url}

    @classmethod
    def by_environment(cls) -> "Given":
        """What DATABASE_URL, REDIS_URL and CELERY_BROKER_URL say; empty is the same as absent."""
        return cls(
            os.environ.get("DATABASE_URL") or None,
            os.environ.get("REDIS_URL") or None,
            os.environ.get("CELERY_BROKER_URL") or None,
        )


NOTHING_GIVEN = Given()


class Servers:
    """Running servers that this process owns. Also a context manager that stops them.

    `postgres` and `valkey` are the single servers, each with `pid`, `stop()`, `start()` and `restart()`; None where an
    address of another server was given instead.
    """

    def __init__(self, *, lock: Lock, state: Path, sockets: Path, given: Given, shared: Mapping[str, str]) -> None:
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self.sockets = sockets
        self._given = given
        self._shared = dict(shared)
        self._lock = lock
        self._state = state

    @property
    def database_url(self) -> str:
        return self._given.database_url or _ours(self.postgres).url

    @property
    def redis_url(self) -> str:
        return self._given.redis_url or _ours(self.valkey).url

    @property
    def broker_url(self) -> str:
        return self._given.broker_url or _ours(self.valkey).broker_url

    @property
    def origins(self) -> list[str]:
        """What runs and where it came from, in words."""
        return [server.origin for server in (self.postgres, self.valkey) if server is not None]

    @property
    def addresses(self) -> Addresses:
        return Addresses(
            database_url=self.database_url,
            redis_url=self.redis_url,
            broker_url=self.broker_url,
            postgres_pid=self.postgres.pid if self.postgres else None,
            valkey_pid=self.valkey.pid if self.valkey else None,
        )

    def environment(self) -> dict[str, str]:
        """The variables by which the platform's settings find these servers."""
        return self.addresses.environment()

    def restart_postgres(self) -> None:
        """Stop PostgreSQL, if it lives, and start it again: same address, same data."""
        _ours(self.postgres).restart()
        self._write_state()

    def restart_valkey(self) -> None:
        """Stop Valkey, if it lives, and start it again: same address, same data."""
        _ours(self.valkey).restart()
        self._write_state()

    def mend(self) -> list[str]:
        """Start again whatever has died; the names of what had."""
        dead = [server for server in self._servers() if server.pid is None]
        for server in dead:
            server.start()
        if dead:
            self._write_state()
        return [server.name for server in dead]

    def stop(self) -> None:
        """Stop both servers and let go of the folder. Harmless when they are stopped already."""
        for server in reversed(self._servers()):
            server.stop()
        self._state.unlink(missing_ok=True)
        shutil.rmtree(self.sockets, ignore_errors=True)
        self._lock.release()

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _servers(self) -> list[Server]:
        return [server for server in (self.postgres, self.valkey) if server is not None]

    def _start(self, account: Account, home: Path, *, durable: bool) -> None:
        if not self._given.database_url:
            binaries = find_postgres(home, account)
            self.postgres = Postgres(
                binaries=binaries, home=home, sockets=self.sockets, account=account, durable=durable
            )
            self.postgres.start()
        if not self._given.redis_url:
            binary = find_valkey(home, account)
            self.valkey = Valkey(binary=binary, home=home, sockets=self.sockets, account=account, durable=durable)
            self.valkey.start()
        self._write_state()

    def _write_state(self) -> None:
        fresh = self._state.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)  # an address that was given may hold a password
        state = {
            **asdict(self.addresses),
            "sockets": str(self.sockets),
            "environment": self._shared | self.environment(),
        }
        fresh.write_text(json.dumps(state, indent=2) + "\n")
        fresh.replace(self._state)


def default_var() -> Path:
    """The folder for everything that running leaves behind: `LXP_VAR`, or `var` beside the code; git ignores it."""
    return Path(os.environ.get("LXP_VAR") or Path(__file__).parents[2] / "var").resolve()


def start(
    var: Path, *, durable: bool = True, given: Given = NOTHING_GIVEN, shared: Mapping[str, str] | None = None
) -> Servers:
    """Start private servers with their data under `var`, and own them until `stop()`.

    No server is started where `given` names one; `running()` then tells others that address. `shared` holds further
    variables for processes that `join()` this one. `durable=False` trades crash safety for speed. Takes about a second the first time and a fraction of one later. What a
    crashed owner left running is stopped first. Raises AlreadyRunning when a living process owns the servers of `var`, and
    EmbeddedError, with the remedy, when a server cannot be found or started.
    """
    var = Path(var).resolve()
    lock = _lock(var)
    if not lock.acquire():
        owner = lock.owner()
        raise AlreadyRunning(owner, f"Process {owner} already runs the servers of {var}. Stop it first.")
    servers = None
    try:
        account = service_account()
        home = home_for(var, account)
        _remove_old_sockets(_state(var), home)
        servers = Servers(
            lock=lock, state=_state(var), sockets=socket_folder(home, account), given=given, shared=shared or {}
        )
        servers._start(account, home, durable=durable)
    except BaseException:
        if servers is not None:
            servers.stop()
        lock.release()
        raise
    return servers


def running(var: Path) -> Addresses | None:
    """The servers that a living process runs on `var`, or None. Reads two small files; asks no server."""
    var = Path(var).resolve()
    if not _lock(var).is_held():
        return None
    state = _read_state(var)
    return Addresses(**{name: state[name] for name in Addresses.__dataclass_fields__}) if state else None


def join(var: Path) -> bool:
    """Take the environment of what runs on `var`, so that a command in a second shell meets the same servers, clock and
    mail; whether something runs there.

    Does nothing when the environment already names a database: then somebody has chosen other servers. What else is set
    is kept.
    """
    if os.environ.get("DATABASE_URL") or running(var) is None:
        return False
    given = Given.by_environment().environment()
    for name, value in {**_read_state(Path(var).resolve()).get("environment", {}), **given}.items():
        os.environ.setdefault(name, value)
    return True


@contextlib.contextmanager
def temporary(*, durable: bool = False, given: Given = NOTHING_GIVEN) -> Iterator[Servers]:
    """Throw-away servers in a new folder, which is removed afterwards. Also clears up after runs that were killed."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX)).resolve()
    folder.chmod(0o755)  # the servers' account must pass; the data and the sockets inside are private
    try:
        with start(folder, durable=durable, given=given) as servers:
            yield servers
    finally:
        forget(folder)


def sweep(base: Path | None = None, *, older_than: float = ABANDONED_AFTER) -> None:
    """Stop and remove the temporary servers under `base` whose owner was killed `older_than` seconds ago or earlier."""
    for folder in Path(base or tempfile.gettempdir()).resolve().glob(f"{TEMPORARY_PREFIX}*"):
        with contextlib.suppress(OSError, EmbeddedError):
            if folder.stat().st_uid == os.geteuid() and folder.stat().st_mtime < time.time() - older_than:
                forget(folder)


def forget(var: Path, *, say: Callable[[str], None] | None = None) -> None:
    """Stop what a crash left running on `var` and remove the servers' data, wherever it lies.

    Raises AlreadyRunning when the servers of `var` are in use.
    """
    var = Path(var).resolve()
    lock = _lock(var)
    if not lock.acquire():
        raise AlreadyRunning(lock.owner(), f"Process {lock.owner()} is using the data in {var}. Stop it first.")
    try:
        home = home_for(var, service_account())
        for data in home.glob("pg*"):
            Postgres.stop_leftover(data)
        Valkey.stop_leftover(home / "valkey")
        _remove_old_sockets(_state(var), home)
        for part in (*home.glob("pg*"), home / "valkey", home / "sock", home / "bin", home / "log"):
            shutil.rmtree(part, ignore_errors=True)
            if say and part.name.startswith("pg"):
                say(f"Removed {part}")
    finally:
        lock.release()
    if var.name.startswith(TEMPORARY_PREFIX):
        shutil.rmtree(var, ignore_errors=True)
    if home != var:
        shutil.rmtree(home, ignore_errors=True)


def _lock(var: Path) -> Lock:
    return Lock(var / "run" / "servers.lock")


def _state(var: Path) -> Path:
    return var / "run" / "servers.json"


def _read_state(var: Path) -> dict[str, Any]:
    """What the owner wrote; empty while it is still starting, or when the file is not ours to read."""
    try:
        state: dict[str, Any] = json.loads(_state(var).read_text())
    except (OSError, ValueError):
        return {}
    return state


def _remove_old_sockets(state: Path, home: Path) -> None:
    """Remove the socket folder that a killed owner left in the system's temporary folder, and its state."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        sockets = Path(json.loads(state.read_text())["sockets"])
        if sockets.parent != home and sockets.name.startswith("lxp-"):
            shutil.rmtree(sockets, ignore_errors=True)
    state.unlink(missing_ok=True)


def _ours(server: S | None) -> S:
    if server is None:
        raise EmbeddedError("This server is not one of ours: its address was given.")
    return server
