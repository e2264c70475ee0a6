"""How people stand in their enrolments: what the insight rules look at, read set-based.

Only rows that a rule could care about are read (what is late, failed, missed, about to begin), so the cost grows with
the people who may need a hand and not with everybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q

from content.models import Attempt, ContentSkill, ItemState
from journeys.facts import spec_of
from journeys.models import Assignment, Cohort, Enrolment, Override, Phase, Step
from journeys.plan import session_of
from recommendations.insights import (
    BOOK_WITHIN,
    READY_WITHIN,
    TRIES,
    Ahead,
    Candidate,
    Failed,
    Late,
    Missed,
    Offered,
    Standing,
    easier,
)
from recommendations.queries.suggestions import taken_up_by
from sessions.models import Booking, LiveSession
from sessions.queries import ACTIVE as SEATED


def learners_of(enrolment_ids: Collection[int]) -> list[int]:
    """Ids of the people of these enrolments. One query."""
    return list(Enrolment.objects.filter(pk__in=list(enrolment_ids)).values_list("learner_id", flat=True).distinct())


def standings(*, at: datetime, learner_ids: Collection[int] | None = None) -> list[Standing]:
    """Everybody (or these people) about whom a rule could say something, by enrolment. Eleven queries at most."""
    reader = _Reader(at, learner_ids)
    reader.read()
    return reader.standings()


@dataclass
class _Found:
    late: list[Late] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    ahead: list[Ahead] = field(default_factory=list)


class _Reader:
    def __init__(self, at: datetime, learner_ids: Collection[int] | None) -> None:
        self.at = at
        self.rows = Assignment.objects.filter(
            enrolment__state=Enrolment.State.ACTIVE, enrolment__cohort__state=Cohort.State.ACTIVE
        )
        if learner_ids is not None:
            self.rows = self.rows.filter(learner_id__in=list(learner_ids))
        self.learner_ids = learner_ids
        self.found: dict[int, _Found] = defaultdict(_Found)

    def read(self) -> None:
        self._read_late()
        self._read_failed()
        self._read_missed()
        self._read_ahead()

    def standings(self) -> list[Standing]:
        active = self._last_signs_of_life()
        return [
            Standing(pk, active[pk], tuple(one.late), tuple(one.failed), tuple(one.missed), tuple(one.ahead))
            for pk, one in sorted(self.found.items())
        ]

    # ------------------------------------------------------------ late

    def _read_late(self) -> None:
        given = Override.objects.filter(
            enrolment=OuterRef("enrolment"), key=OuterRef("key"), kind=Override.Kind.EXTEND, undone_at=None
        )
        rows = self.rows.filter(
            state=Assignment.State.OPEN, due_at__lt=self.at, step__required=True, step__kind=Step.Kind.CONTENT
        ).order_by("due_at", "step__position")
        for enrolment, *late in rows.values_list("enrolment_id", "key", "step__title", "due_at", Exists(given)):
            self.found[enrolment].late.append(Late(*late))

    # ------------------------------------------------------------ failed

    def _read_failed(self) -> None:
        tries = self._failed_attempts()
        if not tries:
            return
        registrations, item_ids = {pair[0] for pair in tries}, {pair[1] for pair in tries}
        rows = self.rows.filter(
            state=Assignment.State.OPEN, enrolment__uuid__in=registrations, item_id__in=item_ids, step__isnull=False
        ).values_list("enrolment_id", "enrolment__uuid", "item_id", "learner_id", "key", "step__title")
        failed = [row for row in rows if (row[1], row[2]) in tries]
        remedies = _Remedies({row[2] for row in failed}, {row[3] for row in failed}) if failed else None
        for enrolment, registration, item, learner, key, title in failed:
            assert remedies is not None
            other = remedies.for_(item, learner)
            self.found[enrolment].failed.append(Failed(key, title, tries[registration, item], other))

    def _failed_attempts(self) -> dict[tuple[Any, int], int]:
        rows = Attempt.objects.filter(registration__isnull=False).exclude(state=Attempt.State.STARTED)
        if self.learner_ids is not None:
            rows = rows.filter(learner_id__in=list(self.learner_ids))
        counted = (
            rows.order_by()
            .values("registration", "item_id")
            .annotate(
                tries=Count("pk", filter=Q(state=Attempt.State.FAILED)),
                passed=Count("pk", filter=Q(state=Attempt.State.COMPLETED)),
            )
            .filter(tries__gte=TRIES, passed=0)
        )
        return {(row["registration"], row["item_id"]): row["tries"] for row in counted}

    # ------------------------------------------------------------ missed

    def _read_missed(self) -> None:
        rows = self.rows.filter(state=Assignment.State.MISSED, step__required=True, session__isnull=False)
        missed = list(rows.values_list("enrolment_id", "key", "step__title", "session__starts_at"))
        if not missed:
            return
        ways_back = self._ways_back({row[0] for row in missed})
        for enrolment, key, title, at in missed:
            if (enrolment, key) not in ways_back:
                self.found[enrolment].missed.append(Missed(key, title, at))

    def _ways_back(self, enrolment_ids: Collection[int]) -> set[tuple[int, str]]:
        """Missed live steps, by enrolment, that the journey has something for: then its own dates and reminders count."""
        rows = Assignment.objects.filter(
            enrolment_id__in=enrolment_ids, step__condition__attendance__contains=["missed"]
        ).exclude(state=Assignment.State.WAIVED)
        return set(rows.values_list("enrolment_id", "step__condition__step"))

    # ------------------------------------------------------------ ahead

    def _read_ahead(self) -> None:
        seat = Booking.objects.filter(session=OuterRef("session"), learner=OuterRef("learner"), state__in=SEATED)
        rows = (
            self.rows.filter(
                step__kind=Step.Kind.LIVE, state__in=(Assignment.State.PLANNED, Assignment.State.OPEN),
                session__starts_at__gt=self.at, session__starts_at__lte=self.at + BOOK_WITHIN,
                session__state__in=LiveSession.OPEN,
            )
            .annotate(seated=Exists(seat), starts_at=F("session__starts_at"))
            .order_by("starts_at", "pk")
            .values("enrolment_id", "key", "step__title", "starts_at", "seated", "enrolment__cohort__version_id")
        )  # fmt: skip
        ahead = list(rows)
        near = [row for row in ahead if row["starts_at"] <= self.at + READY_WITHIN and row["seated"]]
        waiting = self._waiting(near)
        for row in ahead:
            work = tuple(waiting.get((row["enrolment_id"], row["key"]), ()))
            self.found[row["enrolment_id"]].ahead.append(
                Ahead(row["key"], row["step__title"], row["starts_at"], row["seated"], work)
            )

    def _waiting(self, near: list[dict[str, Any]]) -> dict[tuple[int, str], list[str]]:
        """Titles of open required preparation by enrolment and live step. Two queries."""
        if not near:
            return {}
        leads_to = _leads_to({row["enrolment__cohort__version_id"] for row in near})
        rows = self.rows.filter(
            enrolment_id__in={row["enrolment_id"] for row in near}, state=Assignment.State.OPEN,
            step__phase=Phase.PREWORK, step__required=True, step__kind=Step.Kind.CONTENT,
        ).order_by("step__position")  # fmt: skip
        found: dict[tuple[int, str], list[str]] = defaultdict(list)
        for enrolment, step, title in rows.values_list("enrolment_id", "step_id", "step__title"):
            found[enrolment, leads_to.get(step, "")].append(title)
        return found

    # ------------------------------------------------------------ activity

    def _last_signs_of_life(self) -> dict[int, datetime]:
        rows = Enrolment.objects.filter(pk__in=self.found).values_list("pk", "uuid", "enrolled_at", "last_active_at")
        known = list(rows)
        attempts = Attempt.objects.filter(registration__in=[uuid for _, uuid, _, _ in known])
        last = dict(attempts.order_by().values_list("registration").annotate(last=Max("last_at")))
        return {
            pk: max(moment for moment in (enrolled, done, last.get(uuid)) if moment)
            for pk, uuid, enrolled, done in known
        }


def _leads_to(version_ids: Collection[int]) -> dict[int, str]:
    """The live step (its key) that each step of these versions prepares for, by the step's id. One query."""
    steps: dict[int, list[Any]] = defaultdict(list)
    for step in Step.objects.filter(version_id__in=version_ids).order_by("position"):
        steps[step.version_id].append(spec_of(step))
    return {spec.step_id: session_of(spec, specs) for specs in steps.values() for spec in specs if spec.step_id}


class _Remedies:
    """Other ways to learn what failed checks ask. Four queries for any number of checks and people."""

    def __init__(self, item_ids: Collection[int], learner_ids: Iterable[int]) -> None:
        # The skill a check is most about, and up to which level.
        rows = (
            ContentSkill.objects.filter(item_id__in=item_ids)
            .select_related("item")
            .order_by("item_id", "weight", "-skill_id")
        )
        self.asked = {row.item_id: row for row in rows}
        self.had = taken_up_by(list(learner_ids))
        self.candidates: dict[int, list[Candidate]] = defaultdict(list)
        teaching = ContentSkill.objects.filter(
            skill_id__in={row.skill_id for row in self.asked.values()},
            item__state=ItemState.PUBLISHED,
            item__current__isnull=False,
        )
        for skill_id, level, item_id, title, minutes, kind in teaching.values_list(
            "skill_id", "level", "item_id", "item__title", "item__minutes", "item__kind"
        ):
            self.candidates[skill_id].append(Candidate(Offered(item_id, title, minutes), kind, level))

    def for_(self, item_id: int, learner_id: int) -> Offered | None:
        asked = self.asked.get(item_id)
        if asked is None:
            return None
        had = self.had.get(learner_id, set()) | {item_id}
        return easier(self.candidates[asked.skill_id], kind=asked.item.kind, level=asked.level, not_these=had)
