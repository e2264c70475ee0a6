"""A file of people: looked at first, then applied all at once, and undoable for thirty days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lxp.events import record_many
from lxp.people import queries
from lxp.people.events import PersonChanged
from lxp.people.importing import SHARED, Facts, ImportPlan, Outcome, plan_import
from lxp.people.models import JobRole, Membership, Organisation, PeopleImport, Team, User
from lxp.people.sheet import Sheet, SheetError, read
from lxp.tenancy import current_id

UNDO_FOR = timedelta(days=30)

_COLUMNS = {"team": "team_id", "job_role": "job_role_id", "manager": "manager_id"}


def preview(text: str) -> ImportPlan:
    """What a file would do, row by row. Nine queries, however many rows. Raises ValidationError for an unreadable one."""
    sheet = _sheet(text)
    return plan_import(sheet, _facts(sheet))


def start_import(*, name: str, text: str, by: User | None, at: datetime) -> PeopleImport:
    """Keep a readable file for a look before it is applied. Raises ValidationError for an unreadable one."""
    _sheet(text)
    return PeopleImport.objects.create(
        name=name.replace("\x00", "")[:200] or "people.csv", text=text, by=by, created_at=at
    )


@transaction.atomic
def apply_import(*, entry: PeopleImport, leave_out_refused: bool, by: User | None, at: datetime) -> ImportPlan:
    """Make a kept file true: compared again with what is known now, and written all at once or not at all.

    With refused rows nothing is written unless `leave_out_refused`. Raises ValidationError, also when it was applied
    before. Everybody whose facts changed is announced.
    """
    # One at a time in an organisation: what is compared must still hold when it is written.
    Organisation.objects.select_for_update().get(pk=current_id())
    list(Membership.objects.select_for_update().values_list("pk"))
    locked = PeopleImport.objects.select_for_update().get(pk=entry.pk)
    if locked.applied_at is not None:
        raise ValidationError(_("This file has been imported already."))
    plan = preview(locked.text)
    if plan.refused and not leave_out_refused:
        raise ValidationError(_not_yet(plan))
    locked.effect = _write(plan.doing, by=by, at=at)
    locked.applied_at, locked.text = at, ""
    locked.save(update_fields=["effect", "applied_at", "text"])
    entry.applied_at, entry.effect, entry.text = locked.applied_at, locked.effect, ""
    return plan


@transaction.atomic
def import_people(*, name: str, text: str, leave_out_refused: bool, by: User | None, at: datetime) -> ImportPlan:
    """Start and apply in one go, as a command does. Raises ValidationError; then nothing is left behind."""
    entry = start_import(name=name, text=text, by=by, at=at)
    return apply_import(entry=entry, leave_out_refused=leave_out_refused, by=by, at=at)


@transaction.atomic
def undo_import(*, entry: PeopleImport, by: User | None, at: datetime) -> int:
    """Take an import back: who was new leaves again, what was changed becomes what it was, unless it changed since.

    Returns how many people it touched. Raises ValidationError after thirty days, and when there is nothing to undo.
    """
    locked = PeopleImport.objects.select_for_update().get(pk=entry.pk)
    if locked.applied_at is None or locked.undone_at is not None:
        raise ValidationError(_("There is nothing to undo any more."))
    if at - locked.applied_at > UNDO_FOR:
        raise ValidationError(_("This was more than thirty days ago. Import a corrected file instead."))
    touched = _restore(locked.effect, by=by, at=at)
    locked.undone_at, locked.effect = at, {}
    locked.save(update_fields=["undone_at", "effect"])
    entry.undone_at = at
    return touched


# ---------------------------------------------------------------- looking


def _sheet(text: str) -> Sheet:
    try:
        return read(text)
    except SheetError as error:
        raise ValidationError({"file": [str(error)]}) from None


def _facts(sheet: Sheet) -> Facts:
    emails = {row.cells["email"] for row in sheet.rows}
    mentioned = emails | {row.cells["manager"] for row in sheet.rows if row.cells.get("manager")}
    ids = {row.cells["external_id"] for row in sheet.rows if row.cells.get("external_id")}
    by_email = queries.memberships_by_email(mentioned)
    by_external_id = queries.memberships_by_external_id(ids)
    accounts = {email: user.pk for email, user in queries.users_by_email(emails).items()}
    organisation = queries.organisation_in_scope()
    return Facts(
        by_email=by_email,
        by_external_id=by_external_id,
        accounts=accounts,
        elsewhere=frozenset(queries.works_elsewhere(set(accounts.values()))),
        managers={email: row.user_id for email, row in by_email.items() if row.is_active},
        reports_to=queries.manager_links(),
        teams=dict(Team.objects.values_list("slug", "pk")),
        job_roles=dict(JobRole.objects.values_list("code", "pk")),
        zone=organisation.zone,
        locale=settings.LANGUAGE_CODE,
    )


def _not_yet(plan: ImportPlan) -> list[str]:
    n = len(plan.refused)
    first = ngettext(
        "%(n)d row can’t be imported, so nothing was. Correct it, or leave it out.",
        "%(n)d rows can’t be imported, so nothing was. Correct them, or leave them out.", n,
    ) % {"n": n}  # fmt: skip
    return [
        first,
        *(_("Line %(line)d: %(why)s") % {"line": row.line, "why": " ".join(row.errors)} for row in plan.refused[:50]),
    ]


# ---------------------------------------------------------------- writing, in bulk


def _write(rows: Sequence[Outcome], *, by: User | None, at: datetime) -> dict[str, Any]:
    """Write what rows do; returns what undoing needs."""
    ids = _accounts(rows)
    new = [_new_membership(row, ids, at) for row in rows if row.verb == "new"]
    Membership.objects.bulk_create(new, batch_size=1000)
    before = {row.membership.pk: _change(row, ids, at) for row in rows if row.membership is not None}
    _save(
        [row.membership for row in rows if row.membership is not None],
        [
            row.membership.user
            for row in rows
            if row.membership is not None and not row.values.keys().isdisjoint(SHARED)
        ],
    )
    _keep_an_administrator()
    changed = [PersonChanged(user_id=membership.user_id, changed=["joined"]) for membership in new]
    for row in rows:
        if row.membership is not None:
            names = [*row.values, *(["is_active"] if row.verb in ("back", "leave") else [])]
            changed.append(PersonChanged(user_id=row.membership.user_id, changed=names))
    record_many(changed, by=by, at=at)
    return {"created": [membership.pk for membership in new], "changed": {str(pk): undo for pk, undo in before.items()}}


def _accounts(rows: Iterable[Outcome]) -> dict[str, int]:
    """User ids by lower-cased e-mail for everybody the rows speak of, made where there is none yet."""
    new = [row for row in rows if row.verb == "new"]
    mentioned = {row.email for row in new} | {row.values["manager"] for row in rows if row.values.get("manager")}
    ids = {email: user.pk for email, user in queries.users_by_email(mentioned).items()}
    password = make_password(None)  # nobody's: they choose one by mail
    made = User.objects.bulk_create(
        (
            User(
                email=row.values["email"], name=row.values["name"], zone=row.values["zone"],
                locale=row.values["locale"], password=password,
            )
            for row in new
            if row.email.lower() not in ids
        ),
        batch_size=1000,
    )  # fmt: skip
    return ids | {user.email.lower(): user.pk for user in made}


def _new_membership(row: Outcome, ids: dict[str, int], at: datetime) -> Membership:
    values = {
        _COLUMNS.get(name, name): _stored(name, value, ids) for name, value in row.values.items() if name not in SHARED
    }
    return Membership(
        organisation_id=current_id(), user_id=ids[row.email.lower()], created_at=at, updated_at=at, **values
    )


def _stored(name: str, value: Any, ids: dict[str, int]) -> Any:
    return (ids[value] if value else None) if name == "manager" else value


def _change(row: Outcome, ids: dict[str, int], at: datetime) -> dict[str, list[Any]]:
    """Set a row's values on its membership and user; returns before and after by column, as JSON takes them."""
    member = row.membership
    assert member is not None
    undo: dict[str, list[Any]] = {}
    wanted = {name: _stored(name, value, ids) for name, value in row.values.items()}
    if row.verb in ("back", "leave"):
        wanted |= {
            "is_active": row.verb == "back",
            "left_on": None if row.verb == "back" else at.astimezone(UTC).date(),
        }
    for name, value in wanted.items():
        target = member.user if name in SHARED else member
        column = _COLUMNS.get(name, name)
        undo[column] = [_json(getattr(target, column)), _json(value)]
        setattr(target, column, value)
    member.updated_at = at
    return undo


_MEMBER_COLUMNS = (
    "team_id", "job_role_id", "manager_id", "roles", "external_id", "place", "hired_on", "attributes", "is_active",
    "left_on", "updated_at",
)  # fmt: skip


def _save(members: Sequence[Membership], users: Sequence[User]) -> None:
    fields = [column.removesuffix("_id") if column in _COLUMNS.values() else column for column in _MEMBER_COLUMNS]
    # Rows that exist are written as "insert, on conflict update": bulk_update takes many times as long for thousands.
    Membership.objects.bulk_create(
        members, batch_size=1000, update_conflicts=True, unique_fields=["id"], update_fields=fields
    )
    User.objects.bulk_create(
        users, batch_size=1000, update_conflicts=True, unique_fields=["id"], update_fields=list(SHARED)
    )


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _keep_an_administrator() -> None:
    if not queries.count_administrators(besides=0):
        raise ValidationError(_("After this there would be no administrator left. Leave one in."))


# ---------------------------------------------------------------- taking it back


def _restore(effect: dict[str, Any], *, by: User | None, at: datetime) -> int:
    changed: dict[str, dict[str, list[Any]]] = effect.get("changed", {})
    ids = [*effect.get("created", []), *(int(pk) for pk in changed)]
    members = {
        row.pk: row
        for row in Membership.objects.select_for_update(of=("self",)).select_related("user").filter(pk__in=ids)
    }
    elsewhere = queries.works_elsewhere({row.user_id for row in members.values()})
    for pk in effect.get("created", []):
        if pk in members:
            members[pk].is_active, members[pk].left_on = False, at.astimezone(UTC).date()
    for pk, columns in changed.items():
        if int(pk) in members:
            _put_back(members[int(pk)], columns, shared=members[int(pk)].user_id in elsewhere)
    for member in members.values():
        member.updated_at = at
    users = [members[int(pk)].user for pk, columns in changed.items() if int(pk) in members and {*columns} & {*SHARED}]
    _save(_with_living_references(list(members.values())), users)
    _keep_an_administrator()
    record_many(
        [
            PersonChanged(user_id=row.user_id, changed=sorted(changed.get(str(row.pk), ["is_active"])))
            for row in members.values()
        ],
        by=by,
        at=at,
    )
    return len(members)


def _put_back(member: Membership, columns: dict[str, list[Any]], *, shared: bool) -> None:
    for column, (before, after) in columns.items():
        if column in SHARED and shared:
            continue
        target = member.user if column in SHARED else member
        if _json(getattr(target, column)) == after:
            setattr(
                target, column, date.fromisoformat(before) if column in ("hired_on", "left_on") and before else before
            )


def _with_living_references(members: list[Membership]) -> list[Membership]:
    """A team, job role or manager that is gone by now stays away."""
    for column, model in (("team_id", Team), ("job_role_id", JobRole), ("manager_id", User)):
        wanted = {getattr(member, column) for member in members} - {None}
        living = set(model._default_manager.filter(pk__in=wanted).values_list("pk", flat=True))
        for member in members:
            if getattr(member, column) not in living:
                setattr(member, column, None)
    return members
