"""Organisations, people, teams, job roles, audiences."""

from __future__ import annotations

from typing import Any

from django.utils.text import slugify

from lxp.people.models import Audience, Holiday, JobRole, Membership, Organisation, Role, Team, User
from tests.factories import number

PASSWORD = "learn-together"


def organisation(name: str = "", **fields: Any) -> Organisation:
    name = name or f"Organisation {number()}"
    return Organisation.objects.create(name=name, slug=fields.pop("slug", slugify(name)), **fields)


def user(name: str = "", **fields: Any) -> User:
    """A person who can sign in with PASSWORD; the e-mail is made of the first name unless it is given."""
    name = name or f"Person {number()}"
    email = fields.pop("email", "") or f"{slugify(name).replace('-', '.')}@fernhill.example"
    return User.objects.create_user(email, PASSWORD, name=name, **fields)


_MEMBERSHIP_FIELDS = {field.name for field in Membership._meta.get_fields()}


def person(name: str = "", *roles: str, **fields: Any) -> User:
    """Somebody with a membership in the organisation in scope; fields of User and Membership as they come."""
    theirs = {key: fields.pop(key) for key in list(fields) if key in _MEMBERSHIP_FIELDS and key != "is_active"}
    made = user(name or f"Person {number()}", **fields)
    Membership.objects.create(user=made, roles=[str(role) for role in roles] or [str(Role.LEARNER)], **theirs)
    return made


def people(count: int, **fields: Any) -> list[User]:
    """`count` learners, in three statements however many."""
    numbers = [number() for _ in range(count)]
    made = User.objects.bulk_create(
        User(email=f"person{n}@fernhill.example", name=f"Person {n}", zone=fields.get("zone", "UTC")) for n in numbers
    )
    theirs = {key: value for key, value in fields.items() if key in _MEMBERSHIP_FIELDS}
    Membership.objects.bulk_create(Membership(user=one, roles=[str(Role.LEARNER)], **theirs) for one in made)
    return made


def team(name: str = "", **fields: Any) -> Team:
    name = name or f"Team {number()}"
    return Team.objects.create(name=name, slug=fields.pop("slug", slugify(name)), **fields)


def job_role(code: str = "", **fields: Any) -> JobRole:
    code = code or f"role-{number()}"
    return JobRole.objects.create(code=code, name=fields.pop("name", code.replace("-", " ").capitalize()), **fields)


def audience(rule: dict[str, Any] | None = None, **fields: Any) -> Audience:
    name = fields.pop("name", f"Audience {number()}")
    return Audience.objects.create(
        name=name, slug=fields.pop("slug", slugify(name)), rule=rule or {"all": []}, **fields
    )


def holiday(day: Any, name: str = "Holiday", **fields: Any) -> Holiday:
    return Holiday.objects.create(day=day, name=name, **fields)
