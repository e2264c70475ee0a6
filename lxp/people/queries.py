"""Reads over people. Every function says its cost; access functions raise Http404 or PermissionDenied."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import Http404

from lxp.people.actor import Actor
from lxp.people.models import Membership, Role, User


def membership_of(user: User, organisation_id: int | None) -> Membership | None:
    """The active membership the person works in: the chosen organisation, else their first. One query."""
    # Unscoped: this is what finds out the scope. Filtered by the signed-in person.
    chosen = ExpressionWrapper(Q(organisation_id=organisation_id or 0), output_field=BooleanField())
    return (
        Membership.unscoped.select_related("organisation", "user")
        .filter(user=user, is_active=True)
        .order_by(chosen.desc(), "pk")
        .first()
    )


def members() -> QuerySet[Membership]:
    """Active memberships of the organisation in scope, with their people. Lazy, one query."""
    return Membership.objects.select_related("user", "team", "job_role").filter(is_active=True)


def reports_of(user: User) -> QuerySet[Membership]:
    """Active direct reports of a manager. Lazy, one query."""
    return members().filter(manager=user).order_by("user__name")


def person_for(actor: Actor, user_id: int, action: str = "see") -> Membership:
    """The membership of somebody the actor may see (themself, their report, or anybody for L&D). One or two queries.

    Raises Http404 for strangers and PermissionDenied for colleagues out of reach.
    """
    membership = Membership.objects.select_related("user", "team", "job_role").filter(user_id=user_id).first()
    if membership is None:
        raise Http404("No such person.")
    allowed = (
        actor.is_designer
        or actor.user_id == user_id
        or (actor.is_manager and membership.manager_id == actor.user_id)
    )
    if action == "change":
        allowed = actor.has(Role.ADMINISTRATOR)
    if not allowed:
        raise PermissionDenied("Their manager and the learning team can see this.")
    return membership
