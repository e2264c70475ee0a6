"""Every kind: what its body must be, what it keeps of a save, and when it is finished. No database."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from content.kinds import KINDS, kind_of
from content.kinds.kind import Progress, Record, Save
from tests.content import bodies

WILD = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
KNOWN_NAMES = ("depth", "end", "acknowledged", "watched", "transcript", "second", "draft", "q1", "i1", "text", "items")
WILD_DICT = st.dictionaries(st.sampled_from(KNOWN_NAMES) | st.text(max_size=6), WILD, max_size=5)


def cleaned(kind: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return kind_of(kind).clean_body(body or bodies.BODIES[kind])


def judge(kind: str, body: dict[str, Any], rule: dict[str, Any] | None = None, **record: Any) -> Progress:
    room = kind_of(kind)
    return room.progress(Record(**record), body, room.rule_for(rule or {}, body))


def after(kind: str, body: dict[str, Any], *saves: Save) -> Record:
    record = Record()
    for save in saves:
        record = kind_of(kind).merge(record, save, body)
    return record


# ---------------------------------------------------------------- all kinds


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_describes_itself(kind: str) -> None:
    room, body = kind_of(kind), cleaned(kind)
    assert room.clean_body(body) == body
    assert room.minutes_of(body) >= 1
    assert room.text_of(body).strip()
    assert room.outline(body)
    assert room.rule_text(room.default_rule(body), body)
    assert room.clean_rule(room.default_rule(body)) == room.default_rule(body)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_attempt_is_not_finished(kind: str) -> None:
    assert judge(kind, cleaned(kind)) == Progress(progress=0.0)


@pytest.mark.parametrize("kind", KINDS)
@given(position=WILD_DICT, answers=WILD_DICT, evidence=WILD_DICT, stale=st.booleans())
def test_no_save_breaks_a_kind_or_finishes_it_by_nonsense(
    kind: str, position: dict[str, Any], answers: dict[str, Any], evidence: dict[str, Any], stale: bool
) -> None:
    body = cleaned(kind, bodies.quiz(bodies.question("q1"), bodies.question("q2")) if kind == "quiz" else None)
    save = Save(position=position, answers=answers, evidence=evidence, stale=stale, elapsed=5, since_start=5)
    record = after(kind, body, save)
    result = judge(kind, body, position=record.position, answers=record.answers, evidence=record.evidence)
    assert 0 <= result.progress <= 1
    # What can be said in good faith finishes a text at once; all else takes more than one save of five seconds.
    assert not result.completed or (kind in ("article", "job_aid") and True in evidence.values())


@pytest.mark.parametrize("kind", KINDS)
@given(body=st.dictionaries(st.sampled_from(("text", "items", "questions", "seconds", "file", "type")), WILD))
def test_no_body_breaks_a_kind(kind: str, body: dict[str, Any]) -> None:
    with suppress(ValidationError):  # any other error would be ours
        assert kind_of(kind).text_of(kind_of(kind).clean_body(body)) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_condition_is_refused_by_name(kind: str) -> None:
    with pytest.raises(ValidationError, match="by_magic"):
        kind_of(kind).clean_rule({"by_magic": True})


# ---------------------------------------------------------------- article and job aid


def test_an_article_is_read_when_its_end_was_reached_after_the_least_time() -> None:
    body = cleaned("article", bodies.article(words=600))
    assert judge("article", body, evidence={"depth": 1.0, "end": True}, seconds=59) == Progress(progress=0.99)
    assert judge("article", body, evidence={"depth": 1.0, "end": True}, seconds=60) == Progress(1.0, completed=True)
    assert judge("article", body, evidence={"depth": 0.4}, seconds=600) == Progress(progress=0.4)


def test_who_says_so_has_read_it() -> None:
    body = cleaned("article", bodies.article(words=600))
    assert judge("article", body, evidence={"acknowledged": True}).completed


def test_where_people_must_say_so_reaching_the_end_is_not_enough() -> None:
    body, rule = cleaned("article"), {"acknowledge": True}
    assert not judge("article", body, rule, evidence={"depth": 1.0, "end": True}, seconds=900).completed
    assert judge("article", body, rule, evidence={"acknowledged": True}).completed


def test_a_job_aid_needs_no_least_time() -> None:
    body = cleaned("job_aid", bodies.article(words=600))
    assert judge("job_aid", body, evidence={"end": True}).completed


def test_reading_is_never_taken_back() -> None:
    body = cleaned("article")
    record = after(
        "article",
        body,
        Save(evidence={"depth": 0.8, "end": True}, position={"depth": 0.8}),
        Save(evidence={"depth": 0.1, "end": False}, position={"depth": 0.1}),
    )
    assert (record.evidence["depth"], record.evidence["end"], record.position) == (0.8, True, {"depth": 0.1})


def test_the_place_on_another_device_is_the_furthest() -> None:
    body = cleaned("article")
    record = after("article", body, Save(position={"depth": 0.8}), Save(position={"depth": 0.3}, stale=True))
    assert record.position == {"depth": 0.8}


# ---------------------------------------------------------------- checklist


def test_a_checklist_is_done_when_all_is_ticked() -> None:
    body = cleaned("checklist")
    first, second, third = (item["key"] for item in body["items"])
    assert judge("checklist", body, answers={first: True, second: True}).progress == pytest.approx(2 / 3)
    assert judge("checklist", body, answers={first: True, second: True, third: True}).completed
    assert judge("checklist", body, {"share": 0.6}, answers={first: True, second: True}).completed


def test_a_tick_can_be_taken_back_but_not_by_a_device_that_is_behind() -> None:
    body = cleaned("checklist")
    key = body["items"][0]["key"]
    ticked = Save(answers={key: True})
    assert after("checklist", body, ticked, Save(answers={key: False})).answers == {}
    assert after("checklist", body, ticked, Save(answers={key: False}, stale=True)).answers == {key: True}


def test_lines_keep_their_keys_and_new_ones_get_free_ones() -> None:
    body = cleaned(
        "checklist", {"items": [{"key": "i2", "text": "Old"}, {"text": "New"}, {"key": "i2", "text": "Copy"}]}
    )
    assert [item["key"] for item in body["items"]] == ["i2", "i1", "i3"]


# ---------------------------------------------------------------- quiz


def answered(body: dict[str, Any], **chosen: str) -> dict[str, Any]:
    return after("quiz", body, Save(answers={key: list(keys) for key, keys in chosen.items()})).answers


def test_a_quiz_is_passed_by_its_score_and_only_when_all_is_answered() -> None:
    body = cleaned("quiz")
    seven = {f"q{n}": "a" for n in range(1, 8)}
    assert judge("quiz", body, answers=answered(body, **seven)) == Progress(progress=0.7, score=0.7)
    rest = {f"q{n}": "b" for n in range(8, 11)}
    assert judge("quiz", body, answers=answered(body, **seven, **rest)) == Progress(1.0, 0.7, completed=True)
    worse = {**seven, **rest, "q1": "c"}
    assert judge("quiz", body, answers=answered(body, **worse)) == Progress(1.0, 0.6, failed=True)


def test_a_wrong_answer_can_be_tried_again_without_a_better_mark() -> None:
    body = cleaned("quiz", bodies.quiz(bodies.question("q1")))
    record = after("quiz", body, Save(answers={"q1": ["b"]}), Save(answers={"q1": ["a"]}), Save(answers={"q1": ["c"]}))
    assert record.answers["q1"] == {"first": ["b"], "chosen": ["a"], "right": True, "tries": 2}
    assert judge("quiz", body, answers=record.answers) == Progress(1.0, 0.0, failed=True)


def test_sending_the_same_answer_again_is_no_new_try() -> None:
    body = cleaned("quiz")
    record = after("quiz", body, Save(answers={"q1": ["b"]}), Save(answers={"q1": ["b"]}, stale=True))
    assert record.answers["q1"]["tries"] == 1


def test_impossible_answers_are_not_taken() -> None:
    body = cleaned("quiz")
    wrong: list[Any] = [[], ["z"], ["a", "b"], "a", None, [["a"]], {"a": 1}]
    for given_answer in wrong:
        assert after("quiz", body, Save(answers={"q1": given_answer})).answers == {}
    assert after("quiz", body, Save(answers={"q99": ["a"]})).answers == {}


def test_several_right_answers_are_worth_their_share_less_the_wrong_ones() -> None:
    body = cleaned("quiz", bodies.quiz(bodies.question("q1", "ab", kind="multiple")))
    scores = {chosen: judge("quiz", body, answers=answered(body, q1=chosen)).score for chosen in ("ab", "a", "ac", "c")}
    assert scores == {"ab": 1.0, "a": 0.5, "ac": 0.0, "c": 0.0}


def test_choices_not_handed_in_are_kept_until_they_are() -> None:
    body = cleaned("quiz")
    record = after("quiz", body, Save(position={"draft": {"q1": ["b"], "q2": ["zz"]}}))
    assert record.position == {"draft": {"q1": ["b"]}}
    record = kind_of("quiz").merge(record, Save(answers={"q1": ["b"]}), body)
    assert record.position == {"draft": {}}


def test_skills_are_measured_by_their_own_questions() -> None:
    body = cleaned("quiz", bodies.quiz(bodies.question("q1", skill="ask"), bodies.question("q2", skill="wait")))
    assert kind_of("quiz").skills_shown(body, answered(body, q1="a", q2="b")) == {"ask": 1.0, "wait": 0.0}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"text": ""}, "Question 1: Write the question"),
        ({"options": []}, "Question 1: Give at least two answers"),
        ({"kind": "essay"}, "Question 1: Choose"),
        ({"options": [{"text": "x", "correct": True}, {"text": "y", "correct": True}]}, "exactly one"),
        ({"kind": "multiple", "options": [{"text": "x"}, {"text": "y"}]}, "at least one answer as right"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_by_number(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        cleaned("quiz", bodies.quiz({**bodies.question("q1"), **change}))


# ---------------------------------------------------------------- video


def played(*stretches: tuple[float, float], elapsed: float = 60, since_start: float = 600, **more: Any) -> Save:
    return Save(
        evidence={"watched": [list(pair) for pair in stretches], **more}, elapsed=elapsed, since_start=since_start
    )


def test_a_video_is_seen_by_coverage_and_not_by_its_end() -> None:
    body = cleaned("video")
    end_only = after("video", body, played((95, 100)))
    assert judge("video", body, evidence=end_only.evidence).progress == pytest.approx(0.05 / 0.9)
    most = after("video", body, played((0, 50)), played((50, 90)))
    assert judge("video", body, evidence=most.evidence).completed
    less = after("video", body, played((0, 50)), played((50, 89.9)))
    assert not judge("video", body, evidence=less.evidence).completed


def test_a_stretch_is_held_to_the_time_since_the_last_save() -> None:
    body = cleaned("video")
    assert after("video", body, played((0, 100), elapsed=5)).evidence["watched"] == [[0, 10]]


def test_devices_together_are_held_to_the_time_since_the_start() -> None:
    body = cleaned("video")
    record = after(
        "video", body, played((0, 40), elapsed=20, since_start=20), played((40, 100), elapsed=25, since_start=25)
    )
    assert record.evidence["watched"] == [[0, 50]]


def test_the_transcript_counts_where_the_rule_allows_it_and_not_at_once() -> None:
    body = cleaned("video")
    quick = after("video", body, played(since_start=49, transcript=True))
    assert not judge("video", body, evidence=quick.evidence).completed
    read = after("video", body, played(since_start=50, transcript=True))
    assert judge("video", body, evidence=read.evidence).completed
    assert not judge("video", body, {"transcript": False}, evidence=read.evidence).completed
    silent = cleaned("video", bodies.video(transcript=[]))
    assert not judge("video", silent, evidence=after("video", silent, played(transcript=True)).evidence).completed


def test_resuming_on_a_device_that_is_behind_goes_to_the_furthest_place() -> None:
    body = cleaned("video")
    first, second = Save(position={"second": 70}), Save(position={"second": 20}, stale=True)
    assert after("video", body, first, second).position == {"second": 70}
    assert after("video", body, first, Save(position={"second": 20})).position == {"second": 20}
    assert after("video", body, Save(position={"second": 1e9})).position == {"second": 100}


PLAYS = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 30), st.integers(0, 20), st.booleans()), max_size=20)


@given(PLAYS)
def test_no_sequence_of_saves_ever_gets_more_than_wall_time_allows(plays: list[tuple[int, int, int, bool]]) -> None:
    body, record, now, last = cleaned("video"), Record(), 0, 0
    for start, span, pause, stale in plays:
        now += pause
        elapsed = now if stale else now - last
        save = Save(evidence={"watched": [[start, start + span]]}, stale=stale, elapsed=elapsed, since_start=now)
        record = kind_of("video").merge(record, save, body)
        last = now
    seen = sum(end - start for start, end in record.evidence.get("watched", []))
    assert seen <= 2 * now + 0.01
    everything = {tenth for start, span, _, _ in plays for tenth in range(start, min(100, start + span))}
    assert seen <= len(everything) + 0.01


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"file": "../../etc/passwd"}, "Upload a file"),
        ({"type": "text/html"}, "WebM or MP4"),
        ({"seconds": 0}, "length in seconds"),
        ({"seconds": float("nan")}, "Times are seconds"),
        ({"chapters": [{"start": 200, "title": "Late"}]}, "after the video's end"),
        ({"transcript": [{"start": 200, "end": 201, "text": "Late"}]}, "after the video's end"),
    ],
)
def test_an_impossible_video_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        cleaned("video", bodies.video(**change))
