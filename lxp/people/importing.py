"""What a file of people would do: each row compared with what is known, without writing anything and without a query.

`services.importing` loads the `Facts`, shows the plan, and makes it true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from lxp.people.fields import clean_value
from lxp.people.models import Membership, Role
from lxp.people.sheet import ATTRIBUTE, Row, Sheet

CLEAR = "-"
"""A cell with this empties the field; an empty cell leaves it."""

SHARED = ("name", "email", "zone", "locale")


@dataclass(frozen=True)
class Facts:
    """What rows are compared with. Members by lower-cased e-mail and by external id; names → ids of teams, job roles."""

    by_email: Mapping[str, Membership] = field(default_factory=dict)
    by_external_id: Mapping[str, Membership] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)
    elsewhere: frozenset[int] = frozenset()
    managers: Mapping[str, int] = field(default_factory=dict)
    reports_to: Mapping[int, int] = field(default_factory=dict)
    teams: Mapping[str, int] = field(default_factory=dict)
    job_roles: Mapping[str, int] = field(default_factory=dict)
    zone: str = "UTC"
    locale: str = "en-gb"


@dataclass
class Outcome:
    """What one row would do. `verb`: new, change, back, leave, same, refused. `values`: field → its value afterwards;
    `changes`: field → (before, after) as texts. A manager is held by e-mail, because they may be new as well."""

    line: int
    email: str
    name: str = ""
    verb: str = "same"
    membership: Membership | None = None
    values: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def refuse(self, text: str) -> None:
        self.errors.append(text)
        self.verb = "refused"


@dataclass(frozen=True)
class ImportPlan:
    """Every row with what it would do, in the file's order."""

    rows: Sequence[Outcome]

    def count(self, *verbs: str) -> int:
        return sum(row.verb in verbs for row in self.rows)

    @property
    def refused(self) -> list[Outcome]:
        return [row for row in self.rows if row.verb == "refused"]

    @property
    def doing(self) -> list[Outcome]:
        """Rows that change something."""
        return [row for row in self.rows if row.verb not in ("refused", "same")]


def plan_import(sheet: Sheet, facts: Facts) -> ImportPlan:
    """Compare a sheet with what is known."""
    rows = [_outcome(row, facts) for row in sheet.rows]
    _refuse_doubles(rows)
    _check_managers(rows, facts)
    return ImportPlan(rows)


# ---------------------------------------------------------------- one row


def _outcome(row: Row, facts: Facts) -> Outcome:
    email = row.cells["email"]
    found = Outcome(row.line, email, row.cells.get("name", ""))
    member = facts.by_external_id.get(row.cells.get("external_id", "")) or facts.by_email.get(email.lower())
    holder = facts.by_email.get(email.lower())
    if member is not None and holder is not None and holder.pk != member.pk:
        found.refuse(_("The id belongs to %(one)s, the e-mail to %(other)s.") % {
            "one": member.user.name, "other": holder.user.name})  # fmt: skip
        return found
    found.membership = member
    for column, cell in row.cells.items():
        _read_cell(found, column, cell, facts)
    if found.errors:
        return found
    if member is None:
        _new(found, facts)
    else:
        _compare(found, member, facts)
    return found


def _read_cell(found: Outcome, column: str, cell: str, facts: Facts) -> None:
    """Put the cell's value into `found.values`, or say why not."""
    if cell == "" and column != "email":
        return
    try:
        if column.startswith(ATTRIBUTE):
            attributes = found.values.setdefault("attributes", {})
            attributes[column.removeprefix(ATTRIBUTE)] = None if cell == CLEAR else cell
            clean_value("attributes", attributes)
        else:
            found.values[column] = _READERS[column]("" if cell == CLEAR else cell, facts)
    except ValidationError as error:
        found.refuse(f"{column}: {' '.join(error.messages)}")


def _plain(column: str) -> Callable[[str, Facts], Any]:
    return lambda cell, facts: clean_value(column, cell)


def _one_of(what: str) -> Callable[[str, Facts], int | None]:
    def read(cell: str, facts: Facts) -> int | None:
        options: Mapping[str, int] = getattr(facts, what)
        if cell and cell not in options:
            raise ValidationError(
                _("there is no “%(value)s” here. Create it first, or correct the spelling.") % {"value": cell[:60]}
            )
        return options[cell] if cell else None

    return read


def _roles(cell: str, facts: Facts) -> list[str]:
    return list(
        clean_value("roles", [part.strip().lower() for part in cell.replace(",", ";").split(";") if part.strip()])
    )


def _manager(cell: str, facts: Facts) -> str:
    return str(clean_value("email", cell)).lower() if cell else ""


def _status(cell: str, facts: Facts) -> bool:
    if cell.lower() not in ("active", "left"):
        raise ValidationError(_("write active or left."))
    return cell.lower() == "active"


_READERS: dict[str, Callable[[str, Facts], Any]] = {
    "email": _plain("email"), "name": _plain("name"), "zone": _plain("zone"), "locale": _plain("locale"),
    "external_id": _plain("external_id"), "place": _plain("place"), "hired_on": _plain("hired_on"),
    "roles": _roles, "team": _one_of("teams"), "job_role": _one_of("job_roles"), "manager": _manager, "status": _status,
}  # fmt: skip


def _new(found: Outcome, facts: Facts) -> None:
    known = found.email.lower() in facts.accounts
    if not found.values.get("name") and not known:
        found.refuse(_("name: needed for somebody new."))
        return
    if found.values.pop("status", True) is False:
        found.verb = "same"  # left before we ever knew them
        return
    found.verb = "new"
    found.values = {"zone": facts.zone, "locale": facts.locale, "roles": [str(Role.LEARNER)], **found.values}


def _compare(found: Outcome, member: Membership, facts: Facts) -> None:
    found.name = found.name or member.user.name
    active = found.values.pop("status", True if not member.is_active else None)
    for name, value in list(found.values.items()):
        before = _present(member, name)
        if name == "attributes":
            value = {key: one for key, one in {**before, **value}.items() if one is not None}
            found.values[name] = value
        if before == value:
            del found.values[name]
        else:
            found.changes[name] = (_shown(before, name, facts), _shown(value, name, facts))
    if member.user_id in facts.elsewhere and any(name in SHARED for name in found.values):
        found.refuse(_("They also belong to another organisation: only they can change %(fields)s.") % {
            "fields": ", ".join(name for name in SHARED if name in found.values)})  # fmt: skip
        return
    if "email" in found.values and facts.accounts.get(found.email.lower(), member.user_id) != member.user_id:
        found.refuse(_("email: somebody else has this e-mail."))
        return
    found.verb = "change" if found.values else "same"
    if active is not None and active != member.is_active:
        found.verb = "back" if active else "leave"


def _present(member: Membership, name: str) -> Any:
    if name in SHARED:
        return getattr(member.user, name)
    if name in ("team", "job_role"):
        return getattr(member, f"{name}_id")
    if name == "manager":
        return member.manager.email.lower() if member.manager else ""
    return getattr(member, name)


def _shown(value: Any, name: str, facts: Facts) -> str:
    if value in (None, "", [], {}):
        return "–"
    if name in ("team", "job_role"):
        options: Mapping[str, int] = facts.teams if name == "team" else facts.job_roles
        return next((code for code, pk in options.items() if pk == value), "–")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in sorted(value.items()))
    return value.isoformat() if isinstance(value, date) else str(value)


# ---------------------------------------------------------------- all rows together


def _refuse_doubles(rows: Iterable[Outcome]) -> None:
    """A second line about somebody is refused; which of the two is meant is not ours to guess."""
    lines: dict[tuple[str, Any], int] = {}
    for row in rows:
        keys = [("email", row.email.lower()), ("id", row.values.get("external_id") or None)]
        if row.membership is not None:
            keys.append(("member", row.membership.pk))
        for key in keys:
            if key[1] is not None and lines.setdefault(key, row.line) != row.line:
                row.refuse(_("The same person stands in line %(line)d.") % {"line": lines[key]})
                break


def _check_managers(rows: Sequence[Outcome], facts: Facts) -> None:
    """Managers must exist (here or in this file), and nobody may come to report to themselves."""
    arriving = {row.email.lower() for row in rows if row.verb in ("new", "back")}
    above = _above(rows, facts)
    for row in rows:
        manager = row.values.get("manager")
        if row.verb == "refused" or not manager:
            continue
        if manager not in facts.managers and manager not in arriving:
            row.refuse(_("manager: nobody here has the e-mail “%(email)s”.") % {"email": manager})
        elif _comes_back(_node(row, facts), above):
            row.refuse(_("manager: they would report to themselves, directly or through others."))


Node = int | str
"""Somebody in the tree: by user id, or by e-mail while they have none."""


def _above(rows: Iterable[Outcome], facts: Facts) -> dict[Node, Node]:
    """Who would report to whom afterwards."""
    links: dict[Node, Node] = {person: manager for person, manager in facts.reports_to.items()}
    for row in rows:
        if row.verb != "refused" and "manager" in row.values:
            links.pop(_node(row, facts), None)
            if row.values["manager"]:
                links[_node(row, facts)] = _known(row.values["manager"], facts)
    return links


def _node(row: Outcome, facts: Facts) -> Node:
    return row.membership.user_id if row.membership is not None else _known(row.email.lower(), facts)


def _known(email: str, facts: Facts) -> Node:
    member = facts.by_email.get(email)
    return member.user_id if member is not None else facts.accounts.get(email, email)


def _comes_back(start: Node, above: Mapping[Node, Node]) -> bool:
    seen = {start}
    at = above.get(start)
    while at is not None:
        if at in seen:
            return at == start
        seen.add(at)
        at = above.get(at)
    return False
