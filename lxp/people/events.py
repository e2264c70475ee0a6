"""What people and organisation announce."""

from dataclasses import dataclass
from typing import ClassVar

from lxp.events import DomainEventData


@dataclass(frozen=True)
class PersonChanged(DomainEventData):
    """HR facts or settings of a person changed (zone, working hours, role, team, leaving)."""

    prompt: ClassVar[bool] = True
    user_id: int
    changed: list[str]


@dataclass(frozen=True)
class AudienceChanged(DomainEventData):
    """An audience's rule changed."""

    audience_id: int
