"""What rooms above add to pages about people, without people knowing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxp.people.actor import Actor
    from lxp.people.models import Membership


@dataclass(frozen=True)
class Section:
    """A part of the page about a person: its heading, and a template that finds its facts under `section.facts`."""

    title: str
    template: str
    facts: Mapping[str, Any]


Provider = Callable[..., Section | None]

_providers: list[tuple[int, Provider]] = []


def person_section(order: int) -> Callable[[Provider], Provider]:
    """Register `provider(*, actor, membership, at) -> Section | None`; lower orders come first.

    The viewer may see the person (that was asked before); None leaves the part out. A fixed number of queries, please.
    """

    def register(provider: Provider) -> Provider:
        _providers.append((order, provider))
        _providers.sort(key=lambda entry: entry[0])
        return provider

    return register


def sections_for(*, actor: Actor, membership: Membership, at: datetime) -> list[Section]:
    """Every part that rooms above have for this person."""
    found = (provider(actor=actor, membership=membership, at=at) for _order, provider in _providers)
    return [section for section in found if section is not None]
