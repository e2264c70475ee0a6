"""Bring in job roles, skills and targets: `manage.py import_skills DIR --organisation SLUG [--dry-run]`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lxp.people.queries import organisation_by_slug
from lxp.skills.importing import CatalogueError, attribution, import_skills
from lxp.tenancy import scope


class Command(BaseCommand):
    help = "Import a folder of roles.csv, skills.csv and role_skills.csv (docs/importing.md). Run again, it changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--organisation", required=True, metavar="SLUG")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")

    def handle(self, *, folder: Path, organisation: str, dry_run: bool, **_: Any) -> None:
        found = organisation_by_slug(organisation)
        if found is None:
            raise CommandError(f"There is no organisation “{organisation}”.")
        with scope(found):
            try:
                report = import_skills(folder, dry_run=dry_run, say=self.stdout.write)
            except CatalogueError as error:
                raise CommandError(str(error)) from None
        for line in report.lines():
            self.stdout.write(line)
        for line in attribution(folder):
            self.stdout.write(line)
        if dry_run:
            self.stdout.write("Nothing was changed: this was a dry run.")
