"""PURE: a place in a recording as on its clock."""

from __future__ import annotations


def stamp(seconds: float) -> str:
    """4:12, or 1:04:12."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def seconds_in(text: str) -> float | None:
    """The seconds in "4:12", "1:04:12" or "90"; None for anything else."""
    parts = text.strip().split(":")
    if not 1 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) <= 5 for part in parts):
        return None
    if any(int(part) > 59 for part in parts[1:]):
        return None
    total = 0
    for part in parts:
        total = total * 60 + int(part)
    return float(total)
