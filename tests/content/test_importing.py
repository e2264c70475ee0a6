"""Bringing in a library: whole, again, interrupted, with bad rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content import importing, services
from content.importing import RowError, import_library, read_row
from content.models import ContentItem, ContentVersion
from lxp.intake import Intake
from tests.content import bodies
from tests.world import World

Make = Callable[..., ContentItem]


def line(id: str = "a-1", **fields: Any) -> str:
    return json.dumps({"id": id, "title": f"Title {id}", "body": f"Text of {id}.", "kind": "reading", **fields})


def bring(world: World, *lines: str, **options: Any) -> Intake:
    with world.scope():
        return import_library(lines, by=world.dana, at=world.now, **options)


def items(world: World) -> dict[str, ContentItem]:
    with world.scope():
        return {item.external_id: item for item in ContentItem.objects.select_related("current", "owner")}


def test_rows_become_published_items_that_keep_their_ids(world: World) -> None:
    full = line(
        "g-1", kind="job_aid", collection="Design  Methods", tags=["Card"], summary="A card", minutes=3,
        source="Guides, card.md", licence="CC0-1.0", language="de",
    )  # fmt: skip
    report = bring(world, full, line("g-2"), owner=world.adi)
    assert report.of("Items") == {"created": 2, "updated": 0, "unchanged": 0, "refused": 0}
    card, reading = items(world)["g-1"], items(world)["g-2"]
    assert (card.kind, card.title, card.summary, card.minutes, card.language) == (
        "job_aid",
        "Title g-1",
        "A card",
        3,
        "de",
    )
    assert (card.tags, card.source, card.owner) == (["card", "design methods"], "Guides, card.md, CC0-1.0", world.adi)
    assert (str(card.review_by), card.state) == ("2027-03-02", "published")
    assert (reading.kind, reading.current.body, reading.minutes) == ("article", {"text": "Text of g-2."}, 1)


def test_a_catalogue_may_come_without_anybody_to_keep_it(world: World) -> None:
    with world.scope():
        report = import_library([line("a")], by=None, at=world.now)
    assert report.refused == []
    assert items(world)["a"].owner is None


def test_the_same_file_again_changes_nothing(world: World) -> None:
    lines = [line("a"), line("b", tags=["X", "x"], collection="Y"), line("c", minutes=7)]
    bring(world, *lines)
    before = items(world)
    report = bring(world, *lines)
    assert report.of("Items") == {"created": 0, "updated": 0, "unchanged": 3, "refused": 0}
    assert [item.updated_at for item in items(world).values()] == [item.updated_at for item in before.values()]
    with world.scope():
        assert ContentVersion.objects.count() == 3


def test_a_changed_row_becomes_a_new_version_and_changed_tags_do_not(world: World) -> None:
    bring(world, line("a"), line("b"))
    report = bring(world, line("a", body="Other words"), line("b", collection="New"))
    assert report.of("Items")["updated"] == 2
    found = items(world)
    assert (found["a"].current.number, found["a"].current.body) == (2, {"text": "Other words"})
    assert (found["b"].current.number, found["b"].tags) == (1, ["new"])


def test_a_dry_run_says_the_same_and_writes_nothing(world: World) -> None:
    bring(world, line("a"), line("b"))
    lines = [line("a"), line("b", body="New"), line("c"), "{"]
    told = bring(world, *lines, dry_run=True)
    assert set(items(world)) == {"a", "b"}
    assert items(world)["b"].current.number == 1
    done = bring(world, *lines)
    assert (told.counts, told.refused) == (done.counts, done.refused)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", "not JSON"), ("[]", "must be a JSON object"), ("null", "must be a JSON object"),
        (json.dumps({"title": "No id", "body": "x"}), "“id” is missing"),
        (line("x", title=""), "“title” is missing"), (line("x", title="t" * 201), "more than 200"),
        (line("x", body=""), "“body” is missing"), (line("x", body=["a"]), "“body” must be text"),
        (line("x", kind="hologram"), "“hologram” is not a kind"), (line("x", minutes=0), "“minutes” must be"),
        (line("x", minutes="soon"), "“minutes” must be"), (line("x", tags="a,b"), "“tags” must be a list"),
        (line("x", tags=[f"t{n}" for n in range(30)]), "At most 20 tags"),
        (line("x", kind="quiz", body={"questions": []}), "Add at least one question"),
        (line("x", kind="quiz"), "Add at least one question"),
        (line("x", summary={"a": 1}), "“summary” must be text"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_with_its_line_and_stops_nobody(world: World, row: str, says: str) -> None:
    report = bring(world, line("good"), row, line("fine"))
    assert set(items(world)) == {"good", "fine"}
    (refusal,) = report.refused
    assert refusal.where == "line 2"
    assert says in refusal.reason


def test_a_quiz_comes_with_its_questions(world: World) -> None:
    bring(world, line("q", kind="test", body=bodies.quiz(bodies.question("q1"))))
    assert items(world)["q"].current.body["questions"][0]["text"] == "Question q1?"


def test_an_id_that_stands_twice_is_taken_once(world: World) -> None:
    report = bring(world, line("a"), line("a", title="Again"))
    assert [refusal.reason for refusal in report.refused] == ["This id stands in line 1 already."]
    assert items(world)["a"].title == "Title a"


def test_what_people_do_here_is_not_overrun(world: World) -> None:
    bring(world, line("written"), line("retired"), line("other"))
    found = items(world)
    with world.scope():
        services.save_draft(item=found["written"], body={"text": "Mine"}, by=world.dana, at=world.now)
        services.retire_item(item=found["retired"], by=world.dana, at=world.now)
    report = bring(
        world, *(line(name, body="Theirs") for name in ("written", "retired")), line("other", kind="job_aid")
    )
    assert [refusal.name for refusal in report.refused] == ["written", "retired", "other"]
    assert items(world)["retired"].state == "retired"


def test_an_interrupted_import_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    lines = [line(f"a-{n}") for n in range(7)]

    def pull_the_plug(number: int) -> None:
        if number == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(world, *lines, progress=pull_the_plug)
    assert len(items(world)) == 4
    report = bring(world, *lines)
    assert report.of("Items") == {"created": 3, "updated": 0, "unchanged": 4, "refused": 0}


def test_each_organisation_has_its_own(world: World) -> None:
    bring(world, line("a"))
    with world.scope(world.harbour):
        report = import_library([line("a")], by=world.eve, at=world.now)
        assert ContentItem.objects.count() == 1
    assert report.of("Items")["created"] == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200) | st.dictionaries(st.sampled_from(["id", "title", "body", "kind", "minutes", "tags"]),
       st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.lists(st.text(max_size=3), max_size=3)).map(json.dumps))  # fmt: skip
def test_no_line_breaks_the_reader(text: str) -> None:
    try:
        row = read_row(1, text)
    except RowError as error:
        assert str(error)  # noqa: PT017
    else:
        assert row.external_id
        assert row.title


# ---------------------------------------------------------------- the command


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("import_library", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_reports_what_it_did(world: World, tmp_path: Path) -> None:
    file = tmp_path / "library.jsonl"
    file.write_text("\n".join([line("a"), "{", line("b")]), encoding="utf-8")
    told = command(str(file), "--organisation", "fernhill", "--dry-run")
    assert "Nothing was changed" in told
    assert items(world) == {}
    done = command(str(file), "--organisation", "fernhill", "--owner", "Dana.Novak@fernhill.example")
    assert "Items: 2 created, 0 updated, 0 unchanged, 1 refused" in done
    assert "line 2: This is not JSON" in done
    assert items(world)["a"].owner == world.dana


@pytest.mark.parametrize(
    "arguments",
    [
        ["--organisation", "nowhere"],
        ["--organisation", "fernhill", "--owner", "nobody@x"],
        ["--organisation", "fernhill"],
    ],
)
def test_the_command_says_what_is_wrong(world: World, tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        command(str(tmp_path / "missing.jsonl"), *arguments)
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError):
        command(str(binary), *arguments)
