"""Plain tables for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same keys as aligned columns under a head; numbers stand on the right."""
    names = list(rows[0])
    cells = [[str(row[name]) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[at]) for line in cells)) for at, name in enumerate(names)]
    numeric = [all(isinstance(row[name], int | float) for row in rows) for name in names]

    def write(line: Sequence[str]) -> str:
        columns = zip(line, widths, numeric, strict=True)
        return "  ".join(text.rjust(width) if right else text.ljust(width) for text, width, right in columns).rstrip()

    return "\n".join([write(names), write(["-" * width for width in widths]), *map(write, cells)])
