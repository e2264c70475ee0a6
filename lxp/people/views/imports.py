"""Files of people: looked at, imported, taken back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from lxp.people import queries, services
from lxp.people.forms import UploadForm
from lxp.people.models import Role
from lxp.people.sheet import COLUMNS
from lxp.web.access import role
from lxp.web.page import done, invalid, page, refuse
from lxp.web.request import MemberRequest

administrators = role(Role.ADMINISTRATOR)
SHOWN = 200


@administrators
def imports(request: MemberRequest) -> HttpResponse:
    """Give a file; see what earlier ones did."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        name, text = form.cleaned_data["file"]
        try:
            entry = services.start_import(name=name, text=text, by=request.user, at=request.at)
            return done(request, "people:import", "", entry.pk)
        except ValidationError as error:
            refuse(form, error)
    context = {"form": form, "columns": COLUMNS, "entries": list(queries.imports_for(request.actor)[:20])}
    return (invalid if request.method == "POST" else page)(request, "lxp/people/imports.html", context)


@administrators
def one(request: MemberRequest, pk: int) -> HttpResponse:
    """What a file would do, row by row; POST does it."""
    entry = queries.import_for(request.actor, pk)
    if entry.applied_at is not None:
        return redirect("people:imports")
    if request.method == "POST":
        try:
            plan = services.apply_import(
                entry=entry, leave_out_refused="leave_out" in request.POST, by=request.user, at=request.at
            )
        except ValidationError as error:
            messages.error(request, error.messages[0])
            return redirect("people:import", pk)
        n = len(plan.doing)
        text = ngettext("%(n)d person imported.", "%(n)d people imported.", n) % {"n": n}
        return done(request, "people:imports", text, undo=reverse("people:import-undo", args=[pk]))
    plan = services.preview(entry.text)
    return page(request, "lxp/people/import.html", {"entry": entry, "plan": plan, "shown": SHOWN})


@require_POST
@administrators
def undo(request: MemberRequest, pk: int) -> HttpResponse:
    """Take an import back."""
    entry = queries.import_for(request.actor, pk)
    try:
        n = services.undo_import(entry=entry, by=request.user, at=request.at)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("people:imports")
    return done(
        request,
        "people:imports",
        ngettext("Taken back for %(n)d person.", "Taken back for %(n)d people.", n) % {"n": n},
    )
