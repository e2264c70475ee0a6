"""One learner in a cohort, for those who help them: what they have, why, and what can be changed for them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from content import queries as content
from journeys import design_queries as reads
from journeys import design_words as words
from journeys import queries, services
from journeys.design_views.refusals import back_to
from journeys.forms.plans import ExtendForm, InsertForm, ReasonForm
from journeys.line import stops, title_of
from journeys.models import Assignment, Enrolment, Override
from lxp.web.access import member
from lxp.web.page import done, invalid, page, refuse
from lxp.web.request import MemberRequest

OFFERED = 10


@require_GET
@member
def enrolment(request: MemberRequest, enrolment_id: int) -> HttpResponse:
    """Where somebody stands, what was changed for them and why. They can see it too."""
    found = queries.enrolment_for(request.actor, enrolment_id)
    rows = reads.assignments_with_session(found)
    context = {
        "enrolment": found,
        "rows": rows,
        "stops": stops([a for a in rows if words.is_expected(a)]),
        "late": [a for a in rows if _is_late(a, request)],
        "overrides": reads.overrides_of(found),
        "told": reads.messages_of(found),
        "may_help": reads.may_help(request.actor, found) and found.state != Enrolment.State.WITHDRAWN,
        "mine": found.learner_id == request.user.pk,
        "runs_cohort": request.actor.is_designer,
        "title_of": title_of,
        "titles": {a.key: title_of(a) for a in rows},
        "words": words,
    }
    return page(request, "journeys/design/enrolment.html", context)


def _is_late(a: Assignment, request: MemberRequest) -> bool:
    return a.state == Assignment.State.OPEN and a.item_id is not None and bool(a.due_at and a.due_at < request.at)


@require_http_methods(["GET", "POST"])
@member
def extend(request: MemberRequest, enrolment_id: int, key: str) -> HttpResponse:
    """Give more time for one step."""
    found, assignment = _step(request, enrolment_id, key)
    form = ExtendForm(request.POST or None, zone=found.learner.zone)
    if form.is_bound and form.is_valid():
        try:
            made = services.extend_due(enrolment=found, key=key, **form.cleaned_data, by=request.user, at=request.at)
            return _changed(request, found, made, _("They have more time, and read why."))
        except ValidationError as error:
            refuse(form, error)
    return _asked(request, form, found, assignment, "extend")


@require_http_methods(["GET", "POST"])
@member
def waive(request: MemberRequest, enrolment_id: int, key: str) -> HttpResponse:
    """Release somebody from one step."""
    found, assignment = _step(request, enrolment_id, key)
    form = ReasonForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            made = services.waive_step(enrolment=found, key=key, **form.cleaned_data, by=request.user, at=request.at)
            return _changed(request, found, made, _("They don’t need it any more, and read why."))
        except ValidationError as error:
            refuse(form, error)
    return _asked(request, form, found, assignment, "waive")


@require_http_methods(["GET", "POST"])
@member
def insert(request: MemberRequest, enrolment_id: int) -> HttpResponse:
    """Put an extra piece of content into somebody's journey."""
    found = reads.helped_enrolment_for(request.actor, enrolment_id)
    given = request.POST if request.method == "POST" else request.GET
    library = content.library(request.actor, content.Filters(q=given.get("find", "")[:100], limit=OFFERED))
    items = {item.pk: item for item in library.items}
    picked = given.get("item", "")
    if picked.isdecimal() and int(picked) not in items:
        items = {int(picked): content.item_for(request.actor, int(picked)), **items}
    bound = request.POST if request.method == "POST" and "look" not in request.POST else None
    form = InsertForm(bound, zone=found.learner.zone, items=items, initial=given.dict())
    if form.is_bound and form.is_valid():
        try:
            values = {name: value for name, value in form.cleaned_data.items() if name != "find"}
            made = services.insert_step(enrolment=found, **values, by=request.user, at=request.at)
            return _changed(request, found, made, _("It is in their journey, open at once."))
        except ValidationError as error:
            refuse(form, error)
    context = {
        "enrolment": found, "form": form, "items": list(items.values()), "kinds": content.kinds(),
        "chosen": int(picked) if picked.isdecimal() else None,
    }  # fmt: skip
    return (invalid if form.is_bound else page)(request, "journeys/design/insert.html", context)


@require_POST
@member
@back_to("design:enrolment", "enrolment_id")
def undo(request: MemberRequest, enrolment_id: int, override_id: int) -> HttpResponse:
    """Take a change of a plan back; what was finished meanwhile stays."""
    found = reads.helped_enrolment_for(request.actor, enrolment_id)
    override = next((one for one in reads.overrides_of(found) if one.pk == override_id), None)
    if override is None:
        raise Http404("No such change.")
    services.undo_override(override=override, by=request.user, at=request.at)
    return done(request, "design:enrolment", _("Taken back. The plan is as it was."), enrolment_id)


def _step(request: MemberRequest, enrolment_id: int, key: str) -> tuple[Enrolment, Assignment]:
    found = reads.helped_enrolment_for(request.actor, enrolment_id)
    assignment = next((a for a in reads.assignments_with_session(found) if a.key == key), None)
    if assignment is None:
        raise Http404("No such step in their journey.")
    return found, assignment


def _asked(request: MemberRequest, form: Any, found: Enrolment, assignment: Assignment, what: str) -> HttpResponse:
    context = {
        "enrolment": found,
        "assignment": assignment,
        "title": title_of(assignment),
        "form": form,
        "what": what,
    }
    return (invalid if form.is_bound else page)(request, "journeys/design/change.html", context)


def _changed(request: MemberRequest, found: Enrolment, made: Override, text: str) -> HttpResponse:
    undo_url = reverse("design:override-undo", args=[found.pk, made.pk])
    return done(request, "design:enrolment", text, found.pk, undo=undo_url)
