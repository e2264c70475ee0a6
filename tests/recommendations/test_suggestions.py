"""Suggestions: refreshed set-based, answered by the person, true to the database."""

from __future__ import annotations

import time

import pytest

from content import services as content_services
from content.models import Attempt, ContentSkill
from journeys.models import Assignment
from lxp.people import services as people_services
from lxp.people.models import Membership
from lxp.skills.models import LearnerSkill, RoleSkill, SkillEvidence
from recommendations import queries as reads
from recommendations import services
from recommendations.models import Recommendation
from tests.factories import content, journeys, people, skills
from tests.flows.programme import Programme

pytestmark = pytest.mark.django_db
State = Recommendation.State


@pytest.fixture
def items(need):
    return {
        "n3": need.item("Talking about price", need.negotiation, 3, minutes=6),
        "c2": need.item("Open questions", need.coaching, 2, minutes=4),
        "c3": need.item("The pause", need.coaching, 3, minutes=8),
        "s1": need.item("First queries", need.sql, 1, minutes=12),
    }


def refresh(world, *who):
    return services.refresh_recommendations(at=world.now, learner_ids=[one.pk for one in who] or None)


def shown(user):
    return [row.item.title for row in reads.shown_to(user)]


def test_the_three_that_help_most_each_with_its_true_reason(world, need, items, queries):
    refresh(world)
    with queries(1):
        rows = reads.shown_to(world.asha)
        said = [(row.item.title, row.reason_text, row.rank) for row in rows]
    assert said == [
        ("Open questions", "Because your role asks for Coaching 3, and you are at 1", 1),
        ("Talking about price", "Because your role asks for Negotiation 3, and you are at 2", 2),
        ("The pause", "Because your role asks for Coaching 3, and you are at 1", 3),
    ]
    assert reads.shown_to(world.ben) == []


def test_a_level_just_below_the_target_is_never_rounded_up_to_it(world, need, items):
    LearnerSkill.objects.filter(learner=world.asha, skill=need.negotiation).update(level=2.96)
    LearnerSkill.objects.filter(learner=world.asha, skill=need.coaching).update(level=3)
    refresh(world)
    assert [row.reason_text for row in reads.shown_to(world.asha)] == [
        "Because your role asks for SQL 2, and you start from 0".replace("SQL", need.sql.name),
        "Because your role asks for Negotiation 3, and you are at 2.9",
    ]


def test_twice_changes_nothing(world, items):
    assert refresh(world) == 3
    world.at("2026-03-03 09:00")
    assert refresh(world) == 0


@pytest.mark.parametrize("why", ["begun", "finished", "assigned", "retired", "unpublished", "other language"])
def test_what_is_not_eligible_never_shows_even_before_the_next_refresh(world, items, why):
    refresh(world)
    item = items["c2"]
    if why in ("begun", "finished"):
        state = Attempt.State.COMPLETED if why == "finished" else Attempt.State.STARTED
        content.attempt(world.asha, item, state=state)
    elif why == "assigned":
        step = journeys.step(journeys.version(), "read", item=item)
        enrolment = journeys.enrolment(journeys.cohort(step.version), world.asha)
        journeys.assignment(enrolment, step, state=Assignment.State.PLANNED)
    elif why == "retired":
        content_services.retire_item(item=item, by=world.dana, at=world.now)
    elif why == "unpublished":
        type(item).objects.filter(pk=item.pk).update(current=None, state="draft")
    else:
        type(item).objects.filter(pk=item.pk).update(language="de")
        refresh(world)
    assert "Open questions" not in shown(world.asha)
    refresh(world)
    assert shown(world.asha) == ["Talking about price", "The pause", "First queries"]
    assert Recommendation.objects.get(item=item).state == State.GONE


def test_who_learns_in_a_language_gets_suggestions_in_it(world, items):
    type(world.asha).objects.filter(pk=world.asha.pk).update(locale="pt")
    refresh(world)
    assert shown(world.asha) == [], "nothing here is Portuguese"
    content.attempt(world.asha, content.item("Welcome"))
    refresh(world)
    assert len(shown(world.asha)) == 3, "but she learns in English as well"


def test_dismissed_goes_at_once_the_next_best_moves_up_and_undo_brings_it_back(world, items):
    refresh(world)
    first = reads.shown_to(world.asha)[0]
    services.dismiss(recommendation=first, by=world.asha, at=world.now)
    assert shown(world.asha) == ["Talking about price", "The pause", "First queries"]
    assert [row.item.title for row in reads.declined_by(world.asha)] == ["Open questions"]
    refresh(world)
    assert "Open questions" not in shown(world.asha)

    services.restore(recommendation=first, by=world.asha, at=world.now)
    assert shown(world.asha) == ["Open questions", "Talking about price", "The pause"]
    assert reads.declined_by(world.asha) == []


def test_knowing_it_counts_as_her_own_word_lowers_the_gap_and_can_be_taken_back(world, need, items):
    content.teaches(items["c3"], need.sql, level=1)
    before = LearnerSkill.objects.get(learner=world.asha, skill=need.coaching).level
    refresh(world)
    row = next(one for one in reads.shown_to(world.asha) if one.item == items["c3"])
    services.already_know(recommendation=row, by=world.asha, at=world.now)

    evidence = SkillEvidence.objects.filter(learner=world.asha).order_by("skill__code")
    assert list(evidence.values_list("skill__code", "source", "level", "note")) == [
        ("coaching", "self", 3, "“The pause”"),
        ("sql", "self", 1, "“The pause”"),
    ]
    assert LearnerSkill.objects.get(learner=world.asha, skill=need.coaching).level > before
    assert "The pause" not in shown(world.asha)

    services.restore(recommendation=row, by=world.asha, at=world.now)
    assert not SkillEvidence.objects.filter(learner=world.asha).exists()


def test_knowing_the_basics_says_nothing_against_somebody_further_on(world, need):
    easy = need.item("Two in one", need.coaching, 2)
    content.teaches(easy, need.negotiation, level=1)
    refresh(world)
    services.already_know(recommendation=reads.shown_to(world.asha)[0], by=world.asha, at=world.now)
    assert list(SkillEvidence.objects.values_list("skill__code", flat=True)) == ["coaching"]
    assert LearnerSkill.objects.get(learner=world.asha, skill=need.negotiation).level == 2


def test_only_the_person_it_is_for_answers(world, items):
    refresh(world)
    row = reads.shown_to(world.asha)[0]
    with pytest.raises(Exception, match="Only the person it is for"):
        services.dismiss(recommendation=row, by=world.ben, at=world.now)


def test_opening_it_is_taking_it(world, items, settle):
    refresh(world)
    content_services.start_attempt(
        learner=world.asha, item=items["c2"], version=items["c2"].current, registration=None, at=world.now
    )
    settle()
    assert Recommendation.objects.get(item=items["c2"]).state == State.TAKEN
    assert shown(world.asha) == ["Talking about price", "The pause", "First queries"]


def test_a_new_role_a_new_need(world, need, items, settle):
    refresh(world)
    other = people.job_role("analyst")
    skills.target(other, need.sql, 3, importance=5)
    people_services.update_person(
        membership=Membership.objects.get(user=world.asha), changes={"job_role": other}, by=world.adi, at=world.now
    )
    settle()
    assert shown(world.asha) == ["First queries"]


def test_joining_a_journey_takes_its_items_out_and_leaving_gives_them_back(world, need, settle):
    programme = Programme.build(world)
    item = programme.cohort.version.steps.get(key="read").item
    content.teaches(item, need.coaching, level=2)
    refresh(world)
    assert shown(world.asha) == ["read text"]
    enrolment = programme.enrol(world.asha)
    settle()
    assert shown(world.asha) == []
    from journeys import services as journey_services

    journey_services.withdraw(cohort=programme.cohort, enrolment_ids=[enrolment.pk], by=world.dana, at=world.now)
    settle()
    assert shown(world.asha) == ["read text"]


def test_leavers_keep_no_suggestions(world, items):
    refresh(world)
    Membership.objects.filter(user=world.asha).update(is_active=False)
    refresh(world)
    assert set(Recommendation.objects.values_list("state", flat=True)) == {State.GONE}


def test_the_other_organisation_is_another_world(world, items):
    refresh(world)
    with world.scope(world.harbour):
        refresh(world)
        assert Recommendation.objects.count() == 0
        assert reads.shown_to(world.asha) == []


def test_why_lists_the_facts_behind_it(world, need, items, queries):
    skills.evidence(world.asha, need.coaching, 1, source="quiz", note="“Coaching check”, 40%")
    refresh(world)
    row = reads.shown_to(world.asha)[0]
    with queries(2):
        found = reads.why(row)
    assert (found.role, found.skill, found.target, found.level, found.teaches) == (
        "Key account manager", "Coaching", 3, 1, 2,
    )  # fmt: skip
    assert [reason.text for reason in found.evidence] == ["Quiz: “Coaching check”, 40%"]


# ---------------------------------------------------------------- many people


def crowd(need, number):
    """People in the role at various levels, some of whom have done or begun things."""
    made = people.people(number)
    need.give(*made)
    catalogue = [
        need.item(f"{skill.name} {level}, {copy}", skill, level, minutes=5 + copy)
        for skill in (need.negotiation, need.coaching, need.sql)
        for level in (1, 2, 3)
        for copy in range(4)
    ]
    LearnerSkill.objects.bulk_create(
        LearnerSkill(learner=one, skill=skill, level=(place * step) % 7 / 2, updated_at=one.created_at)
        for place, one in enumerate(made)
        for step, skill in ((1, need.negotiation), (2, need.coaching), (3, need.sql))
    )
    for place, one in enumerate(made[::5]):
        content.attempt(one, catalogue[place % len(catalogue)], state=Attempt.State.COMPLETED)
    return made


def test_every_shown_reason_is_true_when_recomputed_from_the_database(world, need):
    made = crowd(need, 60)
    refresh(world)
    checked = 0
    for user in made:
        rows = reads.shown_to(user)
        assert len(rows) <= 3
        for row in rows:
            facts, checked = row.reason, checked + 1
            role = Membership.objects.get(user=user).job_role
            target = RoleSkill.objects.get(job_role=role, skill_id=facts["skill_id"])
            level = LearnerSkill.objects.filter(learner=user, skill_id=facts["skill_id"]).first()
            assert facts["target"] == target.level > facts["level"] == (level.level if level else 0)
            assert (facts["role"], facts["name"]) == (role.name, target.skill.name)
            assert ContentSkill.objects.get(item=row.item, skill_id=facts["skill_id"]).level > facts["level"]
            assert not Attempt.objects.filter(learner=user, item=row.item).exists()
    assert checked > 100


def test_the_number_of_queries_does_not_depend_on_the_number_of_people(world, need, queries):
    made = crowd(need, 12)
    with queries(11):
        services.refresh_recommendations(at=world.now, learner_ids=[made[0].pk])
    with queries(11):
        services.refresh_recommendations(at=world.now, learner_ids=[one.pk for one in made])


def test_250_people_take_a_moment(world, need):
    crowd(need, 250)
    began = time.perf_counter()
    assert refresh(world) > 500
    assert time.perf_counter() - began < 3
