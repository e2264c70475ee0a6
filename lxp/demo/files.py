"""The demo's data files as they are; what they mean is decided where they are used.

Days in them are counted from the day of loading, so that the demo is always fresh.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
FOLDERS = {
    "articles": "article",
    "job_aids": "job_aid",
    "checklists": "checklist",
    "quizzes": "quiz",
    "videos": "video",
}


@cache
def table(name: str) -> dict[str, Any]:
    """One TOML file, such as "organisation"."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def journeys() -> tuple[dict[str, Any], ...]:
    """The six journeys with their steps and session templates, by file name."""
    return tuple(table(f"journeys/{path.stem}") for path in sorted((DATA / "journeys").glob("*.toml")))


@dataclass(frozen=True)
class Document:
    """One piece of content: `facts` are its front matter, `text` what stands below (empty for TOML-only kinds)."""

    slug: str
    kind: str
    facts: dict[str, Any]
    text: str
    folder: Path


@cache
def documents() -> tuple[Document, ...]:
    """The library, by kind and slug."""
    found = []
    for folder, kind in FOLDERS.items():
        for path in sorted((DATA / "content" / folder).iterdir()):
            if path.suffix in (".md", ".toml") and not path.name.isupper() and path.stem != "LICENSE":
                facts, text = _read(path)
                found.append(Document(path.stem, kind, facts, text, path.parent))
    return tuple(found)


def _read(path: Path) -> tuple[dict[str, Any], str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        return tomllib.loads(text), ""
    _, front, body = text.split("+++\n", 2)
    return tomllib.loads(front), body.strip()
