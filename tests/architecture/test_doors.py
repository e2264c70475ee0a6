"""What edges may touch, and what may be done with another app's tables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import APPLETS, APPS, Module, is_edge, is_http, modules

ROOMS = (*APPS, *APPLETS)
MANAGERS = ("objects", "unscoped", "_base_manager", "_default_manager")
WRITING = {
    "create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "save",
}  # fmt: skip


def _manager_uses(module: Module) -> Iterator[tuple[str, int]]:
    """(model, line) of each `Model.objects` and its like."""
    for node in module.walk(ast.Attribute):
        assert isinstance(node, ast.Attribute)
        if node.attr in MANAGERS and isinstance(node.value, ast.Name):
            yield node.value.id, node.lineno


def test_edges_fetch_through_queries_and_change_through_services():
    found = [
        f"{module.name}:{line} {model}"
        for module in modules()
        if module.room in ROOMS and is_http(module.part)
        for model, line in _manager_uses(module)
    ]
    assert found == []


def test_edges_open_no_transactions():
    found = [
        f"{module.name}:{line}"
        for module in modules()
        if module.room in ROOMS and is_edge(module.part)
        for target, name, line in module.imports()
        if (target, name) == ("django.db", "transaction")
    ]
    assert found == []


def _foreign_models(module: Module) -> set[str]:
    """Names of other apps' models that the module imports."""
    return {
        name
        for target, name, _line in module.imports()
        if target.split(".")[0] in APPS and target.split(".")[1:2] == ["models"] and target.split(".")[0] != module.room
    }


def _may_read(part: str) -> bool:
    """Queries, services, and what loads the context of messages, which is a query too."""
    return part.endswith("queries") or part in ("services", "messages")


def test_another_apps_tables_are_read_in_queries_and_services_only():
    found = [
        f"{module.name}:{line} {model}"
        for module in modules()
        if module.room in (*APPS, "lxp.pages") and not _may_read(module.part)
        for model, line in _manager_uses(module)
        if model in _foreign_models(module)
    ]
    assert found == []


def test_another_apps_tables_are_never_written():
    found = []
    for module in modules():
        foreign = _foreign_models(module) if module.room in APPS else set()
        for node in module.walk(ast.Call):
            assert isinstance(node, ast.Call)
            if isinstance(node.func, ast.Attribute) and node.func.attr in WRITING:
                root = _first_name(node.func.value)
                if root in foreign:
                    found.append(f"{module.name}:{node.lineno} {root}.{node.func.attr}")
    assert found == []


def _first_name(node: ast.AST) -> str:
    """`LiveSession` of `LiveSession.objects.filter(…)`."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return ""
    return node.id


def test_a_module_that_reads_across_organisations_says_why():
    found = []
    for module in modules():
        uses = any(isinstance(node, ast.Attribute) and node.attr == "unscoped" for node in module.walk(ast.Attribute))
        text = module.path.read_text(encoding="utf-8")
        if uses and not re.search(
            r"nscoped:|(all|across|every|any|whatever|whole installation).{0,40}organisation", text, re.S
        ):
            found.append(module.name)
    assert found == []
