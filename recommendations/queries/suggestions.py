"""What is worth a learner's time: what stands, why, and what the ranking is made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from content.kinds import kind_of
from content.models import Attempt, ContentSkill, ItemState
from journeys.models import Assignment, Enrolment
from lxp.people.actor import Actor
from lxp.people.models import Membership, User
from lxp.skills import queries as skills
from lxp.skills.models import RoleSkill
from lxp.skills.queries import Reason
from recommendations.models import Recommendation
from recommendations.ranking import Catalogue, Gap, Item, Learner, Lesson, base

State = Recommendation.State

TO_DO = (Assignment.State.PLANNED, Assignment.State.OPEN)


def shown_to(user: User) -> list[Recommendation]:
    """At most three things worth the person's time, best first, each with its item and `reason_text`. One query.

    What they began, finished or got assigned a moment ago is left out even before the next refresh.
    """
    return [_with_kind(row) for row in _standing(Recommendation.objects.filter(learner=user)).order_by("rank", "pk")]


def shown_to_many(user_ids: Collection[int]) -> dict[int, list[Recommendation]]:
    """The same for many people; those without any are left out. One query."""
    found: dict[int, list[Recommendation]] = defaultdict(list)
    for row in _standing(Recommendation.objects.filter(learner_id__in=list(user_ids))).order_by("rank", "pk"):
        found[row.learner_id].append(row)
    return dict(found)


def _standing(rows: QuerySet[Recommendation]) -> QuerySet[Recommendation]:
    begun = Attempt.objects.filter(learner=OuterRef("learner"), item=OuterRef("item"))
    return (
        rows.filter(~Exists(begun), ~Exists(_assigned_here()), state=State.SHOWN, item__state=ItemState.PUBLISHED)
        .select_related("item")
        .defer("item__search")
    )


def _assigned_here() -> QuerySet[Assignment]:
    return _to_do().filter(learner=OuterRef("learner"), item=OuterRef("item"))


def _to_do() -> QuerySet[Assignment]:
    return Assignment.objects.filter(state__in=TO_DO).exclude(enrolment__state=Enrolment.State.WITHDRAWN)


def _with_kind(row: Recommendation) -> Recommendation:
    """With the label and icon of its kind of content, for templates."""
    row.kind = kind_of(row.item.kind)  # type: ignore[attr-defined]
    return row


def recommendation_for(actor: Actor, recommendation_id: int) -> Recommendation:
    """One of the actor's own suggestions, whatever became of it. One query. Raises Http404 for anybody else's."""
    found = (
        Recommendation.objects.filter(pk=recommendation_id, learner_id=actor.user_id or 0)
        .select_related("item", "learner")
        .defer("item__search")
        .first()
    )
    if found is None:
        raise Http404(_("There is no such suggestion for you."))
    return _with_kind(found)


def declined_by(user: User) -> list[Recommendation]:
    """What the person said no to, newest first, so that they can take it back. One query."""
    rows = (
        Recommendation.objects.filter(
            learner=user, state__in=(State.DISMISSED, State.KNOWN), item__state=ItemState.PUBLISHED
        )
        .select_related("item")
        .defer("item__search")
        .order_by("-updated_at", "-pk")
    )
    return [_with_kind(row) for row in rows]


@dataclass(frozen=True)
class Why:
    """Everything a suggestion rests on: role and target, the level and its evidence, what the item teaches of it."""

    recommendation: Recommendation
    role: str
    skill: str
    target: float
    level: float
    importance: float
    evidence: list[Reason]
    teaches: float | None


def why(recommendation: Recommendation) -> Why:
    """The facts behind a suggestion. Two queries."""
    facts = recommendation.reason
    teaches = ContentSkill.objects.filter(item=recommendation.item_id, skill=facts["skill_id"])
    return Why(
        recommendation=recommendation,
        role=facts["role"],
        skill=facts["name"],
        target=facts["target"],
        level=facts["level"],
        importance=facts["importance"],
        evidence=skills.reasons_of(recommendation.learner_id).get(facts["skill_id"], []),
        teaches=teaches.values_list("level", flat=True).first(),
    )


# ---------------------------------------------------------------- what the ranking is made from


def catalogue(learner_ids: Collection[int] | None = None) -> Catalogue:
    """Everything published that teaches a skill, or only skills that these people's job roles ask for. One query."""
    rows = ContentSkill.objects.filter(item__state=ItemState.PUBLISHED, item__current__isnull=False, weight__gt=0)
    if learner_ids is not None:
        asked = RoleSkill.objects.filter(job_role__memberships__user_id__in=list(learner_ids))
        rows = rows.filter(skill_id__in=asked.values("skill_id"))
    items: dict[int, Item] = {}
    for item_id, language, minutes, *lesson in rows.order_by("item_id", "skill_id").values_list(
        "item_id", "item__language", "item__minutes", "skill_id", "level", "weight"
    ):
        known = items.get(item_id) or Item(item_id, language, minutes, ())
        items[item_id] = replace(known, lessons=(*known.lessons, Lesson(*lesson)))
    return Catalogue(items.values())


@dataclass(frozen=True)
class Situation:
    """A learner as the ranking sees them, with the words of the reasons: the role's name, and skills by id."""

    learner: Learner
    role: str
    skills: dict[int, tuple[str, str]]


def situations_of(members: Sequence[Membership], answered: Iterable[Recommendation]) -> dict[int, Situation]:
    """What ranking needs of these people, by user id. Three queries for any number of them.

    `members` with user and job role; `answered` are their suggestions of before: what they said no to stays out.
    """
    ids = [member.user_id for member in members]
    gaps = skills.gaps_of_many(ids)
    ruled_out, languages = _taken_up(ids)
    for row in answered:
        if row.state in (State.DISMISSED, State.KNOWN):
            ruled_out[row.learner_id].add(row.item_id)
    found = {}
    for member in members:
        pk = member.user_id
        mine = gaps.get(pk, [])
        learner = Learner(
            gaps=tuple(Gap(gap.skill_id, gap.level, gap.target, gap.importance) for gap in mine),
            languages=frozenset({base(member.user.locale)} | languages[pk]),
            ruled_out=frozenset(ruled_out[pk]),
        )
        words = {gap.skill_id: (gap.code, gap.name) for gap in mine}
        found[pk] = Situation(learner, member.job_role.name if member.job_role else "", words)
    return found


def _taken_up(learner_ids: Sequence[int]) -> tuple[dict[int, set[int]], dict[int, set[str]]]:
    """Items each person has begun, finished or has to do, and the languages of all they learn from. Two queries.

    Who is given English content learns in English, whatever language they read the pages in.
    """
    items: dict[int, set[int]] = defaultdict(set)
    languages: dict[int, set[str]] = defaultdict(set)
    begun = Attempt.objects.filter(learner_id__in=learner_ids)
    given = _to_do().filter(learner_id__in=learner_ids, item__isnull=False)
    for rows in (begun, given):
        for learner_id, item_id, language in rows.values_list("learner_id", "item_id", "item__language").distinct():
            items[learner_id].add(item_id)
            languages[learner_id].add(base(language))
    return items, languages


def taken_up_by(learner_ids: Sequence[int]) -> dict[int, set[int]]:
    """Ids of the items each person has begun, finished or has to do. Two queries."""
    return _taken_up(learner_ids)[0]


def assigned_for(user: User, skill_ids: Collection[int]) -> dict[int, list[Assignment]]:
    """What the person has to do anyway that teaches these skills, by skill, soonest first. One query."""
    rows = (
        _to_do()
        .filter(learner=user, item__teaches__skill_id__in=list(skill_ids), enrolment__state=Enrolment.State.ACTIVE)
        .annotate(skill_id=F("item__teaches__skill_id"))
        .select_related("item", "step", "session", "enrolment__cohort__journey")
        .defer("item__search")
        .order_by(F("due_at").asc(nulls_last=True), "pk")
    )
    found: dict[int, list[Assignment]] = defaultdict(list)
    for row in rows:
        found[row.skill_id].append(row)
    return dict(found)
