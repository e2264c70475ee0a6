"""Run the platform until Ctrl-C."""

import os
import signal
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from lxp import embedded
from lxp.embedded.lock import Lock
from lxp.supervisor.children import Children, Job
from lxp.supervisor.console import Console
from lxp.supervisor.errors import CannotRun
from lxp.supervisor.groups import Groups
from lxp.supervisor.options import Options
from lxp.supervisor.preparation import Preparation

SIGN_INS = Path(__file__).parents[1] / "demo" / "data" / "sign_ins.toml"
READY_PATIENCE = 60.0  # seconds for the pages to answer
HOPELESS_AFTER = 3  # deaths of the web process before it has ever answered
WORKER_AS_ROOT = "ignore:You're running the worker with superuser"  # whoever runs this as root knows it
BEAT = 0.25  # seconds between looks at the processes


def main() -> int:
    """Returns the exit status: 0 after an orderly stop, 1 when the platform cannot run."""
    console = Console()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        options = Options.read(os.environ, embedded.default_var())
        run(options, console)
    except (CannotRun, embedded.EmbeddedError) as error:
        console.say(str(error))
        return 1
    except Stop:
        console.say("Stopped. Nothing is left running.")
    return 0


class Stop(BaseException):
    """Somebody wants us to stop. Not an Exception, so that nothing swallows it on the way."""


def _stop(number: int, frame: FrameType | None) -> None:
    # Once is enough: a second Ctrl-C must not break the stopping. A function and not SIG_IGN, which children inherit.
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, lambda *_: None)
    raise Stop


def run(options: Options, console: Console) -> None:
    """Start everything and look after it. Leaves by Stop, or by CannotRun or EmbeddedError with the reason."""
    began = time.monotonic()
    lock = Lock(options.var / "run" / "supervisor.lock")
    if not lock.acquire():
        raise CannotRun(
            f"The platform already runs from {options.var} (process {lock.owner()}). "
            "Stop it with Ctrl-C there, or choose another folder with LXP_VAR."
        )
    groups = Groups(options.var)
    if left := groups.stop_leftovers():
        console.say(f"Stopped {left} processes that an earlier run had left behind")
    options.check_ports()
    shared = shared_environment(options, os.environ)
    with embedded.start(options.var, given=embedded.Given.by_environment(), shared=shared) as servers:
        for origin in servers.origins:
            console.say(f"Started {origin}")
        environment = {**log_environment(console, os.environ), **shared, **servers.environment()}
        Preparation(var=options.var, environment=environment, console=console, groups=groups).run()
        with Children(jobs(options, environment), console, groups) as children:
            try:
                wait_until_ready(options, children)
                console.box(f"Ready after {time.monotonic() - began:.0f} seconds", welcome(options, environment))
                while True:
                    children.tend()
                    for name in servers.mend():
                        console.say(f"{name} had stopped and was started again")
                    time.sleep(BEAT)
            except Stop:
                console.say("Stopping…")
                raise


def log_environment(console: Console, environment: Mapping[str, str]) -> dict[str, str]:
    """Logs for people, in colour where we print in colour: the processes themselves only see a pipe."""
    return {"LOG_JSON": environment.get("LOG_JSON", "false")} | ({"FORCE_COLOR": "1"} if console.coloured else {})


def shared_environment(options: Options, environment: Mapping[str, str]) -> dict[str, str]:
    """What our processes, and management commands in a second shell, must agree on. What is set already is kept."""
    for folder in ("mail", "media"):
        (options.var / folder).mkdir(parents=True, exist_ok=True)
    defaults = {
        "LXP_VAR": str(options.var),
        "LXP_CLOCK_FILE": str(options.var / "clock"),
        "EMAIL_URL": f"file:///{options.var / 'mail'}",
        "SITE_URL": options.address,
        "STREAM_URL": options.stream_address,
        "PORT": str(options.port),
        # The sign-in page offers the demonstration's people, but never over a database that somebody brought along.
        "LXP_DEMO": "false" if environment.get("DATABASE_URL") else "true",
    }
    return {name: environment.get(name) or default for name, default in defaults.items()}


def jobs(options: Options, environment: Mapping[str, str]) -> list[Job]:
    """The four processes. Pages run under WSGI with one thread per worker, the event stream alone under ASGI."""
    python = sys.executable
    beat_file = str(options.var / "run" / "beat-schedule")
    web = ["--interface", "wsgi", "--workers", "2", "--blocking-threads", "1", "--no-ws", "--respawn-failed-workers"]
    web += ["--workers-kill-timeout", "3", "--host", options.host, "--port", str(options.port), "lxp.wsgi:application"]
    stream = ["lxp.asgi:application", "--host", options.host, "--port", str(options.stream_port), "--lifespan", "off"]
    stream += ["--timeout-graceful-shutdown", "3", "--no-access-log", "--log-level", "warning"]
    celery = [python, "-m", "celery", "--app", "lxp", "--quiet"]
    commands = {
        "web": [python, "-m", "granian", *web],
        "stream": [python, "-m", "uvicorn", *stream],
        "worker": [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"],
        "beat": [*celery, "beat", "--schedule", beat_file, "--pidfile="],
    }
    extra = {"worker": {"PYTHONWARNINGS": f"{os.environ.get('PYTHONWARNINGS', '')},{WORKER_AS_ROOT}".lstrip(",")}}
    return [Job(name, command, {**environment, **extra.get(name, {})}) for name, command in commands.items()]


def wait_until_ready(options: Options, children: Children) -> None:
    """Return when the pages answer. Raises CannotRun when they do not."""
    host = f"[{options.probe_host}]" if ":" in options.probe_host else options.probe_host
    request = urllib.request.Request(f"http://{host}:{options.port}/healthz", headers={"Host": "localhost"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_PATIENCE
    problem = "no answer"
    while time.monotonic() < deadline and children.deaths("web") < HOPELESS_AFTER:
        try:
            with direct.open(request, timeout=5):
                return
        except urllib.error.HTTPError as error:
            problem = f"status {error.code}"
        except OSError:
            pass
        children.tend()
        time.sleep(0.1)
    raise CannotRun(f"The pages do not come up ({problem} from {request.full_url}). The lines of `web` above say why.")


def welcome(options: Options, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """The rows of the box: where to go, who to be, and what else one can do."""
    mail = environment["EMAIL_URL"]
    rows = [("Open", options.address), ("", "")]
    if SIGN_INS.exists():
        demo = tomllib.loads(SIGN_INS.read_text(encoding="utf-8"))
        rows += [("Sign in as", f"{person['email']:<26}{person['role']}") for person in demo["people"][:1]]
        rows += [("", f"{person['email']:<26}{person['role']}") for person in demo["people"][1:]]
        rows += [("Password", demo["password"]), ("", "")]
    rows += [
        ("Move time", ".venv/bin/python manage.py clock +2d"),
        ("Mail", str(options.var / "mail") if mail.startswith("file:") else "goes to the server of EMAIL_URL"),
        ("Stop", "Ctrl-C"),
    ]
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
