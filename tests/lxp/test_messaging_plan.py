"""When people may be written to: every zone, both clock changes, any quiet hours."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lxp.messaging.plan import PersonTime, PlannedMessage, last_allowed, next_allowed

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("posix", "right")))
MINUTE = timedelta(minutes=1)

clocks = st.times(min_value=time(0), max_value=time(23, 59)).map(lambda t: t.replace(second=0, microsecond=0))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))
people = st.builds(
    PersonTime,
    zone=st.sampled_from(ZONES),
    quiet_from=clocks,
    quiet_until=clocks,
    work_days=st.sets(st.integers(1, 7)).map(lambda days: tuple(sorted(days))),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2028, 12, 31)), max_size=5),
)

SANTIAGO = PersonTime("America/Santiago", time(12), time(0), (7,))  # the clock skips Sunday's midnight
NIGHT_OWL = PersonTime("Europe/Berlin", time(19), time(2, 30))  # quiet until a time that 29 March 2026 does not have
TWICE = PersonTime("Europe/Berlin", time(19), time(2, 30), (1, 2, 3, 4, 5, 6, 7))  # a time 25 October 2026 has twice


@given(at=moments, person=people)
@example(at=datetime(2026, 9, 5, 20, tzinfo=UTC), person=SANTIAGO)
@example(at=datetime(2026, 3, 29, 0, 10, tzinfo=UTC), person=NIGHT_OWL)
@example(at=datetime(2026, 10, 25, 1, 10, tzinfo=UTC), person=TWICE)
def test_next_allowed_is_never_quiet_never_earlier_and_settled(at, person):
    moment = next_allowed(at, person)

    assert not person.is_quiet(moment)
    assert moment >= at
    assert next_allowed(moment, person) == moment


@given(at=moments, person=people)
@example(at=datetime(2026, 10, 25, 1, 10, tzinfo=UTC), person=TWICE)
def test_last_allowed_is_never_quiet_never_later_and_settled(at, person):
    moment = last_allowed(at, person)

    assert not person.is_quiet(moment)
    assert moment <= at
    assert last_allowed(moment, person) == moment


@given(at=moments, person=people, share=st.floats(0, 0.999))
def test_nothing_between_is_allowed(at, person, share):
    """`next_allowed` is the first such moment, and `last_allowed` the last whole minute."""
    after, before = next_allowed(at, person), last_allowed(at, person)

    if after > at:
        assert person.is_quiet(at + (after - at) * share)
    if before < at:
        assert person.is_quiet(before + MINUTE + max(at - before - MINUTE, timedelta()) * share)


@given(first=moments, second=moments, person=people)
def test_order_is_kept(first, second, person):
    early, late = sorted((first, second))

    assert next_allowed(early, person) <= next_allowed(late, person)
    assert last_allowed(early, person) <= last_allowed(late, person)


@pytest.mark.parametrize("zone", ZONES[::7])
def test_every_hour_around_both_clock_changes(zone):
    person = PersonTime(zone, time(19), time(8))
    for start in (
        datetime(2026, 3, 6, tzinfo=UTC),
        datetime(2026, 10, 23, tzinfo=UTC),
        datetime(2027, 4, 2, tzinfo=UTC),
    ):
        for hour in range(24 * 4):
            local = next_allowed(start + timedelta(hours=hour), person).astimezone(ZoneInfo(zone))
            assert local.isoweekday() <= 5
            assert time(8) <= local.time() < time(19)


def test_evening_moves_to_the_next_morning_and_friday_evening_over_the_weekend():
    lisbon = PersonTime("Europe/Lisbon")

    assert next_allowed(datetime(2026, 3, 3, 20, tzinfo=UTC), lisbon) == datetime(2026, 3, 4, 8, tzinfo=UTC)
    assert next_allowed(datetime(2026, 3, 27, 20, tzinfo=UTC), lisbon) == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert last_allowed(datetime(2026, 3, 29, 12, tzinfo=UTC), lisbon) == datetime(2026, 3, 27, 18, 59, tzinfo=UTC)


def test_holidays_are_free_days():
    person = PersonTime("Europe/Lisbon", holidays=frozenset({date(2026, 4, 25), date(2026, 4, 27)}))

    assert next_allowed(datetime(2026, 4, 24, 19, tzinfo=UTC), person) == datetime(2026, 4, 28, 7, tzinfo=UTC)


def test_no_working_days_means_monday_to_friday():
    assert PersonTime("UTC", work_days=()).work_days == (1, 2, 3, 4, 5)


def test_without_quiet_hours_a_free_weekend_ends_at_midnight():
    person = PersonTime("UTC", time(9), time(9))

    assert next_allowed(datetime(2026, 3, 7, 12, tzinfo=UTC), person) == datetime(2026, 3, 9, tzinfo=UTC)


def test_nonsense_working_days_are_refused():
    with pytest.raises(ValueError, match="ISO weekdays"):
        PersonTime("UTC", work_days=(0, 8))


def test_planned_messages_can_be_told_apart_and_hashed():
    one = PlannedMessage("a", "k", "session", datetime(2026, 1, 1, tzinfo=UTC), "why", params={"x": [1]})
    other = PlannedMessage("a", "k", "session", datetime(2026, 1, 1, tzinfo=UTC), "why", params={"x": [2]})

    assert hash(one) == hash(other)
    assert one != other
