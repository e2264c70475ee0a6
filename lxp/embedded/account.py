"""As whom the servers run, and where their files may then live.

PostgreSQL refuses to run as root. When we are root, both servers run as `nobody`: no account is created, and no
permission is changed on anything that we did not make ourselves.
"""

import hashlib
import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxp.embedded.errors import EmbeddedError

STATE_FOLDER = Path("/var/lib/lxp-embedded")
SOCKET_PATH_LIMIT = 90  # bytes left of the system's 107 for the folder, after "/.s.PGSQL.5432" and a safety margin


@dataclass(frozen=True)
class Account:
    """The account of the servers: `uid` and `gid`, or both None for "as ourselves"."""

    uid: int | None = None
    gid: int | None = None

    def popen_options(self) -> dict[str, Any]:
        """The arguments that make `subprocess` run something as this account."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make the account the owner of `path`, which must be ours."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def private_folder(self, path: Path) -> Path:
        """A folder that the account alone may enter, made if need be."""
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        self.give(path)
        return path

    def output_of(self, command: Sequence[str | Path]) -> str | None:
        """What a short command prints when the account runs it, or None when the account cannot run it."""
        try:
            done = subprocess.run(
                [str(part) for part in command],
                capture_output=True,
                text=True,
                timeout=20,
                cwd="/",
                check=False,
                **self.popen_options(),
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    def can_enter(self, folder: Path) -> bool:
        """Whether the account reaches `folder`. Asked of the system itself, which knows about lists and mounts."""
        return self.output_of(["/bin/sh", "-c", 'cd "$1"', "sh", folder]) is not None


def service_account() -> Account:
    """`nobody` when we are root, else ourselves."""
    if os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(entry.pw_uid, entry.pw_gid)


def home_for(var: Path, account: Account) -> Path:
    """The folder for the servers' own files: `var`, or a system folder when the account cannot reach `var`.

    A root home, for one, is closed to everybody else. The system folder's name is derived from `var`, so the next start
    finds it again.
    """
    var.mkdir(parents=True, exist_ok=True)
    if account.can_enter(var):
        return var
    name = f"{var.parent.name}-{hashlib.sha256(os.fsencode(var)).hexdigest()[:10]}"
    for base in (STATE_FOLDER, Path(tempfile.gettempdir()) / STATE_FOLDER.name):
        if _open_folder(base) and _open_folder(base / name) and account.can_enter(base / name):
            return base / name
    raise EmbeddedError(
        f"No folder for the embedded servers: the account 'nobody' can enter neither {var}, {STATE_FOLDER} nor "
        f"{tempfile.gettempdir()}. Open one of them to others, run as a normal user, or set DATABASE_URL and REDIS_URL."
    )


def _open_folder(path: Path) -> bool:
    """Make `path` a folder of ours that others may enter; False when it is, or would be, somebody else's."""
    try:
        path.mkdir(mode=0o755)
        path.chmod(0o755)
    except FileExistsError:
        pass
    except OSError:
        return False
    return not path.is_symlink() and path.stat().st_uid == os.geteuid()


def socket_folder(home: Path, account: Account) -> Path:
    """A private folder for the sockets, as short as the system's limit and as plain as an address demands.

    The path travels in the host part of a database address, which readers turn to lower case.
    """
    if _fits_address(home / "sock"):
        return account.private_folder(home / "sock")
    for base in (tempfile.gettempdir(), "/tmp"):
        if _fits_address(Path(base) / "lxp-00000000"):
            return account.private_folder(Path(tempfile.mkdtemp(prefix="lxp-", dir=base)))
    raise EmbeddedError(
        f"No folder is short enough for the servers' sockets ({SOCKET_PATH_LIMIT} bytes): move the checkout to a "
        "shorter path, or set DATABASE_URL and REDIS_URL."
    )


def _fits_address(folder: Path) -> bool:
    return len(os.fsencode(folder)) <= SOCKET_PATH_LIMIT and str(folder) == str(folder).lower()
