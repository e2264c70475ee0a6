"""A pytest plugin: private servers for each test run, ready before Django reads its settings.

Loaded by `-p tests.servers`. `DATABASE_URL` and `REDIS_URL` are honoured when they are set. Runs beside each other in one
checkout do not meet: each has its own servers in its own temporary folder, removed at the end. The servers trade crash
safety for speed; a test about crashes starts its own with `lxp.embedded.temporary(durable=True)`.
"""

import atexit
import contextlib
import os
import re
import signal

import pytest

from lxp import embedded

OWN_REDIS = "LXP_TEST_OWN_REDIS"  # tells the workers of a parallel run that they may choose databases in this Redis

_stack = contextlib.ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the servers, or, in a worker of a parallel run, find those that its controller has started."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None:
        _choose_redis_database(worker)
        return
    options = early_config.known_args_namespace
    if options.help or options.version:
        return
    given = embedded.Given.by_environment()
    if given.database_url and given.redis_url:
        return
    # Without this a `kill` of the run would leave the servers behind; Ctrl-C already unwinds.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("stopped by SIGTERM", returncode=128 + signal.SIGTERM))
    try:
        servers = _stack.enter_context(embedded.temporary(durable=False, given=given))
    except embedded.EmbeddedError as error:
        raise pytest.UsageError(str(error)) from error
    early_config.add_cleanup(_stack.close)
    atexit.register(_stack.close)  # a run that fails before it is configured does not clean up
    os.environ.update(servers.environment())
    if not given.redis_url:
        os.environ[OWN_REDIS] = "1"
    early_config.stash[_ORIGINS] = servers.origins


_ORIGINS = pytest.StashKey[list[str]]()


def pytest_report_header(config: pytest.Config) -> str | None:
    origins = config.stash.get(_ORIGINS, None)
    return f"servers: {', '.join(origins)}" if origins else None


def _choose_redis_database(worker: str) -> None:
    """A Redis database of its own for each worker, so that one may flush without touching another's."""
    if os.environ.get(OWN_REDIS):
        number = int(re.sub(r"\D", "", worker) or 0) + 1
        for name in ("REDIS_URL", "CELERY_BROKER_URL"):
            os.environ[name] = re.sub(r"(db|virtual_host)=\d+", rf"\g<1>={number}", os.environ[name])
