"""People who may need a hand: a manager's week, and what can be done about an insight."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lxp.people.models import Role
from lxp.web.access import member, role
from lxp.web.jinja import when
from lxp.web.page import done, invalid, page
from lxp.web.request import MemberRequest
from recommendations import queries, services
from recommendations.forms import LeaveForm
from recommendations.views import back, came_from, undo_address
from recommendations.week import Week, week_of
from recommendations.wording import done_text, people_need_you, said


@require_safe
@role(Role.MANAGER)
def team(request: MemberRequest) -> HttpResponse:
    """Who needs me this week?"""
    reports = queries.team_of(request.user, at=request.at)
    week: Week = week_of(reports, at=request.at, zone=request.user.zone, show=request.GET.get("show", ""))
    return page(
        request, "recommendations/team.html",
        {"week": week, "title": people_need_you(week.need_count), "all": "all" in request.GET},
    )  # fmt: skip


@require_POST
@member
def accept(request: MemberRequest, pk: int) -> HttpResponse:
    """Do what an insight suggests."""
    insight = queries.insight_for(request.actor, pk)
    try:
        services.accept_insight(insight=insight, by=request.user, at=request.at)
    except ValidationError as error:
        return _refused(request, error)
    return _settled(request, pk, done_text(insight))


@member
def leave(request: MemberRequest, pk: int) -> HttpResponse:
    """Leave an insight alone, and say why."""
    insight = queries.insight_for(request.actor, pk)
    form = LeaveForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            services.dismiss_insight(insight=insight, note=form.note, by=request.user, at=request.at)
        except ValidationError as error:
            return _refused(request, error)
        return _settled(request, pk, _("Left alone"))
    answer = invalid if form.is_bound else page
    shown = {"insight": insight, "said": said(insight, request.at), "form": form, "next": came_from(request)}
    return answer(request, f"recommendations/{'_' if request.htmx else ''}leave.html", shown)


@require_POST
@member
def undo(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a decision about an insight back."""
    insight = queries.insight_for(request.actor, pk)
    services.reopen_insight(insight=insight, by=request.user, at=request.at)
    return done(request, back(request, "insights:team"), _("Taken back"))


@require_POST
@member
def nudge(request: MemberRequest, pk: int) -> HttpResponse:
    """Send somebody a friendly word about their next step."""
    enrolment = queries.nudgeable_for(request.actor, pk)
    try:
        goes_at = services.nudge(enrolment=enrolment, by=request.user, at=request.at)
    except ValidationError as error:
        return _refused(request, error)
    text = _("The nudge to %(name)s goes out in ten seconds") % {"name": enrolment.learner.get_short_name()}
    if goes_at > request.at + services.UNDO_WITHIN:
        text = _("The nudge to %(name)s goes out %(when)s your time, in their working hours") % {
            "name": enrolment.learner.get_short_name(),
            "when": when(goes_at, request.at),
        }
    undo_url = undo_address(request, "insights:nudge-undo", pk)
    if request.htmx and request.htmx.target == f"nudge-{pk}":
        return page(request, "recommendations/_nudged.html", {"enrolment_id": pk, "toast": text, "undo": undo_url})
    return done(request, back(request, "insights:team"), text, undo=undo_url)


@require_POST
@member
def nudge_undo(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a nudge back while it has not gone out."""
    enrolment = queries.nudgeable_for(request.actor, pk)
    taken = services.take_back_nudge(enrolment=enrolment, at=request.at)
    text = _("Taken back, nothing was sent") if taken else _("It had gone out already")
    return done(request, back(request, "insights:team"), text)


def _settled(request: MemberRequest, pk: int, text: str) -> HttpResponse:
    return done(request, back(request, "insights:team"), text, undo=undo_address(request, "insights:undo", pk))


def _refused(request: MemberRequest, error: ValidationError) -> HttpResponse:
    """The service said no: the page as it is now, and why."""
    messages.error(request, " ".join(error.messages))
    response = redirect(back(request, "insights:team"))
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response
