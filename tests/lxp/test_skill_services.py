"""Evidence, estimates, gaps and profiles in the database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError

from lxp.skills import queries, services
from lxp.skills.models import LearnerSkill, SkillEvidence
from lxp.skills.services import Evidence
from tests.factories import people, skills
from tests.world import World


@pytest.fixture
def inside(world: World) -> Iterator[World]:
    with world.scope():
        yield world


def evidence(world: World, skill: object, key: str = "a", **fields: object) -> Evidence:
    fields = {"learner_id": world.asha.pk, "source": "quiz", "level": 3.0, "at": world.now, **fields}
    return Evidence(skill_id=skill.pk, key=key, **fields)  # type: ignore[attr-defined, arg-type]


def test_recording_the_same_fact_twice_counts_once(inside: World) -> None:
    coaching = skills.skill("coaching")
    assert services.record_evidence(evidence=[evidence(inside, coaching)]) == 1
    assert services.record_evidence(evidence=[evidence(inside, coaching, level=1.0)]) == 0
    row = LearnerSkill.objects.get()
    assert (row.level, row.evidence_count) == (3.0, 1)


def test_estimates_follow_all_evidence_of_the_pair_and_no_other(inside: World) -> None:
    coaching, feedback = skills.skill("coaching"), skills.skill("feedback")
    services.record_evidence(evidence=[evidence(inside, coaching), evidence(inside, feedback, "b", level=1.0)])
    services.record_evidence(
        evidence=[evidence(inside, coaching, "c", level=5.0), evidence(inside, coaching, "d", learner_id=inside.ben.pk)]
    )
    levels = queries.levels_of([inside.asha.pk, inside.ben.pk])
    assert levels == {
        (inside.asha.pk, coaching.pk): 4.0,
        (inside.asha.pk, feedback.pk): 1.0,
        (inside.ben.pk, coaching.pk): 3.0,
    }


@pytest.mark.parametrize("wrong", [{"source": "rumour"}, {"level": 5.5}, {"level": -1.0}, {"weight": 0.0}])
def test_impossible_evidence_is_refused_and_nothing_is_stored(inside: World, wrong: dict[str, object]) -> None:
    coaching = skills.skill("coaching")
    with pytest.raises(ValidationError):
        services.record_evidence(evidence=[evidence(inside, coaching), evidence(inside, coaching, "b", **wrong)])
    assert not SkillEvidence.objects.exists()


def test_recording_costs_the_same_for_one_and_for_many(inside: World, queries: object) -> None:
    coaching = skills.skill("coaching")
    # savepoint, known, insert, [savepoint, lock rows, evidence, update] and the two releases
    with queries(10):  # type: ignore[operator]
        services.record_evidence(evidence=[evidence(inside, coaching)])
    people_ids = [inside.asha.pk, inside.ben.pk, inside.chen.pk]
    with queries(10):  # type: ignore[operator]
        services.record_evidence(
            evidence=[evidence(inside, coaching, f"k{pk}", learner_id=pk, level=2.0) for pk in people_ids]
        )


def test_gaps_come_from_the_job_role_and_the_heaviest_first(inside: World, queries: object) -> None:
    role = people.job_role("team_lead")
    coaching, feedback, sql = skills.skill("coaching"), skills.skill("feedback"), skills.skill("sql")
    skills.target(role, coaching, level=4, importance=5)
    skills.target(role, feedback, level=3, importance=3)
    skills.target(role, sql, level=1, importance=1)
    membership = inside.membership(inside.asha)
    membership.job_role = role
    membership.save()
    services.record_evidence(evidence=[evidence(inside, coaching, level=2.0), evidence(inside, sql, "b", level=3.0)])
    from lxp.skills.queries import gaps_of, profile_of

    with queries(1):  # type: ignore[operator]
        gaps = gaps_of(inside.asha)
    assert [(gap.code, gap.gap, gap.weight) for gap in gaps] == [("coaching", 2.0, 10.0), ("feedback", 3.0, 9.0)]
    assert gaps_of(inside.ben) == []
    with queries(2):  # type: ignore[operator]
        profile = profile_of(inside.asha)
    assert [(one.code, one.level, one.target) for one in profile] == [
        ("coaching", 2.0, 4.0), ("feedback", 0.0, 3.0), ("sql", 3.0, 1.0)
    ]  # fmt: skip


def test_the_profile_says_why(inside: World) -> None:
    coaching = skills.skill("coaching")
    services.record_evidence(
        evidence=[
            evidence(inside, coaching, note="“Coaching check”, 80%"),
            evidence(inside, coaching, "b", source="self"),
        ]
    )
    (standing,) = queries.profile_of(inside.asha)
    assert {reason.text for reason in standing.reasons} == {"Quiz: “Coaching check”, 80%", "You said so"}


def test_another_organisation_has_its_own_gaps_and_levels(inside: World) -> None:
    coaching = skills.skill("coaching")
    services.record_evidence(evidence=[evidence(inside, coaching)])
    with inside.scope(inside.harbour):
        assert queries.levels_of([inside.asha.pk]) == {}
        assert queries.profile_of(inside.asha) == []
        assert not queries.all_skills().exists()
