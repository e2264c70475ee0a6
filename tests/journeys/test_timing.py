"""When rules fall: wall clocks, hours, zones and clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.timing import RuleError, moment, parse_condition, parse_rule, say_rule

SESSION = datetime(2026, 3, 31, 14, 0, tzinfo=UTC)


def rule(**data):
    parsed = parse_rule(data)
    assert parsed is not None
    return parsed


def test_two_days_before_at_nine_is_nine_on_each_wall_clock():
    before = rule(anchor="live", step="s", days=-2, at="09:00")
    assert moment(before, SESSION, "Europe/Lisbon") == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)  # after the change
    assert moment(before, SESSION, "Asia/Kathmandu") == datetime(2026, 3, 29, 3, 15, tzinfo=UTC)


def test_day_offsets_keep_the_wall_time_across_a_clock_change():
    start = datetime(2026, 3, 27, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    after = moment(rule(anchor="live", step="s", days=7), start, "Europe/Berlin")
    assert after.astimezone(ZoneInfo("Europe/Berlin")).hour == 9


def test_hour_offsets_are_absolute():
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert moment(rule(anchor="live", step="s", hours=2), start, "Europe/Berlin") == datetime(
        2026, 3, 29, 2, 30, tzinfo=UTC
    )


def test_a_skipped_local_time_becomes_the_first_after_the_gap():
    skipped = rule(anchor="date", date="2026-03-29", at="02:30")
    local = moment(skipped, date(2026, 3, 29), "Europe/Berlin").astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.hour, local.minute) == (3, 30)


@given(
    zone=st.sampled_from(sorted(available_timezones())),
    days=st.integers(-400, 400),
    hour=st.integers(0, 23),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)),
)
def test_every_zone_lands_on_the_promised_day(zone, days, hour, start):
    at = moment(rule(anchor="live", step="s", days=days, at=f"{hour:02}:15"), start, zone)
    local = at.astimezone(ZoneInfo(zone))
    expected = (start.astimezone(ZoneInfo(zone)).date().toordinal() + days, hour)
    # A clock change may move the hour, and a zone that skipped a whole day (the date line) the day, never more.
    assert abs(local.date().toordinal() - expected[0]) <= 1
    assert local.date().toordinal() != expected[0] or abs(local.hour - hour) <= 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"anchor": "sometime"}, "Choose what it counts from"),
        ({"anchor": "live"}, "which live step"),
        ({"anchor": "live", "step": "s", "edge": "middle"}, "start or the end"),
        ({"anchor": "start", "days": "soon"}, "whole number"),
        ({"anchor": "start", "days": 5000}, "three years"),
        ({"anchor": "start", "at": "9 o'clock"}, "like 09:00"),
        ({"anchor": "date", "date": "1 October"}, "like 2026-10-01"),
    ],
)
def test_a_bad_rule_says_what_to_write(data, words):
    with pytest.raises(RuleError, match=words):
        parse_rule(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"attendance": ["there"], "step": "s"}, "Unknown outcome"),
        ({"attendance": ["missed"]}, "whose outcome"),
        ({"score_below": 70, "step": "q"}, "between 0 and 1"),
    ],
)
def test_a_bad_condition_says_what_to_write(data, words):
    with pytest.raises(RuleError, match=words):
        parse_condition(data)


def test_rules_in_words():
    before = rule(anchor="live", step="s", days=-2, at="09:00")
    assert say_rule(before, {"s": "Practise"}) == "2 days before Practise starts, 09:00 your time"
    assert say_rule(rule(anchor="previous"), {}) == "when the step before is finished"
