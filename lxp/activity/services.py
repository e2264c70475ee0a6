"""Writing the learner record: statements are appended, the daily roll-up follows in the same SQL statement.

The audit of learning time (spec F68) reads `DailyActivity`, so both are written together or not at all.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from lxp.tenancy import current_id


@dataclass(frozen=True)
class Experience:
    """One thing somebody experienced, in xAPI's words (actor, verb, object, result, context).

    `seconds` is active learning time that this statement adds to the day. `id` makes recording idempotent: the same
    id is stored once. `at` is aware; its UTC day is the day of the roll-up.
    """

    actor_id: int
    verb: str
    object_type: str
    object_id: str
    at: datetime
    object_name: str = ""
    registration: UUID | None = None
    result: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    seconds: int = 0
    id: UUID | None = None


def record_statement(
    *,
    actor_id: int,
    verb: str,
    object_type: str,
    object_id: str | int,
    at: datetime,
    object_name: str = "",
    registration: UUID | None = None,
    result: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
    seconds: int = 0,
    id: UUID | None = None,
) -> UUID:
    """Append one statement and count it in the day. Returns its id. One query."""
    statement_id = id or uuid.uuid4()
    record_statements([
        Experience(
            id=statement_id, actor_id=actor_id, verb=verb, object_type=object_type, object_id=str(object_id),
            object_name=object_name, registration=registration, result=result or {}, context=context or {},
            seconds=seconds, at=at,
        )
    ])  # fmt: skip
    return statement_id


_RECORD = """
WITH given AS (
    SELECT * FROM json_to_recordset(%s::json) AS x(
        id uuid, actor_id bigint, verb varchar, object_type varchar, object_id varchar, object_name varchar,
        registration uuid, result jsonb, context jsonb, at timestamptz, seconds int)
), added AS (
    INSERT INTO lxp_statement (id, organisation_id, actor_id, verb, object_type, object_id, object_name,
                               registration, result, context, at)
    SELECT id, %s, actor_id, verb, object_type, object_id, object_name, registration, result, context, at FROM given
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), counted AS (
    INSERT INTO lxp_dailyactivity AS daily (organisation_id, actor_id, day, registration, statements, seconds)
    SELECT %s, actor_id, (at AT TIME ZONE 'UTC')::date, registration, count(*), sum(seconds)
    FROM given JOIN added USING (id)
    GROUP BY 2, 3, 4 ORDER BY 2, 3, 4
    ON CONFLICT (organisation_id, actor_id, day, registration)
    DO UPDATE SET statements = daily.statements + excluded.statements, seconds = daily.seconds + excluded.seconds
)
SELECT count(*) FROM added
"""


def record_statements(experiences: Sequence[Experience]) -> int:
    """Append many statements of the organisation in scope; ids that are there already are left as they are.

    One query however many, and so all or nothing. Rows of the roll-up are taken in a fixed order, so that two writers never wait for each
    other in a circle. Returns how many were new.
    """
    if not experiences:
        return 0
    rows = [
        {
            "id": str(e.id or uuid.uuid4()), "actor_id": e.actor_id, "verb": e.verb, "object_type": e.object_type,
            "object_id": e.object_id, "object_name": e.object_name[:300],
            "registration": str(e.registration) if e.registration else None,
            "result": e.result, "context": e.context, "at": e.at.isoformat(), "seconds": max(0, e.seconds),
        }
        for e in experiences
    ]  # fmt: skip
    organisation = current_id()
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [json.dumps(rows), organisation, organisation])
        return int(cursor.fetchone()[0])


_ADD_SECONDS = """
INSERT INTO lxp_dailyactivity AS daily (organisation_id, actor_id, day, registration, statements, seconds)
VALUES (%s, %s, (%s::timestamptz AT TIME ZONE 'UTC')::date, %s, 0, %s)
ON CONFLICT (organisation_id, actor_id, day, registration) DO UPDATE SET seconds = daily.seconds + excluded.seconds
"""


def add_seconds(*, actor_id: int, registration: UUID | None, seconds: int, at: datetime) -> None:
    """Add active learning time to a day without a statement (the player saves every few seconds). One query."""
    if seconds <= 0:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ADD_SECONDS, [current_id(), actor_id, at, str(registration) if registration else None, seconds])
