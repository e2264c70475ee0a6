"""What people see when something goes wrong. Works without scope, session, database: 500 may mean any of them is gone."""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import get_language, get_language_bidi

from lxp.web.rest import problem_body

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: what was sent can't be read."""
    return _answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: signed in, but it needs another role; our own refusals say who can."""
    return _answer(request, 403, detail=str(exception or ""))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: not there, or not this organisation's. The exception's text is for developers and stays with them."""
    return _answer(request, 404)


def failed(request: HttpRequest) -> HttpResponse:
    """500: our fault; the request's id is what to quote when asking for help."""
    return _answer(request, 500)


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is too old or missing."""
    return _answer(request, 403, page="csrf")


def _answer(request: HttpRequest, status: int, *, detail: str = "", page: str | None = None) -> HttpResponse:
    if request.path.startswith(API):
        return JsonResponse(problem_body(status, detail), status=status, content_type="application/problem+json")
    request_id = structlog.contextvars.get_contextvars().get("request", "")
    # Without the request: context processors would ask session and database, which may be what is broken.
    html = loader.render_to_string(
        "lxp/error.html",
        {"status": page or status, "detail": detail, "request_id": request_id if status >= 500 else "", **_language()},
    )
    return HttpResponse(html, status=status)


def _language() -> dict[str, str]:
    return {"lang": get_language() or "en-gb", "text_dir": "rtl" if get_language_bidi() else "ltr"}
