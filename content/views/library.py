"""The library: browse, search, narrow. Everything is in the address."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from content import queries
from content.forms import LibraryForm
from content.kinds import KINDS
from lxp.web.access import member
from lxp.web.page import page
from lxp.web.request import MemberRequest


@member
@require_GET
def library(request: MemberRequest) -> HttpResponse:
    """What there is, narrowed by words, kind, skill and the time somebody has."""
    form = LibraryForm(request.GET)
    filters = form.filters()
    found = queries.library(request.actor, filters)
    return page(request, "content/library.html", {"form": form, "filters": filters, "found": found, "kinds": KINDS})
