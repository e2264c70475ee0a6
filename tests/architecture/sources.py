"""The product's own modules as the architecture tests look at them: paths, syntax trees, docstrings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("content", "sessions", "journeys", "recommendations")
PACKAGES = ("lxp", *APPS)
APPLETS = tuple(f"lxp.{name}" for name in ("people", "skills", "activity", "messaging", "discussion"))


def is_edge(part: str) -> bool:
    """Whether a file or folder of a room speaks to the outside; variants say so by their ending, as account_views."""
    return part in ("rest", "tasks", "subscribers", "admin") or part.endswith(("views", "urls"))


def is_http(part: str) -> bool:
    """Whether it answers requests or reads what they bring."""
    return part in ("rest", "filters") or part.endswith(("views", "forms"))


@dataclass(frozen=True)
class Module:
    """One source file. `name` is dotted: "journeys.services.sync"."""

    path: Path

    @cached_property
    def name(self) -> str:
        parts = list(self.path.relative_to(ROOT).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @cached_property
    def docstring(self) -> str:
        return ast.get_docstring(self.tree) or ""

    @property
    def room(self) -> str:
        """The app or applet it stands in."""
        parts = self.name.split(".")
        return ".".join(parts[:2]) if parts[0] == "lxp" else parts[0]

    @property
    def part(self) -> str:
        """Its file or folder inside the room: services, views, models…; empty for the room itself."""
        rest = self.name.removeprefix(self.room).lstrip(".")
        return rest.split(".")[0]

    def walk(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        """Its syntax nodes of some kinds."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def imports(self) -> Iterator[tuple[str, str, int]]:
        """(module, name, line) of what it imports at run time; name is empty for `import module`."""
        for node in _outside_type_checking(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from ((node.module, alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((alias.name, "", node.lineno) for alias in node.names)


def _outside_type_checking(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _outside_type_checking(child)


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the product but migrations."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return tuple(Module(path) for path in sorted(found) if "migrations" not in path.parts)
