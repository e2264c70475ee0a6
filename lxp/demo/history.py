"""What happened in the cohorts until today: who came, who did what, what they were told.

Sessions are ended by their service, from presence that was there. The rest is played by `stories` and written
set-based, with the same rows that the player and the tick would have left.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from content.models import ContentVersion
from content.services import PastAttempt
from journeys.facts import Member, cohort_facts, members_of
from journeys.models import Step
from lxp.demo import files
from lxp.demo.audiences import outcomes_of
from lxp.demo.cohorts import Run
from lxp.demo.organisation import Day
from lxp.demo.stories import Begun, Behaviour, LiveEnd, Promise, Quiz, Story, Told, Work, play
from sessions import services as live
from sessions.models import LiveSession, PresenceInterval

SETTLED_AFTER = timedelta(minutes=4)
"""So long after the end the facilitator ends a session."""


@dataclass
class Past:
    """What is to be written of one cohort's past: attempts, promises and last activity by enrolment."""

    attempts: list[PastAttempt] = field(default_factory=list)
    promises: list[tuple[Member, Promise]] = field(default_factory=list)
    last_active: dict[int, datetime] = field(default_factory=dict)


def past_of(run: Run, day: Day) -> Past:
    """End the sessions of a cohort that are over, and play everybody's story until now."""
    facts = cohort_facts(run.cohort)
    ids = run.cohort.enrolments.filter(learner_id__in=run.joined_at).order_by("pk").values_list("pk", flat=True)
    members = members_of(facts, list(ids))
    steps = {step.key: step for step in _steps(run)}
    ends = _hold_sessions(run, day)
    stories = _Stories(run, steps)
    past = Past()
    for member in members:
        story = stories.of(member)
        played = play(
            steps=facts.steps, inputs=member.inputs, story=story, ends=ends.get(member.learner_id, {}),
            since=run.joined_at[member.learner_id], until=day.now,
        )  # fmt: skip
        if played.last_active_at:
            past.last_active[member.enrolment_id] = played.last_active_at
        past.promises += [(member, promise) for promise in played.promises if promise.sent_at or promise.settled_at]
        goes = _Goes(member, run.people[member.learner_id].email, steps)
        past.attempts += [*map(goes.of_work, played.work), *map(goes.of_begun, played.begun)]
    return past


def _steps(run: Run) -> Sequence[Step]:
    return list(
        Step.objects.filter(version_id=run.cohort.version_id)
        .select_related("item", "content_version")
        .defer("item__search")
        .order_by("position")
    )


# ---------------------------------------------------------------- live


def _hold_sessions(run: Run, day: Day) -> dict[int, dict[str, LiveEnd]]:
    """End what is over, by what each person did. Returns how it went by learner and live step."""
    found: dict[int, dict[str, LiveEnd]] = defaultdict(dict)
    for step, sessions in run.sessions.items():
        for session in sessions:
            if session.ends_at + SETTLED_AFTER * 3 < day.now:
                for learner, end in _hold(run, step, session):
                    found[learner][step] = end
    return found


def _hold(run: Run, step: str, session: LiveSession) -> Iterator[tuple[int, LiveEnd]]:
    rng = random.Random(f"session {run.cohort.slug} {step} {session.start_local:%d %H:%M}")
    ended = session.ends_at + timedelta(minutes=rng.randint(-3, 6))
    lead = session.staff.select_related("user").get().user
    booked = list(
        session.bookings.filter(state="booked").order_by("learner__email").values_list("learner_id", flat=True)
    )
    outcomes = {learner: _outcome(run, step, learner) for learner in booked}
    PresenceInterval.objects.bulk_create(
        PresenceInterval(
            session=session, learner_id=learner, source=PresenceInterval.Source.JOIN, began_at=began, seen_at=seen
        )
        for learner, outcome in outcomes.items()
        for began, seen in _presence(session, ended, outcome, rng)
    )
    at = ended + SETTLED_AFTER
    live.end_session(session=session, by=lead, at=at, ended_at=ended)
    yield from ((learner, LiveEnd(outcome, ended, at)) for learner, outcome in outcomes.items())


def _outcome(run: Run, step: str, learner: int) -> str:
    email = run.people[learner].email
    told = run.told(email)
    if told is not None:
        return str(told.get("attendance", {}).get(step, "attended"))
    drawn = random.Random(f"{run.cohort.slug} {step} came {email}").random()
    return next((outcome for bound, outcome in outcomes_of(run.facts["attendance"]) if drawn < bound), "missed")


def _presence(
    session: LiveSession, ended: datetime, outcome: str, rng: random.Random
) -> Iterator[tuple[datetime, datetime]]:
    began = session.starts_at + timedelta(minutes=rng.randint(-6, 5))
    if outcome == "attended":
        yield began, ended
    elif outcome == "partial":
        yield began, session.starts_at + (ended - session.starts_at) * rng.uniform(0.4, 0.65)


# ---------------------------------------------------------------- stories


class _Stories:
    """How each learner of a cohort behaves."""

    def __init__(self, run: Run, steps: Mapping[str, Step]) -> None:
        self.run = run
        self.behaviours = {name: Behaviour.of(facts) for name, facts in files.table("cohorts")["behaviours"].items()}
        content = [step for step in steps.values() if step.kind == Step.Kind.CONTENT]
        self.required = [step.key for step in content if step.required]
        self.quizzes = {
            step.key: Quiz(len(step.content_version.body["questions"]), _passes(step))
            for step in content
            if step.content_version and "questions" in step.content_version.body
        }

    def of(self, member: Member) -> Story:
        person = self.run.people[member.learner_id]
        told = self.run.told(person.email)
        exact = told is not None and "all_done" not in told
        return Story(
            seed=f"{self.run.cohort.slug} {person.email}", hours=person.hours, zone=person.zone,
            quizzes=self.quizzes, required=self.required,
            behaviour=self.behaviours["diligent" if told is not None else self._drawn(person.email)],
            told=_told(told) if told is not None and exact else None,
        )  # fmt: skip

    def _drawn(self, email: str) -> str:
        names, shares = zip(*self.run.facts["mix"].items(), strict=True)
        return str(random.Random(f"{self.run.cohort.slug} behaves {email}").choices(names, shares)[0])


def _told(facts: Mapping[str, Any]) -> Told:
    return Told(
        done={one["step"]: one["hours"] for one in facts.get("done", [])},
        started={one["step"]: one["share"] for one in facts.get("started", [])},
        scores=facts.get("scores", {}),
    )


def _passes(step: Step) -> float:
    assert step.content_version is not None
    return float({**step.content_version.complete, **step.complete}.get("score", 0.7))


# ---------------------------------------------------------------- attempts


class _Goes:
    """Attempts of one learner as their player would have sent them."""

    def __init__(self, member: Member, email: str, steps: Mapping[str, Step]) -> None:
        self.member, self.email, self.steps = member, email, steps

    def of_work(self, work: Work) -> PastAttempt:
        step = self.steps[work.key]
        rng = random.Random(f"{self.email} {step.key} {work.number}")
        body = self._version(step).body
        seconds = self._seconds(step, rng)
        answers, evidence = _everything(body)
        if "questions" in body:
            answers = _answers(body["questions"], work.score or 0.0, rng)
        return self._attempt(step, work.at, seconds, number=work.number, answers=answers, evidence=evidence)

    def of_begun(self, begun: Begun) -> PastAttempt:
        step = self.steps[begun.key]
        rng = random.Random(f"{self.email} {step.key} begun")
        answers, evidence = _part(self._version(step).body, begun.share)
        seconds = round(self._seconds(step, rng) * begun.share)
        return self._attempt(step, begun.at, seconds, answers=answers, evidence=evidence)

    def _attempt(self, step: Step, at: datetime, seconds: int, **more: Any) -> PastAttempt:
        assert step.item is not None
        return PastAttempt(
            learner_id=self.member.learner_id, item=step.item, version=self._version(step),
            registration=self.member.registration, complete=step.complete, seconds=seconds, at=at,
            started_at=at - timedelta(seconds=round(seconds * 1.2) + 20), **more,
        )  # fmt: skip

    def _seconds(self, step: Step, rng: random.Random) -> int:
        """Active time around what the item asks for, and never less than watching or skimming takes."""
        assert step.item is not None
        body = self._version(step).body
        least = body["seconds"] if "seconds" in body else len(body.get("text", "").split()) / 8
        return round(max(least, step.item.minutes * 60 * rng.uniform(0.55, 1.5)))

    def _version(self, step: Step) -> ContentVersion:
        assert step.content_version is not None
        return step.content_version


def _everything(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Answers and evidence of somebody who reached the end."""
    return _part(body, 1.0)


def _part(body: Mapping[str, Any], share: float) -> tuple[dict[str, Any], dict[str, Any]]:
    if "items" in body:
        ticked = body["items"][: round(len(body["items"]) * share)]
        return {item["key"]: True for item in ticked}, {}
    if "seconds" in body:
        return {}, {"watched": [[0, body["seconds"] * share]]}
    if "questions" in body:
        answered = body["questions"][: round(len(body["questions"]) * share)]
        return {question["key"]: _right(question) for question in answered}, {}
    return {}, {"depth": share, "end": share >= 1}


def _answers(questions: Sequence[Mapping[str, Any]], score: float, rng: random.Random) -> dict[str, list[str]]:
    """Answers that come to `score`: so many questions right, the others plainly wrong."""
    right = set(rng.sample([q["key"] for q in questions], round(score * len(questions))))
    return {q["key"]: _right(q) if q["key"] in right else _wrong(q, rng) for q in questions}


def _right(question: Mapping[str, Any]) -> list[str]:
    return [option["key"] for option in question["options"] if option["correct"]]


def _wrong(question: Mapping[str, Any], rng: random.Random) -> list[str]:
    return [rng.choice([option["key"] for option in question["options"] if not option["correct"]])]
