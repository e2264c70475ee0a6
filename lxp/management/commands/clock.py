"""`manage.py clock`: move the clock of a demo, to see tomorrow today."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lxp import clock

_STEP = re.compile(r"\+(\d{1,4})([wdhm])")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}


class Command(BaseCommand):
    help = "Show the platform's clock, or move it: +2d, +3h, +30m, +1w, 2026-03-02T09:00 (UTC unless it says), reset."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("to", nargs="?", help="how far, or to which moment")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["to"]:
            try:
                clock.move(_by(options["to"]))
            except RuntimeError as error:
                raise CommandError(str(error)) from error
        now, offset = clock.now(), clock.offset()
        moved = f"moved by {offset}" if offset else "real time"
        self.stdout.write(f"{now:%a %Y-%m-%d %H:%M:%S} UTC, {moved}")


def _by(text: str) -> timedelta | None:
    if text == "reset":
        return None
    if step := _STEP.fullmatch(text):
        number, unit = step.groups()
        return timedelta(**{_UNITS[unit]: int(number)})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"“{text}” is neither a step such as +2d, a moment such as 2026-03-02T09:00, nor reset."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - clock.now()
