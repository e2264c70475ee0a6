"""Audience rules: what they refuse, whom they fit, how they read."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from lxp.events.models import DomainEvent
from lxp.people import queries, services
from lxp.people.audience import EVERYBODY, Known, clean, describe, problems
from tests.factories import people, skills

KNOWN = Known(
    job_roles={"team_lead": "Team lead", "engineer": "Engineer"},
    teams={"field": "Field", "north": "North", "sales": "Sales"},
    parents={"field": None, "north": "field", "sales": None},
    skills={"coaching": "Coaching"},
)


def texts(rule):
    return [str(problem) for problem in problems(rule, KNOWN)]


# ---------------------------------------------------------------- refusing


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, "Give a condition"),
        ([], "Give a condition"),
        ("everybody", "Give a condition"),
        ({"all": {}}, "takes a list"),
        ({"any": []}, "fits nobody"),
        ({"all": [], "any": []}, "A group is one of all, any, not"),
        ({"some": []}, "A group is one of all, any, not"),
        ({"not": []}, "not: Give a condition"),
        ({"field": "jobrole", "is": "team_lead"}, "Did you mean “job_role”?"),
        ({"field": 7, "is": "x"}, "There is no field “7”"),
        ({"field": "attributes.", "is": "x"}, "There is no field"),
        ({"field": "team"}, "takes one of: is, is_not, in"),
        ({"field": "team", "is": "field", "is_not": "sales"}, "takes one of"),
        ({"field": "team", "like": "field"}, "takes one of"),
        ({"field": "team", "is": "feild"}, "There is no team “feild”. Did you mean “field”?"),
        ({"field": "team", "in": "field"}, "takes a list"),
        ({"field": "team", "is": []}, "at least one value"),
        ({"field": "job_role", "is": [1]}, "Values are texts"),
        ({"field": "place", "is": "a\x00b"}, "Values are texts"),
        ({"field": "role", "is": "boss"}, "There is no role “boss”"),
        ({"field": "zone", "is": "Europe/Lisboa"}, "Did you mean “Europe/Lisbon”?"),
        ({"field": "manager", "is": "chen"}, "no e-mail address"),
        ({"field": "hired_within_days", "is": "90"}, "a number of days"),
        ({"field": "hired_within_days", "is": True}, "a number of days"),
        ({"field": "hired_within_days", "is": -1}, "a number of days"),
        ({"field": "hired_within_days", "is_not": 3}, "takes one of: is."),
        ({"field": "skill_below", "is": "coaching"}, 'Give {"skill": code'),
        ({"field": "skill_below", "is": {"skill": "coachin", "level": 3}}, "Did you mean “coaching”?"),
        ({"field": "skill_below", "is": {"skill": "coaching", "level": 9}}, "A level is a number"),
        ({"field": "skill_below", "is": {"skill": "coaching", "level": float("nan")}}, "A level is a number"),
        ({"field": "attributes.grade", "is": {"x": 1}}, "Values are texts, numbers"),
        ({"field": "attributes.grade", "is": [float("inf")]}, "Values are texts, numbers"),
    ],
)
def test_a_wrong_rule_is_refused_with_what_to_do(rule, expected):
    assert expected in " | ".join(texts(rule))
    with pytest.raises(ValidationError):
        clean(rule, KNOWN)


def test_every_bad_leaf_is_named_by_its_place():
    rule = {
        "all": [
            {"field": "team", "is": "x"},
            {"any": [{"field": "role", "is": "learner"}, {"not": {"field": "zone", "is": "y"}}]},
        ]
    }
    paths = [problem.path for problem in problems(rule, KNOWN)]
    assert paths == ["all 1", "all 2 › any 2 › not"]


def test_size_and_depth_have_bounds():
    deep = {"field": "role", "is": "learner"}
    for _ in range(8):
        deep = {"not": deep}
    assert "at most 6 deep" in texts(deep)[0]
    wide = {"any": [{"field": "role", "is": "learner"}] * 201}
    assert "At most 200 conditions; this has 201." in texts(wide)
    assert "At most 1000 values" in texts({"field": "place", "is": ["Porto"] * 1001})[0]


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["all", "any", "not", "field", "is", "in", "is_not", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(json_like)
def test_whatever_arrives_is_refused_or_readable(rule):
    if not problems(rule, KNOWN):
        assert describe(rule, KNOWN).startswith("Everybody")


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (EVERYBODY, "Everybody"),
        ({"field": "job_role", "is": ["team_lead", "engineer"]}, "Everybody whose job role is Team lead or Engineer"),
        ({"field": "team", "is_not": "field"}, "Everybody who don’t belong to Field"),
        (
            {"all": [{"field": "team", "is": "field"}, {"field": "hired_within_days", "is": 90}]},
            "Everybody who belong to Field and who came in the last 90 days",
        ),
        (
            {"any": [{"field": "role", "is": "manager"}, {"all": [{"field": "place", "is": "Porto"}, {"not": {"field": "zone", "is": "UTC"}}]}]},
            "Everybody whose part is manager or (who work in Porto and whose time zone is not UTC)",
        ),
        ({"field": "skill_below", "is": {"skill": "coaching", "level": 3}}, "Everybody who are below level 3 in Coaching"),
        ({"field": "attributes.grade", "is": "B"}, "Everybody whose grade is B"),
    ],
)  # fmt: skip
def test_a_rule_reads_as_a_sentence(rule, expected):
    assert describe(clean(rule, KNOWN), KNOWN) == expected


# ---------------------------------------------------------------- matching


@pytest.fixture(name="budget")
def _budget(queries):
    """The fixture under a name that leaves `queries` to the module it tests."""
    return queries


@pytest.fixture
def crew(world):
    """Five more people whose facts differ in one thing each."""
    with world.scope():
        north = people.team("North", slug="north", parent=people.team("Field", slug="field"))
        far = people.team("Far north", slug="far-north", parent=north)
        lead, engineer = people.job_role("team_lead"), people.job_role("engineer")
        coaching = skills.skill("coaching")
        today = world.now.date()
        made = {
            "ana": people.person("Ana", team=north, job_role=lead, hired_on=today - timedelta(days=90), place="Porto"),
            "bo": people.person(
                "Bo", team=far, job_role=engineer, hired_on=today - timedelta(days=91), manager=world.chen
            ),
            "cy": people.person("Cy", zone="Asia/Tokyo", attributes={"grade": "B", "shift": 2}),
            "di": people.person("Di", "learner", "manager", attributes={"grade": "C"}),
            "ed": people.person("Ed", team=north, is_active=True),
        }
        skills.estimate(made["ana"], coaching, 3.0)
        skills.estimate(made["bo"], coaching, 2.9)
        gone = people.person("Gone", team=north, job_role=lead)
        services.deactivate_person(membership=world.membership(gone), by=world.adi, at=world.now)
    return made


def matched(world, rule, *, among):
    with world.scope():
        clean(rule, queries.known())
        found = set(queries.matching(rule, at=world.now).values_list("user_id", flat=True))
    return {name for name, person in among.items() if person.pk in found}


@pytest.mark.parametrize(
    ("rule", "who"),
    [
        (EVERYBODY, {"ana", "bo", "cy", "di", "ed"}),
        ({"field": "team", "is": "north"}, {"ana", "bo", "ed"}),
        ({"field": "team", "in": ["far-north"]}, {"bo"}),
        ({"field": "team", "is": "field"}, {"ana", "bo", "ed"}),
        ({"field": "team", "is_not": "far-north"}, {"ana", "cy", "di", "ed"}),
        ({"field": "job_role", "is": ["team_lead"]}, {"ana"}),
        ({"field": "job_role", "is_not": "team_lead"}, {"bo", "cy", "di", "ed"}),
        ({"field": "role", "is": ["manager"]}, {"di"}),
        ({"field": "role", "is_not": ["manager"]}, {"ana", "bo", "cy", "ed"}),
        ({"field": "place", "is": "Porto"}, {"ana"}),
        ({"field": "zone", "is": "Asia/Tokyo"}, {"cy"}),
        ({"field": "manager", "is": "CHEN.WEI@fernhill.example"}, {"bo"}),
        ({"field": "manager", "is_not": "chen.wei@fernhill.example"}, {"ana", "cy", "di", "ed"}),
        ({"field": "email", "in": ["ed@fernhill.example", "eve@harbour.example"]}, {"ed"}),
        ({"field": "hired_within_days", "is": 90}, {"ana"}),
        ({"field": "hired_before_days", "is": 90}, {"bo"}),
        ({"not": {"field": "hired_within_days", "is": 90}}, {"bo", "cy", "di", "ed"}),
        ({"field": "attributes.grade", "is": ["B", "C"]}, {"cy", "di"}),
        ({"field": "attributes.grade", "is_not": "B"}, {"ana", "bo", "di", "ed"}),
        ({"field": "attributes.shift", "is": 2}, {"cy"}),
        ({"field": "skill_below", "is": {"skill": "coaching", "level": 3}}, {"bo", "cy", "di", "ed"}),
        ({"not": {"field": "skill_below", "is": {"skill": "coaching", "level": 3}}}, {"ana"}),
        ({"any": [{"field": "place", "is": "Porto"}, {"all": []}]}, {"ana", "bo", "cy", "di", "ed"}),
        ({"not": {"all": []}}, set()),
        ({"all": [{"field": "team", "is": "field"}, {"not": {"field": "job_role", "is": "engineer"}}]}, {"ana", "ed"}),
    ],
)
def test_rules_fit_the_right_people(world, crew, rule, who):
    assert matched(world, rule, among=crew) == who


def test_a_rule_never_reaches_into_another_organisation(world):
    with world.scope(world.harbour):
        found = queries.matching(EVERYBODY, at=world.now).values_list("user_id", flat=True)
        assert list(found) == [world.eve.pk]


def test_skills_of_another_organisation_do_not_count(world):
    with world.scope():
        skills.skill("coaching")
        member = people.person("Ana")
    with world.scope(world.harbour):
        people.Membership.objects.create(user=member, roles=["learner"])
        skills.estimate(member, skills.skill("coaching"), 5.0)
    assert matched(world, {"field": "skill_below", "is": {"skill": "coaching", "level": 1}}, among={"ana": member}) == {
        "ana"
    }


@pytest.mark.parametrize("extra", [1, 3])
def test_matching_costs_two_queries_however_many_people(world, budget, extra):
    with world.scope():
        people.people(extra, team=world.team)
        audience = people.audience({"field": "team", "is": "field-operations"})
        with budget(2):
            assert len(queries.members_of(audience, at=world.now)) == 5 + extra


def test_count_and_sample_and_sizes_agree(world, crew):
    with world.scope():
        one, nobody = (
            people.audience({"field": "team", "is": "north"}),
            people.audience({"field": "place", "is": "Oslo"}),
        )
        never = people.audience()
        never.rule = {}
        sizes = queries.audience_sizes([one, nobody, never], at=world.now, known=queries.known())
        assert sizes == {one.pk: 3, nobody.pk: 0, never.pk: 0}
        assert queries.matching_count(one.rule, at=world.now) == 3
        assert [row.user.name for row in queries.sample(one.rule, at=world.now, size=2)] == ["Ana", "Bo"]
        assert queries.members_of(never, at=world.now).count() == 0


# ---------------------------------------------------------------- keeping


def test_an_audience_is_kept_with_a_free_slug_and_announced(world):
    with world.scope():
        first = services.create_audience(name="New  leads", rule=EVERYBODY, by=world.dana, at=world.now)
        second = services.create_audience(name="New leads", rule=EVERYBODY, by=world.dana, at=world.now)
        assert (first.name, first.slug, second.slug) == ("New leads", "new-leads", "new-leads-2")
        changed = services.update_audience(
            audience=first, rule={"field": "role", "is": "manager"}, by=world.dana, at=world.now
        )
        assert changed is True
        assert (
            services.update_audience(audience=first, name="Leads", rule=first.rule, by=world.dana, at=world.now)
            is False
        )
        first.refresh_from_db()
        assert (first.name, first.rule) == ("Leads", {"field": "role", "is": "manager"})
        told = DomainEvent.objects.filter(kind="lxp.people.AudienceChanged").values_list(
            "payload__audience_id", flat=True
        )
        assert list(told.order_by("pk")) == [first.pk, second.pk, first.pk]


def test_a_bad_audience_changes_nothing(world):
    with world.scope():
        audience = services.create_audience(name="Leads", rule=EVERYBODY, by=world.dana, at=world.now)
        with pytest.raises(ValidationError, match="There is no team"):
            services.update_audience(
                audience=audience, name="X", rule={"field": "team", "is": "nowhere"}, by=None, at=world.now
            )
        audience.refresh_from_db()
        assert (audience.name, audience.rule) == ("Leads", EVERYBODY)
        with pytest.raises(ValidationError, match="at most 150"):
            services.create_audience(name=" ", rule=EVERYBODY, by=None, at=world.now)
