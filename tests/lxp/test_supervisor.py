"""The supervisor: what it says, what it keeps alive, and that it leaves nothing behind. All processes are real."""

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lxp import embedded
from lxp.supervisor import __main__ as supervisor
from lxp.supervisor import children, preparation
from lxp.supervisor.children import Child, Children, Job
from lxp.supervisor.console import Console
from lxp.supervisor.errors import CannotRun
from lxp.supervisor.groups import Groups
from lxp.supervisor.options import Options

REPOSITORY = Path(__file__).parents[2]


def until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until `holds()`; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def free_ports() -> int:
    """A port that is free, and so is the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class TestOptions:
    def test_by_default_only_this_machine_sees_it(self, tmp_path: Path) -> None:
        options = Options.read({"PORT": "", "HOST": ""}, tmp_path)
        assert (options.host, options.port, options.stream_port) == ("127.0.0.1", 8000, 8001)
        assert (options.address, options.stream_address) == ("http://localhost:8000", "http://localhost:8001")

    def test_the_stream_follows_the_port_unless_told_otherwise(self, tmp_path: Path) -> None:
        assert Options.read({"PORT": "9000"}, tmp_path).stream_port == 9001
        assert Options.read({"PORT": "9000", "STREAM_PORT": "7"}, tmp_path).stream_port == 7

    @pytest.mark.parametrize(
        ("host", "address", "probe"),
        [
            ("0.0.0.0", "http://localhost:8000", "127.0.0.1"),
            ("::", "http://localhost:8000", "::1"),
            ("192.0.2.7", "http://192.0.2.7:8000", "192.0.2.7"),
            ("2001:db8::7", "http://[2001:db8::7]:8000", "2001:db8::7"),
        ],
    )
    def test_addresses_of_other_hosts(self, tmp_path: Path, host: str, address: str, probe: str) -> None:
        options = Options.read({"HOST": host}, tmp_path)
        assert (options.address, options.probe_host) == (address, probe)

    @pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "80.5", "٣x"])
    def test_what_is_no_port_is_refused(self, tmp_path: Path, port: str) -> None:
        with pytest.raises(CannotRun, match="PORT must be a port number from 1 to 65535, not"):
            Options.read({"PORT": port}, tmp_path)

    def test_the_last_port_leaves_none_for_the_stream(self, tmp_path: Path) -> None:
        with pytest.raises(CannotRun, match="STREAM_PORT must be"):
            Options.read({"PORT": "65535"}, tmp_path)
        with pytest.raises(CannotRun, match="both 8000"):
            Options.read({"PORT": "8000", "STREAM_PORT": "8000"}, tmp_path)

    @pytest.mark.parametrize(("offset", "variable"), [(0, "PORT"), (1, "STREAM_PORT")])
    def test_a_taken_port_is_named_with_a_command_that_works(self, tmp_path: Path, offset: int, variable: str) -> None:
        port = free_ports()
        options = Options.read({"PORT": str(port)}, tmp_path)
        options.check_ports()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", port + offset))
            taken.listen()
            with pytest.raises(CannotRun, match=f"Port {port + offset} for .* is taken") as refusal:
                options.check_ports()
            advice = re.search(rf"Try: {variable}=(\d+) make run", str(refusal.value))
            assert advice
            Options.read({"PORT": str(port), variable: advice[1]}, tmp_path).check_ports()

    def test_a_foreign_address_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CannotRun, match=r"HOST=192\.0\.2\.7 is no address of this machine"):
            Options.read({"HOST": "192.0.2.7"}, tmp_path).check_ports()


class TestConsole:
    def test_each_line_carries_the_name_and_no_colour_off_a_terminal(self) -> None:
        out = io.StringIO()
        Console(out).line("web", "one\ntwo")
        assert out.getvalue() == "web      | one\nweb      | two\n"

    def test_colour_on_a_terminal_unless_unwanted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Terminal(io.StringIO):
            encoding = "utf-8"

            def isatty(self) -> bool:
                return True

        monkeypatch.delenv("NO_COLOR", raising=False)
        out = Terminal()
        Console(out).line("web", "hello")
        assert out.getvalue() == "\x1b[36mweb      │\x1b[0m hello\n"
        monkeypatch.setenv("NO_COLOR", "1")
        out = Terminal()
        Console(out).line("web", "hello")
        assert out.getvalue() == "web      │ hello\n"

    def test_the_box_has_straight_sides_also_around_wide_letters(self) -> None:
        out = io.StringIO()
        Console(out).box("Ready", [("Sign in as", "陈雨兰"), ("", "Ben"), ("", "")])
        lines = out.getvalue().strip().splitlines()
        assert [line.rstrip("|").rstrip() for line in lines[1:5]] == [
            "| Ready",
            "|",
            "| Sign in as  陈雨兰",
            "|             Ben",
        ]
        assert len(lines[1]) == len(lines[3]) + 3  # three letters that take two columns each

    def test_a_terminal_that_is_gone_stops_nothing(self) -> None:
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as gone:
            console = Console(gone)
            console.say("into the void")
            os.dup2(os.open(os.devnull, os.O_WRONLY), write)  # so that closing does not complain


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def groups(tmp_path: Path) -> Groups:
    return Groups(tmp_path)


def shell(name: str, script: str) -> Job:
    return Job(name, ["sh", "-c", script], {})


class TestChildren:
    def test_output_of_both_kinds_is_passed_on_and_the_status_returned(self, out: io.StringIO, groups: Groups) -> None:
        child = Child(
            Job("step", ["sh", "-c", "echo $WORD; echo bad >&2; exit 4"], {"WORD": "good"}), Console(out), groups
        )
        assert child.run_to_end() == 4
        assert out.getvalue() == "step     | good\nstep     | bad\n"

    def test_what_dies_is_started_again_after_growing_pauses(
        self, out: io.StringIO, groups: Groups, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(children, "FIRST_PAUSE", 0.05)
        monkeypatch.setattr(children, "LONGEST_PAUSE", 0.1)
        with Children([shell("job", "kill -9 $$")], Console(out), groups) as both:

            def died_thrice() -> bool:
                both.tend()
                return both.deaths("job") == 3

            until(died_thrice)
        assert out.getvalue().count("job was stopped by SIGKILL; starting it again in 0 s") == 3

    def test_a_steady_run_forgets_earlier_deaths(
        self, out: io.StringIO, groups: Groups, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(children, "FIRST_PAUSE", 0.01)
        monkeypatch.setattr(children, "STEADY_AFTER", 0.0)
        with Children([shell("job", "exit 1")], Console(out), groups) as both:

            def said_it_thrice() -> bool:
                both.tend()
                return out.getvalue().count("stopped with exit status 1") == 3

            until(said_it_thrice)
            assert both.deaths("job") == 1

    def test_stopping_ends_also_the_deaf_and_their_children(
        self, out: io.StringIO, groups: Groups, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(children, "STOP_PATIENCE", 0.3)
        deaf = "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"
        began = time.monotonic()
        with Children([shell("deaf", deaf), shell("polite", "echo $$; exec sleep 60")], Console(out), groups):
            until(lambda: len(re.findall(r"\| \d+", out.getvalue())) == 2)
        pids = [int(pid) for pid in re.findall(r"\| (\d+)", out.getvalue())]
        until(lambda: not any(alive(pid) for pid in pids), 2)
        assert "deaf did not stop in time" in out.getvalue()
        assert "polite did not" not in out.getvalue()
        assert time.monotonic() - began < 5

    def test_a_program_that_is_not_there_is_named(self, out: io.StringIO, groups: Groups) -> None:
        jobs = [shell("first", "echo $$; exec sleep 60"), Job("second", ["/no/such/program"], {})]
        with pytest.raises(CannotRun, match="Cannot start /no/such/program"), Children(jobs, Console(out), groups):
            pass


class TestLeftovers:
    def test_what_a_killed_supervisor_left_is_stopped_and_strangers_are_not(
        self, tmp_path: Path, out: io.StringIO
    ) -> None:
        groups = Groups(tmp_path)
        child = Child(shell("left", "trap '' TERM; echo $$; sleep 60 & wait; sleep 60"), Console(out), groups)
        child.start()
        stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
        try:
            groups.add(stranger.pid)
            until(lambda: "\n" in out.getvalue())
            left = int(out.getvalue().split()[-1])
            # A real orphan is reaped by init.
            reaper = threading.Thread(target=child.make_sure, args=[time.monotonic() + 30])
            reaper.start()
            assert Groups(tmp_path).stop_leftovers() == 2
            reaper.join()
            assert not alive(left)
            assert stranger.poll() is None
            assert Groups(tmp_path).stop_leftovers() == 0
        finally:
            stranger.kill()
            stranger.wait()

    @pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[null]"])
    def test_a_damaged_list_is_no_obstacle(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "processes.json").write_text(text)
        assert Groups(tmp_path).stop_leftovers() == 0


def test_the_fingerprint_follows_the_static_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "lxp").mkdir()
    for name in ("static/css/base.css", "lxp/settings.py", "requirements.lock"):
        (tmp_path / name).write_text("one")
    monkeypatch.setattr(preparation, "ROOT", tmp_path)
    seen = {preparation.static_fingerprint()}
    assert preparation.static_fingerprint() in seen
    for name in ("static/css/base.css", "static/css/new.css", "lxp/settings.py", "requirements.lock"):
        (tmp_path / name).write_text("another")
        seen.add(preparation.static_fingerprint())
    assert len(seen) == 5


def test_what_is_set_already_is_kept(tmp_path: Path) -> None:
    options = Options.read({"PORT": "9000"}, tmp_path)
    shared = supervisor.shared_environment(options, {"EMAIL_URL": "smtp://mail:25", "SITE_URL": ""})
    assert shared["EMAIL_URL"] == "smtp://mail:25"
    assert shared["SITE_URL"] == "http://localhost:9000"
    assert shared["STREAM_URL"] == "http://localhost:9001"
    mail = dict(supervisor.welcome(options, shared))["Mail"]
    assert mail == "goes to the server of EMAIL_URL"


def test_the_people_of_the_demonstration_are_offered_only_on_a_database_of_our_own(tmp_path: Path) -> None:
    options = Options.read({}, tmp_path)
    assert supervisor.shared_environment(options, {})["LXP_DEMO"] == "true"
    assert supervisor.shared_environment(options, {"DATABASE_URL": "postgresql://db/x"})["LXP_DEMO"] == "false"


def test_mail_goes_to_files_unless_told_otherwise(tmp_path: Path) -> None:
    from dj_email_url import parse

    shared = supervisor.shared_environment(Options.read({}, tmp_path), {})
    assert parse(shared["EMAIL_URL"])["EMAIL_FILE_PATH"] == str(tmp_path / "mail")
    assert (tmp_path / "mail").is_dir()


PROJECT = {
    "lxp/__init__.py": "",
    "lxp/settings.py": """
        import os, dj_database_url
        from pathlib import Path
        from lxp.embedded import default_var, join
        join(default_var())
        DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"])}
        INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.staticfiles"]
        SECRET_KEY, ROOT_URLCONF, ALLOWED_HOSTS, USE_TZ = "x", "lxp.urls", ["*"], True
        STATIC_URL, STATIC_ROOT = "/static/", default_var() / "static"
        STATICFILES_DIRS = [Path(__file__).parents[1] / "static"]
    """,
    "lxp/urls.py": """
        from django.contrib.auth.models import User
        from django.http import HttpResponse
        from django.urls import path
        def count(request):
            User.objects.create(username=str(User.objects.count()))
            return HttpResponse(str(User.objects.count()))
        urlpatterns = [path("healthz", lambda request: HttpResponse("ok")), path("count", count)]
    """,
    "lxp/wsgi.py": """
        import os
        from django.core.wsgi import get_wsgi_application
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lxp.settings")
        application = get_wsgi_application()
    """,
    "lxp/asgi.py": """
        import asyncio
        async def application(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"beat\\n", "more_body": True})
                await asyncio.sleep(0.2)
    """,
    "lxp/celery.py": """
        import os
        from celery import Celery
        app = Celery("lxp", broker=os.environ["CELERY_BROKER_URL"])
        app.conf.beat_schedule = {"tick": {"task": "tick", "schedule": 0.5}}
        @app.task(name="tick", ignore_result=True)
        def tick():
            print("the worker ticked", flush=True)
    """,
    "static/a.css": "body {}",
}


@pytest.fixture
def project() -> Iterator[Path]:
    """A tiny platform with our supervisor and servers in it, so that this costs seconds and not a demo organisation."""
    folder = Path(tempfile.mkdtemp(prefix="lxp-test-"))
    folder.chmod(0o755)
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(re.sub(r"^ {8}", "", text, flags=re.MULTILINE))
    for name in ("lxp/embedded", "lxp/supervisor"):
        (folder / name).symlink_to(REPOSITORY / name)
    shutil.copy(REPOSITORY / "manage.py", folder)  # a script's own folder is looked up behind its link
    yield folder
    Groups(folder / "var").stop_leftovers()
    embedded.forget(folder / "var")
    shutil.rmtree(folder)


class Run:
    """One `python -m lxp.supervisor`, with what it has printed so far."""

    def __init__(self, project: Path, port: int) -> None:
        strip = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "EMAIL_URL", "DJANGO_SETTINGS_MODULE")
        environment = {name: value for name, value in os.environ.items() if name not in strip}
        environment |= {"PORT": str(port), "LXP_VAR": str(project / "var"), "PYTHONIOENCODING": "utf-8"}
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lxp.supervisor"],
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.printed = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line

    def wait_for(self, text: str, seconds: float = 60) -> None:
        until(lambda: text in self.printed or self.process.poll() is not None, seconds)
        assert text in self.printed, self.printed

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(20)
        self._reader.join(5)
        return code


def of_project(project: Path) -> list[int]:
    """Every living process that belongs to the project, by its marked environment or its folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                place = str((entry / "cwd").readlink())
                mark = f"LXP_VAR={project / 'var'}".encode() in (entry / "environ").read_bytes()
            except OSError:
                continue
            if mark or place.startswith(str(project)):
                found.append(int(entry.name))
    return found


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes through /proc")
def test_the_platform_runs_survives_and_stops(project: Path) -> None:
    port = free_ports()
    run = Run(project, port)
    try:
        run.wait_for("Ctrl-C")
        assert f"http://localhost:{port}" in run.printed
        assert run.get("healthz") == "ok"
        assert run.get("count") == "1"
        with urllib.request.urlopen(f"http://127.0.0.1:{port + 1}/", timeout=10) as stream:
            assert stream.readline() == b"beat\n"
        run.wait_for("the worker ticked")

        second = Run(project, free_ports())
        assert second.process.wait(20) == 1
        until(lambda: "already runs from" in second.printed)

        check = [sys.executable, "manage.py", "shell", "-c", "import os; print(os.environ['SITE_URL'])"]
        plain = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        plain |= {"LXP_VAR": str(project / "var"), "DJANGO_SETTINGS_MODULE": "lxp.settings"}
        other_shell = subprocess.run(check, cwd=project, env=plain, capture_output=True, text=True, check=False)
        assert other_shell.stdout.strip().endswith(f"http://localhost:{port}"), other_shell.stderr

        servers = embedded.running(project / "var")
        assert servers is not None
        assert servers.postgres_pid is not None
        os.kill(servers.postgres_pid, signal.SIGKILL)
        run.wait_for("PostgreSQL had stopped and was started again")
        web = [pid for pid in of_project(project) if b"granian" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(min(web), signal.SIGKILL)
        run.wait_for("web was stopped by SIGKILL; starting it again in 1 s")
        until(lambda: "ok" in _try(lambda: run.get("healthz")))
        assert run.get("count") == "2"

        run.stop(signal.SIGKILL)
        assert len(of_project(project)) > 6
        run = Run(project, port)
        run.wait_for("Ctrl-C")
        assert "processes that an earlier run had left behind" in run.printed
        assert "Collecting the static files" not in run.printed
        assert run.get("count") == "3"

        began = time.monotonic()
        assert run.stop(signal.SIGINT) == 0
        assert time.monotonic() - began < 10
        assert run.printed.rstrip().endswith("Stopped. Nothing is left running.")
        assert of_project(project) == []
    finally:
        if run.process.poll() is None:
            run.stop(signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes through /proc")
@pytest.mark.parametrize(
    ("file", "says"),
    [("lxp/settings.py", "`manage.py migrate` failed"), ("lxp/wsgi.py", "The pages do not come up")],
)
def test_a_platform_that_cannot_start_says_why_and_leaves_nothing(project: Path, file: str, says: str) -> None:
    (project / file).write_text("raise RuntimeError('the reason')\n")
    run = Run(project, free_ports())
    assert run.process.wait(60) == 1
    run.wait_for(says)
    assert "the reason" in run.printed
    assert of_project(project) == []


def _try(read: Callable[[], str]) -> str:
    try:
        return read()
    except OSError:
        return ""
