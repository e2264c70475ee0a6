"""What a learner did, played forward with the planners that run live.

A story says how somebody behaves; the planner says what they had to do and what they were told. After every fact the
plan is made anew, exactly as the house does it, so that what comes out is what would have happened: work with its
scores, and each message promised, sent, or taken back.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from journeys.plan import Fact, Inputs, PlannedAssignment, StepSpec, last_active, plan_assignments
from journeys.plan_messages import name_of, plan_messages, pointless
from lxp.demo.people import Hours
from lxp.messaging.models import NO_LONGER_NEEDED
from lxp.messaging.plan import PlannedMessage, next_allowed

NUDGE = "nudge"
GOOD = 0.9
"""The score of somebody whose story gives none."""


@dataclass(frozen=True)
class Quiz:
    """What a score may be: so many questions, each right or wrong, and the share that passes."""

    questions: int
    passes: float

    def reached(self, wanted: float) -> float:
        """The score nearest to `wanted` that can be had, on the same side of passing."""
        right = round(wanted * self.questions)
        while wanted >= self.passes and right / self.questions < self.passes:
            right += 1
        while wanted < self.passes and right / self.questions >= self.passes:
            right -= 1
        return round(right / self.questions, 4)


@dataclass(frozen=True)
class Behaviour:
    """How somebody works. Shares are 0 to 1; `days` is a range before (`early`) or after the due date."""

    does: float
    optional: float
    early: bool
    days: tuple[float, float]
    score: tuple[float, float]

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Behaviour:
        """As cohorts.toml writes it."""
        ((edge, days),) = facts["finishes"].items()
        return cls(facts["does"], facts["optional"], edge == "before_due_days", tuple(days), tuple(facts["score"]))


@dataclass(frozen=True)
class Told:
    """A story told exactly: `done` maps steps to hours after they opened, `started` to how far they got."""

    done: Mapping[str, float] = field(default_factory=dict)
    started: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LiveEnd:
    """How a live step ended for somebody: their outcome, when the session really ended, and when it was settled."""

    outcome: str
    ended_at: datetime
    decided_at: datetime


@dataclass(frozen=True)
class Work:
    """One go at a step: finished or failed at `at`, with the score aimed at (None where there is none)."""

    key: str
    number: int
    at: datetime
    score: float | None
    passed: bool


@dataclass(frozen=True)
class Begun:
    """A step somebody is in the middle of."""

    key: str
    at: datetime
    share: float


@dataclass
class Promise:
    """One row of the past ledger: what was promised when, and what became of it."""

    message: PlannedMessage
    planned_at: datetime
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    because: str = ""


@dataclass(frozen=True)
class Played:
    """Everything that happened until the end of the story."""

    work: list[Work]
    begun: list[Begun]
    promises: list[Promise]
    last_active_at: datetime | None


class Story:
    """What somebody does with a step that is open: when they finish it, and how well. Same seed, same answers."""

    def __init__(
        self, *, seed: str, hours: Hours, zone: str, quizzes: Mapping[str, Quiz], required: Sequence[str],
        behaviour: Behaviour, told: Told | None = None,
    ) -> None:  # fmt: skip
        self._seed, self._hours, self._zone = seed, hours, ZoneInfo(zone)
        self._quizzes, self._required = quizzes, required
        self._behaviour, self._told = behaviour, told

    def finish(self, step: StepSpec, opens: datetime, due: datetime | None) -> datetime | None:
        """When they finish it for the first time; None for never."""
        if self._told is not None:
            hours = self._told.done.get(step.key)
            return None if hours is None else opens + timedelta(hours=hours)
        if not self._does(step):
            return None
        rng = self._rng(step.key, "when")
        days = timedelta(days=rng.uniform(*self._behaviour.days))
        due = due or opens + timedelta(days=5)
        wanted = due - days if self._behaviour.early else due + days
        return self.at_work(max(wanted, opens + timedelta(minutes=rng.randint(15, 150))), rng)

    def scores(self, key: str) -> list[float | None]:
        """The scores of their tries, the last one passing; [None] for a step without a score."""
        quiz = self._quizzes.get(key)
        if quiz is None:
            return [None]
        if self._told is not None:
            return [quiz.reached(max(self._told.scores.get(key, GOOD), quiz.passes))]
        rng = self._rng(key, "score")
        first = quiz.reached(rng.uniform(*self._behaviour.score))
        return [first] if first >= quiz.passes else [first, quiz.reached(rng.uniform(0.8, 1.0))]

    def begun(self, open_steps: Sequence[PlannedAssignment], until: datetime) -> list[Begun]:
        """Steps they are in the middle of at the end of the story."""
        found = []
        for a in open_steps:
            share = self._begun_share(a)
            if share and a.opens_at and a.opens_at < until:
                at = min(until - timedelta(hours=3), max(a.opens_at, until - timedelta(hours=20)))
                found.append(Begun(a.key, max(at, a.opens_at), share))
        return found

    def again_at(self, at: datetime, number: int) -> datetime:
        """When they try again what they did not pass: the next working day."""
        return self.at_work(at + timedelta(days=1), self._rng(str(number), at.isoformat()))

    def at_work(self, wanted: datetime, rng: random.Random) -> datetime:
        """`wanted`, or the first later moment in their working hours, not on the dot."""
        local = wanted.astimezone(self._zone)
        for _ in range(12):
            start = datetime.combine(local.date(), self._hours.start, self._zone)
            end = datetime.combine(local.date(), self._hours.end, self._zone) - timedelta(minutes=20)
            if local.isoweekday() in self._hours.days and local <= end:
                return max(local, start + timedelta(minutes=rng.randint(5, 150))).astimezone(UTC)
            local = start + timedelta(days=1)
        return wanted

    def _does(self, step: StepSpec) -> bool:
        if not step.required:
            return self._rng(step.key, "optional").random() < self._behaviour.optional
        place = self._required.index(step.key) if step.key in self._required else 0
        return place < self._behaviour.does * len(self._required)

    def _begun_share(self, a: PlannedAssignment) -> float:
        if self._told is not None:
            return self._told.started.get(a.key, 0.0)
        rng = self._rng(a.key, "begun")
        return round(rng.uniform(0.2, 0.7), 2) if rng.random() < 0.12 else 0.0

    def _rng(self, *parts: str) -> random.Random:
        return random.Random(" ".join((self._seed, *parts)))


def play(
    *, steps: Sequence[StepSpec], inputs: Inputs, story: Story, ends: Mapping[str, LiveEnd], since: datetime,
    until: datetime,
) -> Played:  # fmt: skip
    """Everything that happened to somebody from `since` (they joined) to `until`. `ends` by live step key."""
    return _Player(steps, inputs, story, ends, since, until).run()


class _Player:
    def __init__(
        self, steps: Sequence[StepSpec], inputs: Inputs, story: Story, ends: Mapping[str, LiveEnd], since: datetime,
        until: datetime,
    ) -> None:  # fmt: skip
        self.steps, self.inputs, self.story, self.ends = steps, inputs, story, ends
        self.now, self.until = since, until
        self.work: list[Work] = []
        self.promises: dict[tuple[str, datetime | None], Promise] = {}
        self.plan: tuple[PlannedAssignment, ...] = ()
        self.finish: dict[str, tuple[datetime | None, datetime | None]] = {}
        self.retries: dict[str, datetime] = {}

    def run(self) -> Played:
        self._replan()
        while (coming := self._next()) is not None:
            at, key = coming
            self._send_until(at)
            self.now = at
            self._happen(key)
            self._replan()
        self._send_until(self.until)
        begun = self.story.begun(
            [a for a in self.plan if a.state == "planned" and a.spec.kind == "content"], self.until
        )
        return Played(self.work, begun, list(self.promises.values()), last_active(self.inputs))

    # ------------------------------------------------------------ what happens next

    def _next(self) -> tuple[datetime, str] | None:
        coming = [(at, key) for at, key in self._candidates() if at <= self.until]
        if not coming:
            return None
        at, key = min(coming)
        return max(at, self.now), key

    def _candidates(self) -> Iterator[tuple[datetime, str]]:
        for a in self.plan:
            if a.is_finished:
                continue
            if a.spec.kind == "live":
                if a.key in self.ends:
                    yield self.ends[a.key].decided_at, a.key
            elif a.opens_at and (at := self._finish_of(a)):
                yield at, a.key

    def _finish_of(self, a: PlannedAssignment) -> datetime | None:
        if a.key in self.retries:
            return self.retries[a.key]
        assert a.opens_at is not None
        known = self.finish.get(a.key)
        if known is None or known[0] != a.opens_at:
            known = self.finish[a.key] = (a.opens_at, self.story.finish(a.spec, a.opens_at, a.due_at))
        return known[1]

    def _happen(self, key: str) -> None:
        if key in self.ends:
            self._live_end(key, self.ends[key])
            return
        tries = self.story.scores(key)
        number = 1 + sum(1 for one in self.work if one.key == key)
        score = tries[min(number, len(tries)) - 1]
        passed = number >= len(tries)
        self.work.append(Work(key, number, self.now, score, passed))
        if passed:
            self._fact(key, Fact("done", self.now, score, share=1.0))
        else:
            self.retries[key] = self.story.again_at(self.now, number)
            self._fact(key, Fact("failed", self.now, score))

    def _live_end(self, key: str, end: LiveEnd) -> None:
        state = "missed" if end.outcome == "missed" else "done"
        self._fact(key, Fact(state, end.decided_at, outcome=end.outcome))
        anchors = tuple((k, replace(a, ends_at=end.ended_at) if k == key else a) for k, a in self.inputs.anchors)
        self.inputs = replace(self.inputs, anchors=anchors)

    def _fact(self, key: str, fact: Fact) -> None:
        before, kept = last_active(self.inputs), [(k, f) for k, f in self.inputs.facts if k != key]
        self.inputs = replace(self.inputs, facts=tuple(sorted([*kept, (key, fact)])))
        if last_active(self.inputs) != before:
            self.inputs = replace(self.inputs, nudged=())  # active again: nudges count anew

    # ------------------------------------------------------------ the ledger

    def _replan(self) -> None:
        self.plan = plan_assignments(self.steps, self.inputs)
        wanted = {(m.suffix, m.about_at): m for m in plan_messages(self.steps, self.inputs, self.plan)}
        waiting = {key: p for key, p in self.promises.items() if p.sent_at is None and p.settled_at is None}
        for key, promise in waiting.items():
            if key not in wanted:
                self._withdraw(key, promise, wanted)
        for key, message in wanted.items():
            known = self.promises.get(key)
            if known is None or known.because == NO_LONGER_NEEDED:
                self.promises[key] = Promise(message, self.now)
            elif known.sent_at is None and known.settled_at is None:
                known.message = message

    def _withdraw(
        self, key: tuple[str, datetime | None], promise: Promise, wanted: Mapping[tuple[str, datetime | None], Any]
    ) -> None:
        """Taken back; or moved, when the same message now speaks of another moment: then its row moves with it."""
        if any(suffix == key[0] and (suffix, about) not in self.promises for suffix, about in wanted):
            del self.promises[key]
        else:
            promise.settled_at, promise.because = self.now, NO_LONGER_NEEDED

    def _send_until(self, at: datetime) -> None:
        while due := sorted(self._due(at), key=lambda pair: (pair[0], pair[1].message.suffix)):
            for moment, promise in due:
                if self._send(promise, moment):
                    break  # what else is promised has changed

    def _due(self, at: datetime) -> Iterator[tuple[datetime, Promise]]:
        for promise in self.promises.values():
            if promise.sent_at or promise.settled_at or promise.message.due_at > at:
                continue
            # A plan made later than its message was due sends it then, as the tick does.
            moment = next_allowed(max(promise.message.due_at, promise.planned_at), self.inputs.person)
            if moment <= at:
                yield moment, promise

    def _send(self, promise: Promise, at: datetime) -> bool:
        """Send one, or say why not. Returns whether that changed the plan: nudges end when they are ignored."""
        message = promise.message
        keys = set(message.params.get("keys", ()))
        why_not = pointless(message.kind, [a for a in self.plan if a.key in keys], message.due_at, at)
        if why_not:
            promise.settled_at, promise.because = at, why_not
            return False
        promise.sent_at = at
        if message.category != NUDGE:
            return False
        self.inputs = replace(self.inputs, nudged=(*self.inputs.nudged, name_of(message)))
        before, self.now = self.now, at
        self._replan()
        self.now = before
        return True
