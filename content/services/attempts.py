"""Attempts: begun, saved as it happens, finished, begun again.

What an attempt holds after a save, and when it is over, is decided by its kind (pure). Here it is locked, stored, and
what follows is recorded: the learner record, the evidence of skills, the domain events.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from content.events import ContentCompleted, ContentFailed, ContentStarted
from content.kinds import kind_of
from content.kinds.kind import Kind, Record, Save
from content.models import Attempt, ContentItem, ContentVersion
from content.queries import attempt_for
from content.services import traces
from lxp.activity.services import add_seconds, record_statements
from lxp.events import record
from lxp.people.models import User
from lxp.skills.services import record_evidence

MAX_VISITS = 20


@transaction.atomic
def start_attempt(
    *,
    learner: User,
    item: ContentItem,
    version: ContentVersion | None = None,
    registration: UUID | None = None,
    complete: Mapping[str, Any] | None = None,
    at: datetime,
) -> Attempt:
    """The learner's latest attempt at an item in this enrolment (None: on their own), begun now if there is none.

    A first opening is announced and put on the learner record. `version` pins an edition (else the current one),
    `complete` is the step's completion rule (else the version's, else the kind's). Raises ValidationError for an item
    that was never published.
    """
    known = attempt_for(learner, item, registration)
    if known is not None:
        return known
    version = version or item.current
    if version is None or version.published_at is None:
        raise ValidationError(_("This isn't published yet."))
    try:
        with transaction.atomic():
            attempt = Attempt.objects.create(
                learner=learner, item=item, version=version, registration=registration,
                complete=rule_of(item, version, complete), started_at=at, last_at=at,
            )  # fmt: skip
    except IntegrityError:  # opened twice at the same moment: the other request's attempt is ours, too
        return attempt_for(learner, item, registration)  # type: ignore[return-value]
    record_statements([traces.statement(attempt, "initialized", at)])
    record(
        ContentStarted(
            attempt_id=attempt.pk, item_id=item.pk, learner_id=learner.pk, registration=_text(registration)
        ),
        by=learner, at=at,
    )  # fmt: skip
    return attempt


@transaction.atomic
def start_again(*, attempt: Attempt, at: datetime) -> Attempt:
    """A new go after one that is over, with the same edition and rule. Nothing of the old one is lost.

    Raises ValidationError while the last one is still open, or when all tries are used.
    """
    learner = User.objects.select_for_update().get(pk=attempt.learner_id)  # one new attempt, however often clicked
    latest = attempt_for(learner, attempt.item, attempt.registration)
    if latest is None or latest.pk != attempt.pk:
        return latest or attempt
    if latest.state == Attempt.State.STARTED:
        raise ValidationError(_("You are in the middle of this one. Finish it first."))
    if tries_left(latest) == 0:
        raise ValidationError(_("You have used all your tries. Ask whoever gave you this for another one."))
    again = Attempt.objects.create(
        learner=learner, item=latest.item, version=latest.version, registration=latest.registration,
        complete=latest.complete, number=latest.number + 1, started_at=at, last_at=at,
    )  # fmt: skip
    record_statements([traces.statement(again, "initialized", at)])
    return again


def tries_left(attempt: Attempt) -> int | None:
    """How many more attempts the rule allows; None: as many as it takes."""
    tries = attempt.complete.get("tries", 0)
    return max(0, tries - attempt.number) if tries else None


@dataclass(frozen=True)
class Saved:
    """What a save came to. `stale`: another device had saved in between; `finished`: this save ended the attempt."""

    attempt: Attempt
    stale: bool
    finished: bool


@transaction.atomic
def save_progress(
    *,
    attempt: Attempt,
    at: datetime,
    revision: int | None = None,
    position: Mapping[str, Any] | None = None,
    evidence: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
    seconds: float = 0,
    visit: str = "",
) -> Saved:
    """Keep what the player says, as far as it is possible, and finish the attempt when its rule is met.

    `revision` is the one the sender built on (None: the newest, for forms of the page itself). When another device
    has saved since, both are kept: the furthest honest state. Progress never falls. `seconds` is the active time of
    this `visit` (a word the player chose for itself) so far, so that a repeated save never counts twice; it is held
    to the wall time there was. Returns the attempt as stored.
    """
    attempt = _locked(attempt)
    kind, body = kind_of(attempt.item.kind), attempt.version.body
    stale = revision is not None and revision != attempt.revision
    since_start = max(0.0, (at - attempt.started_at).total_seconds())
    elapsed = since_start if stale else max(0.0, (at - attempt.last_at).total_seconds())
    active, visits = _active_time(attempt, visit, seconds, since_start)
    before = Record(attempt.position, attempt.answers, attempt.evidence, active)
    after = kind.merge(
        before,
        Save(
            position=dict(position or {}), answers=dict(answers or {}), evidence=dict(evidence or {}),
            stale=stale, elapsed=elapsed, since_start=since_start,
        ),
        body,
    )  # fmt: skip
    gained = active - attempt.seconds
    attempt.position, attempt.answers, attempt.seconds = after.position, after.answers, active
    attempt.evidence = {**after.evidence, **({"visits": visits} if visits else {})}
    finished = judge(attempt, kind, after)
    attempt.revision += 1
    attempt.last_at = max(at, attempt.last_at)
    if finished:
        attempt.completed_at = at if attempt.state == Attempt.State.COMPLETED else None
    attempt.save(
        update_fields=[
            "position", "answers", "evidence", "seconds", "progress", "score", "state", "revision", "last_at",
            "completed_at",
        ]
    )  # fmt: skip
    add_seconds(actor_id=attempt.learner_id, registration=attempt.registration, seconds=gained, at=at)
    record_statements(traces.answers_given(attempt, kind, before.answers, at))
    if finished:
        _record_end(attempt, kind, at)
    return Saved(attempt=attempt, stale=stale, finished=finished)


def acknowledge(*, attempt: Attempt, at: datetime) -> Saved:
    """The learner says they have read it: finishes a kind that takes their word."""
    return save_progress(attempt=attempt, evidence={"acknowledged": True, "end": True, "depth": 1}, at=at)


def _locked(attempt: Attempt) -> Attempt:
    return (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("item", "version", "learner")
        .defer("item__search")
        .get(pk=attempt.pk)
    )


def rule_of(item: ContentItem, version: ContentVersion, complete: Mapping[str, Any] | None) -> dict[str, Any]:
    """The completion rule an attempt is judged by: the step's conditions before the version's before the kind's."""
    kind = kind_of(item.kind)
    return kind.rule_for({**version.complete, **(complete or {})}, version.body)


def _active_time(attempt: Attempt, visit: str, seconds: float, since_start: float) -> tuple[int, dict[str, int]]:
    """Active seconds of all visits together, and the newest visits with theirs.

    A visit only ever grows, and only by as much as all visits together stay within the wall time since the start.
    """
    visits: dict[str, int] = dict(attempt.evidence.get("visits", {}))
    claimed = int(seconds) if isinstance(seconds, int | float) and math.isfinite(seconds) and seconds > 0 else 0
    name = visit[:40] or "-"
    gained = min(claimed - visits.get(name, 0), int(since_start) - attempt.seconds)
    if gained <= 0:
        return attempt.seconds, visits
    visits[name] = visits.pop(name, 0) + gained  # moves to the end: the newest
    while len(visits) > MAX_VISITS:  # the oldest are summed up
        oldest = next(key for key in visits if key != "earlier")
        visits["earlier"] = visits.get("earlier", 0) + visits.pop(oldest)
    return attempt.seconds + gained, visits


def judge(attempt: Attempt, kind: Kind, after: Record) -> bool:
    """Set progress, score and state from what is known now. True when this ends the attempt."""
    was_open = attempt.state == Attempt.State.STARTED
    if not was_open:
        return False  # what follows is practice: the mark and the day it was earned stay
    rule = attempt.complete or rule_of(attempt.item, attempt.version, None)
    result = kind.progress(after, attempt.version.body, rule)
    attempt.progress = max(attempt.progress, min(1.0, result.progress))
    attempt.score = result.score
    if result.completed:
        attempt.state, attempt.progress = Attempt.State.COMPLETED, 1.0
    elif result.failed:
        attempt.state = Attempt.State.FAILED
    return attempt.state != Attempt.State.STARTED


# ---------------------------------------------------------------- what follows


def _record_end(attempt: Attempt, kind: Kind, at: datetime) -> None:
    """Put the end of an attempt on the learner record, count it for skills, and announce it."""
    record_statements([traces.end_statement(attempt, kind, at)])
    taught = traces.taught_by([attempt.item_id])[attempt.item_id]
    record_evidence(evidence=traces.skill_evidence(attempt, kind, taught, at))
    event = ContentCompleted if attempt.state == Attempt.State.COMPLETED else ContentFailed
    record(
        event(
            attempt_id=attempt.pk, item_id=attempt.item_id, learner_id=attempt.learner_id,
            registration=_text(attempt.registration), score=attempt.score,
        ),
        by=attempt.learner, at=at,
    )  # fmt: skip


def _text(registration: UUID | None) -> str:
    return str(registration) if registration else ""
