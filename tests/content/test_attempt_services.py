"""Attempts in the database: saved as they happen, on two devices, finished once, with all that follows."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404

from content import queries, services
from content.models import Attempt, ContentItem
from content.services import Teaches
from lxp.activity.models import DailyActivity, Statement
from lxp.events.models import DomainEvent
from lxp.skills.models import LearnerSkill, SkillEvidence
from tests.content import bodies
from tests.factories import content as rows
from tests.factories import skills
from tests.world import World

Make = Callable[..., ContentItem]


def begin(world: World, item: ContentItem, **fields: Any) -> Attempt:
    return services.start_attempt(learner=world.asha, item=item, at=world.now, **fields)


def later(world: World, seconds: float) -> Any:
    return world.at(world.now + timedelta(seconds=seconds))


def events() -> list[str]:
    kinds = DomainEvent.objects.order_by("pk").values_list("kind", flat=True)
    return [kind.removeprefix("content.") for kind in kinds if kind != "content.ContentPublished"]


# ---------------------------------------------------------------- opening


def test_opening_an_item_begins_one_attempt_and_says_so_once(inside: World, make: Make) -> None:
    item = make()
    attempt = begin(inside, item)
    assert begin(inside, item) == attempt
    assert (attempt.version, attempt.state, attempt.number) == (item.current, "started", 1)
    assert events() == ["ContentStarted"]
    assert list(Statement.objects.values_list("verb", "object_type", "object_id")) == [
        ("initialized", "content", str(item.pk))
    ]


def test_each_enrolment_has_attempts_of_its_own(inside: World, make: Make) -> None:
    item, registration = make(), uuid.uuid4()
    alone, enrolled = begin(inside, item), begin(inside, item, registration=registration)
    assert alone != enrolled
    assert queries.attempt_for(inside.asha, item, registration) == enrolled
    assert queries.attempt_for(inside.ben, item, registration) is None


def test_who_has_begun_keeps_their_edition(inside: World, make: Make) -> None:
    item = make()
    attempt = begin(inside, item)
    services.save_draft(item=item, body={"text": "New"}, by=inside.dana, at=inside.now)
    services.publish_item(item=item, by=inside.dana, at=inside.now)
    item.refresh_from_db()
    assert begin(inside, item).version_id == attempt.version_id
    ben = services.start_attempt(learner=inside.ben, item=item, at=inside.now)
    assert ben.version_id == item.current_id


def test_what_was_never_published_cannot_be_begun(inside: World, make: Make) -> None:
    with pytest.raises(ValidationError, match="published"):
        begin(inside, make(publish=False))


def test_the_step_s_own_rule_holds_for_the_attempt(inside: World, make: Make) -> None:
    item = make("quiz", complete={"score": 0.8})
    assert begin(inside, item).complete == {"score": 0.8, "tries": 0}
    stricter = begin(inside, item, registration=uuid.uuid4(), complete={"score": 1.0, "tries": 2, "else": 1})
    assert stricter.complete == {"score": 1.0, "tries": 2}


# ---------------------------------------------------------------- saving


def test_a_save_is_kept_and_counted_by_revision(inside: World, make: Make) -> None:
    attempt = begin(inside, make("video"))
    saved = services.save_progress(
        attempt=attempt, revision=0, position={"second": 12}, evidence={"watched": [[0, 10]]}, seconds=10, visit="a",
        at=later(inside, 10),
    )  # fmt: skip
    assert (saved.stale, saved.finished, saved.attempt.revision, saved.attempt.seconds) == (False, False, 1, 10)
    attempt.refresh_from_db()
    assert (attempt.position, attempt.evidence["watched"]) == ({"second": 12.0}, [[0, 10]])
    assert attempt.progress == pytest.approx(0.1 / 0.9)


def test_two_devices_never_undo_each_other(inside: World, make: Make) -> None:
    attempt = begin(inside, make("video"))
    later(inside, 60)
    services.save_progress(
        attempt=attempt, revision=0, position={"second": 50}, evidence={"watched": [[0, 50]]}, at=inside.now
    )
    saved = services.save_progress(
        attempt=attempt, revision=0, position={"second": 20}, evidence={"watched": [[60, 80]]}, at=later(inside, 1)
    )
    assert saved.stale
    assert (saved.attempt.position, saved.attempt.evidence["watched"]) == ({"second": 50.0}, [[0, 50], [60, 80]])
    assert saved.attempt.revision == 2


def test_progress_never_falls(inside: World, make: Make) -> None:
    attempt = begin(inside, make("checklist"))
    keys = [item["key"] for item in attempt.version.body["items"]]
    services.save_progress(attempt=attempt, answers={keys[0]: True, keys[1]: True}, at=inside.now)
    saved = services.save_progress(attempt=attempt, answers={keys[0]: False}, at=inside.now)
    assert (saved.attempt.answers, saved.attempt.progress) == ({keys[1]: True}, pytest.approx(2 / 3))


def test_active_time_is_measured_once_and_never_exceeds_the_clock(inside: World, make: Make) -> None:
    attempt, start = begin(inside, make()), inside.now
    for after, visit, seconds in ((30, "a", 25), (31, "a", 25), (40, "b", 5), (50, "a", 30), (60, "c", 9000)):
        services.save_progress(
            attempt=attempt, visit=visit, seconds=seconds, at=inside.at(start + timedelta(seconds=after))
        )
    attempt.refresh_from_db()
    assert attempt.seconds == 60
    assert DailyActivity.objects.get().seconds == 60
    for nonsense in (float("nan"), float("inf"), -5):
        services.save_progress(attempt=attempt, visit="d", seconds=nonsense, at=later(inside, 60))
    attempt.refresh_from_db()
    assert attempt.seconds == 60


def test_many_visits_are_summed_up(inside: World, make: Make) -> None:
    attempt, start = begin(inside, make()), inside.now
    for number in range(40):
        services.save_progress(
            attempt=attempt, visit=f"visit-{number}", seconds=2, at=inside.at(start + timedelta(minutes=number + 1))
        )
    attempt.refresh_from_db()
    assert attempt.seconds == 80
    assert len(attempt.evidence["visits"]) <= 21


def test_saving_costs_the_same_however_much_is_there(inside: World, make: Make, queries: object) -> None:
    attempt = begin(inside, make("video"))
    for round_ in range(2):
        later(inside, 10)
        with queries(5):  # type: ignore[operator]  # savepoint, lock, store, day, release
            services.save_progress(
                attempt=attempt, seconds=10 * (round_ + 1), visit="a", at=inside.now,
                evidence={"watched": [[start, start + 1] for start in range(0, 20, 2)]},
            )  # fmt: skip


# ---------------------------------------------------------------- the end


def test_finishing_is_recorded_once_and_everywhere(inside: World, make: Make) -> None:
    coaching = skills.skill("coaching")
    item, registration = make(teaches=[Teaches(coaching.pk, 3)]), uuid.uuid4()
    attempt = begin(inside, item, registration=registration)
    later(inside, 120)
    assert services.acknowledge(attempt=attempt, at=inside.now).finished
    assert not services.acknowledge(attempt=attempt, at=later(inside, 60)).finished
    attempt.refresh_from_db()
    assert (attempt.state, attempt.progress, attempt.score) == ("completed", 1.0, None)
    assert attempt.completed_at == inside.now - timedelta(seconds=60)
    assert events() == ["ContentStarted", "ContentCompleted"]
    payload = DomainEvent.objects.get(kind="content.ContentCompleted").payload
    assert payload == {
        "attempt_id": attempt.pk, "item_id": item.pk, "learner_id": inside.asha.pk,
        "registration": str(registration), "score": None,
    }  # fmt: skip
    assert sorted(Statement.objects.values_list("verb", flat=True)) == ["completed", "initialized"]
    evidence = SkillEvidence.objects.get()
    assert (evidence.source, evidence.level, evidence.note) == ("content", 3.0, "“The article”")
    assert LearnerSkill.objects.get().level == 1.0


def test_a_passed_quiz_speaks_for_its_share_of_the_level(inside: World, make: Make) -> None:
    coaching = skills.skill("coaching")
    attempt = begin(inside, make("quiz", teaches=[Teaches(coaching.pk, 4)]))
    answers = {f"q{n}": ["a" if n <= 8 else "b"] for n in range(1, 11)}
    saved = services.save_progress(attempt=attempt, answers=answers, at=later(inside, 90))
    assert (saved.attempt.state, saved.attempt.score) == ("completed", 0.8)
    assert LearnerSkill.objects.get().level == 3.2
    assert SkillEvidence.objects.get().note == "“The quiz”, 80%"
    passed = Statement.objects.get(verb="passed")
    assert passed.result == {"completion": True, "duration": "PT0S", "success": True, "score": {"scaled": 0.8}}
    assert Statement.objects.filter(verb="answered").count() == 10


def test_a_failed_quiz_says_so_and_can_be_begun_again(inside: World, make: Make) -> None:
    attempt = begin(inside, make("quiz", complete={"score": 0.7, "tries": 2}), registration=uuid.uuid4())
    with pytest.raises(ValidationError, match="in the middle"):
        services.start_again(attempt=attempt, at=inside.now)
    wrong = {f"q{n}": ["b"] for n in range(1, 11)}
    services.save_progress(attempt=attempt, answers=wrong, at=inside.now)
    assert events() == ["ContentStarted", "ContentFailed"]
    again = services.start_again(attempt=attempt, at=inside.now)
    assert (again.number, again.answers, again.complete) == (2, {}, attempt.complete)
    assert services.start_again(attempt=attempt, at=inside.now) == again
    assert services.tries_left(again) == 0
    services.save_progress(attempt=again, answers=wrong, at=inside.now)
    with pytest.raises(ValidationError, match="all your tries"):
        services.start_again(attempt=again, at=inside.now)
    assert Attempt.objects.count() == 2


def test_trying_wrong_answers_again_after_the_end_is_practice(inside: World, make: Make) -> None:
    attempt = begin(inside, make("quiz", body=bodies.quiz(bodies.question("q1"))))
    services.save_progress(attempt=attempt, answers={"q1": ["b"]}, at=inside.now)
    saved = services.save_progress(attempt=attempt, answers={"q1": ["a"]}, at=inside.now)
    assert (saved.attempt.state, saved.attempt.score, saved.finished) == ("failed", 0.0, False)
    assert saved.attempt.answers["q1"]["right"]
    assert events() == ["ContentStarted", "ContentFailed"]


# ---------------------------------------------------------------- reading them


def test_attempts_belong_to_their_learner(inside: World, make: Make) -> None:
    attempt = begin(inside, make())
    assert queries.attempt_of(inside.actor(inside.asha), attempt.pk) == attempt
    for stranger in (inside.ben, inside.dana, inside.adi):
        with pytest.raises(Http404):
            queries.attempt_of(inside.actor(stranger), attempt.pk)
    with inside.scope(inside.harbour), pytest.raises(Http404):
        queries.attempt_of(inside.actor(inside.eve), attempt.pk)


def test_facts_of_attempts_by_enrolment(inside: World, make: Make, queries: object) -> None:
    from content.queries import attempt_facts

    quiz, article = make("quiz"), make("article")
    mine, theirs, other = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    at = inside.now
    day = timedelta(days=1)
    rows.attempt(inside.asha, quiz, registration=mine, state="failed", score=0.4, progress=1, last_at=at)
    rows.attempt(
        inside.asha, quiz, registration=mine, number=2, state="completed", score=0.8, completed_at=at + day,
        started_at=at + day, last_at=at + day, seconds=60,
    )  # fmt: skip
    rows.attempt(
        inside.asha, quiz, registration=mine, number=3, state="completed", score=0.7, completed_at=at + 2 * day,
        last_at=at + 2 * day,
    )  # fmt: skip
    rows.attempt(inside.asha, article, registration=mine, progress=0.4)
    with queries(1):  # type: ignore[operator]
        found = {fact.item_id: fact for fact in attempt_facts([mine])}
    done = found[quiz.pk]
    assert (done.state, done.score, done.progress, done.failed, done.attempts) == ("completed", 0.8, 1, 1, 3)
    assert (done.started_at, done.completed_at, done.last_at, done.seconds) == (at, at + day, at + 2 * day, 60)
    open_ = found[article.pk]
    assert (open_.state, open_.score, open_.progress, open_.completed_at) == ("started", None, 0.4, None)
    rows.attempt(inside.ben, quiz, registration=theirs, state="failed", score=0.2)
    rows.attempt(inside.chen, quiz, registration=other)
    with queries(1):  # type: ignore[operator]
        several = attempt_facts([mine, theirs])
    assert [(f.registration, f.state) for f in several if f.item_id == quiz.pk and f.registration == theirs] == [
        (theirs, "failed")
    ]
    assert len(several) == 3
    with inside.scope(inside.harbour):
        assert attempt_facts([mine, theirs]) == []


# ---------------------------------------------------------------- notes


def test_notes_are_private_and_ordered_by_second(inside: World, make: Make) -> None:
    item = make("video")
    services.add_note(learner=inside.asha, item=item, text="Whole", at=inside.now)
    services.add_note(learner=inside.asha, item=item, text="Late", at_second=90, at=inside.now)
    services.add_note(learner=inside.asha, item=item, text="Early", at_second=5, at=inside.now)
    services.add_note(learner=inside.ben, item=item, text="Not hers", at_second=1, at=inside.now)
    notes = queries.notes_of(inside.asha, item)
    assert [note.text for note in notes] == ["Early", "Late", "Whole"]
    with pytest.raises(Http404):
        queries.note_of(inside.actor(inside.ben), notes[0].pk)


@pytest.mark.parametrize("text", ["", "  \n", "\x00", "x" * 5001])
def test_an_empty_or_endless_note_is_refused(inside: World, make: Make, text: str) -> None:
    with pytest.raises(ValidationError):
        services.add_note(learner=inside.asha, item=make(), text=text, at=inside.now)
