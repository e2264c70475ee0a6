"""My skills, and what is worth my time."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from content.kinds import KINDS
from lxp.skills import queries as skill_queries
from lxp.web.access import member
from lxp.web.page import done, page
from lxp.web.request import MemberRequest
from recommendations import queries, services
from recommendations.standing import My, my_skills
from recommendations.views import back, undo_address
from recommendations.wording import said, settled_text


@require_safe
@member
def skills(request: MemberRequest) -> HttpResponse:
    """Where I stand, why, and what would close the gaps."""
    profile = skill_queries.profile_of(request.user)
    worth = queries.shown_to(request.user)
    assigned = queries.assigned_for(request.user, [one.skill_id for one in profile if one.gap])
    my: My = my_skills(profile, worth, assigned)
    return page(
        request, "recommendations/skills.html",
        {
            "my": my, "worth": worth, "declined": queries.declined_by(request.user), "kinds": KINDS,
            "seen": [
                (one, said(one, request.at), settled_text(one))
                for one in queries.insights_about(request.user, at=request.at)
            ],
        },
    )  # fmt: skip


@require_safe
@member
def why(request: MemberRequest, pk: int) -> HttpResponse:
    """Why this is suggested to me: the facts."""
    found = queries.why(queries.recommendation_for(request.actor, pk))
    return page(request, f"recommendations/{'_' if request.htmx else ''}why.html", {"why": found})


@require_POST
@member
def dismiss(request: MemberRequest, pk: int) -> HttpResponse:
    """Not for me."""
    return _answer(request, pk, services.dismiss, _("It won’t be suggested again"))


@require_POST
@member
def known(request: MemberRequest, pk: int) -> HttpResponse:
    """I know this already."""
    return _answer(request, pk, services.already_know, _("Good. Your level takes your word into account"))


@require_POST
@member
def restore(request: MemberRequest, pk: int) -> HttpResponse:
    """I take my answer back."""
    found = queries.recommendation_for(request.actor, pk)
    services.restore(recommendation=found, by=request.user, at=request.at)
    return done(request, back(request, "insights:skills"), _("It may be suggested again"))


def _answer(request: MemberRequest, pk: int, service: Callable[..., None], text: str) -> HttpResponse:
    found = queries.recommendation_for(request.actor, pk)
    service(recommendation=found, by=request.user, at=request.at)
    undo = undo_address(request, "insights:restore", pk)
    if request.htmx and request.htmx.target == "worth":
        shown = {"worth": queries.shown_to(request.user), "toast": text, "undo": undo}
        return page(request, "recommendations/_worth.html", shown)
    return done(request, back(request, "insights:skills"), text, undo=undo)
