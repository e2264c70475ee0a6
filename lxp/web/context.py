"""What the frame of every page shows: customer, person, workspace and places, unread notifications."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi

from lxp.messaging import queries as messaging
from lxp.people.models import Membership
from lxp.web import places
from lxp.web.jinja import address, hue, initials

SESSION_WORKSPACE = "workspace"
"""The workspace somebody chose last, for pages that belong to several or to none."""


def page(request: HttpRequest) -> dict[str, Any]:
    """The names that `lxp/base.html` and `lxp/plain.html` use. One query: the unread count.

    Signed out (and in error pages) only language, direction and theme are there.
    """
    shown: dict[str, Any] = {
        "lang": get_language() or settings.LANGUAGE_CODE,
        "text_dir": "rtl" if get_language_bidi() else "ltr",
        "theme": "",
    }
    membership = getattr(request, "membership", None)
    if membership is not None:
        shown |= _person(membership) | _frame(request) | {"unread": messaging.unread_count(membership.user)}
    return shown


def _person(membership: Membership) -> dict[str, Any]:
    user, organisation = membership.user, membership.organisation
    return {
        "customer": organisation.brand or organisation.name,
        "person": {
            "name": user.name, "email": user.email, "initials": initials(user.name), "hue": hue(user.email),
        },
        "theme": user.theme,
        "zone": user.zone,
    }  # fmt: skip


def _frame(request: HttpRequest) -> dict[str, Any]:
    mine = places.workspaces_of(request.actor)  # type: ignore[attr-defined]
    here = places.current_workspace(mine, request.path, request.session.get(SESSION_WORKSPACE, ""))
    return {
        "workspace": {"key": here.key, "label": here.label},
        "workspaces": [
            {"key": one.key, "label": one.label, "url": reverse("lxp:workspace", args=[one.key])} for one in mine
        ],
        "places": places.stops(here, request.path),
        "search_url": address("lxp:search") or address("content:library") or places.landing(here),
        "inbox_url": address("messages:bell") or "",
        "stream": f"{settings.STREAM_URL}/stream" if settings.STREAM_URL else "",
        "now": request.at,  # type: ignore[attr-defined]
    }
