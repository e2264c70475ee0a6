"""PURE: a place in a recording as on its clock."""

from __future__ import annotations


def stamp(seconds: float) -> str:
    """4:12, or 1:04:12."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
