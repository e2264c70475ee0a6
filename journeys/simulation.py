"""PURE: the time machine. Plays a learner's plan forward with the planners that run live.

It keeps the same things the house keeps (which steps opened, which messages went out, what happened) and
asks the planners again after every fact, just as `sync` does. Before a message goes out it asks what delivery
asks: is it still worth sending, may they be written to now, had they a nudge today. What it says is therefore
what will happen, as long as the learner behaves as assumed: takes part where they have a seat unless `absent`,
sessions end when planned, and nothing is finished unless `diligent`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from journeys.plan import Anchor, Fact, Inputs, PlannedAssignment, StepSpec, plan_assignments
from journeys.plan_messages import name_of, plan_messages, pointless
from lxp.messaging.plan import PlannedMessage, next_allowed

NUDGE, EMAIL, INAPP, OFF = "nudge", "email", "inapp", "off"
AFTER_OPENING = timedelta(hours=1)
"""How soon a diligent learner has finished what opened."""

KINDS = ("opens", "message", "withheld", "no_seat", "session_starts", "session_ends", "finishes", "due")
"""What can happen, see `Happening.kind`."""


@dataclass(frozen=True)
class Happening:
    """One thing that will happen. `at` is aware UTC.

    `kind`: opens, finishes, due (not finished by then), session_starts, session_ends, no_seat (a session they have
    no seat in), message, withheld (a message they have switched off). Messages have a `channel`, the kind of
    `message` and its `name` in the ledger (suffix).
    """

    at: datetime
    kind: str
    step: str
    title: str
    reason: str
    channel: str = ""
    message: str = ""
    name: str = ""


@dataclass(frozen=True)
class Behaviour:
    """What the learner is assumed to do. `absent`: keys of live steps they miss."""

    absent: frozenset[str] = frozenset()
    diligent: bool = False


@dataclass(frozen=True)
class Promise:
    """A message that another plan holds for them (a booking's reminders, the welcome), not yet sent."""

    message: PlannedMessage
    step: str = ""


@dataclass(frozen=True)
class Told:
    """Where the ledger stands at the beginning.

    `settled` names the enrolment's messages that are sent or settled otherwise (`name_of`), `choices` what the
    person wants of each category (email, inapp, off; e-mail where it says nothing), `last_nudge` when they were
    last nudged, in whatever journey.
    """

    settled: frozenset[str] = frozenset()
    choices: Mapping[str, str] = field(default_factory=dict)
    last_nudge: datetime | None = None


def simulate(
    *,
    steps: Sequence[StepSpec],
    inputs: Inputs,
    since: datetime,
    until: datetime,
    behaviour: Behaviour = Behaviour(),
    promises: Sequence[Promise] = (),
    told: Told = Told(),
) -> list[Happening]:
    """Everything that happens to a learner after `since` up to `until` (aware UTC), in order."""
    return list(_Machine(steps, inputs, since, until, behaviour, promises, told).run())


_Act = Callable[[], Iterator[Happening]]
_Coming = tuple[datetime, int, str, _Act]
"""When, its place among what happens at that moment, a name for a stable order, and what to do then."""

_ENDS, _OPENS, _ACTS, _TELLS, _DUE = range(5)


class _Machine:
    def __init__(
        self,
        steps: Sequence[StepSpec],
        inputs: Inputs,
        since: datetime,
        until: datetime,
        behaviour: Behaviour,
        promises: Collection[Promise],
        told: Told,
    ) -> None:
        self.steps, self.inputs, self.since, self.now, self.until = steps, inputs, since, since, until
        self.behaviour, self.promises, self.choices = behaviour, list(promises), told.choices
        self.settled, self.last_nudge = set(told.settled), told.last_nudge
        self.zone = ZoneInfo(inputs.person.zone)
        self.seen: set[tuple[Any, ...]] = set()
        self.titles = {step.key: step.title for step in steps}
        self._planned_for: Inputs | None = None

    def run(self) -> Iterator[Happening]:
        while coming := self._next():
            self.now = max(self.now, coming[0])
            yield from coming[3]()

    def _next(self) -> _Coming | None:
        assignments, _messages = self._plan()
        candidates = [
            *self._live(assignments),
            *self._openings(assignments),
            *self._work(assignments),
            *self._messages(assignments),
            *self._dues(assignments),
        ]
        in_time = [c for c in candidates if c[0] <= self.until]
        return min(in_time, key=lambda c: (max(c[0], self.now), c[1], c[0], c[2]), default=None)

    def _plan(self) -> tuple[tuple[PlannedAssignment, ...], tuple[PlannedMessage, ...]]:
        """What the planners say now; asked again only when a fact has changed."""
        if self._planned_for is not self.inputs:
            assignments = plan_assignments(self.steps, self.inputs)
            self._planned = assignments, plan_messages(self.steps, self.inputs, assignments)
            self._planned_for = self.inputs
        return self._planned

    # ------------------------------------------------------------ what opens, is done, is due

    def _openings(self, assignments: Sequence[PlannedAssignment]) -> Iterator[_Coming]:
        opened = dict(self.inputs.opened)
        for a in assignments:
            if a.state != "planned" or not a.opens_at or a.key in opened:
                continue
            if a.spec.kind == "live" and a.opens_at <= self.since:
                continue  # the room is open already; that is no fact of the plan
            yield (a.opens_at, _OPENS, a.key, lambda a=a: self._open(a))  # type: ignore[misc]

    def _open(self, a: PlannedAssignment) -> Iterator[Happening]:
        assert a.opens_at is not None
        self.inputs = replace(self.inputs, opened=(*self.inputs.opened, (a.key, a.opens_at)))
        yield Happening(self.now, "opens", a.key, a.spec.title, _WHY_OPENS.get(a.note, "its moment has come"))

    def _work(self, assignments: Sequence[PlannedAssignment]) -> Iterator[_Coming]:
        if not self.behaviour.diligent:
            return
        opened = dict(self.inputs.opened)
        for a in assignments:
            if a.spec.kind == "content" and a.state == "planned" and a.key in opened:
                yield (opened[a.key] + AFTER_OPENING, _ACTS, a.key, lambda a=a: self._finish(a))  # type: ignore[misc]

    def _finish(self, a: PlannedAssignment) -> Iterator[Happening]:
        self._fact(a.key, Fact("done", self.now, score=1.0))
        yield Happening(self.now, "finishes", a.key, a.spec.title, "finished an hour after it opened")

    def _dues(self, assignments: Sequence[PlannedAssignment]) -> Iterator[_Coming]:
        for a in assignments:
            fresh = a.due_at and a.due_at > self.since and ("due", a.key, a.due_at) not in self.seen
            if fresh and a.due_at and a.spec.kind == "content" and a.state == "planned":
                yield (a.due_at, _DUE, a.key, lambda a=a: self._due(a))  # type: ignore[misc]

    def _due(self, a: PlannedAssignment) -> Iterator[Happening]:
        self.seen.add(("due", a.key, a.due_at))
        yield Happening(self.now, "due", a.key, a.spec.title, "not finished by then")

    # ------------------------------------------------------------ live sessions

    def _live(self, assignments: Sequence[PlannedAssignment]) -> Iterator[_Coming]:
        anchors = dict(self.inputs.anchors)
        for a in assignments:
            anchor = anchors.get(a.key)
            if a.spec.kind != "live" or anchor is None or a.is_finished:
                continue
            if anchor.starts_at > self.since and ("starts", a.key) not in self.seen:
                yield (anchor.starts_at, _ACTS, a.key, lambda a=a, n=anchor: self._start(a, n))  # type: ignore[misc]
            if anchor.booked:
                yield (anchor.ends_at, _ENDS, a.key, lambda a=a: self._end(a))  # type: ignore[misc]

    def _start(self, a: PlannedAssignment, anchor: Anchor) -> Iterator[Happening]:
        self.seen.add(("starts", a.key))
        if anchor.booked:
            yield Happening(self.now, "session_starts", a.key, a.spec.title, "the live session")
        else:
            reason = "they have no seat in this session, nor in another one of this step"
            yield Happening(self.now, "no_seat", a.key, a.spec.title, reason)

    def _end(self, a: PlannedAssignment) -> Iterator[Happening]:
        absent = a.key in self.behaviour.absent
        outcome = "missed" if absent else "attended"
        self._fact(a.key, Fact("missed" if absent else "done", self.now, outcome=outcome))
        yield Happening(self.now, "session_ends", a.key, a.spec.title, outcome)

    def _fact(self, key: str, fact: Fact) -> None:
        kept = tuple((k, f) for k, f in self.inputs.facts if k != key)
        active = fact.state == "done"
        self.inputs = replace(
            self.inputs, facts=(*kept, (key, fact)), nudged=() if active else self.inputs.nudged
        )  # fmt: skip

    # ------------------------------------------------------------ messages

    def _messages(self, assignments: Sequence[PlannedAssignment]) -> Iterator[_Coming]:
        for message in self._plan()[1]:
            if name_of(message) not in self.settled:
                yield self._coming(message, lambda m=message: self._tell(m, assignments))  # type: ignore[misc]
        over = {a.key for a in assignments if a.is_finished}
        for number, promise in enumerate(self.promises):
            if ("promise", number) not in self.seen and promise.step not in over:
                yield self._coming(promise.message, lambda p=promise, n=number: self._keep(p, n))  # type: ignore[misc]

    def _coming(self, message: PlannedMessage, act: _Act) -> _Coming:
        return (self._moment(message), _TELLS, f"{message.due_at.isoformat()} {message.suffix}", act)

    def _moment(self, message: PlannedMessage) -> datetime:
        """When delivery will let it out: within their hours, and no second nudge on a day."""
        person = self.inputs.person
        at = max(message.due_at, self.now)
        if not message.params.get("urgent"):
            at = next_allowed(at, person)
        if message.category == NUDGE and self.last_nudge and self._day(self.last_nudge) == self._day(at):
            clock = message.due_at.astimezone(self.zone).time()
            tomorrow = datetime.combine(self._day(at) + timedelta(days=1), clock, self.zone)
            at = next_allowed(tomorrow.astimezone(UTC), person)
        return at

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def _tell(self, message: PlannedMessage, assignments: Sequence[PlannedAssignment]) -> Iterator[Happening]:
        self.settled.add(name_of(message))
        keys = message.params.get("keys") or []
        spoken_of = [a for a in assignments if a.key in keys]
        # Delivery looks at what is overdue at once, and moves what it postpones.
        waited = max(timedelta(), self.since - message.due_at)
        if pointless(message.kind, spoken_of, self.now - waited, self.now, message.about_at):
            return
        sent = self._send(message, message.params.get("live") or next(iter(keys), ""), next(iter(keys), ""))
        if sent.kind == "message" and message.category == NUDGE:
            self.inputs = replace(self.inputs, nudged=(*self.inputs.nudged, name_of(message)))
            self.last_nudge = self.now
        yield sent

    def _keep(self, promise: Promise, number: int) -> Iterator[Happening]:
        self.seen.add(("promise", number))
        yield self._send(promise.message, promise.step, promise.step)

    def _send(self, message: PlannedMessage, step: str, about: str) -> Happening:
        choice = EMAIL if message.mandatory else self.choices.get(message.category, EMAIL)
        channel = INAPP if choice == INAPP else message.channel
        kind, reason = "message", message.reason
        if choice == OFF:
            kind, channel, reason = "withheld", "", "Switched off in their settings"
        return Happening(
            self.now, kind, step, self.titles.get(about, ""), reason, channel, message.kind, message.suffix
        )  # fmt: skip


_WHY_OPENS = {
    "rule": "its moment has come",
    "late": "it reached them later than its rule says",
    "extended": "they have more time for it",
    "extra": "it was added for them",
}
