"""PURE: WebVTT captions, read as browsers read them (W3C WebVTT, "WebVTT parser algorithm"), and written again.

Reading never fails: what a browser would drop is dropped here, too, and reported, so that an author learns of a caption
nobody would ever see. Writing gives a file with nothing in it but the cues.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_TIMESTAMP = r"(\d+):(\d\d)(?::(\d\d))?\.(\d{3})(?!\d)"
_TIMINGS = re.compile(rf"[ \t\f]*{_TIMESTAMP}[ \t\f]*-->[ \t\f]*{_TIMESTAMP}(.*)", re.DOTALL)
_SETTING = re.compile(r"(?:vertical:(?:rl|lr)|(?:line|position):[\d.%,a-z-]{1,20}|size:[\d.]{1,8}%|align:[a-z]{3,6})")
_TAG = re.compile(r"<[^>]*(?:>|$)")
_VOICE = re.compile(r"<v(?:\.[^ \t\n>]*)?[ \t\n]+([^>]+)>")
MAX_PROBLEMS = 5


@dataclass(frozen=True)
class Cue:
    """A caption: shown from `start` to `end` (seconds); `text` as in the file, with its tags."""

    start: float
    end: float
    text: str
    settings: str = ""

    @property
    def words(self) -> str:
        """What is said, without tags and line breaks."""
        return " ".join(html.unescape(_TAG.sub("", self.text)).split())

    @property
    def speaker(self) -> str:
        """Who says it, where the caption names one."""
        voice = _VOICE.search(self.text)
        return " ".join(html.unescape(voice.group(1)).split()) if voice else ""


@dataclass(frozen=True)
class Problem:
    """What is wrong in a line (counted from 1): a word for it, to be put into a sentence where it is shown.

    `what` is "signature" (not WebVTT at all), "timing" (can't be read), or "order" (ends before it starts).
    """

    line: int
    what: str


@dataclass(frozen=True)
class Captions:
    """The cues of a file, and the first problems in it."""

    cues: list[Cue] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def parse(text: str) -> Captions:
    """Read a WebVTT file, already decoded."""
    lines = text.removeprefix("\ufeff").replace("\0", "\ufffd").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not re.match(r"WEBVTT(?:[ \t]|$)", lines[0]):
        return Captions(problems=[Problem(1, "signature")])
    cues: list[Cue] = []
    problems: list[Problem] = []
    at = _after_header(lines)
    while at < len(lines):
        cue, problem, at = _block(lines, at)
        if cue and cue.end > cue.start:
            cues.append(cue)
        elif cue:
            problem = Problem(problem.line if problem else at, "order")
        if problem and (cue is None or cue.end <= cue.start) and len(problems) < MAX_PROBLEMS:
            problems.append(problem)
    return Captions(cues, problems)


def _after_header(lines: Sequence[str]) -> int:
    """The first line that may belong to a cue: after the header, or where a timing stands already."""
    at = 1
    while at < len(lines) and lines[at] and "-->" not in lines[at]:
        at += 1
    return at


def _block(lines: Sequence[str], start: int) -> tuple[Cue | None, Problem | None, int]:
    """The block that begins at a line: its cue (None for notes, styles and what can't be read), where its timing
    stands, and the line after it."""
    text: list[str] = []
    at, timings, where = start, None, 0
    while at < len(lines):
        line = lines[at]
        if "-->" in line:
            if where or at - start > 1:
                break  # the timing of the next cue, without an empty line before it
            where, text, timings = at + 1, [], _timings(line)
        elif not line:
            at += 1
            break
        else:
            text.append(line)
        at += 1
    if not where:
        return None, None, at
    if timings is None:
        return None, Problem(where, "timing"), at
    begin, end, settings = timings
    return Cue(begin, end, "\n".join(text), settings), Problem(where, "order"), at


def _timings(line: str) -> tuple[float, float, str] | None:
    found = _TIMINGS.match(line)
    if not found:
        return None
    start, end = _seconds(*found.groups()[:4]), _seconds(*found.groups()[4:8])
    if start is None or end is None:
        return None
    settings = [word for word in found.group(9).split() if _SETTING.fullmatch(word)]
    return start, end, " ".join(settings)


def _seconds(first: str, second: str, third: str | None, thousandths: str) -> float | None:
    if third is None:  # minutes and seconds only: then minutes have two digits
        if len(first) != 2:
            return None
        first, second, third = "0", first, second
    if int(second) > 59 or int(third) > 59:
        return None
    return ((int(first) * 60 + int(second)) * 60_000 + int(third) * 1000 + int(thousandths)) / 1000


def transcript_of(cues: Sequence[Cue]) -> list[dict[str, Any]]:
    """Captions as rows of a transcript: start, end, text and speaker."""
    return [
        {"start": cue.start, "end": cue.end, "text": cue.words, "speaker": cue.speaker} for cue in cues if cue.words
    ]


def write(cues: Sequence[Cue]) -> str:
    """A WebVTT file of these cues and nothing else."""
    blocks = [f"{_clock(cue.start)} --> {_clock(cue.end)} {cue.settings}".rstrip() + f"\n{cue.text}" for cue in cues]
    return "\n\n".join(["WEBVTT", *blocks]) + "\n"


def _clock(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    hours, rest = divmod(thousandths, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
