"""PURE: what bringing in a file did, or would do: counts by kind of thing, and every refused row with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

VERBS = ("created", "updated", "unchanged", "refused")
SHOWN = 20


@dataclass(frozen=True)
class Refusal:
    """A row that was left out: where it stands, what it is called there, and what to do about it."""

    where: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.name}: {self.reason}" if self.name else f"{self.where}: {self.reason}"


@dataclass
class Intake:
    """The report. `counts` by (kind of thing, verb); notes say what else the reader should know."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, kind: str, verb: str, number: int = 1) -> None:
        """`verb` is one of VERBS."""
        self.counts[kind, verb] += number

    def refuse(self, kind: str, where: str, name: str, reason: str) -> None:
        self.count(kind, "refused")
        self.refused.append(Refusal(where, name, reason))

    def of(self, kind: str) -> dict[str, int]:
        """The counts of one kind of thing, by verb."""
        return {verb: self.counts[kind, verb] for verb in VERBS}

    def lines(self) -> Iterable[str]:
        """The report as text: a line per kind, the first refused rows, the notes."""
        for kind in dict.fromkeys(kind for kind, _ in self.counts):
            yield f"{kind}: " + ", ".join(f"{number} {verb}" for verb, number in self.of(kind).items())
        for refusal in self.refused[:SHOWN]:
            yield f"  refused  {refusal}"
        if len(self.refused) > SHOWN:
            yield f"  … and {len(self.refused) - SHOWN} more"
        yield from self.notes
