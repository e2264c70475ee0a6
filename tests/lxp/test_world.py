"""The tests' own tools do what they say."""

from datetime import UTC, datetime

import pytest

from lxp import clock
from lxp.people.models import Membership, Organisation
from lxp.tenancy import NoScope
from tests import factories


def test_the_clock_stands_where_it_was_put(world):
    assert clock.now() == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    world.at("2026-03-29 09:00", zone="Europe/Lisbon")
    assert clock.now() == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)


def test_two_organisations_do_not_see_each_other(world):
    with world.scope():
        assert not Membership.objects.filter(user=world.eve).exists()
    with world.scope(world.harbour):
        assert list(Membership.objects.values_list("user", flat=True)) == [world.eve.pk]
    with pytest.raises(NoScope):
        Membership.objects.count()


def test_the_query_budget_is_literal(world, queries):
    with queries(1):
        Organisation.objects.count()
    with pytest.raises(pytest.fail.Exception, match="1 queries instead of 2"), queries(2):
        Organisation.objects.count()


def test_factories_make_every_kind_of_row(world):
    from tests.factories import activity, content, journeys, live, messaging, people, recommendations, skills

    with world.scope():
        skill, role = skills.skill(), people.job_role()
        skills.target(role, skill), skills.estimate(world.asha, skill), skills.evidence(world.asha, skill)
        people.audience(), people.holiday(factories.now().date())
        item = content.item()
        content.teaches(item, skill), content.attempt(world.asha, item), content.bookmark(world.asha, item)
        session = live.session(lead=world.ben, template=live.template(blocks=2))
        live.agenda_block(session, 1)
        live.booking_event(live.booking(session, world.asha))
        live.presence(session, world.asha, session.starts_at, session.ends_at), live.attendance(session, world.asha)
        version = journeys.version()
        read, meet = journeys.step(version, "read"), journeys.step(version, "meet", template=session.template)
        cohort = journeys.cohort(version)
        assert journeys.offer(cohort, meet.key, session).is_default
        enrolment = journeys.enrolment(cohort, world.asha)
        journeys.assignment(enrolment, read), journeys.override(enrolment), journeys.bulk_act(cohort)
        messaging.message(world.asha, state="sent"), messaging.preference(world.asha, "nudge", "off")
        recommendations.recommendation(world.asha, item), recommendations.insight(enrolment)
        activity.statement(world.asha), activity.daily_activity(world.asha)
        activity.post(activity.thread(world.asha), world.ben)
        assert session.starts_at == datetime(2026, 3, 5, 15, 0, tzinfo=UTC)


def test_a_quiet_house_settles(world, settle):
    settle()
