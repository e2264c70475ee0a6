"""The planner: pure, so these run without a database in milliseconds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.plan import Anchor, Change, Fact, Inputs, StepSpec, last_active, plan_assignments, session_of
from journeys.plan_messages import is_complete, plan_messages
from journeys.progress import progress
from journeys.timing import parse_condition, parse_rule
from lxp.messaging.plan import PersonTime

MONDAY = date(2026, 3, 2)
SESSION = datetime(2026, 3, 12, 14, 0, tzinfo=UTC)
LISBON = PersonTime("Europe/Lisbon")


def step(key, position, phase="prework", kind="content", **fields):
    rules = {name: parse_rule(fields.pop(name)) for name in ("opens", "due") if name in fields}
    condition = parse_condition(fields.pop("condition", None))
    return StepSpec(
        key,
        position,
        phase,
        kind,
        title=key,
        minutes=fields.pop("minutes", 10),
        condition=condition,
        step_id=position,
        item_id=position if kind == "content" else None,
        **rules,
        **fields,
    )


STEPS = (
    step(
        "read",
        1,
        opens={"anchor": "live", "step": "live", "days": -7, "at": "09:00"},
        due={"anchor": "live", "step": "live", "days": -1, "at": "17:00"},
    ),
    step(
        "quiz",
        2,
        opens={"anchor": "live", "step": "live", "days": -7, "at": "09:00"},
        due={"anchor": "live", "step": "live", "days": -1, "at": "17:00"},
    ),
    step("live", 3, "live", "live", minutes=90),
    step(
        "apply",
        4,
        "postwork",
        opens={"anchor": "live", "step": "live", "edge": "end", "hours": 1},
        due={"anchor": "live", "step": "live", "edge": "end", "days": 5, "at": "17:00"},
        condition={"attendance": ["attended", "partial"], "step": "live"},
    ),
    step(
        "catchup",
        5,
        "postwork",
        opens={"anchor": "live", "step": "live", "edge": "end", "hours": 1},
        due={"anchor": "live", "step": "live", "edge": "end", "days": 7, "at": "17:00"},
        condition={"attendance": ["missed"], "step": "live"},
    ),
    step(
        "recall",
        6,
        "reinforcement",
        opens={"anchor": "live", "step": "live", "edge": "end", "days": 30, "at": "09:00"},
        required=False,
    ),
)


def inputs(**fields):
    anchor = Anchor(1, SESSION, SESSION + timedelta(minutes=90))
    return Inputs(MONDAY, LISBON, **{"anchors": (("live", anchor),), **fields})


def planned(**fields):
    return {a.key: a for a in plan_assignments(STEPS, inputs(**fields))}


def test_prework_is_relative_to_the_learners_own_session():
    read = planned()["read"]
    assert read.opens_at == datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    assert read.due_at == datetime(2026, 3, 11, 17, 0, tzinfo=UTC)


def test_without_a_session_nothing_opens_and_the_note_says_why():
    plan = planned(anchors=())
    assert {a.opens_at for a in plan.values()} == {None}
    assert plan["read"].note == "awaits_session"
    assert plan["live"].note == "needs_session"


def test_post_work_waits_for_what_really_happened():
    before = planned()
    assert (before["apply"].opens_at, before["apply"].note) == (None, "awaits_attendance")
    end = SESSION + timedelta(minutes=90)
    attended = planned(facts=(("live", Fact("done", end, outcome="attended")),))
    assert attended["apply"].opens_at == end + timedelta(hours=1)
    assert (attended["catchup"].state, attended["catchup"].note) == ("waived", "not_for_outcome")
    missed = planned(facts=(("live", Fact("missed", end, outcome="missed")),))
    assert missed["apply"].state == "waived"
    assert missed["catchup"].opens_at == end + timedelta(hours=1)


def test_the_actual_end_replaces_the_planned_one():
    end = SESSION + timedelta(minutes=120)
    late = Anchor(1, SESSION, end)
    plan = planned(anchors=(("live", late),), facts=(("live", Fact("done", end, outcome="attended")),))
    assert plan["apply"].opens_at == end + timedelta(hours=1)


def test_who_joins_late_gets_a_fair_date_but_never_after_the_session():
    late = planned(enrolled_at=datetime(2026, 3, 11, 20, 0, tzinfo=UTC))
    assert late["read"].opens_at == datetime(2026, 3, 11, 20, 0, tzinfo=UTC)
    assert late["read"].due_at == SESSION
    after = planned(enrolled_at=datetime(2026, 3, 13, 8, 0, tzinfo=UTC))
    assert after["read"].due_at == datetime(2026, 3, 17, 17, 0, tzinfo=UTC)  # two working days, over a weekend
    assert after["read"].note == "late"


def test_an_opened_step_stays_open_when_its_session_moves_away():
    opened = (("read", datetime(2026, 3, 5, 9, 0, tzinfo=UTC)),)
    moved = Anchor(1, SESSION + timedelta(days=14), SESSION + timedelta(days=14, minutes=90))
    plan = planned(opened=opened, anchors=(("live", moved),))
    assert plan["read"].opens_at == datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    assert plan["read"].due_at == datetime(2026, 3, 25, 17, 0, tzinfo=UTC)
    assert plan["quiz"].opens_at == datetime(2026, 3, 19, 9, 0, tzinfo=UTC)


def test_after_previous_opens_when_the_step_before_is_done():
    steps = (step("a", 1, opens={"anchor": "start"}), step("b", 2, opens={"anchor": "previous"}))
    waiting = plan_assignments(steps, Inputs(MONDAY, LISBON))
    assert (waiting[1].opens_at, waiting[1].note) == (None, "awaits_previous")
    done = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
    opened = plan_assignments(steps, Inputs(MONDAY, LISBON, facts=(("a", Fact("done", done)),)))
    assert opened[1].opens_at == done


def test_role_and_score_conditions():
    steps = (
        step("quiz", 1, opens={"anchor": "start"}),
        step("again", 2, opens={"anchor": "start"}, condition={"score_below": 0.7, "step": "quiz"}),
        step("leads", 3, opens={"anchor": "start"}, condition={"role": ["lead"]}),
    )
    at = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)

    def plan(score, role):
        facts = (("quiz", Fact("done", at, score=score)),)
        return [a.state for a in plan_assignments(steps, Inputs(MONDAY, LISBON, role=role, facts=facts))]

    assert plan(0.5, "lead") == ["done", "planned", "planned"]
    assert plan(0.9, "clerk") == ["done", "waived", "waived"]


def test_overrides_extend_waive_and_insert():
    due = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
    changes = (
        Change(1, "extend", "read", due_at=due),
        Change(2, "waive", "quiz"),
        Change(3, "insert", at=due, item_id=9, title="Extra", minutes=5),
    )
    plan = planned(changes=changes)
    assert (plan["read"].due_at, plan["read"].note) == (due, "extended")
    assert (plan["quiz"].state, plan["quiz"].note) == ("waived", "waived")
    assert (plan["extra:3"].opens_at, plan["extra:3"].spec.item_id) == (due, 9)


def test_who_leaves_keeps_what_is_finished_and_is_promised_nothing():
    done = (("read", Fact("done", SESSION)),)
    given_up = inputs(active=False, facts=done)
    plan = {a.key: a.state for a in plan_assignments(STEPS, given_up)}
    assert plan == {
        "read": "done",
        "quiz": "waived",
        "live": "waived",
        "apply": "waived",
        "catchup": "waived",
        "recall": "waived",
    }
    assert plan_messages(STEPS, given_up, plan_assignments(STEPS, given_up)) == ()


def messages(**fields):
    given = inputs(**fields)
    return {m.suffix: m for m in plan_messages(STEPS, given, plan_assignments(STEPS, given))}


def test_steps_that_share_a_rule_are_told_together():
    plan = messages()
    assert plan["opened:read"].params["keys"] == ["read", "quiz"]
    assert "opened:quiz" not in plan


def test_a_finished_step_is_no_longer_reminded_of():
    done = datetime(2026, 3, 6, tzinfo=UTC)
    plan = messages(facts=(("read", Fact("done", done)),))
    assert plan["overdue:read"].params["keys"] == ["quiz"]
    both = messages(facts=(("read", Fact("done", done)), ("quiz", Fact("done", done))))
    assert {"reminder:read", "overdue:read", "not_ready:live"}.isdisjoint(both)


def test_a_nudge_two_days_before_replaces_the_reminder_of_the_same_day():
    plan = messages()
    assert plan["not_ready:live"].due_at == datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    assert "reminder:read" not in plan
    # One of the two is finished: the nudge still speaks of the other, and there is still one message that day.
    half = messages(facts=(("read", Fact("done", datetime(2026, 3, 6, tzinfo=UTC))),))
    assert half["not_ready:live"].params["keys"] == ["quiz"]
    assert "reminder:quiz" not in half


def nudges(**fields):
    return [suffix for suffix, message in messages(**fields).items() if message.category == "nudge"]


def test_ignored_twice_means_no_more_nudges_until_there_is_some_activity():
    assert nudges() == ["not_ready:live", "slipping:1:read"]
    # Something finished after the first one: two more may come.
    active = datetime(2026, 3, 11, tzinfo=UTC)
    assert nudges(facts=(("quiz", Fact("done", active)),)) == ["slipping:1:read", "slipping:2:read"]


def test_nudges_that_went_out_count_also_when_their_reason_is_gone():
    # What it asked for can't be done any more once the session is over; that it was sent remains true.
    missed = (("live", Fact("missed", SESSION + timedelta(minutes=90), outcome="missed")),)
    first = f"not_ready:live|{SESSION.isoformat()}"
    assert nudges(facts=missed, nudged=(first,)) == ["slipping:1:read"]
    second = f"slipping:1:read|{datetime(2026, 3, 11, 17, tzinfo=UTC).isoformat()}"
    assert nudges(facts=missed, nudged=(first, second)) == ["slipping:1:read"]  # history stays in the plan


def test_having_been_there_for_a_part_is_activity_and_missing_it_is_not():
    end = SESSION + timedelta(minutes=90)
    plans = [inputs(facts=(("live", Fact("missed", end, outcome=outcome)),)) for outcome in ("missed", "partial")]
    assert [last_active(plan) for plan in plans] == [None, end]


def test_a_reminder_that_lies_before_the_announcement_of_the_date_is_not_promised():
    known = datetime(2026, 3, 11, 8, 0, tzinfo=UTC)
    anchor = Anchor(1, SESSION, SESSION + timedelta(minutes=90), known_at=known)
    plan = messages(anchors=(("live", anchor),))
    assert {"reminder:read", "not_ready:live"}.isdisjoint(plan)


def test_choose_a_session_is_asked_only_of_those_who_have_not():
    open_choice = Anchor(1, SESSION, SESSION + timedelta(minutes=90), booked=False, choices=3)
    assert "choose:live" in messages(anchors=(("live", open_choice),))
    assert "choose:live" not in messages()


def test_missing_the_session_is_made_up_for_by_the_catch_up():
    end = SESSION + timedelta(hours=2)
    facts = [("live", Fact("missed", end, outcome="missed")), ("quiz", Fact("done", end)), ("read", Fact("done", end))]
    assert not is_complete(plan_assignments(STEPS, inputs(facts=tuple(facts))))
    facts.append(("catchup", Fact("done", end)))
    assert is_complete(plan_assignments(STEPS, inputs(facts=tuple(facts))))


def test_progress_counts_minutes_and_explains_every_one():
    plan = plan_assignments(STEPS, inputs(facts=(("read", Fact("done", SESSION)),)))
    count = progress(plan, {"quiz": 0.5})
    assert {s.key: s.done for s in count.shares} == {"read": 1.0, "quiz": 0.5, "live": 0.0, "apply": 0.0}
    assert count.value == round(15 / 120, 4)
    assert count.value == pytest.approx(
        sum(s.minutes * s.done for s in count.shares) / sum(s.minutes for s in count.shares)
    )


OUTCOMES = st.sampled_from([None, "attended", "partial", "missed"])
MOMENTS = st.datetimes(datetime(2026, 2, 1), datetime(2026, 5, 1), timezones=st.just(UTC))


@st.composite
def situations(draw):
    facts = []
    for key in ("read", "quiz", "apply", "catchup", "recall"):
        if draw(st.booleans()):
            facts.append((key, Fact("done", draw(MOMENTS), score=draw(st.floats(0, 1)))))
    if outcome := draw(OUTCOMES):
        facts.append(("live", Fact("missed" if outcome == "missed" else "done", draw(MOMENTS), outcome=outcome)))
    start = draw(MOMENTS)
    anchor = Anchor(
        1,
        start,
        start + timedelta(minutes=draw(st.integers(15, 300))),
        booked=draw(st.booleans()),
        choices=draw(st.integers(1, 3)),
        known_at=draw(st.none() | MOMENTS),
    )
    zone = draw(st.sampled_from(["Europe/Lisbon", "Asia/Kathmandu", "America/Los_Angeles", "Pacific/Kiritimati"]))
    return Inputs(
        MONDAY,
        PersonTime(zone),
        enrolled_at=draw(st.none() | MOMENTS),
        facts=tuple(facts),
        anchors=draw(st.sampled_from([(), (("live", anchor),)])),
    )


@given(situations())
def test_whatever_happened_due_never_lies_before_opens(given):
    for a in plan_assignments(STEPS, given):
        assert a.opens_at is None or a.due_at is None or a.due_at >= a.opens_at


@given(situations())
def test_no_message_is_promised_at_a_forbidden_hour_or_twice(given):
    plan = plan_messages(STEPS, given, plan_assignments(STEPS, given))
    assert len({(m.suffix, m.about_at) for m in plan}) == len(plan)
    assert [m for m in plan if m.kind != "journeys.completed" and given.person.is_quiet(m.due_at)] == []


@given(situations())
def test_the_order_of_facts_makes_no_difference(given):
    turned = replace(given, facts=tuple(reversed(given.facts)))
    assert plan_assignments(STEPS, given) == plan_assignments(STEPS, turned)


@given(situations(), st.floats(0, 1))
def test_progress_stays_between_zero_and_one_and_never_falls(given, floor):
    count = progress(plan_assignments(STEPS, given), {})
    assert 0 <= count.value <= 1
    assert progress(plan_assignments(STEPS, given), {}, floor).value >= floor


@given(situations(), st.integers(1, 30))
def test_a_reschedule_never_touches_finished_work(given, days):
    moved = replace(
        given,
        anchors=tuple(
            (key, replace(a, starts_at=a.starts_at + timedelta(days=days), ends_at=a.ends_at + timedelta(days=days)))
            for key, a in given.anchors
        ),
    )
    before = {
        a.key: (a.state, a.done_at, a.score, a.outcome) for a in plan_assignments(STEPS, given) if a.state == "done"
    }
    after = {a.key: (a.state, a.done_at, a.score, a.outcome) for a in plan_assignments(STEPS, moved)}
    assert before == {key: after[key] for key in before}


def test_prework_belongs_to_the_next_session_and_post_work_to_the_last():
    assert session_of(step("x", 1), STEPS) == "live"
    assert session_of(step("x", 9, "postwork"), STEPS) == "live"
