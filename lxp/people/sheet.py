"""A file of people as text, turned into rows by line number. What the values mean is decided elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

MOST_ROWS = 20_000
MOST_BYTES = 5_000_000

ATTRIBUTE = "attributes."

COLUMNS = (
    "email", "name", "external_id", "job_role", "team", "manager", "roles", "zone", "locale", "place", "hired_on", "status",
)  # fmt: skip

ALIASES = {
    "e_mail": "email", "mail": "email", "email_address": "email",
    "full_name": "name", "display_name": "name",
    "employee_id": "external_id", "employee_number": "external_id", "hr_id": "external_id",
    "job": "job_role", "job_role_code": "job_role",
    "team_slug": "team", "department": "team",
    "manager_email": "manager", "reports_to": "manager",
    "role": "roles",
    "time_zone": "zone", "timezone": "zone",
    "language": "locale",
    "location": "place", "office": "place",
    "hire_date": "hired_on", "start_date": "hired_on", "hired": "hired_on",
}  # fmt: skip
"""What other systems call these columns."""


class SheetError(ValueError):
    """The file as a whole can't be read; the text says what to do."""


@dataclass(frozen=True)
class Row:
    """One line of the file. `cells` by column name, stripped; columns the line doesn't fill are empty."""

    line: int
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """The file: known columns in their order, and its rows."""

    columns: Sequence[str]
    rows: Sequence[Row]


def decode(raw: bytes) -> str:
    """The file's text. Raises SheetError for what isn't UTF-8 text of a sensible size."""
    if len(raw) > MOST_BYTES:
        raise SheetError(_("The file is larger than %(most)d MB. Split it.") % {"most": MOST_BYTES // 1_000_000})
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SheetError(_("The file is not UTF-8 text. Save it as “CSV UTF-8” and try again.")) from None
    if "\x00" in text:
        raise SheetError(_("This is not a text file. Save the table as “CSV UTF-8” and try again."))
    return text


def read(text: str) -> Sheet:
    """The rows of a comma-, semicolon- or tab-separated file with a heading. Raises SheetError."""
    lines = text.lstrip("\ufeff")
    heading = lines.split("\n", 1)[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        columns = _columns(next(reader, []))
        rows = list(_rows(reader, columns))
    except csv.Error as error:
        raise SheetError(
            _("Line %(line)d: %(error)s. Is a quotation mark missing?") % {"line": reader.line_num, "error": error}
        ) from None
    if not rows:
        raise SheetError(_("The file has a heading and nobody below it."))
    return Sheet(columns, rows)


def _columns(heading: Sequence[str]) -> list[str]:
    columns = [_column(cell) for cell in heading]
    if "email" not in columns:
        raise SheetError(
            _("The first line must name the columns, and one of them must be email. There can be: %(columns)s.")
            % {"columns": ", ".join(COLUMNS)}
        )
    if unknown := [cell for cell, column in zip(heading, columns, strict=True) if column is None]:
        raise SheetError(
            _("There is no column “%(name)s”. Take it out, or call it attributes.%(name)s to keep it.")
            % {"name": unknown[0][:60].strip()}
        )
    named = [column for column in columns if column is not None]
    if double := next((column for column in named if named.count(column) > 1), None):
        raise SheetError(_("Two columns mean %(name)s. Keep one of them.") % {"name": double})
    return named


def _column(cell: str) -> str | None:
    text = cell.strip()
    if text.lower().startswith(ATTRIBUTE) and len(text) > len(ATTRIBUTE):
        return ATTRIBUTE + text[len(ATTRIBUTE) :]
    key = text.lower().replace(" ", "_").replace("-", "_")
    key = ALIASES.get(key, key)
    return key if key in COLUMNS else None


def _rows(reader: Any, columns: Sequence[str]) -> list[Row]:
    rows = []
    before = reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns):
            raise SheetError(
                _("Line %(line)d has %(n)d values for %(columns)d columns. Put texts that hold a comma in quotes.")
                % {"line": line, "n": len(cells), "columns": len(columns)}
            )
        padded = [*cells, *[""] * (len(columns) - len(cells))]
        rows.append(Row(line, {column: cell.strip() for column, cell in zip(columns, padded, strict=True)}))
        if len(rows) > MOST_ROWS:
            raise SheetError(_("More than %(most)d people. Split the file.") % {"most": MOST_ROWS})
    return rows
