"""PURE: which messages an enrolment's plan promises, from its assignments.

Steps that share a rule are told in one message. Suffixes are stable across reschedules, so that a moved date
moves its message; `about_at` is the moment a message speaks of (see `lxp.messaging.models.Message`).

Nudges are readable rules: not ready two days before the live session; try it at work, three days after;
slipping, four and nine days after a missed due date. Two at most until there is some activity again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from journeys.plan import Inputs, PlannedAssignment, StepSpec, last_active, session_of
from journeys.timing import Rule, moment
from lxp.messaging.plan import PlannedMessage, last_allowed, next_allowed

KINDS = (
    "journeys.opened",
    "journeys.refresher",
    "journeys.reminder",
    "journeys.overdue",
    "journeys.choose_session",
    "journeys.not_ready",
    "journeys.apply",
    "journeys.slipping",
    "journeys.completed",
)
"""Every kind this planner owns; a planned row of one of these that it no longer wants is withdrawn."""

NUDGES = ("journeys.not_ready", "journeys.apply", "journeys.slipping")
OF_OPEN_WORK = ("journeys.opened", "journeys.refresher", "journeys.reminder", "journeys.overdue")
STALE = timedelta(days=2)
"""A nudge whose moment passed longer ago than this (mail was down) says nothing useful any more."""

MORNING = time(9, 0)
NOT_READY_DAYS = -2
APPLY_DAYS = 3
SLIPPING_DAYS = (4, 9)
NUDGES_BEFORE_SILENCE = 2


@dataclass(frozen=True)
class _Group:
    """Assignments that open (or are due) by one rule; the first one's key names the group's messages."""

    leader: str
    members: tuple[PlannedAssignment, ...]

    @property
    def keys(self) -> list[str]:
        return [member.key for member in self.members]

    @property
    def open_work(self) -> list[PlannedAssignment]:
        return [member for member in self.members if not member.is_finished]


def plan_messages(
    steps: Sequence[StepSpec], inputs: Inputs, assignments: Sequence[PlannedAssignment]
) -> tuple[PlannedMessage, ...]:
    """Every message this plan promises, in order of time. Empty once the learner has left."""
    if not inputs.active:
        return ()
    planner = _Messages(steps, inputs, assignments)
    return tuple(sorted(planner.all(), key=lambda message: (message.due_at, message.suffix)))


def name_of(message: PlannedMessage) -> str:
    """What tells a promise from the others of its scope: "suffix|about", as `lxp.messaging.told` names it."""
    return f"{message.suffix}|{message.about_at.isoformat() if message.about_at else ''}"


def welcome(at: datetime, *, mandatory: bool, cohort_id: int | None = None) -> PlannedMessage:
    """What somebody is told who was enrolled at `at`. It is promised once, and in nobody's plan."""
    return PlannedMessage(
        suffix="welcome",
        kind="journeys.welcome",
        category="assignment",
        due_at=at,
        about_at=at,
        subject_id=cohort_id,
        reason="You were enrolled.",
        mandatory=mandatory,
    )


def is_complete(assignments: Sequence[PlannedAssignment]) -> bool:
    """Every required step that applies is done or made up for; False for a plan with nothing required."""
    required = [a for a in assignments if a.spec.required and a.state != "waived"]
    return bool(required) and all(a.state == "done" or made_up(a, assignments) for a in required)


def made_up(missed: PlannedAssignment, assignments: Sequence[PlannedAssignment]) -> bool:
    """A missed live step counts once every required step meant for those who missed it is done."""
    if missed.state != "missed":
        return False
    catch_up = [
        a
        for a in assignments
        if a.spec.required
        and a.state != "waived"
        and a.spec.condition
        and a.spec.condition.step == missed.key
        and "missed" in a.spec.condition.attendance
    ]
    return bool(catch_up) and all(a.state == "done" for a in catch_up)


class Spoken(Protocol):
    """What a message speaks of: an assignment, planned or stored (where "open" is a state of its own)."""

    @property
    def state(self) -> str: ...

    @property
    def opens_at(self) -> datetime | None: ...


def pointless(
    kind: str, spoken_of: Sequence[Spoken], due_at: datetime, at: datetime, about_at: datetime | None = None
) -> str:
    """Why a message need not go out at `at` any more, though it was promised for `due_at`; "" when it should.

    `about_at` is the moment it speaks of. Asked right before sending, and by the time machine.
    """
    if kind in NUDGES and at - due_at > STALE:
        return "Its moment has passed."
    if kind in ("journeys.welcome", "journeys.completed"):
        return ""
    unfinished = [a for a in spoken_of if a.state in ("open", "planned")]
    if not unfinished:
        return "Everything it speaks of is finished."
    if kind == "journeys.reminder" and about_at and about_at <= at:
        # A nudge had said the same that day; the session is over, and nobody needs to hear of yesterday's date.
        return "It is due already."
    if kind in OF_OPEN_WORK and not any(a.state == "open" or (a.opens_at and a.opens_at <= at) for a in unfinished):
        return "What it speaks of is not open."
    return ""


class _Messages:
    def __init__(self, steps: Sequence[StepSpec], inputs: Inputs, assignments: Sequence[PlannedAssignment]) -> None:
        self.steps = sorted(steps, key=lambda step: step.position)
        self.inputs = inputs
        self.assignments = assignments
        self.content = [a for a in assignments if a.spec.kind == "content" and a.state != "waived"]
        self.anchors = dict(inputs.anchors)
        self.person = inputs.person

    def all(self) -> Iterator[PlannedMessage]:
        nudges = self._nudges()
        nudged = {(key, self._day(nudge.due_at)) for nudge in nudges for key in nudge.params["keys"]}
        yield from self._opened()
        yield from self._reminders(nudged)
        yield from self._overdue()
        yield from self._choose_session()
        yield from nudges
        yield from self._completed()

    def _nudges(self) -> list[PlannedMessage]:
        """What went out since they were last active, and as many more as make two.

        A plan assumes that nothing is done meanwhile: when something is, there will be another plan.
        """
        coming = sorted([*self._not_ready(), *self._apply(), *self._slipping()], key=lambda n: (n.due_at, n.suffix))
        since, sent = last_active(self.inputs), self.inputs.nudged
        fresh = [n for n in coming if name_of(n) not in sent and (since is None or n.due_at > since)]
        return [n for n in coming if name_of(n) in sent] + fresh[: max(0, NUDGES_BEFORE_SILENCE - len(sent))]

    def _opened(self) -> Iterator[PlannedMessage]:
        for group in self._groups("opens"):
            opens = [a.opens_at for a in group.members if a.opens_at]
            if not opens:
                continue
            phase = group.members[0].spec.phase
            refresher = phase == "reinforcement"
            yield PlannedMessage(
                suffix=f"opened:{group.leader}",
                kind="journeys.refresher" if refresher else "journeys.opened",
                category="refresher" if refresher else "assignment",
                due_at=next_allowed(min(opens), self.person),
                reason=_OPENED_REASONS[phase],
                channel="email" if any(a.spec.required for a in group.members) or refresher else "inapp",
                mandatory=self.inputs.mandatory,
                params={"keys": group.keys},
            )

    def _reminders(self, nudged: set[tuple[str, str]]) -> Iterator[PlannedMessage]:
        for group, due in self._due_groups():
            at = last_allowed(moment(Rule("live", days=-1, at=MORNING), due, self.person.zone), self.person)
            opens = max(a.opens_at for a in group.open_work if a.opens_at)
            if at <= opens or not self._useful(at, group):
                continue
            if all((a.key, self._day(at)) in nudged for a in group.open_work):
                continue
            yield self._about_due("reminder", group, at, due, "It is due tomorrow and not finished yet.")

    def _overdue(self) -> Iterator[PlannedMessage]:
        for group, due in self._due_groups():
            at = next_allowed(moment(Rule("live", days=1, at=MORNING), due, self.person.zone), self.person)
            yield self._about_due("overdue", group, at, due, "Its date has passed and it is not finished yet.")

    def _slipping(self) -> Iterator[PlannedMessage]:
        groups = sorted(self._due_groups(), key=lambda pair: pair[1])
        if not groups:
            return
        group, due = groups[0]
        for number, days in enumerate(SLIPPING_DAYS, start=1):
            at = next_allowed(moment(Rule("live", days=days, at=MORNING), due, self.person.zone), self.person)
            yield PlannedMessage(
                suffix=f"slipping:{number}:{group.leader}",
                kind="journeys.slipping",
                category="nudge",
                due_at=at,
                about_at=due,
                reason=f"Nothing has happened for {days} days after the date.",
                params={"keys": group.keys},
            )

    def _about_due(self, name: str, group: _Group, at: datetime, due: datetime, reason: str) -> PlannedMessage:
        return PlannedMessage(
            suffix=f"{name}:{group.leader}",
            kind=f"journeys.{name}",
            category="assignment",
            due_at=at,
            about_at=due,
            reason=reason,
            mandatory=self.inputs.mandatory,
            params={"keys": group.keys},
        )

    def _choose_session(self) -> Iterator[PlannedMessage]:
        for a in self.assignments:
            anchor = self.anchors.get(a.key)
            if a.spec.kind != "live" or a.is_finished or anchor is None or anchor.booked or anchor.choices < 2:
                continue
            first = [p.opens_at for p in self._prework_of(a.key) if p.opens_at]
            week_before = moment(Rule("live", days=-7, at=MORNING), anchor.starts_at, self.person.zone)
            at = min([*first, week_before])
            if self.inputs.enrolled_at:
                at = max(at, self.inputs.enrolled_at)
            yield PlannedMessage(
                suffix=f"choose:{a.key}",
                kind="journeys.choose_session",
                category="session",
                due_at=next_allowed(at, self.person),
                reason="There are several dates, and you have not chosen one.",
                mandatory=self.inputs.mandatory,
                params={"keys": [a.key]},
            )

    def _not_ready(self) -> Iterator[PlannedMessage]:
        for a in self.assignments:
            anchor = self.anchors.get(a.key)
            if a.spec.kind != "live" or a.is_finished or anchor is None:
                continue
            waiting = [p for p in self._prework_of(a.key) if p.spec.required and not p.is_finished]
            at = moment(Rule("live", days=NOT_READY_DAYS, at=MORNING), anchor.starts_at, self.person.zone)
            at = last_allowed(at, self.person)
            known = max((m for m in (self.inputs.enrolled_at, anchor.known_at) if m), default=None)
            if not waiting or (known and at < known):
                continue
            yield PlannedMessage(
                suffix=f"not_ready:{a.key}",
                kind="journeys.not_ready",
                category="nudge",
                due_at=at,
                about_at=anchor.starts_at,
                reason="The live session is close and the preparation is not finished.",
                params={"keys": [p.key for p in waiting], "live": a.key},
            )

    def _apply(self) -> Iterator[PlannedMessage]:
        for live in self.assignments:
            anchor = self.anchors.get(live.key)
            if live.spec.kind != "live" or anchor is None or live.state == "missed" or live.state == "waived":
                continue
            waiting = [
                p
                for p in self.content
                if p.spec.phase == "postwork"
                and p.spec.required
                and p.opens_at
                and not p.is_finished
                and session_of(p.spec, self.steps) == live.key
                and not _is_catch_up(p.spec)
            ]
            if not waiting:
                continue
            at = moment(Rule("live", days=APPLY_DAYS, at=MORNING), anchor.ends_at, self.person.zone)
            if self.inputs.enrolled_at and at < self.inputs.enrolled_at:
                continue
            yield PlannedMessage(
                suffix=f"apply:{live.key}",
                kind="journeys.apply",
                category="nudge",
                due_at=next_allowed(at, self.person),
                about_at=anchor.ends_at,
                reason="Three days after practising is a good moment to try it at work.",
                params={"keys": [p.key for p in waiting], "live": live.key},
            )

    def _completed(self) -> Iterator[PlannedMessage]:
        if not is_complete(self.assignments):
            return
        last = max(a.done_at for a in self.assignments if a.done_at)
        yield PlannedMessage(
            suffix="completed",
            kind="journeys.completed",
            category="assignment",
            due_at=last,
            channel="inapp",
            reason="You finished everything this journey asks for.",
            params={"keys": []},
        )

    def _groups(self, rule: str) -> list[_Group]:
        """Content steps by their `opens` or `due` rule (and condition, which decides who gets them)."""
        found: dict[object, list[PlannedAssignment]] = {}
        for a in self.content:
            given = getattr(a.spec, rule)
            # "After the previous step" is a moment of its own for each step.
            own = given is None or given.anchor == "previous" or a.note in ("extended", "extra")
            key: object = a.key if own else (given, a.spec.condition, a.spec.phase)
            if a.note == "late" and not own:
                # What reaches somebody late no longer keeps to its rule: told together is what falls together.
                key = (a.opens_at, a.due_at, a.spec.phase)
            found.setdefault(key, []).append(a)
        return [_Group(members[0].key, tuple(members)) for members in found.values()]

    def _due_groups(self) -> list[tuple[_Group, datetime]]:
        """Groups with required work left that is open or knows when it opens, and the moment it is due."""
        result = []
        for group in self._groups("due"):
            waiting = [a for a in group.open_work if a.due_at and a.opens_at and a.spec.required]
            if waiting:
                group = _Group(group.leader, tuple(waiting))
                result.append((group, min(a.due_at for a in waiting if a.due_at)))
        return result

    def _prework_of(self, live_key: str) -> list[PlannedAssignment]:
        return [a for a in self.content if a.spec.phase == "prework" and session_of(a.spec, self.steps) == live_key]

    def _useful(self, at: datetime, group: _Group) -> bool:
        """Not before they joined, nor before the present date of the session was announced."""
        anchor = self.anchors.get(session_of(group.members[0].spec, self.steps))
        known = [m for m in (self.inputs.enrolled_at, anchor.known_at if anchor else None) if m]
        return all(at > m for m in known)

    def _day(self, at: datetime) -> str:
        return at.astimezone(ZoneInfo(self.person.zone)).date().isoformat()


def _is_catch_up(spec: StepSpec) -> bool:
    return bool(spec.condition and spec.condition.attendance and "attended" not in spec.condition.attendance)


_OPENED_REASONS = {
    "prework": "It prepares you for the live session.",
    "live": "It belongs to the live session.",
    "postwork": "It follows the live session, while it is fresh.",
    "reinforcement": "Coming back to it after a while is what makes it stick.",
}
