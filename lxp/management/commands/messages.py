"""`manage.py messages`: what goes out in the next days, to whom, and what went wrong."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lxp import clock
from lxp.management.table import table
from lxp.messaging import queries
from lxp.messaging.models import Message
from lxp.messaging.presentation import in_words
from lxp.people.models import Organisation
from lxp.people.queries import members
from lxp.tenancy import scope


class Command(BaseCommand):
    help = "Show the messages of the next days: a forecast, one person's messages, or what went wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="how far to look ahead (30)")
        parser.add_argument("--person", metavar="EMAIL", help="every message promised to one person")
        parser.add_argument("--trouble", action="store_true", help="what is late, gave up or came back")
        parser.add_argument("--organisation", metavar="SLUG", help="one organisation only")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= 366:
            raise CommandError("--days is a number from 1 to 366.")
        rows: list[dict[str, Any]] = []
        for organisation in self._organisations(options["organisation"]):
            with scope(organisation):
                rows += self._rows(organisation, options)
        if options["format"] == "json":
            self.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False))
        elif rows:
            self.stdout.write(table(rows))
        else:
            self.stdout.write("Nothing late, failed or bounced." if options["trouble"] else "Nothing is planned.")

    def _organisations(self, slug: str | None) -> list[Organisation]:
        found = Organisation.objects.order_by("slug")
        if slug and not (found := found.filter(slug=slug)):
            raise CommandError(f"There is no organisation “{slug}”.")
        return list(found)

    def _rows(self, organisation: Organisation, options: dict[str, Any]) -> list[dict[str, Any]]:
        at = clock.now()
        if options["trouble"]:
            return _trouble(organisation, queries.trouble(at=at))
        if options["person"]:
            return self._person(organisation, options)
        return [
            {"organisation": organisation.slug, "day": line.day.isoformat(), "kind": line.kind,
             "category": line.category, "count": line.count, "withheld": line.withheld}
            for line in queries.forecast(at=at, days=options["days"], zone=organisation.zone)
        ]  # fmt: skip

    def _person(self, organisation: Organisation, options: dict[str, Any]) -> list[dict[str, Any]]:
        membership = members().filter(user__email__iexact=options["person"]).first()
        if membership is None:
            if options["organisation"]:
                raise CommandError(f"Nobody in {organisation.name} has the e-mail {options['person']}.")
            return []
        user = membership.user
        planned = queries.planned_of(user, at=clock.now(), days=options["days"])
        return [
            {"at": message.due_at.isoformat(), "local": f"{message.due_at.astimezone(ZoneInfo(user.zone)):%a %d %b %H:%M}",
             "zone": user.zone, "kind": message.kind, "channel": message.channel, "what": in_words(message),
             "reason": message.reason, "scope": message.scope}
            for message in planned
        ]  # fmt: skip


def _trouble(organisation: Organisation, found: queries.Trouble) -> list[dict[str, Any]]:
    def row(sort: str, message: Message) -> dict[str, Any]:
        return {
            "organisation": organisation.slug, "id": message.pk, "trouble": sort, "person": message.recipient.email,
            "due_at": message.due_at.isoformat(), "kind": message.kind, "attempts": message.attempts,
            "because": message.because,
        }  # fmt: skip

    return [
        row(sort, message)
        for sort, messages in (("late", found.late), ("failed", found.dead), ("bounced", found.bounced))
        for message in messages
    ]
