"""Results: one line each in a table, and all of them in `bench/results.json`."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Result:
    """One figure. `limit` is what it is held to, in the same unit; `holds` whether it is."""

    name: str
    value: float
    unit: str
    limit: float
    holds: bool
    note: str


def at_most(name: str, value: float, unit: str, limit: float, note: str, *, also: bool = True) -> Result:
    """A figure that must not exceed its limit; `also` is whatever else must be true for it to hold."""
    return Result(name, round(value, 3), unit, limit, value <= limit and also, note)


def machine() -> str:
    """Where it was measured, in a few words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores of {_processor()}, Python {platform.python_version()}, {platform.system()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(results: Iterable[Result]) -> str:
    """The results for people."""
    rows = [("", "measured", "limit", "", "")]
    for one in results:
        mark = "holds" if one.holds else "FAILS"
        rows.append((one.name, f"{one.value:g} {one.unit}", f"{one.limit:g} {one.unit}", mark, one.note))
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in rows
    )


def write(results: Iterable[Result], *, path: Path = RESULTS) -> None:
    """Keep the newest result of each name, with the machine in each note."""
    known = {row["name"]: row for row in (json.loads(path.read_text()) if path.exists() else [])}
    for one in results:
        known[one.name] = {**asdict(one), "note": f"{one.note} [{machine()}]"}
    path.write_text(json.dumps(list(known.values()), indent=2) + "\n")
