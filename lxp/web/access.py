"""Who may open a view: signed in, and in one of some roles. Objects are guarded by `queries.<thing>_for`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

View = Callable[..., HttpResponseBase]


def member(view: View) -> View:
    """The person is signed in and belongs to an organisation (`request.actor` is set)."""

    @login_required
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if getattr(request, "actor", None) is None:
            raise PermissionDenied("Your account doesn't belong to an organisation any more. Ask your administrator.")
        return view(request, *args, **kwargs)

    return guarded


def role(*roles: str) -> Callable[[View], View]:
    """The person has at least one of `roles` in the organisation; others get 403 that says who can."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.actor.has(*roles):  # type: ignore[attr-defined]
                raise PermissionDenied(f"This page is for: {', '.join(roles)}.")
            return view(request, *args, **kwargs)

        return member(guarded)

    return decorate
