"""Where people get off: all programmes at a glance, and one of them along its route."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from lxp.people.models import Role
from lxp.web.access import member, role
from lxp.web.page import page
from lxp.web.request import MemberRequest
from recommendations import queries
from recommendations.route import heat_of, route_of
from recommendations.wording import finding, overview_headline, said, why_here

SOME = 6
"""People who may need a hand that are named before "All"."""


@require_safe
@role(Role.DESIGNER, Role.ADMINISTRATOR)
def overview(request: MemberRequest) -> HttpResponse:
    """Which programme loses most people?"""
    found = queries.pictures(at=request.at)
    return page(
        request, "recommendations/overview.html",
        {"title": overview_headline(found), "rows": [(picture, finding(picture)) for picture in found]},
    )  # fmt: skip


@require_safe
@member
def journey(request: MemberRequest, slug: str) -> HttpResponse:
    """Where do we lose people in this programme, and what would help?"""
    found, cohorts = queries.cohorts_for(request.actor, slug)
    wanted = request.GET.get("cohort", "")
    chosen = next((cohort for cohort in cohorts if cohort.slug == wanted), None)
    if wanted and chosen is None:
        raise Http404(_("There is no such cohort."))
    looked_at = [chosen] if chosen else cohorts
    ids = [cohort.pk for cohort in looked_at]
    picture = queries.picture_of(found, cohort_ids=ids, at=request.at)
    drop = picture.drop
    insights = queries.by_urgency(queries.insights_for(request.actor).filter(enrolment__cohort_id__in=ids))
    lines = queries.cohort_lines(looked_at, at=request.at)
    route = route_of(picture, part=request.GET.get("part", ""))
    shown = insights if "all" in request.GET else insights[:SOME]
    return page(
        request, "recommendations/journey.html",
        {
            "journey": found, "cohorts": cohorts, "chosen": chosen, "picture": picture, "title": finding(picture),
            "route": route, "heat": heat_of(route.part, lines),
            "durations": queries.durations(ids),
            "because": why_here(drop, lines) if drop else "",
            "builder": _builder(found.slug, drop.key) if drop and request.actor.is_designer else "",
            "hands": [(insight, said(insight, request.at)) for insight in shown], "hand_count": len(insights),
        },
    )  # fmt: skip


def _builder(slug: str, step_key: str) -> str:
    """The step in the builder; "" where this installation doesn't serve it."""
    try:
        return f"{reverse('design:programme', args=[slug])}#step-{step_key}"
    except NoReverseMatch:
        return ""
