"""Load the demonstration: Fernhill with 250 people, and Harbour, its neighbour."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from lxp import clock
from lxp.demo import loading
from lxp.people.models import Organisation

LOADERS = {"fernhill": loading.load_fernhill, "harbour": loading.load_harbour}


class Command(BaseCommand):
    help = (
        "Load the demonstration organisations. What is there already is left as it is; only what is missing is added."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do nothing when Fernhill is there")
        parser.add_argument(
            "--organisation", choices=LOADERS, action="append", help="only this one (may be given twice); else both"
        )

    def handle(self, *args: Any, once: bool, organisation: list[str] | None, **options: Any) -> None:
        if once and Organisation.objects.filter(slug="fernhill").exists():
            self.stdout.write("The demonstration is loaded already.")
            return
        now = clock.now()
        for name in organisation or LOADERS:
            LOADERS[name](now=now, say=self._say)

    def _say(self, part: str, new: int, seconds: float) -> None:
        self.stdout.write(f"{part:<32}{new:>7,} new  {seconds:>5.1f} s")
        self.stdout.flush()
