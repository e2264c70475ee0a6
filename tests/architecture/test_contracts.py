"""Who may import whom: the contracts of pyproject.toml, and what they can't say."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from importlib.util import find_spec

from tests.architecture.sources import APPS, ROOT, is_edge, is_http, modules

# The two things that are not for pages and services: servers and supervisor start before Django is there.
READS_THE_CLOCK = ("lxp.clock", "lxp.embedded", "lxp.supervisor", "lxp.settings")


def test_every_contract_is_kept():
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


def test_every_module_that_calls_itself_pure_is_held_to_it():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {contract["id"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}
    claimed = {module.name for module in modules() if module.docstring.startswith("PURE")}
    assert claimed == set(contracts["pure"]["source_modules"])


def test_nobody_enters_an_app_through_its_edges():
    found = [
        f"{module.name}:{line} imports {target}"
        for module in modules()
        if module.name != "lxp.urls"
        for target, name, line in module.imports()
        for app in APPS
        if target.split(".")[0] == app != module.room
        and any(is_edge(part) or is_http(part) for part in (*target.split(".")[1:2], name if target == app else ""))
    ]
    assert found == []


def test_the_chosen_database_driver_is_the_only_one(settings):
    # Django takes psycopg 3 as soon as it is installed; it was not chosen, and behaves differently in places.
    assert find_spec("psycopg") is None
    assert find_spec("psycopg2") is not None
    assert settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"


def test_only_one_module_knows_what_time_it_is():
    found = []
    for module in modules():
        if module.name.startswith(READS_THE_CLOCK):
            continue
        for node in module.walk(ast.Attribute):
            text = ast.unparse(node)
            if text in ("timezone.now", "datetime.now", "datetime.utcnow", "date.today", "datetime.today"):
                found.append(f"{module.name}:{node.lineno} {text}")
    assert found == []


def test_services_queries_and_pure_modules_are_given_the_time():
    found = [
        f"{module.name}:{line}"
        for module in modules()
        if module.part in ("services", "queries", "rules", "models")
        for target, name, line in module.imports()
        if (target, name) == ("lxp", "clock") and module.name not in DEFAULTS_FROM_THE_CLOCK
    ]
    assert found == []


DEFAULTS_FROM_THE_CLOCK = {"lxp.people.models"}
"""Models whose column takes the moment of writing as its default."""


def test_there_are_no_rooms_for_leftovers():
    names = {part for module in modules() for part in module.name.split(".")}
    assert names.isdisjoint({"utils", "util", "helpers", "helper", "common", "core", "misc", "manager", "managers"})
