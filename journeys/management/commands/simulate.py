"""What will happen to the learners of a cohort: when, where, by which channel and for which reason."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from journeys import design_queries as reads
from journeys import design_words as words
from journeys import services
from journeys.models import Cohort
from lxp import clock
from lxp.tenancy import scope

COLUMNS = ("local", "at", "zone", "learner", "what", "step", "channel", "reason")


class Command(BaseCommand):
    help = "Play the plans of a cohort forward with the planners that run live. Nothing is sent or changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", required=True, metavar="SLUG")
        parser.add_argument("--learner", metavar="EMAIL", help="one learner of the cohort; all of them without it")
        parser.add_argument(
            "--absent", action="append", default=[], metavar="SESSION",
            help="a live session they miss: the key of its step or its uuid (may be given several times)",
        )  # fmt: skip
        parser.add_argument("--days", type=int, default=60, help="how far to look ahead (60)")
        parser.add_argument("--diligent", action="store_true", help="they finish everything an hour after it opens")
        parser.add_argument("--format", choices=["table", "json"], default="table")
        parser.add_argument("--organisation", metavar="SLUG", help="needed only where two have a cohort of that name")

    def handle(self, *args: Any, **options: Any) -> None:
        cohort = self._cohort(options["cohort"], options["organisation"])
        assert cohort.organisation_id is not None
        with scope(cohort.organisation_id):
            entries = self._play(cohort, options)
        if options["format"] == "json":
            self.stdout.write(json.dumps(entries, indent=2, ensure_ascii=False))
        else:
            self._table(entries, cohort, options["days"])

    def _cohort(self, slug: str, organisation: str | None) -> Cohort:
        found = reads.cohorts_named(slug, organisation)
        if not found:
            near = ", ".join(reads.cohort_names(organisation)[:12]) or "none"
            raise CommandError(f"There is no cohort “{slug}”. There are: {near}.")
        if len(found) > 1:
            owners = ", ".join(cohort.organisation.slug for cohort in found)
            raise CommandError(
                f"Several organisations have a cohort “{slug}”: say which with --organisation ({owners})."
            )
        return found[0]

    def _play(self, cohort: Cohort, options: dict[str, Any]) -> list[dict[str, Any]]:
        learner_ids = None
        if options["learner"]:
            email = options["learner"].lower()
            learner_ids = [pk for pk, _name, address in reads.learners_of(cohort) if address.lower() == email]
            if not learner_ids:
                raise CommandError(f"Nobody with the e-mail {options['learner']} is in the cohort “{cohort.slug}”.")
        try:
            return services.simulate_cohort(
                cohort=cohort, at=clock.now(), days=options["days"], learner_ids=learner_ids,
                absent=options["absent"], diligent=options["diligent"],
            )  # fmt: skip
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error

    def _table(self, entries: list[dict[str, Any]], cohort: Cohort, days: int) -> None:
        if not entries:
            self.stdout.write(f"Nothing happens in “{cohort.title}” in the next {days} days.")
            return
        rows = [[_cell(entry, name) for name in COLUMNS] for entry in entries]
        widths = [max(len(row[n]) for row in [list(COLUMNS), *rows]) for n in range(len(COLUMNS) - 1)]
        for row in [list(COLUMNS), *rows]:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
            self.stdout.write(f"{line}  {row[-1]}")


def _cell(entry: dict[str, Any], name: str) -> str:
    if name == "what":
        return f"{entry['kind']}: {words.message(entry['message'])}" if entry["message"] else entry["kind"]
    if name == "local":
        return entry["local"][:16].replace("T", " ")
    return str(entry[name])
