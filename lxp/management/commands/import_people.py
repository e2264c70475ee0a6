"""Bring people in from a CSV file: `manage.py import_people FILE --organisation SLUG [--dry-run] [--leave-out]`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from lxp import clock
from lxp.people import queries, services
from lxp.people.importing import ImportPlan
from lxp.people.sheet import SheetError, decode
from lxp.tenancy import scope


class Command(BaseCommand):
    help = "Import people from a CSV file (columns: docs/importing-people.md). With a bad row, nothing is imported."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--organisation", required=True, metavar="SLUG")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")
        parser.add_argument("--leave-out", action="store_true", help="import the good rows although others are bad")

    def handle(self, *, file: Path, organisation: str, dry_run: bool, leave_out: bool, **_: Any) -> None:
        found = queries.organisation_by_slug(organisation)
        if found is None:
            raise CommandError(f"There is no organisation “{organisation}”.")
        text = self._read(file)
        with scope(found):
            try:
                plan = services.preview(text)
                self._report(plan)
                if dry_run:
                    self.stdout.write("Nothing was changed: this was a dry run.")
                    return
                services.import_people(name=file.name, text=text, leave_out_refused=leave_out, by=None, at=clock.now())
            except ValidationError as error:
                raise CommandError("\n".join(error.messages)) from None
        self.stdout.write(self.style.SUCCESS(f"{len(plan.doing)} people imported."))

    def _read(self, file: Path) -> str:
        try:
            return decode(file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        except SheetError as error:
            raise CommandError(f"{file}: {error}") from None

    def _report(self, plan: ImportPlan) -> None:
        words = {
            "new": "new",
            "change": "changed",
            "back": "back",
            "leave": "leaving",
            "same": "as before",
            "refused": "refused",
        }
        self.stdout.write(", ".join(f"{plan.count(verb)} {word}" for verb, word in words.items()))
        for row in plan.doing:
            changes = "; ".join(f"{name}: {before} → {after}" for name, (before, after) in row.changes.items())
            self.stdout.write(f"  line {row.line:>5}  {words[row.verb]:<9} {row.email}  {changes}".rstrip())
        for row in plan.refused:
            self.stderr.write(f"  line {row.line:>5}  refused   {row.email}: {' '.join(row.errors)}")
