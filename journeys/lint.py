"""PURE: is a design fit to publish? Errors stop publication; advice never does.

Errors are things that would break a learner's plan: a step that can never open, a due date before the opening,
a rule that counts from a step that isn't there. The design adviser (advice) starts from here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import time

from journeys.plan import StepSpec, session_of
from journeys.timing import Rule

PREWORK_MINUTES = 30
"""More preparation than this and people stop (design kit, builder mock-up)."""


@dataclass(frozen=True)
class Finding:
    """One thing to look at. `level` is error or advice; `key` the step, empty for the whole design."""

    level: str
    key: str
    text: str


def lint(
    steps: Sequence[StepSpec], *, unscored: Collection[str] = (), roles: Collection[str] | None = None
) -> list[Finding]:
    """All findings, errors first. An empty design is an error.

    `unscored` are the keys of steps whose content gives no score; `roles` the job roles there are (None: unknown).
    """
    steps = sorted(steps, key=lambda step: step.position)
    if not steps:
        return [Finding("error", "", "Add at least one step.")]
    findings = [f for step in steps for f in _step_errors(step, steps)]
    for step in steps:
        findings += [Finding("error", step.key, text) for text in _never_met(step, steps, unscored, roles)]
    return [*findings, *_advice(steps)]


def _step_errors(step: StepSpec, steps: Sequence[StepSpec]) -> list[Finding]:
    texts = [
        *_rule_errors(step, "opens", step.opens, steps),
        *_rule_errors(step, "is due", step.due, steps),
        *_condition_errors(step, steps),
        *_order_errors(step),
    ]
    if step.kind == "content" and step.item_id is None:
        texts.append("Choose its content.")
    return [Finding("error", step.key, text) for text in texts]


def _rule_errors(step: StepSpec, what: str, rule: Rule | None, steps: Sequence[StepSpec]) -> list[str]:
    if rule is None:
        return []
    if rule.anchor == "live":
        live = {other.key: other for other in steps if other.kind == "live"}
        if rule.step not in live:
            return [f"It {what} relative to a live session that is not in this journey. Choose another one."]
        if rule.step == step.key:
            return [f"It {what} relative to itself. Choose another moment."]
    if rule.anchor == "previous" and what == "is due":
        return ["A due date needs a day: count it from a session, the start or the enrolment."]
    return []


def _condition_errors(step: StepSpec, steps: Sequence[StepSpec]) -> list[str]:
    condition = step.condition
    if condition is None or not condition.step:
        return []
    other = next((s for s in steps if s.key == condition.step), None)
    if other is None:
        return ["Its condition looks at a step that is not in this journey."]
    if other.position >= step.position:
        return [f"It can never open: its condition waits for “{other.title}”, which comes later. Move it behind."]
    if condition.attendance and other.kind != "live":
        return [f"Its condition asks who attended “{other.title}”, which is not a live session."]
    return []


def _never_met(
    step: StepSpec, steps: Sequence[StepSpec], unscored: Collection[str], roles: Collection[str] | None
) -> list[str]:
    """Conditions that nobody will ever meet."""
    condition = step.condition
    if condition is None:
        return []
    texts = []
    other = next((s for s in steps if s.key == condition.step), None)
    asks_score = condition.score_below is not None or condition.score_at_least is not None
    if asks_score and other and (other.kind == "live" or other.key in unscored):
        texts.append(f"It can never open: it waits for a score of “{other.title}”, which gives none. Choose a quiz.")
    if condition.roles and roles is not None and not set(condition.roles) & set(roles):
        texts.append("It can never open: there are no such job roles here. Choose others.")
    return texts


def _order_errors(step: StepSpec) -> list[str]:
    opens, due = step.opens, step.due
    if not opens or not due or opens.anchor != due.anchor or (opens.step, opens.edge) != (due.step, due.edge):
        return []
    if opens.anchor == "date" and opens.date and due.date:
        noon = time(12, 0)
        late = (due.date, due.at or opens.at or noon) < (opens.date, opens.at or due.at or noon)
    else:
        late = _position(due) < _position(opens)
    return ["It would be due before it opens. Put the due date after the opening."] if late else []


def _position(rule: Rule) -> tuple[float, str]:
    return (rule.days + rule.hours / 24, rule.at.isoformat() if rule.at else "12:00:00")


def _advice(steps: Sequence[StepSpec]) -> list[Finding]:
    findings = []
    live = [step for step in steps if step.kind == "live"]
    content = [step for step in steps if step.kind == "content"]
    if not live or not content:
        only = "self-paced" if content else "live"
        findings.append(Finding("advice", "", f"Everything here is {only}. Say why in the summary, or mix the two."))
    for session in live:
        findings += _around(session, steps)
    return findings


def _around(session: StepSpec, steps: Sequence[StepSpec]) -> list[Finding]:
    mine = [s for s in steps if s.kind == "content" and session_of(s, steps) == session.key]
    before = [s for s in mine if s.phase == "prework"]
    after = [s for s in mine if s.phase == "postwork"]
    kept = [s for s in mine if s.phase == "reinforcement"]
    minutes = sum(s.minutes for s in before if s.required)
    missed = any(s.condition and "missed" in s.condition.attendance for s in mine)
    found = []
    if minutes > PREWORK_MINUTES:
        found.append(f"Pre-work is {minutes} min; people tend to stop near {PREWORK_MINUTES}. Move something to after.")
    if not before:
        found.append("Nothing prepares people for it. Short pre-work leaves live time for practice.")
    if not after:
        found.append("Nothing asks people to try it at work afterwards, and without that it fades in weeks.")
    if not missed:
        found.append("There is no way to catch up for people who miss it.")
    if not kept:
        found.append("Nothing comes back to it later. A short refresher after a week and a month makes it stick.")
    return [Finding("advice", session.key, text) for text in found]
