"""Who may do what with people and the organisation. No queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxp.people.actor import Actor
    from lxp.people.models import Membership


def can_see_person(actor: Actor, membership: Membership) -> bool:
    """Themselves, their manager, and L&D."""
    return (
        actor.is_designer
        or actor.user_id == membership.user_id
        or (actor.is_manager and membership.manager_id == actor.user_id)
    )


def can_list_people(actor: Actor) -> bool:
    """The whole organisation: L&D, because audiences are made of people."""
    return actor.is_designer


def can_change_people(actor: Actor) -> bool:
    """HR facts, roles, leaving: administrators."""
    return actor.is_administrator


def can_design_audiences(actor: Actor) -> bool:
    """Audiences are part of a design: L&D."""
    return actor.is_designer


def can_run_organisation(actor: Actor) -> bool:
    """Quiet hours, holidays, keys of other systems: administrators."""
    return actor.is_administrator
