"""Session templates: what is taught live, written once and scheduled many times."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lxp.people.models import Role
from lxp.web.access import role
from lxp.web.page import done, invalid, page
from lxp.web.request import MemberRequest
from sessions import queries, services
from sessions.forms import TemplateForm, agenda_formset


@role(Role.DESIGNER, Role.ADMINISTRATOR)
@require_GET
def templates(request: MemberRequest) -> HttpResponse:
    """All templates."""
    return page(request, "sessions/templates.html", {"templates": queries.templates()})


@role(Role.DESIGNER, Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def template_new(request: MemberRequest) -> HttpResponse:
    """A new template."""
    form, agenda = TemplateForm(request.POST or None), agenda_formset(request.POST or None)
    context = {"form": form, "agenda": agenda, "template": None}
    if request.method == "GET":
        return page(request, "sessions/template.html", context)
    if form.is_valid() and agenda.is_valid():
        try:
            made = services.create_template(**form.values(), blocks=agenda.blocks(), by=request.user, at=request.at)
            return done(request, "live:template", _("Saved. It can be used in programmes now."), made.pk)
        except ValidationError as error:
            form.take(error)
    return invalid(request, "sessions/template.html", context)


@role(Role.DESIGNER, Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def template(request: MemberRequest, pk: int) -> HttpResponse:
    """One template with its agenda."""
    found = queries.template_for(request.actor, pk)
    if request.method == "GET":
        form, agenda = TemplateForm.of(found), agenda_formset(blocks=list(found.blocks.all()))
        return page(request, "sessions/template.html", {"form": form, "agenda": agenda, "template": found})
    form, agenda = TemplateForm(request.POST), agenda_formset(request.POST)
    if form.is_valid() and agenda.is_valid():
        try:
            services.update_template(
                template=found, **form.values(), blocks=agenda.blocks(), by=request.user, at=request.at
            )
            return done(request, "live:template", _("Saved. Sessions already scheduled stay as they are."), pk)
        except ValidationError as error:
            form.take(error)
    return invalid(request, "sessions/template.html", {"form": form, "agenda": agenda, "template": found})
