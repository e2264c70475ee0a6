"""What the REST framework uses by default: who calls (token or browser), scopes, rate, cursor pages.

Apart from `rest.py`, which needs the framework's views, and those load these defaults while being imported.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import authentication, exceptions, pagination, permissions, throttling
from rest_framework.request import Request

from lxp import clock
from lxp.people.actor import Actor
from lxp.people.models import ApiToken, Role
from lxp.tenancy import enter


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`. Opens the token's organisation for the rest of the request."""

    def authenticate(self, request: Request) -> tuple[None, Actor] | None:
        header = request.headers.get("Authorization", "")
        scheme, _, key = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            token = ApiToken.keys.get_from_key(key.strip())
        except ApiToken.DoesNotExist:
            raise exceptions.AuthenticationFailed("This token is unknown or was revoked.") from None
        if token.has_expired:
            raise exceptions.AuthenticationFailed("This token has expired. Ask for a new one.")
        self._note_use(token)
        _open_scope(request, token.organisation_id)
        actor = Actor(
            organisation_id=token.organisation_id,
            roles=frozenset({Role.ADMINISTRATOR, Role.DESIGNER}),
            scopes=frozenset(token.scopes),
        )
        request._request.actor = actor
        request._request.token = token
        return (None, actor)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    @staticmethod
    def _note_use(token: ApiToken) -> None:
        at = clock.now()
        if token.last_used_at is None or at - token.last_used_at > timedelta(minutes=5):
            ApiToken.unscoped.filter(pk=token.pk).update(last_used_at=at)


class BrowserAuthentication(authentication.SessionAuthentication):
    """The signed-in person's own session, for the API's pages; roles decide instead of scopes."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        found = super().authenticate(request)
        actor = getattr(request._request, "actor", None)
        if found is None or actor is None:
            return None
        return (found[0], actor)


def _open_scope(request: Request, organisation_id: int) -> None:
    """Scope for this request; `rest.Idempotent.finalize_response` closes it."""
    request._request._scope_token = enter(organisation_id)


class HasScope(permissions.BasePermission):
    """A token needs `<resource>:read` or `<resource>:write`; a person needs an L&D role."""

    def has_permission(self, request: Request, view: Any) -> bool:
        actor = request.auth
        if not isinstance(actor, Actor):
            raise exceptions.NotAuthenticated("Send a token: Authorization: Bearer <token>.")
        if actor.scopes is None:
            return actor.is_designer
        verb = "read" if request.method in permissions.SAFE_METHODS else "write"
        needed = f"{view.scope}:{verb}"
        if needed not in actor.scopes and not (verb == "read" and f"{view.scope}:write" in actor.scopes):
            self.message = f"This token lacks the scope {needed}."
            return False
        return True


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
