"""`manage.py deliveries`: domain events whose handlers gave up."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lxp import clock
from lxp.events.repair import dead_deliveries, retry_dead_deliveries
from lxp.management.table import table


class Command(BaseCommand):
    help = "Show the event deliveries that gave up (--dead), or let them run again (--retry)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dead", action="store_true", help="list them with their errors")
        parser.add_argument("--retry", action="store_true", help="let all of them run again")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["dead"] and not options["retry"]:
            raise CommandError("Say what to do: --dead to list them, --retry to let them run again.")
        if options["dead"]:
            self._show()
        if options["retry"]:
            self.stdout.write(f"{retry_dead_deliveries(at=clock.now())} deliveries will be tried again.")

    def _show(self) -> None:
        rows = [
            {"id": delivery.pk, "event": delivery.event.kind, "handler": delivery.handler,
             "gave up": f"{delivery.dead_at:%Y-%m-%d %H:%M}", "error": delivery.error.splitlines()[0][:120] if delivery.error else ""}
            for delivery in dead_deliveries()
        ]  # fmt: skip
        self.stdout.write(table(rows) if rows else "No delivery has given up.")
