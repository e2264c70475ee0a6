"""What the REST framework uses by default: who calls (token or browser), scopes, rate, cursor pages.

Apart from `rest.py`, which needs the framework's views, and those load these defaults while being imported.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions, pagination, permissions, throttling
from rest_framework.request import Request

from lxp import clock
from lxp.people.actor import Actor
from lxp.people.models import ApiToken, Role
from lxp.tenancy import enter

USE_NOTED_EVERY = timedelta(minutes=5)
"""How exact "last used" is: a row is not written for every call."""


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`. Opens the token's organisation; the request's middleware closes it."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Actor] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        at = clock.now()
        try:
            token: ApiToken = ApiToken.keys.get_from_key(key.strip())
        except ApiToken.DoesNotExist:
            raise exceptions.AuthenticationFailed("This token is unknown or was revoked.") from None
        if token.expiry_date is not None and token.expiry_date <= at:
            raise exceptions.AuthenticationFailed("This token has expired. Ask for a new one.")
        self._note_use(token, at)
        assert token.organisation_id is not None  # the column is never empty; only its default may be
        enter(token.organisation_id)
        actor = Actor(
            organisation_id=token.organisation_id,
            roles=frozenset({Role.ADMINISTRATOR, Role.DESIGNER}),
            scopes=frozenset(token.scopes),
        )
        request._request.actor = actor  # type: ignore[attr-defined]
        request._request.token = token  # type: ignore[attr-defined]
        return (AnonymousUser(), actor)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    @staticmethod
    def _note_use(token: ApiToken, at: datetime) -> None:
        if token.last_used_at is None or at - token.last_used_at > USE_NOTED_EVERY:
            # Unscoped: the token's own row, just before its scope is opened.
            ApiToken.unscoped.filter(pk=token.pk).update(last_used_at=at)


class TokenInSchema(OpenApiAuthenticationExtension):
    """How the API document names the token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key from Settings, Keys for other systems."}


class BrowserAuthentication(authentication.SessionAuthentication):
    """The signed-in person's own session, for the API's pages; roles decide instead of scopes."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        found = super().authenticate(request)
        actor = getattr(request._request, "actor", None)
        if found is None or actor is None:
            return None
        return (found[0], actor)


class BrowserInSchema(OpenApiAuthenticationExtension):
    """How the API document names the browser's session."""

    target_class = BrowserAuthentication
    name = "browser"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class HasScope(permissions.BasePermission):
    """A token needs `<resource>:read` or `<resource>:write`; a person needs an L&D role.

    A view without a `scope` is open to every token of the organisation (the API document).
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        actor = request.auth
        if not isinstance(actor, Actor):
            raise exceptions.NotAuthenticated("Send a token: Authorization: Bearer <token>.")
        if actor.scopes is None:
            self.message = "This part of the API is for the learning team."
            return actor.is_designer
        if not view.scope:
            return True
        reads = request.method in permissions.SAFE_METHODS
        reads = reads or getattr(view, "action", None) in getattr(view, "reading_actions", ())
        verb = "read" if reads else "write"
        if f"{view.scope}:write" in actor.scopes or f"{view.scope}:{verb}" in actor.scopes:
            return True
        self.message = f"This token lacks the scope {view.scope}:{verb}."
        return False


class TokenThrottle(throttling.SimpleRateThrottle):
    """A rate per token (API_RATE)."""

    scope = "token"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        token = getattr(request._request, "token", None)
        return f"throttle:{token.prefix}" if token else None


class CursorPages(pagination.CursorPagination):
    """Keyset pages, newest id last; `?limit=` up to 200."""

    ordering = "pk"
    page_size_query_param = "limit"
    max_page_size = 200
