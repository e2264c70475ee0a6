"""Pages of suggestions and insights."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from lxp.web.request import MemberRequest


def came_from(request: MemberRequest) -> str:
    """The page of ours that somebody acts on, as their form or link says; "" for anything else."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    inside = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if inside else ""


def back(request: MemberRequest, default: str) -> str:
    """Where somebody came from, else `default` (a URL name)."""
    return came_from(request) or default


def undo_address(request: MemberRequest, name: str, pk: int) -> str:
    """The address that takes an act back and returns to the same page."""
    here = came_from(request)
    return reverse(name, args=[pk]) + (f"?{urlencode({'next': here})}" if here else "")
