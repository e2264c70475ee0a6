"""Making the ledger match what is planned: many people, one statement per thousand of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from lxp.messaging.categories import category
from lxp.messaging.models import NO_LONGER_NEEDED, Channel
from lxp.messaging.plan import PlannedMessage
from lxp.tenancy import current_id

POSTPONED = "Postponed"
"""How `because` begins when delivery moved a message on; a plan whose moment has passed leaves that alone."""

BY_HAND = "~"
"""In the suffix of a message that somebody sent again by hand: it belongs to no plan, so no plan takes it back."""

_CHUNK = 1000


@dataclass(frozen=True)
class Member:
    """One recipient of a plan. `scope` ("enrolment:12") belongs to one recipient; `plan` is its plan's number."""

    recipient_id: int
    scope: str
    plan: int = 0


@dataclass(frozen=True)
class SyncResult:
    """What changed: promised (or promised again), moved or reworded, taken back."""

    added: int = 0
    moved: int = 0
    suppressed: int = 0

    def __add__(self, other: SyncResult) -> SyncResult:
        return SyncResult(self.added + other.added, self.moved + other.moved, self.suppressed + other.suppressed)


@transaction.atomic
def sync_planned(
    *,
    members: Sequence[Member],
    plans: Mapping[int, Sequence[PlannedMessage]],
    kinds: Collection[str],
    at: datetime,
) -> SyncResult:
    """Make the promises of these members' scopes equal their plans. Running it twice changes nothing.

    People with equal plans share one number; an empty or missing plan takes everything back. `kinds` are all the
    kinds this planner may plan: other messages of the same scopes are left alone. What has gone out, came back,
    failed or was withheld by choice is history and stays; so does what a worker holds at this moment, because it
    asks again right before sending.

    Three small queries per thousand members, whatever the number of messages. Raises ValueError for a plan that
    contradicts itself: an unknown category, a kind outside `kinds`, one key twice, a moment without a zone.
    """
    _check_members(members)
    _check_plans(plans, frozenset(kinds))
    encoded = _Encoded(plans)
    result = SyncResult()
    for chunk in _chunks(members):
        with connection.cursor() as cursor, _hash_joins(cursor):
            cursor.execute(_SYNC, encoded.parameters(chunk) | {"kinds": list(kinds), "at": at})
            result += SyncResult(*cursor.fetchone())
    return result


@transaction.atomic
def promise(*, members: Sequence[Member], message: PlannedMessage, at: datetime) -> int:
    """Promise one message to many people, once: who has it already (sent or not) keeps it as it is.

    For what happens once and is in nobody's plan, such as a session that moved. Returns how many are new.
    `Member.plan` plays no part.
    """
    _check_members(members)
    _check_plans({0: [message]}, frozenset([message.kind]))
    encoded = _Encoded({0: [message]})
    added = 0
    for chunk in _chunks([Member(member.recipient_id, member.scope) for member in members]):
        with connection.cursor() as cursor, _hash_joins(cursor):
            cursor.execute(_PROMISE, encoded.parameters(chunk) | {"at": at})
            added += cursor.rowcount
    return added


def _check_members(members: Sequence[Member]) -> None:
    scopes = {member.scope for member in members}
    if len(scopes) != len(members):
        raise ValueError("A scope stands for one recipient; some of these members share theirs.")


def _check_plans(plans: Mapping[int, Sequence[PlannedMessage]], kinds: frozenset[str]) -> None:
    for number, plan in plans.items():
        keys = set()
        for message in plan:
            _check(message, kinds)
            keys.add((message.suffix, message.about_at))
        if len(keys) != len(plan):
            raise ValueError(f"Plan {number} promises the same message (suffix, about_at) twice.")


def _check(message: PlannedMessage, kinds: frozenset[str]) -> None:
    category(message.category)
    Channel(message.channel)
    if BY_HAND in message.suffix:
        raise ValueError(f"{message.suffix}: {BY_HAND!r} marks messages that were sent again by hand.")
    if message.kind not in kinds:
        raise ValueError(f"{message.suffix}: its kind {message.kind!r} is not among the kinds of this sync.")
    for moment in (message.due_at, message.about_at):
        if moment is not None and moment.tzinfo is None:
            raise ValueError(f"{message.suffix}: {moment} has no zone; plan in aware UTC.")


def _chunks(members: Sequence[Member]) -> Iterator[Sequence[Member]]:
    # In the order of scopes, so that two syncs of the same people lock rows in the same order.
    ordered = sorted(members, key=lambda member: member.scope)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


class _hash_joins:
    """The parameters are joined by hash, in memory: the planner takes JSON for a hundred rows and would loop over thousands."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor

    def __enter__(self) -> None:
        self.cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")

    def __exit__(self, kind: Any, *_: object) -> None:
        if kind is None:  # a failed transaction has no settings left to put back
            self.cursor.execute("SET LOCAL enable_nestloop = on; SET LOCAL work_mem TO DEFAULT")


class _Encoded:
    """Plans as JSON, written once however many chunks use them."""

    def __init__(self, plans: Mapping[int, Sequence[PlannedMessage]]) -> None:
        self._plans = plans
        self._rows: dict[int, str] = {}

    def parameters(self, members: Sequence[Member]) -> dict[str, Any]:
        used = [rows for number in {member.plan for member in members} if (rows := self._plan(number))]
        return {
            "organisation": current_id(),
            "members": json.dumps([{"r": m.recipient_id, "s": m.scope, "p": m.plan} for m in members]),
            "planned": f"[{','.join(used)}]",
        }

    def _plan(self, number: int) -> str:
        if number not in self._rows:
            rows = (json.dumps(_row(number, message)) for message in self._plans.get(number, ()))
            self._rows[number] = ",".join(rows)
        return self._rows[number]


def _row(number: int, message: PlannedMessage) -> dict[str, Any]:
    return {
        "plan": number,
        "suffix": message.suffix,
        "kind": message.kind,
        "category": message.category,
        "mandatory": message.mandatory,
        "channel": str(message.channel),
        "subject_id": message.subject_id,
        "params": message.params,
        "reason": message.reason,
        "due_at": message.due_at.isoformat(),
        "about_at": message.about_at and message.about_at.isoformat(),
    }


# What a worker holds right now: a lease that still runs, and no note of a failed try (then it only waits).
_HELD = "({row}.lease_until > %(at)s AND {row}.because = '')"

_WANTED = """
members AS MATERIALIZED (
    SELECT r AS recipient_id, s AS scope, p AS plan
    FROM json_to_recordset(%(members)s::json) AS given(r bigint, s text, p integer)
), planned AS MATERIALIZED (
    SELECT *, coalesce(about_at, '-infinity') AS about_key
    FROM json_to_recordset(%(planned)s::json) AS given(
        plan integer, suffix text, kind text, category text, mandatory boolean, channel text, subject_id bigint,
        params jsonb, reason text, due_at timestamptz, about_at timestamptz)
), wanted AS MATERIALIZED (
    SELECT * FROM members JOIN planned USING (plan)
)"""

_INSERT = """
INSERT INTO lxp_message (
    organisation_id, recipient_id, scope, suffix, about_at, kind, category, mandatory, channel, subject_id, params,
    reason, due_at, planned_at, state, because, attempts, title, body, url)
SELECT %(organisation)s, recipient_id, scope, suffix, about_at, kind, category, mandatory, channel, subject_id, params,
    reason, due_at, %(at)s, 'planned', '', 0, '', '', ''"""

# Every look at the ledger goes through its keys, so that it reads these people's rows and never the whole table. A list
# that the planner can't count keeps it on the index: counted, a thousand keys look dearer than all rows of a tenant
# whose statistics are old.
_OURS = "{row}.organisation_id = %(organisation)s AND {row}.scope = ANY(ARRAY(SELECT scope FROM members))"
_THESE = "{row}.id = ANY(ARRAY(SELECT id FROM {among}))"

_PROMISE = f"""
WITH {_WANTED}
{_INSERT} FROM wanted
ON CONFLICT DO NOTHING"""

_SYNC = f"""
WITH {_WANTED}, existing AS MATERIALIZED (
    SELECT row.id, row.scope, row.suffix, row.kind, row.category, row.mandatory, row.channel, row.subject_id,
        row.params, row.reason, row.due_at, coalesce(row.about_at, '-infinity') AS about_key,
        row.state = 'planned' AND {_HELD.format(row="row")} IS NOT TRUE AS free,
        row.state = 'suppressed' AND row.because = '{NO_LONGER_NEEDED}' AS taken_back,
        row.because LIKE '{POSTPONED}%%' AS postponed
    FROM lxp_message row
    WHERE {_OURS.format(row="row")}
), matched AS MATERIALIZED (
    SELECT wanted.*, existing.id, existing.taken_back,
        existing.taken_back OR (existing.free AND (
            (existing.due_at <> wanted.due_at AND NOT (existing.postponed AND wanted.due_at <= %(at)s))
            OR existing.kind <> wanted.kind OR existing.category <> wanted.category
            OR existing.mandatory <> wanted.mandatory OR existing.channel <> wanted.channel
            OR existing.subject_id IS DISTINCT FROM wanted.subject_id
            OR existing.params <> wanted.params OR existing.reason <> wanted.reason)) AS differs
    FROM wanted LEFT JOIN existing USING (scope, suffix, about_key)
), unwanted AS MATERIALIZED (
    SELECT existing.id, existing.scope, existing.suffix,
        row_number() OVER (PARTITION BY scope, suffix ORDER BY about_key) AS place
    FROM existing LEFT JOIN wanted USING (scope, suffix, about_key)
    WHERE wanted.plan IS NULL AND existing.free AND existing.kind = ANY(%(kinds)s)
        AND strpos(existing.suffix, '{BY_HAND}') = 0
), absent AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY scope, suffix ORDER BY about_key) AS place
    FROM matched WHERE id IS NULL
), placed AS MATERIALIZED (
    SELECT absent.*, unwanted.id AS moved_id FROM absent LEFT JOIN unwanted USING (scope, suffix, place)
), target AS MATERIALIZED (
    SELECT moved_id AS id, false AS again, about_at, kind, category, mandatory, channel, subject_id, params, reason,
        due_at FROM placed WHERE moved_id IS NOT NULL
    UNION ALL
    SELECT id, taken_back, about_at, kind, category, mandatory, channel, subject_id, params, reason, due_at
    FROM matched WHERE differs
), gone AS MATERIALIZED (
    SELECT unwanted.id FROM unwanted LEFT JOIN placed ON placed.moved_id = unwanted.id WHERE placed.plan IS NULL
), changed AS (
    UPDATE lxp_message row SET about_at = target.about_at, kind = target.kind, category = target.category,
        mandatory = target.mandatory, channel = target.channel, subject_id = target.subject_id,
        params = target.params, reason = target.reason, due_at = target.due_at, planned_at = %(at)s,
        state = 'planned', because = '', settled_at = NULL, lease_until = NULL, attempts = 0
    FROM target
    WHERE row.id = target.id AND {_THESE.format(row="row", among="target")} AND row.state IN ('planned', 'suppressed')
        AND {_HELD.format(row="row")} IS NOT TRUE
    RETURNING target.again
), dropped AS (
    UPDATE lxp_message row SET state = 'suppressed', because = '{NO_LONGER_NEEDED}', settled_at = %(at)s,
        lease_until = NULL
    FROM gone
    WHERE row.id = gone.id AND {_THESE.format(row="row", among="gone")} AND row.state IN ('planned', 'suppressed')
        AND {_HELD.format(row="row")} IS NOT TRUE
    RETURNING row.id
), added AS (
    {_INSERT} FROM placed WHERE moved_id IS NULL
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT (SELECT count(*) FROM added) + count(*) FILTER (WHERE again), count(*) FILTER (WHERE NOT again),
    (SELECT count(*) FROM dropped)
FROM changed"""
