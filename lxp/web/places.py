"""Workspaces and their places: the product's map, per role. Only what can be reached stands on it.

A place is named by its URL name; one that no app serves yet is left out, and so is a workspace without places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lxp.people.actor import Actor
from lxp.people.models import Role
from lxp.web.jinja import address


@dataclass(frozen=True)
class Place:
    """One entry of a workspace's bar. By URL name: `also` further addresses whose pages belong to it, `besides` those
    below its own that don't."""

    label: str | Promise
    name: str
    icon: str
    also: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workspace:
    """Where one kind of work is done. `roles` empty: everybody's."""

    key: str
    label: str | Promise
    roles: tuple[str, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Stop:
    """A place as the page shows it."""

    label: str | Promise
    url: str
    icon: str
    current: bool


MAP: tuple[Workspace, ...] = (
    Workspace("learn", _("Learn"), (), (
        Place(_("Home"), "lxp:home", "house"),
        Place(_("Journeys"), "journeys:list", "route"),
        Place(_("Calendar"), "live:calendar", "calendar"),
        Place(_("Library"), "content:library", "library"),
        Place(_("Skills"), "insights:skills", "target"),
    )),
    Workspace("team", _("Team"), (Role.MANAGER,), (
        Place(_("This week"), "insights:team", "users"),
        Place(_("People"), "people:reports", "user", also=("people:list",), besides=("people:settings",)),
    )),
    Workspace("facilitate", _("Facilitate"), (Role.FACILITATOR,), (
        Place(_("Sessions"), "live:sessions", "presentation"),
    )),
    Workspace("design", _("Design"), (Role.DESIGNER, Role.ADMINISTRATOR), (
        Place(_("Programmes"), "design:programmes", "route"),
        Place(_("Library"), "content:manage", "library"),
        Place(_("Live sessions"), "live:templates", "presentation", also=("live:sessions",)),
        Place(_("People"), "people:list", "users", besides=("people:settings", "people:reports")),
        Place(_("Insights"), "insights:overview", "lightbulb"),
        Place(_("Messages"), "messages:ledger", "mail"),
    )),
    Workspace("admin", _("Administer"), (Role.ADMINISTRATOR,), (
        Place(_("Overview"), "lxp:admin", "building-2"),
        Place(_("Organisation"), "people:organisation", "settings-2"),
        Place(_("Keys"), "people:tokens", "key"),
    )),
)  # fmt: skip


def workspaces_of(actor: Actor) -> list[Workspace]:
    """The workspaces somebody's roles open, each with at least one place that exists."""
    return [
        workspace
        for workspace in MAP
        if (not workspace.roles or actor.has(*workspace.roles))
        and any(address(place.name) for place in workspace.places)
    ]


def landing(workspace: Workspace) -> str:
    """The path of its first place."""
    return next(path for place in workspace.places if (path := address(place.name)))


def current_workspace(mine: Sequence[Workspace], path: str, chosen: str) -> Workspace:
    """Where `path` belongs: the workspace with the longest matching place; the chosen one where several match or none."""
    preferred = next((workspace for workspace in mine if workspace.key == chosen), mine[0])
    best = max(_fit(workspace, path) for workspace in mine)
    if _fit(preferred, path) == best:
        return preferred
    return next(workspace for workspace in mine if _fit(workspace, path) == best)


def stops(workspace: Workspace, path: str) -> list[Stop]:
    """The places of a workspace, with the one that `path` belongs to marked."""
    found = [(place, url) for place in workspace.places if (url := address(place.name))]
    best = max((_place_fit(place, path) for place, _url in found), default=0)
    return [Stop(place.label, url, place.icon, best > 0 and _place_fit(place, path) == best) for place, url in found]


def _fit(workspace: Workspace, path: str) -> int:
    return max((_place_fit(place, path) for place in workspace.places), default=0)


def _place_fit(place: Place, path: str) -> int:
    """How much of `path` a place's addresses cover; 0 when it lies elsewhere. The start page covers only itself."""
    if any((url := address(name)) and _covers(url, path) for name in place.besides):
        return 0
    covers = [url for name in (place.name, *place.also) if (url := address(name)) and _covers(url, path)]
    return max((len(url) for url in covers), default=0)


def _covers(url: str, path: str) -> bool:
    return path == url if url == "/" else path.startswith(url)
