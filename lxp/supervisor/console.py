"""What the person at the terminal sees: one line per message with the name of its process, and a box at the end."""

import os
import sys
import threading
from collections.abc import Sequence
from typing import TextIO
from unicodedata import east_asian_width

WIDTH = 9
OURSELVES = "lxp"
COLOURS = {"web": 36, "stream": 34, "worker": 32, "beat": 33, "migrate": 35, "static": 35, "demo": 35}


class Console:
    """Prefixed lines, coloured on a terminal only (and not when NO_COLOR is set). Safe to use from several threads."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._lock = threading.Lock()
        self.coloured = self._out.isatty() and not os.environ.get("NO_COLOR")
        self._unicode = (self._out.encoding or "").lower().replace("-", "") == "utf8"

    def say(self, text: str) -> None:
        """A line of our own."""
        self.line(OURSELVES, text)

    def line(self, name: str, text: str) -> None:
        """A line of the process `name`."""
        bar = "│" if self._unicode else "|"
        for part in text.splitlines() or [""]:
            self._write(self._paint(f"{name:<{WIDTH}}{bar}", COLOURS.get(name, 1)) + f" {part}")

    def box(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """A frame around labelled rows; an empty label continues the row above."""
        side, bar = ("│", "─") if self._unicode else ("|", "-")
        corners = ("╭", "╮", "╰", "╯") if self._unicode else ("+", "+", "+", "+")
        label_width = max(columns(label) for label, _ in rows)
        lines = [f"{label}{' ' * (label_width - columns(label))}  {text}".rstrip() for label, text in rows]
        width = max(columns(line) for line in [title, *lines])

        def framed(line: str, paint: int | None = None) -> str:
            space = " " * (width - columns(line))
            return f"{side} {self._paint(line, paint) if paint else line}{space} {side}"

        body = [framed(title, 1), framed(""), *(framed(line) for line in lines)]
        top = corners[0] + bar * (width + 2) + corners[1]
        bottom = corners[2] + bar * (width + 2) + corners[3]
        self._write("\n".join(["", top, *body, bottom, ""]))

    def _paint(self, text: str, code: int) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured else text

    def _write(self, text: str) -> None:
        with self._lock:
            try:
                self._out.write(
                    text.encode(self._out.encoding or "utf-8", "replace").decode(self._out.encoding or "utf-8")
                )
                self._out.write("\n")
                self._out.flush()
            except (OSError, ValueError):
                pass  # the terminal is gone; stopping cleanly matters more than saying so


def columns(text: str) -> int:
    """How many terminal columns `text` takes; East Asian wide characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
