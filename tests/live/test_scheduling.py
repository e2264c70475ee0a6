"""Wall time and instants, in every zone there is."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.scheduling import (
    NoSuchTime,
    TwoSuchTimes,
    UnknownZone,
    WorkingHours,
    changes_for_viewer,
    clock_changes,
    resolve_local,
    zones_at,
)

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
WALL = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(lambda d: d.replace(second=0, microsecond=0))


def wall(text):
    return datetime.fromisoformat(text)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(zone=st.sampled_from(ZONES), local=WALL, fold=st.sampled_from([0, 1]))
def test_a_resolved_time_reads_the_same_on_the_wall(zone, local, fold):
    try:
        at = resolve_local(local, zone, fold)
    except NoSuchTime as refused:
        skipped, local = local, refused.next_valid
        at = resolve_local(local, zone, fold)
    else:
        skipped = None
    assert skipped is None or skipped < local
    assert at.tzinfo is UTC
    assert at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == local


@pytest.mark.parametrize("zone", ZONES)
def test_no_skipped_time_is_accepted_and_every_double_one_is_asked_about(zone):
    """All edges of 2026 to 2028, in every zone: ten minutes after each change begins."""
    for change in clock_changes(zone, utc("2026-01-01"), utc("2029-01-01")):
        ten = timedelta(minutes=10)
        if change.moved > timedelta():
            skipped = (change.at + change.old + ten).replace(tzinfo=None)
            with pytest.raises(NoSuchTime) as refused:
                resolve_local(skipped, zone)
            assert refused.value.next_valid == (change.at + change.new).replace(tzinfo=None)
            assert resolve_local(refused.value.next_valid, zone) == change.at
        else:
            double = (change.at + change.new + ten).replace(tzinfo=None)
            with pytest.raises(TwoSuchTimes) as asked:
                resolve_local(double, zone)
            first, second = asked.value.choices
            assert second - first == -change.moved
            assert (resolve_local(double, zone, 0), resolve_local(double, zone, 1)) == (first, second)


def test_the_refusal_names_the_next_valid_time():
    with pytest.raises(NoSuchTime, match=r"02:30 doesn't exist in Europe/Berlin.*next valid time is 2026-03-29 03:00"):
        resolve_local(wall("2026-03-29 02:30"), "Europe/Berlin")


def test_a_day_that_never_was():
    """Samoa crossed the date line: the 30th of December 2011 is missing there."""
    with pytest.raises(NoSuchTime) as refused:
        resolve_local(wall("2011-12-30 10:00"), "Pacific/Apia")
    assert refused.value.next_valid == wall("2011-12-31 00:00")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "europe/berlin", "localtime"])
def test_what_is_no_zone_is_refused(zone):
    with pytest.raises(UnknownZone, match="IANA"):
        resolve_local(wall("2026-03-29 10:00"), zone)


def test_an_aware_time_is_not_wall_time():
    with pytest.raises(ValueError, match="naive"):
        resolve_local(utc("2026-03-29 10:00"), "Europe/Berlin")


def test_weeks_keep_the_wall_time_and_move_the_instant():
    weekly = [wall("2026-03-19 10:00") + timedelta(weeks=n) for n in range(3)]
    assert [resolve_local(local, "Europe/Berlin").hour for local in weekly] == [9, 9, 8]


# ---------------------------------------------------------------- clock changes


def test_clock_changes_of_a_year():
    changes = clock_changes("Europe/Lisbon", utc("2026-01-01"), utc("2027-01-01"))
    assert [(c.at, c.moved) for c in changes] == [
        (utc("2026-03-29 01:00"), timedelta(hours=1)),
        (utc("2026-10-25 01:00"), timedelta(hours=-1)),
    ]
    assert clock_changes("Asia/Kolkata", utc("2026-01-01"), utc("2029-01-01")) == []


def test_a_viewer_whose_clock_moves_along_notices_nothing():
    since, until = utc("2026-10-20"), utc("2026-10-30")
    assert changes_for_viewer("Europe/Lisbon", "Europe/Berlin", since, until) == []
    seen = changes_for_viewer("Europe/Lisbon", "Asia/Kolkata", since, until)
    assert [change.zone for change in seen] == ["Europe/Lisbon"]
    assert changes_for_viewer("Asia/Kolkata", "Asia/Kolkata", since, until) == []


# ---------------------------------------------------------------- where people are


def test_rows_by_zone_with_who_sits_there_after_hours():
    people = [
        (1, WorkingHours("Europe/Lisbon")),
        (2, WorkingHours("Asia/Kolkata")),
        (3, WorkingHours("Asia/Kolkata", time(12), time(21))),
        (4, WorkingHours("America/Sao_Paulo")),
    ]
    rows = zones_at(utc("2026-10-15 14:00"), utc("2026-10-15 15:30"), people)  # a Thursday
    assert [(row.zone, f"{row.local:%H:%M}", row.people, row.unsocial) for row in rows] == [
        ("Asia/Kolkata", "19:30", (2, 3), (2,)),
        ("America/Sao_Paulo", "11:00", (4,), ()),
        ("Europe/Lisbon", "15:00", (1,), ()),
    ]


def test_hours_that_pass_midnight_cover_the_small_hours_of_the_next_day():
    nights = WorkingHours("Europe/Lisbon", time(22), time(6), (5,))
    assert nights.covers(utc("2026-01-10 03:00"), utc("2026-01-10 04:00"))  # Saturday morning of Friday's shift
    assert not nights.covers(utc("2026-01-11 03:00"), utc("2026-01-11 04:00"))


@given(
    zone=st.sampled_from(["Europe/Lisbon", "Asia/Kolkata", "America/St_Johns", "Pacific/Chatham"]),
    starts=st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 1), timezones=st.just(UTC)),
    minutes=st.integers(1, 600),
)
def test_what_is_covered_lies_between_start_and_end_of_a_working_day(zone, starts, minutes):
    ends = starts + timedelta(minutes=minutes)
    if WorkingHours(zone).covers(starts, ends):
        a, b = starts.astimezone(ZoneInfo(zone)), ends.astimezone(ZoneInfo(zone))
        assert a.date() == b.date()
        assert a.isoweekday() <= 5
        assert time(9) <= a.time()
        assert b.time() <= time(17, 30)


def test_the_whole_of_date_stays_out_of_sight():
    """Rows carry the day too: it may be tomorrow there."""
    (row,) = zones_at(utc("2026-10-15 23:00"), utc("2026-10-15 23:30"), [(1, WorkingHours("Asia/Tokyo"))])
    assert row.local.date() == date(2026, 10, 16)
