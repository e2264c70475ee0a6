"""PURE: the time machine. Plays a learner's plan forward with the planners that run live.

It keeps the same things the house keeps (which steps opened, which messages went out, what happened) and
asks the planners again after every fact, just as `sync` does. What it says is therefore what will happen, as
long as the learner behaves as assumed: attends unless `absent`, and finishes nothing unless `diligent`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from journeys.plan import Anchor, Fact, Inputs, PlannedAssignment, StepSpec, plan_assignments
from journeys.plan_messages import plan_messages
from lxp.messaging.plan import PlannedMessage

NUDGES_BEFORE_SILENCE = 2


@dataclass(frozen=True)
class Happening:
    """One thing that will happen. `at` is aware UTC; `kind` is opens, message, session_starts, session_ends,
    finishes or due; `channel` is set for messages."""

    at: datetime
    kind: str
    step: str
    title: str
    reason: str
    channel: str = ""
    message: str = ""


@dataclass(frozen=True)
class Behaviour:
    """What the learner is assumed to do. `absent`: keys of live steps they miss."""

    absent: frozenset[str] = frozenset()
    diligent: bool = False


BookingPlanner = Callable[[Anchor, str], Sequence[PlannedMessage]]
"""The live-session app's own planner for one booking (anchor, step title)."""


def simulate(
    *,
    steps: Sequence[StepSpec],
    inputs: Inputs,
    since: datetime,
    until: datetime,
    behaviour: Behaviour,
    plan_booking: BookingPlanner,
    sent: Collection[str] = (),
    nudges_sent: int = 0,
) -> list[Happening]:
    """Everything that happens to a learner after `since` up to `until`, in order.

    `sent` are the suffixes of enrolment messages that went out already; `nudges_sent` how many nudges went out
    since the learner was last active.
    """
    machine = _Machine(steps, inputs, since, until, behaviour, plan_booking, set(sent), nudges_sent)
    return list(machine.run())


class _Machine:
    def __init__(
        self,
        steps: Sequence[StepSpec],
        inputs: Inputs,
        since: datetime,
        until: datetime,
        behaviour: Behaviour,
        plan_booking: BookingPlanner,
        sent: set[str],
        nudges: int,
    ) -> None:
        self.steps, self.inputs, self.now, self.until = steps, inputs, since, until
        self._since = since
        self.behaviour, self.plan_booking = behaviour, plan_booking
        self.sent, self.nudges = sent, nudges
        self.seen: set[tuple[Any, ...]] = set()
        self.titles = {step.key: step.title for step in steps}

    def run(self) -> Iterator[Happening]:
        while True:
            coming = self._next()
            if coming is None:
                return
            at, _order, act = coming
            self.now = max(self.now, at)
            yield from act()

    def _next(self) -> tuple[datetime, int, Callable[[], Iterator[Happening]]] | None:
        assignments = plan_assignments(self.steps, self._current())
        candidates = [
            *self._openings(assignments),
            *self._messages(assignments),
            *self._live(assignments),
            *self._work(assignments),
            *self._dues(assignments),
        ]
        in_time = [c for c in candidates if c[0] <= self.until]
        return min(in_time, key=lambda c: (max(c[0], self.now), c[1]), default=None)

    def _current(self) -> Inputs:
        return replace(self.inputs, nudges_ignored=self.nudges >= NUDGES_BEFORE_SILENCE)

    def _openings(self, assignments: Sequence[PlannedAssignment]) -> Iterator[Any]:
        opened = dict(self.inputs.opened)
        for a in assignments:
            if a.state == "planned" and a.opens_at and a.key not in opened:
                yield (a.opens_at, 1, lambda a=a: self._open(a))

    def _open(self, a: PlannedAssignment) -> Iterator[Happening]:
        assert a.opens_at is not None
        self.inputs = replace(self.inputs, opened=(*self.inputs.opened, (a.key, a.opens_at)))
        yield Happening(max(a.opens_at, self.now), "opens", a.key, a.spec.title, f"opens: {a.note}")

    def _messages(self, assignments: Sequence[PlannedAssignment]) -> Iterator[Any]:
        for message in plan_messages(self.steps, self._current(), assignments):
            if not self._was_sent("enrolment", message):
                yield (message.due_at, 3, lambda m=message: self._send("enrolment", m, assignments))
        done = {a.key for a in assignments if a.is_finished}
        for key, anchor in self.inputs.anchors:
            if not anchor.booked or key in done:
                continue
            for message in self.plan_booking(anchor, self.titles.get(key, "")):
                scope = f"booking:{anchor.session_id}"
                if not self._was_sent(scope, message) and message.due_at >= self._since:
                    yield (message.due_at, 3, lambda m=message, s=scope, k=key: self._send(s, m, assignments, k))

    def _was_sent(self, scope: str, message: PlannedMessage) -> bool:
        about = message.about_at.isoformat() if message.about_at else ""
        return (scope, message.suffix, about) in self.seen or (
            scope == "enrolment" and f"{message.suffix}|{about}" in self.sent
        )

    def _send(
        self, scope: str, message: PlannedMessage, assignments: Sequence[PlannedAssignment], step: str = ""
    ) -> Iterator[Happening]:
        about = message.about_at.isoformat() if message.about_at else ""
        self.seen.add((scope, message.suffix, about))
        at = max(message.due_at, self.now)
        if message.category == "nudge":
            self.nudges += 1
        keys = message.params.get("keys") or [step]
        yield Happening(
            at,
            "message",
            step or message.params.get("live") or (keys[0] if keys else ""),
            self.titles.get(keys[0], "") if keys else "",
            message.reason,
            message.channel,
            message.kind,
        )

    def _live(self, assignments: Sequence[PlannedAssignment]) -> Iterator[Any]:
        anchors = dict(self.inputs.anchors)
        for a in assignments:
            anchor = anchors.get(a.key)
            if a.spec.kind != "live" or anchor is None or a.is_finished:
                continue
            if ("starts", a.key) not in self.seen:
                yield (anchor.starts_at, 2, lambda a=a, n=anchor: self._start(a, n))
            yield (anchor.ends_at, 0, lambda a=a, n=anchor: self._end(a, n))

    def _start(self, a: PlannedAssignment, anchor: Anchor) -> Iterator[Happening]:
        self.seen.add(("starts", a.key))
        yield Happening(max(anchor.starts_at, self.now), "session_starts", a.key, a.spec.title, "the live session")

    def _end(self, a: PlannedAssignment, anchor: Anchor) -> Iterator[Happening]:
        absent = a.key in self.behaviour.absent
        outcome = "missed" if absent else "attended"
        if not absent:
            self.nudges = 0
        at = max(anchor.ends_at, self.now)
        self._fact(a.key, Fact("missed" if absent else "done", at, outcome=outcome))
        yield Happening(at, "session_ends", a.key, a.spec.title, outcome)

    def _work(self, assignments: Sequence[PlannedAssignment]) -> Iterator[Any]:
        if not self.behaviour.diligent:
            return
        opened = dict(self.inputs.opened)
        for a in assignments:
            if a.spec.kind == "content" and a.state == "planned" and a.key in opened:
                yield (opened[a.key] + timedelta(hours=1), 2, lambda a=a: self._finish(a))

    def _finish(self, a: PlannedAssignment) -> Iterator[Happening]:
        self.nudges = 0
        self._fact(a.key, Fact("done", self.now, score=1.0))
        yield Happening(self.now, "finishes", a.key, a.spec.title, "finished an hour after it opened")

    def _dues(self, assignments: Sequence[PlannedAssignment]) -> Iterator[Any]:
        for a in assignments:
            fresh = a.due_at and ("due", a.key, a.due_at) not in self.seen
            if fresh and a.spec.kind == "content" and a.state == "planned" and a.due_at > self._since:
                yield (a.due_at, 4, lambda a=a: self._due(a))

    def _due(self, a: PlannedAssignment) -> Iterator[Happening]:
        assert a.due_at is not None
        self.seen.add(("due", a.key, a.due_at))
        yield Happening(a.due_at, "due", a.key, a.spec.title, "not finished by then")

    def _fact(self, key: str, fact: Fact) -> None:
        kept = tuple((k, f) for k, f in self.inputs.facts if k != key)
        self.inputs = replace(self.inputs, facts=(*kept, (key, fact)))
