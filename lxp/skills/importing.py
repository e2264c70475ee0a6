"""Bringing in a catalogue of job roles and skills: a folder of CSV files, as talent systems and O*NET extracts give them.

Files (each may be gzipped as `NAME.csv.gz`; format in docs/importing.md)
    roles.csv        code, title, description
    skills.csv       skill_id, name, kind, description
    role_skills.csv  code, skill_id, importance (1 to 5), level (0 to 7, may be empty)
Codes stay what they are, so that bringing the same folder in again changes nothing. Levels are stretched from 0–7 to
the house's 0–5; where a level is empty (tools rather than abilities) the target is NO_LEVEL.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from lxp.intake import Intake
from lxp.people.models import JobRole
from lxp.skills.models import TOP_LEVEL, RoleSkill, Skill

SOURCE_TOP_LEVEL = 7
NO_LEVEL = 3.0
NO_IMPORTANCE = 3.0
MOST_BYTES = 200_000_000  # unpacked: a small file that unpacks to more than this is not a catalogue
BATCH = 1000
LONGEST_CODE = {"roles": 60, "skills": 120}
LONGEST_NAME = 200
NOT_USED = ("job_titles", "related_roles", "role_tasks")


class CatalogueError(ValueError):
    """The folder as a whole can't be read; the text says what to do."""


@dataclass(frozen=True)
class Line:
    """One row of a file: where it stands, and its cells by column, stripped."""

    file: str
    number: int
    cells: Mapping[str, str]

    @property
    def where(self) -> str:
        return f"{self.file} line {self.number}"


def import_skills(folder: Path, *, dry_run: bool = False, say: Callable[[str], None] = lambda text: None) -> Intake:
    """Make job roles, skills and targets of the organisation in scope match the folder; nothing is removed.

    Set-based: some fifteen queries, plus two per thousand rows. All or nothing. With `dry_run` only the report is
    made. Raises CatalogueError when a file is missing or isn't such a file.
    """
    report = Intake()
    with transaction.atomic():
        say(_("Reading job roles …"))
        roles = _roles(folder, report, dry_run)
        say(_("Reading skills …"))
        skills = _skills(folder, report, dry_run)
        say(_("Reading targets …"))
        _targets(folder, report, roles, skills, dry_run)
    report.notes += [_("%(name)s is not used.") % {"name": name} for name in NOT_USED if _find(folder, name)]
    return report


def attribution(folder: Path) -> list[str]:
    """The sentences the catalogue's README opens with, to be kept wherever it is shown; none where there is none."""
    readme = folder / "README.md"
    if not readme.is_file():
        return []
    found: list[str] = []
    for line in readme.read_text(encoding="utf-8", errors="replace")[:10_000].splitlines():
        if found and not line.strip():
            break
        if line.strip() and not line.startswith("#"):
            found.append(line.strip())
    return found


# ---------------------------------------------------------------- the three kinds of rows


def _roles(folder: Path, report: Intake, dry_run: bool) -> dict[str, int]:
    """Job roles by code. Ids of roles that a dry run would create are negative."""
    wanted = {
        line.cells["code"]: {"name": line.cells["title"], "description": line.cells.get("description", "")}
        for line in _proper(folder, "roles", ("code", "title"), report, _("Job roles"))
    }
    return _match(JobRole, wanted, report, _("Job roles"), dry_run)


def _skills(folder: Path, report: Intake, dry_run: bool) -> dict[str, int]:
    wanted = {
        line.cells["skill_id"]: {
            "name": line.cells["name"],
            "area": line.cells.get("kind", "").capitalize(),
            "description": line.cells.get("description", ""),
        }
        for line in _proper(folder, "skills", ("skill_id", "name"), report, _("Skills"))
    }
    return _match(Skill, wanted, report, _("Skills"), dry_run)


def _match(
    model: Any, wanted: Mapping[str, Mapping[str, str]], report: Intake, kind: str, dry_run: bool
) -> dict[str, int]:
    """Create what is missing and change what differs, by code; two queries per thousand rows. Ids by code."""
    known = {row.code: row for row in model.objects.all()}
    new = [model(code=code, **values) for code, values in wanted.items() if code not in known]
    changed = []
    for code, values in wanted.items():
        row = known.get(code)
        if row and any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    _report_counts(report, kind, len(wanted), len(new), len(changed))
    if not dry_run:
        model.objects.bulk_create(new, batch_size=BATCH)
        if changed:
            model.objects.bulk_update(changed, list(next(iter(wanted.values()))), batch_size=BATCH)
    ids = {code: row.pk for code, row in known.items()}
    return ids | {row.code: row.pk or -number for number, row in enumerate(new, 1)}


def _targets(folder: Path, report: Intake, roles: Mapping[str, int], skills: Mapping[str, int], dry_run: bool) -> None:
    kind = _("Targets")
    known = {(row.job_role_id, row.skill_id): row for row in RoleSkill.objects.all()}
    wanted: dict[tuple[int, int], tuple[float, float]] = {}
    for line in _lines(folder, "role_skills", ("code", "skill_id")):
        target = _target(line, roles, skills)
        if isinstance(target, str):
            report.refuse(kind, line.where, f"{line.cells['code']} / {line.cells['skill_id']}", target)
        else:
            wanted[target[0]] = target[1]
    new = [
        RoleSkill(job_role_id=pair[0], skill_id=pair[1], level=level, importance=importance)
        for pair, (level, importance) in wanted.items()
        if pair not in known
    ]
    changed = []
    for pair, values in wanted.items():
        row = known.get(pair)
        if row and (row.level, row.importance) != values:
            row.level, row.importance = values
            changed.append(row)
    _report_counts(report, kind, len(wanted), len(new), len(changed))
    if not dry_run:
        RoleSkill.objects.bulk_create(new, batch_size=BATCH)
        RoleSkill.objects.bulk_update(changed, ["level", "importance"], batch_size=BATCH)


def _target(
    line: Line, roles: Mapping[str, int], skills: Mapping[str, int]
) -> tuple[tuple[int, int], tuple[float, float]] | str:
    """The pair of ids with level (0 to 5) and importance, or what is wrong with the line."""
    role, skill = roles.get(line.cells["code"]), skills.get(line.cells["skill_id"])
    if role is None:
        return _("This job role is not in roles.csv.")
    if skill is None:
        return _("This skill is not in skills.csv.")
    level = _number(line.cells.get("level", ""), 0, SOURCE_TOP_LEVEL)
    importance = _number(line.cells.get("importance", ""), 1, 5)
    if isinstance(level, str) or isinstance(importance, str):
        return _("Levels run from 0 to 7 and importance from 1 to 5.")
    stretched = NO_LEVEL if level is None else round(level / SOURCE_TOP_LEVEL * TOP_LEVEL, 2)
    return (role, skill), (stretched, NO_IMPORTANCE if importance is None else importance)


def _number(text: str, low: float, high: float) -> float | str | None:
    """The number, None for an empty cell, or the text when it is no number in the range."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    return value if low <= value <= high else text


def _report_counts(report: Intake, kind: str, wanted: int, new: int, changed: int) -> None:
    report.count(kind, "created", new)
    report.count(kind, "updated", changed)
    report.count(kind, "unchanged", wanted - new - changed)


# ---------------------------------------------------------------- reading files


def _proper(folder: Path, name: str, needed: Sequence[str], report: Intake, kind: str) -> Iterator[Line]:
    """The lines of a file that name something once; the others are refused."""
    code, title = needed
    longest = LONGEST_CODE[name]
    seen: dict[str, int] = {}
    for line in _lines(folder, name, needed):
        reason = _wrong_name(line, code, title, longest, seen)
        if reason:
            report.refuse(kind, line.where, line.cells[code], reason)
            continue
        seen[line.cells[code]] = line.number
        yield line


def _wrong_name(line: Line, code: str, title: str, longest: int, seen: Mapping[str, int]) -> str:
    if not line.cells[code] or not line.cells[title]:
        return _("Give it both a %(code)s and a %(title)s.") % {"code": code, "title": title}
    if len(line.cells[code]) > longest or len(line.cells[title]) > LONGEST_NAME:
        return _("A code has at most %(code)d characters and a name at most %(name)d.") % {
            "code": longest, "name": LONGEST_NAME
        }  # fmt: skip
    if line.cells[code] in seen:
        return _("This code stands in line %(n)d already.") % {"n": seen[line.cells[code]]}
    return ""


def _find(folder: Path, name: str) -> Path | None:
    return next((path for end in (".csv", ".csv.gz") if (path := folder / f"{name}{end}").is_file()), None)


def _lines(folder: Path, name: str, needed: Sequence[str]) -> Iterator[Line]:
    path = _find(folder, name)
    if path is None:
        raise CatalogueError(_("%(folder)s has no %(name)s.csv.") % {"folder": folder, "name": name})
    reader = csv.DictReader(io.StringIO(_text(path)))
    missing = set(needed) - set(reader.fieldnames or ())
    if missing:
        raise CatalogueError(
            _("%(file)s has no column “%(column)s”.") % {"file": path.name, "column": sorted(missing)[0]}
        )
    try:
        for row in reader:
            yield Line(path.name, reader.line_num, _cells(row))
    except csv.Error as error:
        raise CatalogueError(f"{path.name}, line {reader.line_num}: {error}") from None


def _cells(row: Mapping[Any, Any]) -> dict[str, str]:
    """Cells by column; what stands beyond the columns is dropped, what is missing is empty."""
    return {name: (value or "").replace("\0", "").strip() for name, value in row.items() if isinstance(name, str)}


def _text(path: Path) -> str:
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, EOFError) as error:
        raise CatalogueError(_("%(file)s can't be read: %(error)s") % {"file": path.name, "error": error}) from None
    if len(raw) > MOST_BYTES:
        raise CatalogueError(_("%(file)s is too large.") % {"file": path.name})
    try:
        return str(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise CatalogueError(_("%(file)s is not UTF-8 text. Save it as UTF-8.") % {"file": path.name}) from None
