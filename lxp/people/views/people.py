"""The list of people, one person, and changing them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lxp.people import hooks, queries, rules, services, zones
from lxp.people.forms import MemberForm, PeopleFilterForm
from lxp.people.models import Membership, Role, User
from lxp.people.queries import PeopleFilter
from lxp.web.access import member, role
from lxp.web.page import done, invalid, page, refuse
from lxp.web.request import MemberRequest

PAGE = 25


@require_safe
@role(Role.DESIGNER, Role.ADMINISTRATOR)
def people(request: MemberRequest) -> HttpResponse:
    """Everybody here, narrowed by the filters in the address."""
    known = queries.known()
    form = PeopleFilterForm(request.GET, teams=known.teams, job_roles=known.job_roles)
    form.is_valid()
    wanted = PeopleFilter(**{name: form.cleaned_data.get(name, "") for name in form.fields})
    wanted = wanted if wanted.state else PeopleFilter(**{**vars(wanted), "state": "active"})
    found = queries.people_for(request.actor, wanted, known=known)
    rows = list(queries.after(found, request.GET.get("after", ""))[: PAGE + 1])
    return page(
        request, "lxp/people/people.html",
        {
            "form": form, "rows": rows[:PAGE], "total": found.count(), "more": rows[PAGE - 1].pk if rows[PAGE:] else None,
            "narrowed": wanted != PeopleFilter(), "can_change": rules.can_change_people(request.actor),
        },
    )  # fmt: skip


@require_safe
@role(Role.MANAGER)
def reports(request: MemberRequest) -> HttpResponse:
    """The people who report to me."""
    return page(request, "lxp/people/reports.html", {"rows": list(queries.reports_of(request.user))})


@require_safe
@member
def person(request: MemberRequest, pk: int) -> HttpResponse:
    """One person: who they are here, and what the rooms above know about them."""
    membership = queries.person_for(request.actor, pk)
    return page(
        request, "lxp/people/person.html",
        {
            "membership": membership,
            "sections": hooks.sections_for(actor=request.actor, membership=membership, at=request.at),
            "can_change": rules.can_change_people(request.actor),
            "offset": zones.offset_text(membership.user.zone, request.at),
            "role_names": dict(Role.choices),
        },
    )  # fmt: skip


@role(Role.ADMINISTRATOR)
def new(request: MemberRequest) -> HttpResponse:
    """Somebody joins."""
    form = _form(request, None)
    if request.method == "POST" and form.is_valid():
        facts = {**form.cleaned_data, "manager": _manager(form)}
        if not form.errors:
            try:
                made = services.create_person(**facts, by=request.user, at=request.at)
                return done(
                    request, "people:person", _("%(name)s is here now.") % {"name": made.user.name}, made.user_id
                )
            except ValidationError as error:
                refuse(form, error)
    context = {"form": form, "membership": None, "zones": zones.listed()}
    return _shown(request, "lxp/people/edit.html", context)


@member
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    """What HR knows about somebody changes."""
    membership = queries.person_for(request.actor, pk, "change")
    form = _form(request, membership)
    if request.method == "POST" and form.is_valid():
        facts = {
            **form.cleaned_data,
            "manager": _manager(form),
            "zone": form.cleaned_data["zone"] or membership.user.zone,
        }
        if not form.errors:
            try:
                services.update_person(membership=membership, changes=facts, by=request.user, at=request.at)
                return done(request, "people:person", _("Saved."), pk)
            except ValidationError as error:
                refuse(form, error)
    context = {"form": form, "membership": membership, "zones": zones.listed()}
    return _shown(request, "lxp/people/edit.html", context)


@require_POST
@member
def leave(request: MemberRequest, pk: int) -> HttpResponse:
    """Somebody leaves; undo brings them back as they were."""
    membership = queries.person_for(request.actor, pk, "change")
    try:
        services.deactivate_person(membership=membership, by=request.user, at=request.at)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("people:person", pk)
    text = _("%(name)s has left. Their history stays.") % {"name": membership.user.name}
    return done(request, "people:person", text, pk, undo=reverse("people:return", args=[pk]))


@require_POST
@member
def back(request: MemberRequest, pk: int) -> HttpResponse:
    """Somebody is here again."""
    membership = queries.person_for(request.actor, pk, "change")
    services.reactivate_person(membership=membership, by=request.user, at=request.at)
    return done(request, "people:person", _("%(name)s is here again.") % {"name": membership.user.name}, pk)


def _form(request: MemberRequest, membership: Membership | None) -> MemberForm:
    return MemberForm(
        request.POST or None, initial=MemberForm.initial_of(membership) if membership else None,
        teams=queries.teams(), job_roles=queries.job_roles(),
    )  # fmt: skip


def _manager(form: MemberForm) -> User | None:
    """The manager behind the e-mail that was typed; an unknown one becomes an error of the form."""
    email = form.cleaned_data["manager"]
    found = queries.memberships_by_email([email]).get(email.lower()) if email else None
    if email and found is None:
        form.add_error("manager", _("Nobody here has this e-mail."))
    return found.user if found else None


def _shown(request: MemberRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return invalid(request, template, context) if request.method == "POST" else page(request, template, context)
