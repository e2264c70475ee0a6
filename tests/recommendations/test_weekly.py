"""The weekly suggestions: planned for those who want them, on their own Monday morning, through the ledger."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lxp import clock
from lxp.messaging.models import Message
from recommendations import services, tasks
from recommendations.services.weekly import next_monday
from tests.factories import content, messaging, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(world, need):
    need.item("Open questions", need.coaching, 2, minutes=4)
    need.item("Talking about price", need.negotiation, 3, minutes=6)
    need.give(world.ben, world.chen)
    messaging.preference(world.chen, "recommendation", "off")
    services.refresh_recommendations(at=world.now)
    return world


def planned():
    rows = Message.objects.filter(kind="recommendations.weekly").order_by("recipient__name")
    return [(row.recipient.name, row.state, row.due_at) for row in rows]


def test_monday_at_nine_on_their_own_clock_for_those_who_want_it(crowd):
    sunday = crowd.at("2026-03-08 02:30")
    assert services.plan_weekly(at=sunday) == 2
    assert planned() == [
        ("Asha Raman", "planned", crowd.at("2026-03-09 09:00", "Asia/Kolkata")),
        ("Ben Okafor", "planned", crowd.at("2026-03-09 09:00", "Europe/London")),
    ]
    assert services.plan_weekly(at=sunday) == 0, "twice changes nothing"


def test_a_holiday_moves_it_to_the_next_working_day(crowd):
    people.holiday(datetime(2026, 3, 9).date(), zone="Europe/London")
    services.plan_weekly(at=crowd.at("2026-03-08 02:30"))
    assert planned()[1][2] == crowd.at("2026-03-10 08:00", "Europe/London")


def test_it_says_what_stands_then_with_its_reasons(crowd, settle):
    services.plan_weekly(at=crowd.at("2026-03-08 02:30"))
    crowd.at("2026-03-09 09:00", "Asia/Kolkata")
    settle()
    message = Message.objects.get(recipient=crowd.asha, kind="recommendations.weekly")
    assert (message.state, message.channel, message.title) == ("sent", "inapp", "2 things worth your time this week")
    assert "Because your role asks for Coaching 3, and you are at 1" in message.body
    assert "http://testserver/content/open-questions/" in message.body

    # The next Sunday promises the next Monday, beside what has gone out.
    services.plan_weekly(at=crowd.at("2026-03-15 02:30"))
    rows = Message.objects.filter(recipient=crowd.asha, kind="recommendations.weekly").order_by("about_at")
    assert [row.state for row in rows] == ["sent", "planned"]


def test_nothing_left_to_suggest_is_not_planned_or_not_sent(crowd, settle):
    services.plan_weekly(at=crowd.at("2026-03-08 02:30"))
    for item in type(content.item("x")).objects.all():
        content.attempt(crowd.asha, item)
    crowd.at("2026-03-09 09:00", "Asia/Kolkata")
    settle()
    message = Message.objects.get(recipient=crowd.asha, kind="recommendations.weekly")
    assert (message.state, message.because) == ("suppressed", "There is nothing to suggest any more.")


def test_who_switches_it_off_loses_the_promise(crowd):
    services.plan_weekly(at=crowd.at("2026-03-08 02:30"))
    messaging.preference(crowd.asha, "recommendation", "off")
    services.plan_weekly(at=crowd.at("2026-03-08 03:30"))
    assert [(name, state) for name, state, _ in planned()] == [("Asha Raman", "suppressed"), ("Ben Okafor", "planned")]


def test_the_rounds_serve_every_organisation(crowd):
    with crowd.scope(crowd.harbour):
        from tests.recommendations.conftest import Need

        Need.build(crowd)  # Harbour has roles of its own; Asha isn't there
        role = people.job_role("captain")
        from lxp.people.models import Membership
        from tests.factories import skills

        skill = skills.skill("harbours")
        skills.target(role, skill, 3)
        Membership.objects.filter(user=crowd.eve).update(job_role=role)
        item = content.item("Mooring")
        content.teaches(item, skill, level=1)
    crowd.at("2026-03-08 02:30")
    with clock.at(crowd.now):
        assert (tasks.refresh_all(), tasks.refresh_insights(), tasks.plan_weekly()) == (2, 2, 2)
    names = Message.unscoped.filter(kind="recommendations.weekly").values_list("recipient__name", flat=True)
    assert sorted(names) == ["Asha Raman", "Ben Okafor", "Eve Strand"]


zones = st.sampled_from(["Pacific/Auckland", "Pacific/Honolulu", "Asia/Kolkata", "Europe/Lisbon", "America/St_Johns"])
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(ZoneInfo("UTC")))


@given(moments, zones)
def test_the_next_monday_is_ahead_within_a_week_and_at_nine(moment, zone):
    found = next_monday(moment, zone)
    local = found.astimezone(ZoneInfo(zone))
    assert moment < found
    assert (found - moment).total_seconds() <= 7 * 86400 + 3600
    assert (local.isoweekday(), local.hour, local.minute) == (1, 9, 0)
