"""The embedded servers at the command line: run a command with servers around it, show them, or forget their data."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from lxp import embedded


def main() -> int:
    """Returns the exit status: that of the command, or 1 when the servers cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m lxp.embedded", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    execute = actions.add_parser("exec", help="run a command; start the servers for it if none are running")
    execute.add_argument(
        "--temporary", action="store_true", help="use throw-away servers with no data, kept crash-safe"
    )
    execute.add_argument("command", nargs=argparse.REMAINDER, help="-- COMMAND [ARGUMENT …]")
    actions.add_parser("status", help="show the addresses of the running servers")
    actions.add_parser("forget", help="remove the data of the servers")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers are stopped, too
    try:
        if options.action == "exec":
            command = options.command[1:] if options.command[:1] == ["--"] else options.command
            if not command:
                execute.error("nothing to run: put the command after --")
            return run_with_servers(command, temporary=options.temporary)
        if options.action == "forget":
            embedded.forget(embedded.default_var(), say=print)
            return 0
        return show_status()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except embedded.EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1


def run_with_servers(command: Sequence[str], *, temporary: bool = False) -> int:
    """Run `command` with DATABASE_URL, REDIS_URL and CELERY_BROKER_URL set; its exit status.

    Addresses that the environment names are kept; servers that are running are used; else they are started, and stopped
    afterwards.
    """
    given = embedded.Given.by_environment()
    if given.database_url and given.redis_url:
        return _run(command, given.environment())
    if temporary:
        with embedded.temporary(durable=True, given=given) as servers:
            return _run(command, servers.environment())
    embedded.join(embedded.default_var())
    found = embedded.running(embedded.default_var())
    if found is not None:
        return _run(command, found.environment() | given.environment())
    with embedded.start(embedded.default_var(), given=given) as servers:
        return _run(command, servers.environment())


def _run(command: Sequence[str], extra: dict[str, str]) -> int:
    """Run the command in our place: it gets Ctrl-C from the terminal itself, and a TERM sent to us from us."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        child = subprocess.Popen(command, env=os.environ | extra)
    except OSError as error:
        print(f"Cannot run {command[0]}: {error.strerror}.", file=sys.stderr)
        return 127
    try:
        # A function, not SIG_IGN: children that the command starts later would inherit being deaf.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def show_status() -> int:
    """Print the addresses; 1 when nothing runs."""
    embedded.join(embedded.default_var())
    found = embedded.running(embedded.default_var())
    if found is None:
        print(f"No servers are running on {embedded.default_var()}.")
        return 1
    for name, url in found.environment().items():
        print(f"{name}={url}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
