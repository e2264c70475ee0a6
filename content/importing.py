"""Bringing in a library: one JSON object per line, as content systems export them (format in docs/importing.md).

Ids of the source are kept as `external_id`, so that bringing the same file in again changes nothing, and a changed row
becomes a new version of its item. Rows are written in batches, each in its own transaction: an import that was
interrupted goes on where it stopped when it is run again. A bad row is refused with its reason and stops nobody else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from content import queries, services
from content.kinds import KINDS, kind_of
from content.models import ContentItem, ItemState
from lxp.intake import Intake
from lxp.people.models import User

KINDS_ELSEWHERE = {"reading": "article", "text": "article", "page": "article", "test": "quiz", "assessment": "quiz"}
"""What other systems call our kinds."""

LONGEST_LINE = 5_000_000
BATCH = 25
REVIEW_AFTER = timedelta(days=365)


@dataclass(frozen=True)
class Row:
    """One row that could be read. `about` holds what stands around the text, as `create_item` takes it."""

    line: int
    external_id: str
    kind: str
    title: str
    body: dict[str, Any]
    about: dict[str, Any] = field(default_factory=dict)
    minutes: int | None = None


class RowError(ValueError):
    """A row can't be taken; the text says why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


def import_library(
    lines: Iterable[str],
    *,
    by: User | None,
    at: datetime,
    owner: User | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda number: None,
) -> Intake:
    """Make the library of the organisation in scope hold what the lines say; nothing is removed.

    New items are published at once, kept by `owner` and to be looked at again in a year. `progress` is told the number
    of lines done. With `dry_run` the same report is made and nothing is written.
    """
    report, kind = Intake(), _("Items")
    for number, batch in _batches(_rows(lines, report, kind)):
        with transaction.atomic():
            known = queries.external_items(row.external_id for row in batch)
            for row in batch:
                try:
                    with transaction.atomic():
                        verb = _take(row, known.get(row.external_id), by=by, at=at, owner=owner, dry_run=dry_run)
                except (RowError, ValidationError) as error:
                    report.refuse(kind, _line(row.line), row.external_id, _reason(error))
                else:
                    report.count(kind, verb)
        progress(number)
    return report


# ---------------------------------------------------------------- one row


def _take(
    row: Row, item: ContentItem | None, *, by: User | None, at: datetime, owner: User | None, dry_run: bool
) -> str:
    """Create, update or leave one item; the verb for the report. Raises RowError or ValidationError."""
    cleaned = kind_of(row.kind).clean_body(row.body)
    if item is None:
        if not dry_run:
            review_by = (at + REVIEW_AFTER).date()
            item = services.create_item(
                kind=row.kind, title=row.title, external_id=row.external_id, body=cleaned, minutes=row.minutes,
                owner=owner, review_by=review_by, by=by, at=at, **row.about,
            )  # fmt: skip
            services.publish_item(item=item, by=by, at=at)
        return "created"
    if item.kind != row.kind:
        raise RowError(row.title, _("It is of another kind here (%(kind)s).") % {"kind": item.kind})
    if item.state == ItemState.RETIRED:
        raise RowError(row.title, _("It was retired here. Restore it first if it is wanted again."))
    about = {name: value for name, value in row.about.items() if getattr(item, name) != value}
    new_text = item.current is None or item.current.body != cleaned or item.current.title != row.title
    if not about and not new_text:
        return "unchanged"
    if new_text and queries.draft_of(item) is not None:
        raise RowError(row.title, _("Somebody is writing a new version here. Publish it or throw it away first."))
    if not dry_run:
        if about:
            services.update_item(item=item, by=by, at=at, **about)
        if new_text:
            services.save_draft(item=item, body=cleaned, title=row.title, minutes=row.minutes, by=by, at=at)
            services.publish_item(item=item, by=by, at=at)
    return "updated"


# ---------------------------------------------------------------- reading


def _batches(rows: Iterator[Row]) -> Iterator[tuple[int, list[Row]]]:
    """Rows in lots of BATCH, with the number of the last line."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield row.line, batch
            batch = []
    if batch:
        yield batch[-1].line, batch


def _rows(lines: Iterable[str], report: Intake, kind: str) -> Iterator[Row]:
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = read_row(number, line)
            if row.external_id in seen:
                raise RowError(
                    row.external_id, _("This id stands in line %(n)d already.") % {"n": seen[row.external_id]}
                )
        except RowError as error:
            report.refuse(kind, _line(number), error.name, str(error))
            continue
        seen[row.external_id] = number
        yield row


def read_row(number: int, line: str) -> Row:
    """A line as a row. Raises RowError that says what is wrong with it."""
    if len(line) > LONGEST_LINE:
        raise RowError("", _("This line is longer than %(n)d characters.") % {"n": LONGEST_LINE})
    try:
        data = json.loads(line)
    except ValueError as error:
        raise RowError("", _("This is not JSON: %(error)s") % {"error": error}) from None
    if not isinstance(data, dict):
        raise RowError("", _("Each line must be a JSON object."))
    external_id = _text(data, "id", 200, required=True)
    kind = _text(data, "kind", 40) or "article"
    kind = KINDS_ELSEWHERE.get(kind, kind)
    if kind not in KINDS:
        known = ", ".join(sorted([*KINDS, *KINDS_ELSEWHERE]))
        raise RowError(external_id, _("“%(kind)s” is not a kind. Known: %(known)s.") % {"kind": kind, "known": known})
    body = data.get("body")
    return Row(
        line=number,
        external_id=external_id,
        kind=kind,
        title=_text(data, "title", 200, required=True),
        body=body if isinstance(body, dict) else {"text": _text(data, "body", LONGEST_LINE, required=True)},
        about={
            "summary": _text(data, "summary", 2000),
            "language": _text(data, "language", 12) or "en",
            "tags": _tags(data),
            "source": _source(data),
        },
        minutes=_minutes(data),
    )


def _text(data: Mapping[str, Any], name: str, limit: int, *, required: bool = False) -> str:
    value = data.get(name)
    value = "" if value is None else str(value) if isinstance(value, int | float) else value
    shown = str(data.get("id", ""))[:80]
    if not isinstance(value, str):
        raise RowError(shown, _("“%(name)s” must be text.") % {"name": name})
    value = value.replace("\0", "").strip()
    if required and not value:
        raise RowError(shown, _("“%(name)s” is missing.") % {"name": name})
    if len(value) > limit:
        raise RowError(shown, _("“%(name)s” has more than %(n)d characters.") % {"name": name, "n": limit})
    return value


def _tags(data: Mapping[str, Any]) -> list[str]:
    given = data.get("tags", [])
    if not isinstance(given, list) or not all(isinstance(tag, str) for tag in given):
        raise RowError(str(data.get("id", ""))[:80], _("“tags” must be a list of texts."))
    tags = [tag.lower().strip() for tag in (*given, _text(data, "collection", 60)) if tag.strip()]
    return list(dict.fromkeys(" ".join(tag.split()) for tag in tags))


def _source(data: Mapping[str, Any]) -> str:
    parts = (_text(data, "source", 250), _text(data, "licence", 80) or _text(data, "license", 80))
    return ", ".join(part for part in parts if part)[:300]


def _minutes(data: Mapping[str, Any]) -> int | None:
    value = data.get("minutes")
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 600:
        raise RowError(str(data.get("id", ""))[:80], _("“minutes” must be a number from 1 to 600."))
    return round(value)


def _line(number: int) -> str:
    return _("line %(n)d") % {"n": number}


def _reason(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
