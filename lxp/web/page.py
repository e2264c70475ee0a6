"""Rendering pages and fragments: one way for full pages, htmx swaps and invalid forms (422)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render `template` (Jinja2) with `context`."""
    return render(request, template, context or {}, status=status)


def invalid(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The same form again with its errors and everything that was typed: 422."""
    return render(request, template, context, status=422)


def refuse(form: BaseForm, error: ValidationError) -> None:
    """Show a service's refusal in the form: at the fields it names, above it for what the form doesn't have."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    for name, texts in by_field.items():
        form.add_error(name if name in form.fields else None, texts)


def done(request: HttpRequest, to: Any, text: str = "", *args: Any, undo: str = "", **kwargs: Any) -> HttpResponse:
    """After a successful POST: say so once (a toast, with an undo address where there is one) and go to `to`.

    An htmx request gets HX-Redirect, so that plain forms and htmx take the same path.
    """
    if text:
        messages.success(request, text, extra_tags=f"undo:{undo}" if undo else "")
    response = redirect(to, *args, **kwargs)
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response
