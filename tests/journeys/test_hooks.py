"""What journeys tell the rooms below: who is ready, what they got wrong, what is due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from journeys import hooks
from journeys.models import Step
from sessions import services as live
from tests.factories import content
from tests.flows.programme import Programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme(world):
    with world.scope():
        yield Programme.build(world)


def test_readiness_counts_those_whose_session_it_is(world, settle, programme):
    enrolment = programme.enrol(world.asha, world.dana)
    other = programme.add_alternative()
    settle()
    live.switch_booking(
        from_session=programme.session, to_session=other, learner=world.dana, by=world.dana, at=world.now
    )
    settle()
    programme.finish(world.asha, enrolment, "read")
    settle()
    rows = {row.learner_id: (row.done, row.total, row.waiting_on) for row in hooks.readiness_of(programme.session)}
    assert rows == {world.asha.pk: (1, 2, "Check")}
    assert [row.learner_id for row in hooks.readiness_of(other)] == [world.dana.pk]


def test_wrong_first_answers_are_counted(world, settle, programme):
    body = {"questions": [{"key": "q", "kind": "single", "text": "Who speaks first?", "options": [
        {"key": "a", "text": "The coach", "correct": False}, {"key": "b", "text": "They do", "correct": True},
    ]}]}  # fmt: skip
    quiz = content.item("A quiz", kind="quiz", body=body)
    Step.objects.filter(version=programme.cohort.version, key="check").update(item=quiz, content_version=quiz.current)
    for person, first in ((world.asha, ["a"]), (world.dana, ["b"]), (world.chen, ["a"])):
        enrolment = programme.enrol(person)
        content.attempt(
            person,
            quiz,
            registration=enrolment.uuid,
            answers={"q": {"first": first, "chosen": ["b"], "right": True, "tries": 2}},
        )
    settle()
    (wrong,) = hooks.wrong_answers_of(programme.session)
    assert (wrong.question, wrong.answer, wrong.count, wrong.of) == ("Who speaks first?", "The coach", 2, 3)


def test_due_dates_stand_in_the_calendar(world, settle, programme):
    programme.enrol(world.asha)
    settle()
    since, until = datetime(2026, 3, 16, tzinfo=UTC), datetime(2026, 3, 23, tzinfo=UTC)
    entries = list(hooks.due_dates_of(world.asha, since, until))
    assert [(e.title, e.done) for e in entries] == [("Read", False), ("Check", False)]
    assert list(hooks.due_dates_of(world.dana, since, until)) == []
