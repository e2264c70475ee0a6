"""The organisation's own pages: settings and days off, teams and job roles, keys of other systems."""

from __future__ import annotations

from datetime import UTC

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from lxp.people import queries, services, zones
from lxp.people.forms import HolidayForm, JobRoleForm, OrganisationForm, TeamForm, TokenForm
from lxp.people.models import Role
from lxp.people.services.tokens import RESOURCES
from lxp.web.access import role
from lxp.web.page import done, invalid, page, refuse
from lxp.web.request import MemberRequest

administrators = role(Role.ADMINISTRATOR)


@administrators
def organisation(request: MemberRequest) -> HttpResponse:
    """Name, zone, quiet hours; and the days off that are coming."""
    mine = request.membership.organisation
    form = OrganisationForm(request.POST or None, initial=OrganisationForm.initial_of(mine))
    if request.method == "POST" and form.is_valid():
        try:
            services.update_organisation(organisation=mine, changes=form.cleaned_data, by=request.user, at=request.at)
            return done(request, "people:organisation", _("Saved. It holds from the next message on."))
        except ValidationError as error:
            refuse(form, error)
    return _organisation(request, form, HolidayForm())


@require_POST
@administrators
def add_holiday(request: MemberRequest) -> HttpResponse:
    """One more day off."""
    form = HolidayForm(request.POST)
    if form.is_valid():
        try:
            made = services.add_holiday(**form.cleaned_data, by=request.user, at=request.at)
            return done(request, "people:organisation", _("“%(name)s” is a day off.") % {"name": made.name})
        except ValidationError as error:
            refuse(form, error)
    mine = request.membership.organisation
    return _organisation(request, OrganisationForm(initial=OrganisationForm.initial_of(mine)), form)


def _organisation(request: MemberRequest, form: OrganisationForm, holiday_form: HolidayForm) -> HttpResponse:
    today = request.at.astimezone(UTC).date()
    context = {
        "form": form,
        "holiday_form": holiday_form,
        "holidays": list(queries.holidays_for(request.actor, since=today)),
        "zones": zones.listed(),
    }
    return (invalid if request.method == "POST" else page)(request, "lxp/people/organisation.html", context)


@require_POST
@administrators
def remove_holiday(request: MemberRequest, pk: int) -> HttpResponse:
    """An ordinary day again."""
    found = queries.holiday_for(request.actor, pk)
    services.remove_holiday(holiday=found, by=request.user, at=request.at)
    return done(request, "people:organisation", _("“%(name)s” is an ordinary day again.") % {"name": found.name})


@administrators
def structure(request: MemberRequest) -> HttpResponse:
    """Teams and job roles; the button pressed says which of the two forms is meant."""
    which = request.POST.get("add", "")
    teams, job_roles = list(queries.teams()), list(queries.job_roles())
    team_form = TeamForm(request.POST if which == "team" else None, teams=teams, prefix="team")
    role_form = JobRoleForm(request.POST if which == "job_role" else None, prefix="role")
    form = role_form if which == "job_role" else team_form
    if request.method == "POST" and form.is_valid():
        create = services.create_job_role if which == "job_role" else services.create_team
        try:
            made = create(**form.cleaned_data, by=request.user, at=request.at)
            return done(request, "people:structure", _("“%(name)s” is there now.") % {"name": made.name})
        except ValidationError as error:
            refuse(form, error)
    context = {"team_form": team_form, "role_form": role_form, "teams": teams, "job_roles": job_roles}
    return (invalid if request.method == "POST" else page)(request, "lxp/people/structure.html", context)


@never_cache
@administrators
def tokens(request: MemberRequest) -> HttpResponse:
    """Keys of other systems. A new one is in the answer to this POST, and nowhere else ever again."""
    form = TokenForm(request.POST or None, zone=request.membership.organisation.zone)
    key = ""
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("name", "scopes", "expires_at")}
        try:
            _token, key = services.issue_token(**given, by=request.user, at=request.at)
            form = TokenForm(zone=request.membership.organisation.zone)
        except ValidationError as error:
            refuse(form, error)
    context = {"form": form, "key": key, "tokens": list(queries.tokens_for(request.actor)), "resources": RESOURCES}
    return (invalid if form.is_bound else page)(request, "lxp/people/tokens.html", context)


@require_POST
@administrators
def revoke_token(request: MemberRequest, prefix: str) -> HttpResponse:
    """A key stops working."""
    found = queries.token_for(request.actor, prefix)
    services.revoke_token(token=found, by=request.user, at=request.at)
    return done(request, "people:tokens", _("The key of “%(name)s” no longer works.") % {"name": found.name})
