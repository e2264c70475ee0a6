"""What people and organisation announce."""

from dataclasses import dataclass
from typing import ClassVar

from lxp.events import DomainEventData


@dataclass(frozen=True)
class PersonChanged(DomainEventData):
    """HR facts or settings of a person changed (zone, working hours, role, team, leaving).

    `changed` names the fields; "joined" stands for a new member, "is_active" for leaving and coming back.
    """

    prompt: ClassVar[bool] = True
    user_id: int
    changed: list[str]


@dataclass(frozen=True)
class AudienceChanged(DomainEventData):
    """An audience's rule changed."""

    audience_id: int


@dataclass(frozen=True)
class OrganisationChanged(DomainEventData):
    """The organisation's own settings changed (name, quiet hours, holidays); `changed` names them."""

    changed: list[str]


@dataclass(frozen=True)
class TokenIssued(DomainEventData):
    """Another system got a key. `prefix` is its public first part."""

    prefix: str
    scopes: list[str]


@dataclass(frozen=True)
class TokenRevoked(DomainEventData):
    """A key stopped working."""

    prefix: str
