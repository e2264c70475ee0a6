"""Why a step, why it opens then, why it is due then: the planner's codes as sentences. Pure, no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from journeys.explain import Case, Explanation, Said, Words, explain, opens_line, say_change, say_rule
from journeys.plan import Anchor, Note, StepSpec
from journeys.timing import Condition, Rule

WORDS = Words(
    when=lambda moment: f"{moment:%d %b, %H:%M}", day=lambda day: f"{day:%d %b}", clock=lambda clock: f"{clock:%H:%M}"
)
TITLES = {"practise": "Practise the pause", "quiz": "Check"}
OPENS, DUE, JOINED = (datetime(2026, 3, day, 9, 0, tzinfo=UTC) for day in (12, 18, 2))


def case(**fields):
    spec = StepSpec(
        "read", 0, "prework", "content", "Read", opens=Rule("live", "practise", days=-7, at=time(9)),
        due=Rule("live", "practise", days=-1, at=time(17)),
    )  # fmt: skip
    given = {
        "spec": spec, "state": "open", "note": Note.RULE, "opens_at": OPENS, "due_at": DUE, "journey": "Leading",
        "source": "hand", "enrolled_at": JOINED, "titles": TITLES,
    }  # fmt: skip
    return Case(**(given | fields))


def told(**fields) -> Explanation:
    return explain(case(**fields), WORDS)


def spec(**fields) -> StepSpec:
    return replace(case().spec, **fields)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Rule("live", "practise", days=-2, at=time(9)), "2 days before “Practise the pause” starts, at 09:00 your time"),
        (Rule("live", "practise", days=-1), "1 day before “Practise the pause” starts"),
        (Rule("live", "practise", days=3), "3 days after “Practise the pause” starts"),
        (Rule("live", "practise", "end", days=30, at=time(9)), "30 days after “Practise the pause” ends, at 09:00 your time"),
        (Rule("live", "practise", "end", days=-1), "1 day before “Practise the pause” ends"),
        (Rule("live", "practise", "end", hours=1), "1 hour after “Practise the pause” ends"),
        (Rule("live", "practise", "end", hours=1.5), "1.5 hours after “Practise the pause” ends"),
        (Rule("live", "practise", hours=-2), "2 hours before “Practise the pause” starts"),
        (Rule("live", "practise"), "when “Practise the pause” starts"),
        (Rule("live", "practise", "end"), "when “Practise the pause” ends"),
        (Rule("start"), "on your group’s first day"),
        (Rule("start", days=3, at=time(9)), "3 days after your group starts, at 09:00 your time"),
        (Rule("start", days=-1), "1 day before your group starts"),
        (Rule("enrolled"), "when you joined"),
        (Rule("enrolled", days=3), "3 days after you joined"),
        (Rule("enrolled", hours=2), "2 hours after you joined"),
        (Rule("date", date=date(2026, 10, 1), at=time(9)), "on 01 Oct, at 09:00 your time"),
        (Rule("previous"), "when the step before it is finished"),
    ],
)  # fmt: skip
def test_every_rule_is_said(rule, text):
    assert say_rule(rule, TITLES, WORDS) == text


def test_an_ordinary_step_says_where_it_belongs_and_both_rules():
    assert told(why="It gives us the same words.") == Explanation(
        have=["It gives us the same words.", "It is part of “Leading”, in which you were enrolled."],
        opens=[
            "It opened 12 Mar, 09:00.",
            "The rule: 7 days before “Practise the pause” starts, at 09:00 your time.",
        ],
        due=[
            "It is due 18 Mar, 09:00.",
            "The rule: 1 day before “Practise the pause” starts, at 17:00 your time.",
        ],
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("self", "It is part of “Leading”, which you joined."),
        ("rule", "It is part of “Leading”, which everybody in a group you belong to gets."),
        ("api", "It is part of “Leading”, in which your HR system enrolled you."),
        ("hand", "It is part of “Leading”, in which you were enrolled."),
    ],
)
def test_how_somebody_came_to_it(source, text):
    assert told(source=source).have == [text]


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Condition("practise", ("missed",)), "It is for those who could not be at “Practise the pause”."),
        (Condition("practise", ("attended", "partial")), "It is for those who were at “Practise the pause”."),
        (Condition("quiz", score_below=0.7), "It is for those who scored below 70% in “Check”."),
        (Condition("quiz", score_at_least=0.9), "It is for those who scored at least 90% in “Check”."),
        (Condition(roles=("team_lead",)), "It is for people in your job role."),
    ],
)
def test_whom_it_is_for(condition, text):
    assert told(spec=spec(condition=condition)).have[-1] == text


def test_an_offer_says_so():
    assert told(spec=spec(required=False)).have[-1] == "It is an offer: your journey is complete without it."


@pytest.mark.parametrize(
    ("note", "text"),
    [
        (Note.NOT_FOR_OUTCOME, "You don’t need it, because of how “Practise the pause” went for you."),
        (Note.NOT_FOR_SCORE, "You don’t need it, because of your result in “Practise the pause”."),
        (Note.NOT_FOR_ROLE, "You don’t need it: it is for other job roles."),
        (Note.WITHDRAWN, "You don’t need it: you are not in this journey any more."),
    ],
)
def test_what_is_not_needed_says_why_and_nothing_about_dates(note, text):
    found = told(state="waived", note=note, spec=spec(condition=Condition("practise", ("missed",))))
    assert (found.have[-1], found.opens, found.due) == (text, [], [])


@pytest.mark.parametrize(
    ("note", "fields", "text"),
    [
        (Note.AWAITS_PREVIOUS, {"previous": "Your own example"}, "It waits for “Your own example”."),
        (Note.AWAITS_ATTENDANCE, {}, "It waits until it is settled who was at “Practise the pause”."),
        (Note.AWAITS_SCORE, {}, "It waits for your result in “Practise the pause”."),
        (Note.AWAITS_SESSION, {}, "It waits for a live session that has no date yet."),
    ],
)
def test_what_it_waits_for(note, fields, text):
    waiting = spec(condition=Condition("practise", ("attended",)))
    found = told(state="planned", note=note, opens_at=None, due_at=None, spec=waiting, **fields)
    assert found.opens[-1] == text
    assert found.due == ["Its date follows the rule: 1 day before “Practise the pause” starts, at 17:00 your time."]


def test_joining_late_explains_opening_and_due():
    found = told(note=Note.LATE, enrolled_at=OPENS)
    assert found.opens[-1] == "By then you had not joined yet, so it opened when you did."
    assert found.due[-1].startswith("Because it reached you late")


def test_settled_late_is_another_reason():
    late = spec(phase="postwork", condition=Condition("practise", ("attended",)))
    assert told(note=Note.LATE, spec=late).opens[-1] == "It was clear only then that it is for you."
    assert told(note=Note.LATE, spec=late).due[-1] == "Because it reached you late, you get at least two working days."
    assert told(note=Note.LATE).opens[-1] == "The live session has moved since it opened."


def test_more_time_replaces_the_rule_with_the_reason_and_its_author():
    extend = Said("extend", "you were on call.", "Ben")
    assert told(note=Note.EXTENDED, changes=[extend]).due == [
        "It is due 18 Mar, 09:00.",
        "You have more time: you were on call, said Ben.",
    ]


def test_an_extra_step_is_explained_by_its_reason_only():
    extra = Said("insert", "it helps with the lab", "Ben")
    found = told(note=Note.EXTRA, due_at=None, changes=[extra], spec=spec(required=False, opens=None, due=None))
    assert found.have == ["It was added for you: it helps with the lab, said Ben."]
    assert found.opens == ["It was open from the moment it was added."]
    assert found.due == ["It has no date: do it when it suits you."]


def test_a_released_step_says_who_released():
    assert told(state="waived", note=Note.WAIVED, changes=[Said("waive", "you did it last year", "Ben")]).have[-1] == (
        "You don’t need to do this: you did it last year, said Ben."
    )


def test_a_change_by_a_rule_names_nobody():
    assert say_change(Said("extend", "there was a holiday"), WORDS) == "You have more time: there was a holiday."


def test_a_reason_with_percent_signs_and_braces_is_only_text():
    assert say_change(Said("extend", "100 %s {x}", "A%d"), WORDS) == "You have more time: 100 %s {x}, said A%d."


@pytest.mark.parametrize(
    ("booked", "text"),
    [
        (True, "That is the session you have a seat in."),
        (False, "That is your group’s session. You have no seat in it yet."),
    ],
)
def test_a_live_step_is_where_its_session_is(booked, text):
    anchor = Anchor(1, OPENS, DUE, booked=booked)
    found = told(spec=spec(key="practise", kind="live"), anchors={"practise": anchor})
    assert found.opens == ["It starts 12 Mar, 09:00; the room opens ten minutes before.", text]
    assert found.due == []


def test_a_live_step_without_a_session():
    assert told(spec=spec(key="practise", kind="live")).opens == [
        "It has no date yet. We write to you as soon as it has one."
    ]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"note": Note.RULE, "opens_at": OPENS}, "Opens 12 Mar, 09:00"),
        ({"note": Note.AWAITS_PREVIOUS, "previous": "Read"}, "Opens when “Read” is finished"),
        ({"note": Note.AWAITS_ATTENDANCE, "live": "Practise"}, "Opens after “Practise”"),
        ({"note": Note.AWAITS_SCORE}, "Opens once your result is known"),
        ({"note": Note.AWAITS_SESSION, "live": "Practise"}, "Opens once “Practise” has a date"),
        ({"note": Note.AWAITS_SESSION}, "Opens later"),
    ],
)
def test_a_locked_step_says_what_opens_it(fields, text):
    assert opens_line(**({"opens_at": None, "previous": "", "live": ""} | fields), words=WORDS) == text


def test_every_note_of_the_planner_is_explained_in_sentences():
    for note in (value for name, value in vars(Note).items() if name.isupper()):
        state = "waived" if note.startswith(("not_for", "waived", "withdrawn")) else "planned"
        found = told(note=note, state=state, opens_at=None, due_at=None, previous="Read")
        for sentence in [*found.have, *found.opens, *found.due]:
            assert sentence.endswith("."), (note, sentence)
            assert "%" not in sentence, (note, sentence)
