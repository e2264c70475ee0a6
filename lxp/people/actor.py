"""Who is acting: the one thing permission rules look at, for browsers and API tokens alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lxp.people.models import Role

if TYPE_CHECKING:
    from lxp.people.models import Membership, User


@dataclass(frozen=True)
class Actor:
    """A person (or, with `user` None, a machine) in one organisation, with roles and token scopes.

    `scopes` is None for a person in a browser (roles alone decide) and the token's scopes for a machine.
    """

    organisation_id: int
    roles: frozenset[str]
    user: User | None = None
    membership_id: int | None = None
    scopes: frozenset[str] | None = field(default=None)

    def has(self, *roles: str) -> bool:
        """Has at least one of `roles` (Role values)."""
        return bool(self.roles.intersection(roles))

    @property
    def user_id(self) -> int | None:
        return self.user.pk if self.user else None

    @property
    def is_designer(self) -> bool:
        """May build and schedule programmes: designers and administrators."""
        return self.has(Role.DESIGNER, Role.ADMINISTRATOR)

    @property
    def is_administrator(self) -> bool:
        return self.has(Role.ADMINISTRATOR)

    @property
    def is_facilitator(self) -> bool:
        return self.has(Role.FACILITATOR)

    @property
    def is_manager(self) -> bool:
        return self.has(Role.MANAGER)


def actor_of(membership: Membership) -> Actor:
    """The actor a signed-in member is."""
    assert membership.organisation_id is not None  # the column is never empty; only its default may be
    return Actor(
        organisation_id=membership.organisation_id,
        roles=frozenset(membership.roles),
        user=membership.user,
        membership_id=membership.pk,
    )
