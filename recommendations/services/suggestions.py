"""What is worth whose time: computed set-based, answered by the person it is for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from content.models import ContentSkill
from lxp.people.models import Membership, User
from lxp.skills import queries as skills
from lxp.skills import services as skill_services
from lxp.skills.services import Evidence
from recommendations.models import Recommendation
from recommendations.queries import Situation, catalogue, learners_of, situations_of
from recommendations.ranking import Catalogue, Pick, rank

State = Recommendation.State

GAP = "gap"
"""Why something is suggested: the role asks for more of a skill. The only kind of reason so far."""

CHUNK = 1_000
"""People per transaction: bounds memory and how long rows are locked."""

_UPDATED = ["rank", "score", "reason_kind", "reason", "state", "updated_at"]


def refresh_recommendations(*, at: datetime, learner_ids: Collection[int] | None = None) -> int:
    """Make the suggestions of these people (None: everybody here) match what they need now. Twice changes nothing.

    Seven queries per thousand people, and three more for all of them. Returns how many rows changed.
    """
    items = catalogue(learner_ids)
    ids = _active(learner_ids)
    changed = sum(_refresh(ids[start : start + CHUNK], items, at) for start in range(0, len(ids), CHUNK))
    return changed + _forget_leavers(learner_ids, at)


def refresh_enrolled(*, enrolment_ids: Collection[int], at: datetime) -> int:
    """After people joined or left a cohort: what they have to do anyway is no suggestion."""
    return refresh_recommendations(learner_ids=learners_of(enrolment_ids), at=at)


@transaction.atomic
def take(*, learner_id: int, item_id: int, at: datetime) -> None:
    """The person has opened an item: a suggestion of it has done its work, and the next best one moves up."""
    _lock([learner_id])
    mine = Recommendation.objects.filter(learner_id=learner_id, item_id=item_id, state=State.SHOWN)
    if mine.update(state=State.TAKEN, updated_at=at):
        refresh_recommendations(learner_ids=[learner_id], at=at)


@transaction.atomic
def dismiss(*, recommendation: Recommendation, by: User, at: datetime) -> None:
    """Not for me: it goes at once and doesn't come back unless it is restored."""
    _answer(recommendation, by, State.DISMISSED, at)
    refresh_recommendations(learner_ids=[recommendation.learner_id], at=at)


@transaction.atomic
def already_know(*, recommendation: Recommendation, by: User, at: datetime) -> None:
    """I know this already: it goes, and the person's own word counts for the skills it would have taught them."""
    _answer(recommendation, by, State.KNOWN, at)
    levels = skills.levels_of([recommendation.learner_id])
    skill_services.record_evidence(
        evidence=[
            Evidence(
                learner_id=recommendation.learner_id,
                skill_id=taught.skill_id,
                source="self",
                level=taught.level,
                weight=taught.weight,
                key=_key(recommendation, taught.skill_id),
                at=at,
                note=f"“{recommendation.item.title}”",
            )
            for taught in _taught_by(recommendation)
            # Knowing the basics says nothing against somebody who is further on.
            if taught.level > levels.get((recommendation.learner_id, taught.skill_id), 0)
        ]
    )
    refresh_recommendations(learner_ids=[recommendation.learner_id], at=at)


@transaction.atomic
def restore(*, recommendation: Recommendation, by: User, at: datetime) -> None:
    """Take an answer back, and with it what it said about skills. It stands again if it is among the best three."""
    _own(recommendation, by)
    _lock([recommendation.learner_id])
    declined = (State.DISMISSED, State.KNOWN)
    Recommendation.objects.filter(pk=recommendation.pk, state__in=declined).update(state=State.GONE, updated_at=at)
    keys = [_key(recommendation, taught.skill_id) for taught in _taught_by(recommendation)]
    skill_services.take_back(learner_id=recommendation.learner_id, keys=keys, at=at)
    refresh_recommendations(learner_ids=[recommendation.learner_id], at=at)


def _answer(recommendation: Recommendation, by: User, state: str, at: datetime) -> None:
    _own(recommendation, by)
    _lock([recommendation.learner_id])
    Recommendation.objects.filter(pk=recommendation.pk).update(state=state, updated_at=at)
    recommendation.state = state


def _own(recommendation: Recommendation, by: User) -> None:
    if recommendation.learner_id != by.pk:
        raise ValidationError(_("Only the person it is for can answer a suggestion."))


def _taught_by(recommendation: Recommendation) -> list[ContentSkill]:
    return list(ContentSkill.objects.filter(item=recommendation.item_id, weight__gt=0).order_by("skill_id"))


def _key(recommendation: Recommendation, skill_id: int) -> str:
    return f"known:{recommendation.pk}:{skill_id}"


# ---------------------------------------------------------------- the refresh


def _active(learner_ids: Collection[int] | None) -> list[int]:
    rows = Membership.objects.filter(is_active=True).order_by("user_id")
    if learner_ids is not None:
        rows = rows.filter(user_id__in=list(learner_ids))
    return list(rows.values_list("user_id", flat=True))


def _lock(learner_ids: Sequence[int]) -> list[Membership]:
    """The people's memberships, held until the transaction ends: one refresh or answer at a time for each person."""
    rows = Membership.objects.select_for_update(of=("self",), no_key=True).select_related("user", "job_role")
    return list(rows.filter(user_id__in=learner_ids, is_active=True).order_by("user_id"))


@transaction.atomic
def _refresh(learner_ids: Sequence[int], items: Catalogue, at: datetime) -> int:
    members = _lock(learner_ids)
    rows = list(Recommendation.objects.select_for_update().filter(learner_id__in=learner_ids).order_by("pk"))
    known = {(row.learner_id, row.item_id): row for row in rows}
    situations = situations_of(members, rows)
    wanted = {
        (learner_id, pick.item_id): _facts(situation, place, pick)
        for learner_id, situation in situations.items()
        for place, pick in enumerate(rank(situation.learner, items), start=1)
    }
    new = [
        Recommendation(learner_id=learner, item_id=item, created_at=at, updated_at=at, **facts)
        for (learner, item), facts in wanted.items()
        if (learner, item) not in known
    ]
    changed = [row for key, row in known.items() if _differs(row, wanted.get(key), at)]
    if new:
        Recommendation.objects.bulk_create(new)
    if changed:
        Recommendation.objects.bulk_update(changed, _UPDATED, batch_size=CHUNK * 3)
    return len(new) + len(changed)


def _facts(situation: Situation, place: int, pick: Pick) -> dict[str, Any]:
    code, name = situation.skills[pick.gap.skill_id]
    return {
        "rank": place,
        "score": pick.score,
        "reason_kind": GAP,
        "state": State.SHOWN,
        "reason": {
            "skill_id": pick.gap.skill_id,
            "skill": code,
            "name": name,
            "level": pick.gap.level,
            "target": pick.gap.target,
            "importance": pick.gap.importance,
            "role": situation.role,
        },
    }


def _differs(row: Recommendation, wanted: dict[str, Any] | None, at: datetime) -> bool:
    """Bring a row in line with what is wanted. True when that changed it."""
    if wanted is None:
        if row.state != State.SHOWN:
            return False
        wanted = {"state": State.GONE}
    if all(getattr(row, name) == value for name, value in wanted.items()):
        return False
    for name, value in wanted.items():
        setattr(row, name, value)
    row.updated_at = at
    return True


def _forget_leavers(learner_ids: Collection[int] | None, at: datetime) -> int:
    rows = Recommendation.objects.filter(state=State.SHOWN)
    if learner_ids is not None:
        rows = rows.filter(learner_id__in=list(learner_ids))
    here = Membership.objects.filter(is_active=True).values("user_id")
    return rows.exclude(learner_id__in=here).update(state=State.GONE, updated_at=at)
