"""`manage.py doctor`: is everything that the platform needs there and at work?"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from lxp import clock
from lxp.management.table import table
from lxp.web import health


class Command(BaseCommand):
    help = "Check database, migrations, broker, events, messages, beat, mail, storage and time zones. Exits with 1 when something is broken."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = health.everything(at=clock.now())
        if options["format"] == "json":
            self.stdout.write(json.dumps([finding.as_dict() for finding in findings], indent=2, ensure_ascii=False))
        else:
            self.stdout.write(
                table([{"check": f.name, "status": f.status, "detail": f.detail, "remedy": f.remedy} for f in findings])
            )
        if health.worst(findings) == "broken":
            sys.exit(1)
