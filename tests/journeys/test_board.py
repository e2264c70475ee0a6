"""What comes next, where a journey stands, the week, the parts and the clocks. Pure, no database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys import board, path, reminding
from journeys.board import Answer, Live, Row, Run
from journeys.plan import Note
from lxp.messaging.plan import PersonTime

NOW = datetime(2026, 3, 17, 10, 0, tzinfo=UTC)  # a Tuesday
ZONE = "Europe/Lisbon"
LISBON = PersonTime(ZONE)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def row(key: str, position: int, **fields) -> Row:
    defaults = {
        "pk": position + 1, "enrolment_id": 1, "key": key, "state": "open", "note": Note.RULE, "opens_at": NOW - DAY,
        "due_at": None, "done_at": None, "outcome": "", "score": None, "position": position, "part": "",
        "phase": "prework", "kind": "content", "title": key.capitalize(), "why": "", "minutes": 10, "required": True,
        "follows": "", "days": 0, "on": "", "only": (), "item_id": position + 1, "item_slug": key,
        "item_kind": "article", "version_id": None, "session_id": None, "session_uuid": None, "starts_at": None,
        "ends_at": None,
    }  # fmt: skip
    return Row(**(defaults | fields))


def live(key: str, position: int, starts_at: datetime | None = NOW + 2 * DAY, **fields) -> Row:
    ends_at = starts_at and starts_at + HOUR
    given = {"phase": "live", "kind": "live", "state": "planned", "session_id": 7, "starts_at": starts_at,
             "ends_at": ends_at, "item_id": None, "item_slug": "", "opens_at": None}  # fmt: skip
    return row(key, position, **(given | fields))


def run(*rows: Row, **fields) -> Run:
    given = {
        "enrolment_id": 1, "uuid": UUID(int=1), "state": "active", "source": "hand", "progress": 0.0,
        "enrolled_at": NOW - 9 * DAY, "completed_at": None, "slug": "leading", "code": "LF", "title": "Leading",
        "mandatory": False, "cohort": "Spring A",
    }  # fmt: skip
    return Run(**(given | fields), rows=rows)


def around_a_session(**fields) -> Run:
    """Two steps before, the session on Thursday, one after it for those who come, one for those who don't, a recall."""
    return run(
        row("read", 0, due_at=NOW + 2 * DAY),
        row("check", 1, due_at=NOW + 2 * DAY, minutes=20),
        live("practise", 2),
        row("apply", 3, phase="postwork", state="planned", opens_at=None, note=Note.AWAITS_ATTENDANCE, on="practise",
            only=("attended", "partial"), follows="practise"),
        row("catch-up", 4, phase="postwork", state="planned", opens_at=None, note=Note.AWAITS_ATTENDANCE, on="practise",
            only=("missed",), follows="practise"),
        row("recall", 5, phase="reinforcement", state="planned", opens_at=NOW + 30 * DAY, required=False,
            follows="practise"),
        **fields,
    )  # fmt: skip


def seat(phase: str = "upcoming", mine: str = "booked") -> Live:
    return Live(7, "Practise the pause", NOW + 2 * DAY, phase, mine)


# ---------------------------------------------------------------- what next


def keys(picks: list[board.Pick]) -> list[str]:
    return [pick.row.key for pick in picks]


def test_preparation_for_a_close_session_comes_before_what_is_late():
    prepared = run(row("read", 0, pk=1), live("practise", 1))
    late = run(row("law", 0, pk=9, due_at=NOW - 5 * DAY), enrolment_id=2)
    assert keys(board.picks([late, prepared], NOW)) == ["read", "law"]


def test_a_session_far_away_is_no_reason_to_hurry():
    prepared = run(row("read", 0, pk=1), live("practise", 1, NOW + 10 * DAY))
    late = run(row("law", 0, pk=9, due_at=NOW - 5 * DAY), enrolment_id=2)
    assert keys(board.picks([prepared, late], NOW)) == ["law", "read"]


def test_what_is_optional_and_undated_comes_last_and_what_was_begun_first():
    found = run(
        row("extra", 0, required=False),
        row("read", 1, due_at=NOW + DAY),
        row("begun", 2, due_at=NOW + DAY, share=0.5, last_at=NOW - HOUR),
        row("some-day", 3),
    )
    assert keys(board.picks([found], NOW)) == ["begun", "read", "some-day", "extra"]


def test_only_open_work_can_be_picked():
    found = run(row("done", 0, state="done"), row("later", 1, state="planned"), live("now", 2, state="open"))
    assert board.picks([found], NOW) == []


@pytest.mark.parametrize(("minutes", "key", "fits"), [(None, "long", True), (60, "long", True), (15, "short", True), (5, "short", False)])  # fmt: skip
def test_the_step_that_fits_the_time_somebody_has(minutes, key, fits):
    ranked = board.picks([run(row("long", 0, due_at=NOW + DAY, minutes=40), row("short", 1, minutes=12))], NOW)
    pick = board.choose(ranked, minutes=minutes)
    assert (pick.row.key, pick.fits) == (key, fits)


def test_something_else_goes_round():
    ranked = board.picks([run(row("a", 0), row("b", 1))], NOW)
    assert [board.choose(ranked, skip=skip).row.key for skip in ((), (1,), (1, 2))] == ["a", "b", "a"]
    assert board.choose([]) is None


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(-9, 9) | st.none(), st.booleans()), max_size=12), st.data())
def test_whatever_is_open_something_is_chosen_and_it_fits_when_anything_does(steps, data):
    rows = [
        row(f"s{n}", n, minutes=minutes, required=required, due_at=None if due is None else NOW + due * DAY)
        for n, (minutes, due, required) in enumerate(steps)
    ]
    ranked = board.picks([run(*rows)], NOW)
    have = data.draw(st.sampled_from([5, 15, 30, 60]))
    pick = board.choose(ranked, minutes=have)
    assert len(ranked) == len(rows)
    assert (pick is None) == (not rows)
    if pick:
        assert pick.fits == any(minutes <= have for minutes, _due, _required in steps)
        assert pick.fits == (pick.row.left <= have)


def test_minutes_left_follow_the_share_and_never_reach_zero():
    assert row("read", 0, minutes=20, share=0.4).left == 12
    assert row("read", 0, minutes=1, share=0.99).left == 1


# ---------------------------------------------------------------- the answer


def answer(*runs: Run, session: Live | None = None) -> Answer:
    return board.answer(runs, board.picks(runs, NOW), session, NOW)


def test_preparation_is_summed_up():
    assert answer(around_a_session(), session=seat()) == Answer("prepare", 30, NOW + 2 * DAY)


def test_nobody_without_a_seat_is_promised_to_be_ready():
    assert answer(around_a_session(), session=seat(mine="")).code == "prepare_now"
    assert answer(around_a_session(), session=seat(mine="waitlisted")).code == "prepare_now"


def test_nor_while_some_of_it_is_locked():
    locked = run(row("read", 0), row("check", 1, state="planned"), live("practise", 2))
    assert answer(locked, session=seat()) == Answer("prepare_now", 10, NOW + 2 * DAY)


def test_ready_when_nothing_is_left():
    done = run(row("read", 0, state="done"), live("practise", 1))
    assert answer(done, session=seat()) == Answer("ready", moment=NOW + 2 * DAY)


def test_an_optional_step_does_not_make_anybody_unready():
    extra = run(row("read", 0, state="done"), row("more", 1, required=False), live("practise", 2))
    assert answer(extra, session=seat()).code == "ready"


def test_preparation_that_opens_later():
    later = run(row("read", 0, state="planned", opens_at=NOW + DAY), live("practise", 1))
    assert answer(later, session=seat()) == Answer("prepare_later", moment=NOW + DAY, title="Practise the pause")


@pytest.mark.parametrize(("phase", "code"), [("door", "live_door"), ("on_air", "live_on")])
def test_a_room_that_is_open_beats_everything(phase, code):
    assert answer(around_a_session(), session=seat(phase)).code == code


def test_but_only_for_those_with_a_seat():
    assert answer(around_a_session(), session=seat("on_air", "")).code == "prepare_now"


def test_what_is_late_is_summed_up():
    late = run(row("law", 0, due_at=NOW - DAY), row("more", 1, due_at=NOW - HOUR, minutes=5), row("rest", 2))
    assert answer(late) == Answer("late", 15)


def test_what_is_optional_is_never_late():
    assert answer(run(row("law", 0, due_at=NOW - DAY, required=False))).code == "optional"


def test_due_counts_everything_up_to_that_moment():
    due = run(
        row("a", 0, due_at=NOW + DAY), row("b", 1, due_at=NOW + DAY, minutes=5), row("c", 2, due_at=NOW + 3 * DAY)
    )
    assert answer(due) == Answer("due", 15, NOW + DAY)


@pytest.mark.parametrize(
    ("runs", "session", "code"),
    [
        ([run(row("a", 0))], None, "whenever"),
        ([run(row("a", 0, required=False))], None, "optional"),
        ([run(live("practise", 0))], seat(mine=""), "choose_date"),
        ([run(row("a", 0, state="planned"))], None, "quiet"),
        ([run(row("a", 0, state="done"), state="completed")], None, "free"),
        ([], None, "free"),
    ],
)
def test_the_quiet_answers(runs, session, code):
    assert answer(*runs, session=session).code == code


# ---------------------------------------------------------------- where a journey stands


def stands(found: Run) -> str:
    return board.standing(found, NOW, ZONE).code


def test_how_journeys_stand():
    missed = live("practise", 1, NOW - DAY, state="missed")
    catch_up = row("again", 2, phase="postwork", on="practise", only=("missed",), due_at=NOW + 3 * DAY)
    assert stands(around_a_session()) == "live"
    assert stands(run(row("a", 0, due_at=NOW - HOUR))) == "late"
    assert stands(run(row("a", 0, due_at=NOW + DAY))) == "due_soon"
    assert stands(run(row("a", 0, due_at=NOW + 3 * DAY))) == "due"
    assert stands(run(row("a", 0, due_at=NOW + DAY, required=False))) == "due"
    assert stands(run(row("a", 0))) == "free"
    assert stands(run(row("read", 0, state="done"), missed, catch_up)) == "catch_up"
    assert stands(run(row("a", 0, state="planned", opens_at=NOW + DAY))) == "opens"
    assert stands(run(row("a", 0, state="planned", opens_at=None, note=Note.AWAITS_SESSION))) == "waiting"
    assert stands(run(state="completed")) == "done"


def test_due_tomorrow_is_a_matter_of_the_learners_own_calendar():
    edge = run(row("a", 0, due_at=datetime(2026, 3, 18, 23, 30, tzinfo=UTC)))
    assert board.standing(edge, NOW, "Europe/Lisbon").code == "due_soon"
    assert board.standing(edge, NOW, "Asia/Kolkata").code == "due"


def test_journeys_are_ordered_by_what_presses_and_finished_ones_are_not_among_them():
    found = [
        run(row("a", 0, state="planned", opens_at=NOW + DAY), slug="opens"),
        run(row("a", 0), slug="some-day"),
        run(row("a", 0, due_at=NOW - DAY), slug="late"),
        run(slug="done", state="completed"),
    ]
    assert [one.slug for one in board.in_order(found, NOW)] == ["late", "some-day", "opens"]


def test_what_doesnt_concern_somebody_is_not_counted():
    found = around_a_session()
    assert [r.key for r in found.shown] == ["read", "check", "practise", "apply", "recall"]
    assert (found.done, found.total, found.number_of(found.rows[3])) == (0, 5, 4)


def test_a_missed_session_counts_once_it_is_made_up_for():
    def found(state: str) -> Run:
        return run(live("practise", 0, state="missed"), row("again", 1, state=state, on="practise", only=("missed",)))

    assert (found("open").done, found("done").done) == (0, 2)


# ---------------------------------------------------------------- the line


def test_the_line_has_one_now_and_one_next():
    assert [(s.kind, s.state) for s in board.stops(around_a_session(), NOW)] == [
        ("own", "now"), ("own", "todo"), ("live", "next"), ("own", "locked"), ("keep", "locked"),
    ]  # fmt: skip


@pytest.mark.parametrize(("length", "focus"), [(3, 0), (20, 0), (20, 10), (20, 19)])
def test_the_line_around_a_step_is_short_and_holds_it(length, focus):
    found = run(*(row(f"s{n}", n) for n in range(length)))
    shown = board.around(found, found.rows[focus])
    assert found.rows[focus] in shown
    assert len(shown) == min(length, board.MOST_STOPS)


def test_only_the_same_part_stands_on_it():
    found = run(row("a", 0, part="One"), row("b", 1, part="Two"))
    assert [r.key for r in board.around(found, found.rows[1])] == ["b"]


# ---------------------------------------------------------------- the week


def slots(found: board.Week) -> dict[date, list[tuple[str, str]]]:
    return {d.day: [(s.code, s.row.key) for s in d.slots] for d in (*found.days, *found.off) if d.slots}


def test_the_week_tells_what_was_what_is_and_what_comes():
    found = run(
        row("read", 0, state="done", done_at=NOW - DAY),
        row("check", 1, due_at=NOW + DAY),
        row("law", 2, due_at=NOW - 3 * DAY),
        row("other", 3, due_at=NOW + DAY),
        live("practise", 4),
        row("apply", 5, phase="postwork", state="planned", opens_at=None, note=Note.AWAITS_ATTENDANCE, on="practise",
            only=("attended",), follows="practise", days=1),
        row("recall", 6, phase="reinforcement"),
    )  # fmt: skip
    week = board.week([found], LISBON, NOW, found.rows[1])
    monday = date(2026, 3, 16)
    assert slots(week) == {
        monday: [("done", "read")],
        monday + DAY: [("late", "law"), ("now", "check"), ("open", "recall")],
        monday + 2 * DAY: [("due", "other")],
        monday + 3 * DAY: [("live", "practise")],
        monday + 4 * DAY: [("after", "apply")],
    }
    assert (week.ahead, week.quiet) == (False, True)


def test_on_the_weekend_it_is_the_next_week():
    week = board.week([], LISBON, datetime(2026, 3, 21, 12, 0, tzinfo=UTC))
    assert (week.ahead, week.days[0].day, week.today) == (True, date(2026, 3, 23), date(2026, 3, 21))


def test_people_who_work_from_sunday_to_thursday_have_their_own_week():
    week = board.week([], PersonTime("Asia/Dubai", work_days=(7, 1, 2, 3, 4)), NOW)
    assert [d.day.isoweekday() for d in week.days] == [7, 1, 2, 3, 4]
    assert [d.day.isoweekday() for d in week.off] == [5, 6]
    assert week.quiet


def test_the_weekend_is_only_called_quiet_where_it_is():
    assert not board.week([], PersonTime(ZONE, work_days=(1, 2, 3, 6)), NOW).quiet


def test_a_full_day_is_cut_and_counted():
    week = board.week([run(*(row(f"s{n}", n, due_at=NOW + DAY) for n in range(7)))], LISBON, NOW)
    wednesday = week.days[2]
    assert (len(wednesday.slots), wednesday.more) == (board.MOST_SLOTS, 3)


@given(st.integers(0, 400), st.sets(st.integers(1, 7), max_size=7))
def test_every_week_has_today_or_is_the_next(days, work_days):
    at = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=days)
    week = board.week([], PersonTime("UTC", work_days=tuple(sorted(work_days))), at)
    shown = [d.day for d in (*week.days, *week.off)]
    assert shown == [shown[0] + timedelta(days=n) for n in range(7)]
    assert (at.date() in [d.day for d in week.days]) != week.ahead
    assert not week.ahead or 0 < (shown[0] - at.date()).days <= 7


# ---------------------------------------------------------------- keep it fresh


def test_refreshers_are_open_ones_then_coming_ones_with_when_it_was_last_practised():
    found = run(
        live("practise", 0, NOW - 9 * DAY, state="done", done_at=NOW - 9 * DAY),
        row("first", 1, phase="reinforcement", state="done", done_at=NOW - 2 * DAY),
        row("second", 2, phase="reinforcement"),
        row("third", 3, phase="reinforcement", state="planned", opens_at=NOW + DAY),
    )
    fresh = board.refreshers([found], NOW)
    assert [(r.row.key, r.last_at) for r in fresh] == [("second", NOW - 2 * DAY), ("third", NOW - 2 * DAY)]
    assert [r.row.key for r in board.refreshers([found], NOW, without=found.rows[2])] == ["third"]


# ---------------------------------------------------------------- reminders


@pytest.mark.parametrize(
    ("at", "moments"),
    [
        ("2026-03-17 10:20", ["Tue 17 13:00", "Wed 18 09:00", "Mon 23 09:00"]),
        ("2026-03-17 18:00", ["Wed 18 09:00", "Mon 23 09:00"]),
        ("2026-03-20 10:00", ["Fri 20 12:00", "Mon 23 09:00"]),
        ("2026-03-22 10:00", ["Mon 23 09:00"]),
    ],
)
def test_reminders_are_offered_for_moments_people_work(at, moments):
    found = reminding.moments(datetime.fromisoformat(at).replace(tzinfo=UTC), PersonTime("UTC"))
    assert [f"{moment:%a %d %H:%M}" for moment in found] == moments


def test_night_workers_are_reminded_when_they_may_be_written_to():
    night = PersonTime("UTC", quiet_from=time(7), quiet_until=time(20))
    found = reminding.moments(NOW, night)
    assert found
    assert not any(night.is_quiet(moment) for moment in found)


def test_nobody_is_reminded_after_it_was_due():
    assert reminding.moments(NOW, PersonTime("UTC"), NOW + 4 * HOUR) == [NOW + 2 * HOUR]
    assert len(reminding.moments(NOW, PersonTime("UTC"), NOW - DAY)) == 3


# ---------------------------------------------------------------- parts of a journey


def test_the_part_somebody_is_in_is_the_first_with_work_left():
    found = run(
        row("a", 0, part="One", state="done"),
        row("keep", 1, part="One", phase="reinforcement", state="planned"),
        row("b", 2, part="Two"),
        row("c", 3, part="Three", state="planned"),
    )
    assert [(p.number, p.title, p.place) for p in path.parts(found)] == [
        (1, "One", "done"), (2, "Two", "now"), (3, "Three", "later"),
    ]  # fmt: skip


def test_a_missed_session_keeps_its_part_open_until_it_is_made_up_for():
    def place(state: str) -> str:
        again = row("again", 1, state=state, on="practise", only=("missed",), phase="postwork")
        return path.parts(run(live("practise", 0, state="missed"), again))[0].place

    assert (place("open"), place("done")) == ("now", "done")
    assert path.parts(run(live("practise", 0, state="missed")))[0].place == "done"


def test_what_was_added_stands_in_the_part_somebody_is_in():
    extra = row("extra:3", board.EXTRA, phase="postwork", required=False)
    one, two = path.parts(run(row("a", 0, part="One"), row("b", 1, part="Two", state="planned"), extra))
    assert [r.key for r in one.rows] == ["a", "extra:3"]
    assert [r.key for r in two.rows] == ["b"]
    assert [p.number for p in path.parts(run(extra))] == [1]
    assert [r.key for r in path.parts(run(extra))[0].after] == ["extra:3"]


def test_readiness_and_shares():
    part = path.parts(run(row("a", 0, state="done"), row("b", 1, minutes=30, share=0.5), live("practise", 2)))[0]
    assert part.ready == (1, 2)
    assert path.share(part.before) == 62
    assert path.share([]) == 0


def test_effort_a_week():
    steps = [row(f"s{n}", n, opens_at=NOW + n * 7 * DAY, minutes=20) for n in range(5)]
    assert path.minutes_a_week(run(*steps, live("practise", 9))) == (25, 1)
    assert path.minutes_a_week(run(steps[0])) == (0, 0)


# ---------------------------------------------------------------- clock changes


OCTOBER = datetime(2026, 10, 13, 12, 0, tzinfo=UTC)
AFTER = datetime(2026, 10, 29, 15, 0, tzinfo=UTC)  # 15:00 in Lisbon, winter time
BEFORE = datetime(2026, 10, 15, 14, 0, tzinfo=UTC)


def test_a_session_stays_for_those_whose_clocks_change_with_it_and_moves_for_others():
    sessions = [(BEFORE, "Europe/Lisbon"), (AFTER, "Europe/Lisbon")]
    zones = {"Europe/London", "Africa/Nairobi", "Asia/Kolkata"}
    notice = path.clock_notice(sessions, "Europe/Lisbon", zones, OCTOBER)
    assert (notice.starts_at, notice.mine) == (AFTER, timedelta())
    assert notice.others == ((HOUR, ("Africa/Nairobi", "Asia/Kolkata")),)
    assert (notice.change.zone, notice.change.moved) == ("Europe/Lisbon", -HOUR)


def test_a_viewer_elsewhere_is_told_how_it_moves_for_them():
    assert path.clock_notice([(AFTER, "Europe/Lisbon")], "Africa/Nairobi", set(), OCTOBER).mine == HOUR
    in_nairobi = datetime(2026, 10, 29, 12, 0, tzinfo=UTC)
    assert path.clock_notice([(in_nairobi, "Africa/Nairobi")], "Europe/Lisbon", set(), OCTOBER).mine == -HOUR


@pytest.mark.parametrize(
    ("sessions", "viewer", "zones"),
    [
        ([(BEFORE, "Europe/Lisbon")], "Africa/Nairobi", {"Asia/Kolkata"}),  # before the change
        ([(AFTER, "Europe/Lisbon")], "Europe/London", {"Europe/Berlin"}),  # all clocks move together
        ([(AFTER, "Africa/Nairobi")], "Asia/Kolkata", set()),  # nobody's clocks move
        ([(OCTOBER - DAY, "Europe/Lisbon")], "Africa/Nairobi", set()),  # over
        ([], "Africa/Nairobi", {"Europe/Lisbon"}),
    ],
)
def test_nothing_is_said_where_nothing_looks_different(sessions, viewer, zones):
    assert path.clock_notice(sessions, viewer, zones, OCTOBER) is None


def test_the_notice_agrees_with_the_wall(monkeypatch):
    """What is said to move moves: the wall time compared with the same session held now."""
    from zoneinfo import ZoneInfo

    notice = path.clock_notice([(AFTER, "Europe/Lisbon")], "Asia/Kolkata", set(), OCTOBER)
    wall = AFTER.astimezone(ZoneInfo("Europe/Lisbon")).time()
    today = datetime.combine(OCTOBER.date(), wall, ZoneInfo("Europe/Lisbon"))
    there = SimpleNamespace(
        now=today.astimezone(ZoneInfo("Asia/Kolkata")), then=AFTER.astimezone(ZoneInfo("Asia/Kolkata"))
    )
    moved = timedelta(hours=there.then.hour - there.now.hour, minutes=there.then.minute - there.now.minute)
    assert notice.mine == moved
