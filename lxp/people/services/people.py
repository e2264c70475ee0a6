"""People come, change and leave. Leaving keeps everything: only the membership stops being active."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from lxp.events import record
from lxp.people import queries
from lxp.people.events import PersonChanged
from lxp.people.fields import ACCOUNT_FIELDS, MEMBER_FIELDS, clean_value
from lxp.people.models import JobRole, Membership, Role, Team, User


@transaction.atomic
def create_person(
    *,
    email: str,
    name: str,
    by: User | None,
    at: datetime,
    roles: Collection[str] = (Role.LEARNER,),
    zone: str = "",
    locale: str = "",
    team: Team | None = None,
    manager: User | None = None,
    job_role: JobRole | None = None,
    external_id: str = "",
    place: str = "",
    hired_on: date | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Membership:
    """A new member of the organisation in scope. Their first password they choose by mail.

    Somebody who already has an account (in another organisation) keeps name, zone and language of it: the account is
    theirs. `zone` empty means the organisation's. Raises ValidationError by field, also for somebody already here.
    """
    organisation = queries.organisation_in_scope()
    given = {
        "email": email,
        "name": name,
        "zone": zone or organisation.zone,
        "locale": locale or settings.LANGUAGE_CODE,
    }
    theirs = {
        "team": team, "manager": manager, "job_role": job_role, "roles": list(roles), "external_id": external_id,
        "place": place, "hired_on": hired_on, "attributes": dict(attributes or {}),
    }  # fmt: skip
    account = {key: clean_value(key, value) for key, value in given.items()}
    facts = {key: clean_value(key, value) for key, value in theirs.items()}
    user = queries.users_by_email([account["email"]]).get(account["email"].lower())
    if user is None:
        user = User.objects.create_user(**account)
    elif Membership.objects.filter(user=user).exists():
        raise ValidationError({"email": _("Somebody with this e-mail is already here.")})
    _check_external_id(facts["external_id"])
    membership = Membership.objects.create(user=user, created_at=at, updated_at=at, **facts)
    record(PersonChanged(user_id=user.pk, changed=["joined"]), by=by, at=at)
    return membership


@transaction.atomic
def update_person(*, membership: Membership, changes: Mapping[str, Any], by: User | None, at: datetime) -> list[str]:
    """Change some facts about a member. Returns the names of those that are different now; [] changes nothing.

    `changes`: any of ACCOUNT_FIELDS and MEMBER_FIELDS. The account of somebody who also works in another organisation
    is left to them. Raises ValidationError by field.
    """
    unknown = set(changes) - {*ACCOUNT_FIELDS, *MEMBER_FIELDS}
    if unknown:
        raise ValidationError({name: _("This can’t be changed here.") for name in unknown})
    locked = _locked(membership)
    wanted = {key: clean_value(key, value) for key, value in changes.items()}
    changed = [key for key, value in wanted.items() if _present(locked, key) != value]
    if not changed:
        return []
    _check(locked, {key: wanted[key] for key in changed}, by=by)
    for key in changed:
        setattr(locked.user if key in ACCOUNT_FIELDS else locked, key, wanted[key])
    if account := [key for key in changed if key in ACCOUNT_FIELDS]:
        locked.user.save(update_fields=account)
    locked.updated_at = at
    locked.save(update_fields=[*(key for key in changed if key in MEMBER_FIELDS), "updated_at"])
    record(PersonChanged(user_id=locked.user_id, changed=changed), by=by, at=at)
    _take_over(membership, locked)
    return changed


def set_roles(*, membership: Membership, roles: Collection[str], by: User | None, at: datetime) -> list[str]:
    """What a member may do here; see `update_person`."""
    return update_person(membership=membership, changes={"roles": list(roles)}, by=by, at=at)


def set_manager(*, membership: Membership, manager: User | None, by: User | None, at: datetime) -> list[str]:
    """Whom a member reports to; see `update_person`. Nobody can report to themselves, in however many steps."""
    return update_person(membership=membership, changes={"manager": manager}, by=by, at=at)


@transaction.atomic
def deactivate_person(*, membership: Membership, by: User | None, at: datetime, left_on: date | None = None) -> bool:
    """Somebody leaves: they can't come in any more and get no messages; their history stays. False: had left before.

    Raises ValidationError for oneself and for the last administrator.
    """
    locked = _locked(membership)
    if not locked.is_active:
        return False
    if by is not None and by.pk == locked.user_id:
        raise ValidationError(_("You can’t take away your own access. Another administrator can."))
    _keep_an_administrator(locked)
    locked.is_active, locked.left_on, locked.updated_at = False, left_on or at.astimezone(UTC).date(), at
    locked.save(update_fields=["is_active", "left_on", "updated_at"])
    record(PersonChanged(user_id=locked.user_id, changed=["is_active"]), by=by, at=at)
    _take_over(membership, locked)
    return True


@transaction.atomic
def reactivate_person(*, membership: Membership, by: User | None, at: datetime) -> bool:
    """Somebody comes back, with everything they had. False: was here already."""
    locked = _locked(membership)
    if locked.is_active:
        return False
    locked.is_active, locked.left_on, locked.updated_at = True, None, at
    locked.save(update_fields=["is_active", "left_on", "updated_at"])
    record(PersonChanged(user_id=locked.user_id, changed=["is_active"]), by=by, at=at)
    _take_over(membership, locked)
    return True


# ---------------------------------------------------------------- what must stay true


def _locked(membership: Membership) -> Membership:
    return Membership.objects.select_for_update(of=("self",)).select_related("user").get(pk=membership.pk)


def _take_over(membership: Membership, locked: Membership) -> None:
    """The caller's object shows what is stored now."""
    for field in Membership._meta.concrete_fields:
        setattr(membership, field.attname, getattr(locked, field.attname))
    membership.user = locked.user


def _present(membership: Membership, key: str) -> Any:
    return getattr(membership.user if key in ACCOUNT_FIELDS else membership, key)


def _check(membership: Membership, wanted: Mapping[str, Any], *, by: User | None) -> None:
    if any(key in ACCOUNT_FIELDS for key in wanted) and queries.works_elsewhere([membership.user_id]):
        message = _("They also belong to another organisation: only they can change this, in their settings.")
        raise ValidationError({key: message for key in wanted if key in ACCOUNT_FIELDS})
    if "email" in wanted:
        _check_email(wanted["email"], membership.user_id)
    if "external_id" in wanted:
        _check_external_id(wanted["external_id"], membership.pk)
    if wanted.get("manager") is not None:
        _check_manager(membership.user_id, wanted["manager"])
    if "roles" in wanted and Role.ADMINISTRATOR not in wanted["roles"]:
        _keep_an_administrator(membership)


def _check_email(email: str, user_id: int) -> None:
    holder = queries.users_by_email([email]).get(email.lower())
    if holder is not None and holder.pk != user_id:
        raise ValidationError({"email": _("Somebody else has this e-mail.")})


def _check_external_id(external_id: str, membership_id: int | None = None) -> None:
    if external_id and Membership.objects.filter(external_id=external_id).exclude(pk=membership_id).exists():
        raise ValidationError({"external_id": _("Somebody else has this id.")})


def _check_manager(user_id: int, manager: User) -> None:
    if not queries.members().filter(user_id=manager.pk).exists():
        raise ValidationError({"manager": _("A manager has to be an active member of the organisation.")})
    if manager.pk == user_id or user_id in queries.managers_above(manager.pk):
        raise ValidationError(
            {
                "manager": _("%(name)s reports to them already, so they can’t report to %(name)s.")
                % {"name": manager.name}
            }
        )


def _keep_an_administrator(membership: Membership) -> None:
    if Role.ADMINISTRATOR in membership.roles and not queries.count_administrators(besides=membership.pk):
        raise ValidationError({"roles": _("This is the last administrator. Make somebody else one first.")})
