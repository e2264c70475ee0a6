"""Bring in a library: `manage.py import_library FILE --organisation SLUG [--owner EMAIL] [--dry-run]`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from content.importing import import_library
from lxp import clock
from lxp.people.models import User
from lxp.people.queries import memberships_by_email, organisation_by_slug
from lxp.tenancy import scope


class Command(BaseCommand):
    help = "Import items from a JSONL file (docs/importing.md). Run again, it goes on where it stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--organisation", required=True, metavar="SLUG")
        parser.add_argument("--owner", metavar="EMAIL", default="", help="who keeps the new items")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")

    def handle(self, *, file: Path, organisation: str, owner: str, dry_run: bool, **_: Any) -> None:
        found = organisation_by_slug(organisation)
        if found is None:
            raise CommandError(f"There is no organisation “{organisation}”.")
        with scope(found):
            keeper = self._keeper(owner)
            try:
                with file.open(encoding="utf-8-sig") as lines:
                    report = import_library(
                        lines, by=keeper, owner=keeper, at=clock.now(), dry_run=dry_run, progress=self._progress
                    )
            except OSError as error:
                raise CommandError(f"{file}: {error.strerror}") from None
            except UnicodeDecodeError:
                raise CommandError(f"{file} is not UTF-8 text. Save it as UTF-8.") from None
        self.stdout.write("")
        for line in report.lines():
            self.stdout.write(line)
        if dry_run:
            self.stdout.write("Nothing was changed: this was a dry run.")

    def _keeper(self, email: str) -> User | None:
        if not email:
            return None
        membership = memberships_by_email([email]).get(email.lower())
        if membership is None:
            raise CommandError(f"Nobody here has the e-mail {email}.")
        return membership.user

    def _progress(self, number: int) -> None:
        self.stdout.write(f"\r{number} lines", ending="")
        self.stdout.flush()
