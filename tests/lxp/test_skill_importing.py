"""Bringing in job roles, skills and targets from a folder."""

from __future__ import annotations

import gzip
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from lxp.intake import Intake
from lxp.people.models import JobRole
from lxp.skills.importing import CatalogueError, attribution, import_skills
from lxp.skills.models import RoleSkill, Skill
from tests.world import World

ROLES = 'code,title,description,job_zone\n11-1,Chiefs,Lead,5\n15-2,Developers,"Write, test",4\n'
SKILLS = "skill_id,name,kind,description\n2.A,Listening,skill,Hear\nT.git,Git,technology,\n"
TARGETS = "code,skill_id,importance,level\n11-1,2.A,4.0,7\n15-2,2.A,3,3.5\n15-2,T.git,,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "roles.csv").write_text(ROLES, encoding="utf-8-sig")
    (tmp_path / "skills.csv").write_text(SKILLS, encoding="utf-8")
    (tmp_path / "role_skills.csv.gz").write_bytes(gzip.compress(TARGETS.encode()))
    return tmp_path


def bring(world: World, folder: Path, **options: Any) -> Intake:
    with world.scope():
        return import_skills(folder, **options)


def targets(world: World) -> list[tuple[Any, ...]]:
    with world.scope():
        rows = RoleSkill.objects.order_by("job_role__code", "skill__code")
        return list(rows.values_list("job_role__code", "skill__code", "level", "importance"))


def test_roles_skills_and_targets_come_in_with_their_codes(world: World, folder: Path) -> None:
    report = bring(world, folder)
    assert {kind: report.of(kind)["created"] for kind in ("Job roles", "Skills", "Targets")} == {
        "Job roles": 2, "Skills": 2, "Targets": 3
    }  # fmt: skip
    assert targets(world) == [("11-1", "2.A", 5.0, 4.0), ("15-2", "2.A", 2.5, 3.0), ("15-2", "T.git", 3.0, 3.0)]
    with world.scope():
        skill = Skill.objects.get(code="2.A")
        assert (skill.name, skill.area, skill.description) == ("Listening", "Skill", "Hear")
        assert JobRole.objects.get(code="15-2").description == "Write, test"


def test_the_same_folder_again_changes_nothing(world: World, folder: Path) -> None:
    bring(world, folder)
    report = bring(world, folder)
    assert {verb for (_kind, verb), number in report.counts.items() if number} == {"unchanged"}


def test_what_changed_there_is_changed_here_and_nothing_is_removed(world: World, folder: Path) -> None:
    bring(world, folder)
    (folder / "roles.csv").write_text("code,title\n11-1,Heads\n", encoding="utf-8")
    (folder / "role_skills.csv").write_text("code,skill_id,importance,level\n11-1,2.A,4,1.4\n", encoding="utf-8")
    report = bring(world, folder)
    assert (report.of("Job roles")["updated"], report.of("Targets")["updated"]) == (1, 1)
    assert targets(world)[0] == ("11-1", "2.A", 1.0, 4.0)
    assert len(targets(world)) == 3


def test_a_dry_run_says_the_same_and_writes_nothing(world: World, folder: Path) -> None:
    told = bring(world, folder, dry_run=True)
    assert targets(world) == []
    assert told.counts == bring(world, folder).counts


def test_bad_rows_are_refused_with_their_line(world: World, folder: Path) -> None:
    (folder / "roles.csv").write_text(ROLES + "11-1,Twice,,\n,No code,,\n15-3,,,\n", encoding="utf-8")
    more = "99-9,2.A,3,3\n11-1,X,3,3\n11-1,T.git,9,3\n11-1,T.git,3,high\n"
    (folder / "role_skills.csv").write_text(TARGETS + more, encoding="utf-8")
    report = bring(world, folder)
    assert [str(refusal) for refusal in report.refused] == [
        "roles.csv line 4: 11-1: This code stands in line 2 already.",
        "roles.csv line 5: Give it both a code and a title.",
        "roles.csv line 6: 15-3: Give it both a code and a title.",
        "role_skills.csv line 5: 99-9 / 2.A: This job role is not in roles.csv.",
        "role_skills.csv line 6: 11-1 / X: This skill is not in skills.csv.",
        "role_skills.csv line 7: 11-1 / T.git: Levels run from 0 to 7 and importance from 1 to 5.",
        "role_skills.csv line 8: 11-1 / T.git: Levels run from 0 to 7 and importance from 1 to 5.",
    ]
    assert len(targets(world)) == 3


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("skills.csv", b"name\nListening\n", "no column “skill_id”"),
        ("skills.csv", b"\xff\xfe", "not UTF-8"),
        ("role_skills.csv.gz", b"not gzip", "can't be read"),
        ("roles.csv", b"", "no column"),
        ("roles.csv", None, "has no roles.csv"),
    ],
)
def test_a_folder_that_cannot_be_read_changes_nothing(
    world: World, folder: Path, name: str, data: bytes | None, says: str
) -> None:
    (folder / name).unlink() if data is None else (folder / name).write_bytes(data)
    with pytest.raises(CatalogueError, match=says):
        bring(world, folder)
    with world.scope():
        assert not Skill.objects.exists()
        assert not JobRole.objects.exists()


def test_many_rows_cost_as_many_queries_as_few(world: World, folder: Path, queries: Any) -> None:
    with world.scope():
        with queries(8):  # transaction, three reads, three inserts, and the end of the transaction
            import_skills(folder)
        rows = "".join(f"n-{number},Name {number},skill,\n" for number in range(50))
        (folder / "skills.csv").write_text(SKILLS + rows, encoding="utf-8")
        (folder / "role_skills.csv").write_text(
            TARGETS + "".join(f"11-1,n-{number},3,3\n" for number in range(50)), encoding="utf-8"
        )
        with queries(7):
            import_skills(folder)


def test_the_readme_s_opening_is_its_attribution(folder: Path) -> None:
    assert attribution(folder) == []
    (folder / "README.md").write_text("# Seed\nFrom a database.\nUsed under a licence.\n\nMore.\n", encoding="utf-8")
    assert attribution(folder) == ["From a database.", "Used under a licence."]


def test_the_command_reports_and_names_the_source(world: World, folder: Path) -> None:
    (folder / "README.md").write_text("# Seed\nFrom a database.\n", encoding="utf-8")
    (folder / "job_titles.csv").write_text("code,job_title\n", encoding="utf-8")
    out = StringIO()
    call_command("import_skills", str(folder), "--organisation", "fernhill", stdout=out)
    for words in ("Job roles: 2 created", "Targets: 3 created", "From a database.", "job_titles is not used."):
        assert words in out.getvalue()
    with pytest.raises(CommandError):
        call_command("import_skills", str(folder), "--organisation", "nowhere", stdout=out)
    with pytest.raises(CommandError):
        call_command("import_skills", str(folder / "missing"), "--organisation", "fernhill", stdout=out)
