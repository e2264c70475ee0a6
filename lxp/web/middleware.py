"""What every request passes: an id in the log, the organisation's scope, the person's language and zone."""

from __future__ import annotations

import contextvars
import uuid
import zoneinfo
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from lxp import clock
from lxp.events import prompt_drain
from lxp.people import queries as people
from lxp.people.actor import actor_of
from lxp.tenancy import scope

Next = Callable[[HttpRequest], HttpResponse]

SESSION_ORGANISATION = "organisation"


def request_log(get_response: Next) -> Next:
    """Bind a request id to every log line, and read the clock once: `request.at` (aware, UTC)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.at = clock.now()  # type: ignore[attr-defined]
        request_id = request.headers.get("X-Request-ID", "")[:64] or uuid.uuid4().hex[:16]
        with structlog.contextvars.bound_contextvars(request=request_id):
            response = get_response(request)
        response["X-Request-ID"] = request_id
        return response

    return middleware


def _drained(get_response: Next, request: HttpRequest) -> HttpResponse:
    with prompt_drain(at=request.at):  # type: ignore[attr-defined]
        return get_response(request)


def organisation_scope(get_response: Next) -> Next:
    """Open the scope of the signed-in person's organisation; sets `request.membership` and `request.actor`.

    Signed out, or a member of nothing: both are None and no scope is open. The REST layer opens its own
    scope for tokens.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.membership = request.actor = None  # type: ignore[attr-defined]
        membership = None
        if request.user.is_authenticated:
            membership = people.membership_of(request.user, request.session.get(SESSION_ORGANISATION))
        if membership is None:
            # A REST token opens its own scope further in; whatever it opens ends with this request.
            return contextvars.copy_context().run(_drained, get_response, request)
        request.membership = membership  # type: ignore[attr-defined]
        request.actor = actor_of(membership)  # type: ignore[attr-defined]
        user = membership.user
        with (
            scope(membership.organisation_id),
            structlog.contextvars.bound_contextvars(organisation=membership.organisation_id, actor=user.pk),
            translation.override(user.locale),
            timezone.override(zoneinfo.ZoneInfo(user.zone)),
            prompt_drain(at=request.at),  # type: ignore[attr-defined]
        ):
            return get_response(request)

    return middleware
