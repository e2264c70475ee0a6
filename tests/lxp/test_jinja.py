"""How moments, numbers and names are written in templates. No database."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import jinja2
import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone, translation

from lxp.web import jinja as written

STARTS = datetime(2026, 10, 15, 14, 0, tzinfo=UTC)  # 15:00 in Lisbon, 19:30 in Kolkata
NOW = datetime(2026, 10, 13, 12, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _viewer_in_lisbon():
    with timezone.override("Europe/Lisbon"), translation.override("en-gb"):
        yield


def rendered(source: str, **context: object) -> str:
    return engines["jinja2"].env.from_string(source).render(**context)


def test_stored_moments_are_shown_in_the_viewers_zone():
    assert written.when(STARTS) == "Thu 15 Oct, 15:00"
    assert written.clock(STARTS) == "15:00"


def test_a_moment_moved_to_a_zone_stays_there():
    there = written.localtime(STARTS, "Asia/Kolkata")
    assert written.when(there) == "Thu 15 Oct, 19:30"
    assert written.when(written.localtime(STARTS, "UTC")) == "Thu 15 Oct, 14:00"


def test_a_day_is_the_viewers_day():
    late_in_utc = datetime(2026, 10, 15, 23, 30, tzinfo=UTC)  # already Friday in Lisbon, which is at +1
    assert written.day(late_in_utc) == "Fri 16 Oct"
    assert written.day(date(2026, 10, 15)) == "Thu 15 Oct"


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="no zone"):
        written.localtime(datetime(2026, 10, 15, 14))
    with pytest.raises(ValueError, match="no zone"):
        written.when(datetime(2026, 10, 15, 14))


@pytest.mark.parametrize(
    "write",
    [written.day, written.day_long, written.clock, written.when, written.number, written.percent, written.minutes],
)
def test_not_yet_is_a_dash_never_a_zero(write):
    assert write(None) == "–"
    assert written.percent(0) == "0%"


def test_the_year_is_named_only_when_it_is_another_one():
    assert written.day(STARTS, NOW) == "Thu 15 Oct"
    assert "2026" in written.day(STARTS, NOW.replace(year=2027))
    assert "2026" in written.day_long(STARTS, NOW.replace(year=2027))


@pytest.mark.parametrize(
    ("language", "day", "long", "clock"),
    [
        ("en-gb", "Thu 15 Oct", "Thursday 15 October", "15:00"),
        ("en-us", "Thu, Oct 15", "Thursday, October 15", "3:00\u202fPM"),
        ("de", "Do., 15. Okt.", "Donnerstag, 15. Oktober", "15:00"),
        ("xx-unknown", "Thu 15 Oct", "Thursday 15 October", "15:00"),
    ],
)
def test_order_and_words_follow_the_language(language, day, long, clock):
    with translation.override(language):
        assert (written.day(STARTS), written.day_long(STARTS), written.clock(STARTS)) == (day, long, clock)


def test_a_span_names_its_day_only_once():
    assert written.span(STARTS, STARTS + timedelta(minutes=90)) == "15:00–16:30"
    assert written.span(STARTS, STARTS + timedelta(hours=12)) == "Thu 15 Oct, 15:00 – Fri 16 Oct, 03:00"


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=20), "in 20 minutes"),
        (timedelta(hours=-3), "3 hours ago"),
        (timedelta(hours=11, minutes=20), "tomorrow"),  # 13:10 today to 00:30
        (timedelta(hours=-16), "yesterday"),
        (timedelta(days=2), "in 2 days"),
        (timedelta(days=-20), "3 weeks ago"),
        (timedelta(days=90), "in 3 months"),
    ],
)
def test_relative_counts_days_on_the_viewers_calendar(offset, words):
    assert written.relative(NOW + offset, NOW) == words


def test_late_is_a_fact_in_days_then_hours():
    assert written.late(NOW - timedelta(days=6), NOW) == "6 days late"
    assert written.late(NOW - timedelta(days=1), NOW) == "1 day late"
    assert written.late(NOW - timedelta(hours=3), NOW) == "3 hours late"
    assert written.late(NOW - timedelta(minutes=3), NOW) == "just past due"


def test_late_across_midnight_is_a_day_in_the_readers_zone():
    due = datetime(2026, 10, 12, 22, 30, tzinfo=UTC)  # 23:30 in Lisbon
    assert written.late(due, due + timedelta(hours=2)) == "1 day late"


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0 min"), (12, "12 min"), (60, "1 h"), (160, "2 h 40 min"), (59.6, "1 h")]
)
def test_minutes_as_people_say_them(value, words):
    assert written.minutes(value) == words


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Inês Carvalho", "IC"),
        ("Ana Maria de Sousa", "AS"),
        ("Madonna", "M"),
        ("محمد علي", "مع"),
        ("007", "?"),
        ("", "?"),
    ],
)
def test_initials(name, letters):
    assert written.initials(name) == letters


def test_hue_is_stable_and_in_range():
    assert written.hue("asha@fernhill.example") == written.hue("asha@fernhill.example")
    assert {0 <= written.hue(n) < 360 for n in range(200)} == {True}


def test_a_zone_is_called_by_its_city_in_the_viewers_language():
    assert written.place("Europe/Lisbon") == "Lisbon"
    with translation.override("de"):
        assert written.place(ZoneInfo("Europe/Lisbon")) == "Lissabon"


def test_a_name_nobody_gave_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        rendered("{{ missing }}")


def test_values_in_translations_are_escaped():
    assert rendered("{{ _('Hello %(name)s', name=name) }}", name="<b>") == "Hello &lt;b&gt;"


def test_plain_text_is_not_escaped():
    env = engines["jinja2"].env
    text = env.get_template("messages/base.txt").render(
        heading="Tom & O’Brien <x>", customer_name="F", reason='Because it\'s "yours"'
    )
    assert "Tom & O’Brien <x>" in text
    assert 'it\'s "yours"' in text


def test_url_and_address():
    assert written.url("healthz", query={"a": [1, 2], "b": "x y"}) == "/healthz?a=1&a=2&b=x+y"
    assert written.address("healthz") == "/healthz"
    assert written.address("no:such-place") is None


def test_query_changes_one_thing_and_keeps_the_rest():
    request = RequestFactory().get("/people", {"q": "ana & co", "page": "2"})
    assert written.query(request, page=3) == "?q=ana+%26+co&page=3"
    assert written.query(request, page=None) == "?q=ana+%26+co"
