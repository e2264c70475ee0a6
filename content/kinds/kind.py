"""What a kind of content is: the contract that each room below `content/kinds/` fulfils.

PURE but for the labels. A room describes its body (the kind's own document in a ContentVersion), how it is checked,
what of a save it keeps, and when an attempt is finished. Services, player and authoring know kinds only through this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from content.timecode import stamp

Body = dict[str, Any]
Rule = dict[str, Any]
"""A completion rule: conditions by name, all of which must hold, such as {"score": 0.7} or {"seconds": 90}."""


@dataclass(frozen=True)
class Record:
    """What is known of an attempt. `seconds` is active time."""

    position: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    seconds: int = 0


@dataclass(frozen=True)
class Save:
    """What one save of the player brings; all of it from outside, none of it trusted.

    `stale`: another device saved since the sender last heard from us. `elapsed` is the wall time in seconds that the
    sender had for what it claims, `since_start` the wall time since the attempt began.
    """

    position: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    stale: bool = False
    elapsed: float = 0.0
    since_start: float = 0.0


@dataclass(frozen=True)
class Progress:
    """How far an attempt is: share (0 to 1), score (0 to 1, None where the kind has none), and whether it is over."""

    progress: float
    score: float | None = None
    completed: bool = False
    failed: bool = False


@dataclass(frozen=True)
class Part:
    """A stretch of the item for the list of parts: a section, a chapter, a question.

    `anchor` is the id it has on the page, `second` where it starts in a recording.
    """

    key: str
    title: str
    anchor: str = ""
    second: float | None = None

    @property
    def stamp(self) -> str:
        """Where it starts, as on the recording's clock."""
        return stamp(self.second or 0)


@dataclass(frozen=True)
class Answered:
    """One question answered in a save, for the learner record."""

    key: str
    text: str
    response: str
    success: bool


@dataclass(frozen=True)
class Submission:
    """What a plain form of the player says, without JavaScript: read by the kind, saved like any other save."""

    answers: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)


def _no_answers(before: Mapping[str, Any], after: Mapping[str, Any], body: Body) -> list[Answered]:
    return []


def _no_skills(body: Body, answers: Mapping[str, Any]) -> dict[str, float]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of content, as its room registers it. `template` is its part of the player page.

    clean_body(body)              a checked body, or ValidationError by field; never changes its argument
    default_rule(body)            the completion rule where neither step nor version has one
    clean_rule(rule)              the conditions this kind knows, checked; ValidationError otherwise
    rule_text(rule, body)         the rule as a sentence for the learner
    merge(record, save, body)     PURE: the record after a save; keeps only what is known and possible
    progress(record, body, rule)  PURE
    outline(body)                 parts, in order
    minutes_of(body)              honest effort in whole minutes, at least 1
    present(body, record, over)   what the player's template shows; `over`: the attempt is finished
    text_of(body)                 its words, for the library's search
    submission(post, body)        what the plain form says; `post` is a QueryDict
    answered(before, after, body) questions answered for the first time or again, for the learner record
    skills_shown(body, answers)   share (0 to 1) by skill code where the kind measures skills apart
    """

    key: str
    label: Any
    verb: Any
    icon: str
    purpose: Any
    template: str
    form_template: str
    has_score: bool = False
    clean_body: Callable[[Mapping[str, Any]], Body]
    default_rule: Callable[[Body], Rule]
    clean_rule: Callable[[Mapping[str, Any]], Rule]
    rule_text: Callable[[Rule, Body], str]
    merge: Callable[[Record, Save, Body], Record]
    progress: Callable[[Record, Body, Rule], Progress]
    outline: Callable[[Body], list[Part]]
    minutes_of: Callable[[Body], int]
    present: Callable[[Body, Record, bool], dict[str, Any]]
    text_of: Callable[[Body], str]
    submission: Callable[[Any, Body], Submission]
    answered: Callable[[Mapping[str, Any], Mapping[str, Any], Body], list[Answered]] = _no_answers
    skills_shown: Callable[[Body, Mapping[str, Any]], dict[str, float]] = _no_skills

    def rule_for(self, complete: Rule, body: Body) -> Rule:
        """The rule that holds: the kind's own, overruled by the conditions in `complete` that this kind knows."""
        default = self.default_rule(body)
        return {**default, **{name: value for name, value in complete.items() if name in default}}
