"""Learners' pages: my journeys, one journey, why its steps are as they are, joining and leaving."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from content import queries as content
from journeys import board, explain, path, queries, services, wording
from journeys.board import Run
from journeys.forms.learner import RemindForm
from journeys.models import Enrolment, Override
from journeys.queries import Taking
from lxp.people.models import User
from lxp.web.access import member
from lxp.web.page import done, page
from lxp.web.request import MemberRequest
from sessions import queries as live
from sessions import rules
from sessions.models import LiveSession
from sessions.scheduling import WorkingHours

FEW = 5
"""Fewer people than this are not counted for others to see."""

View = Callable[..., HttpResponse]


def back_to(to: str) -> Callable[[View], View]:
    """A refusal (ValidationError) is said once on the page with this URL name."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answered(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
                return done(request, to)

        return answered

    return decorate


@require_safe
@member
def journeys(request: MemberRequest) -> HttpResponse:
    """What I am in, what I finished, what I may join."""
    runs, zone = queries.runs_of(request.user.pk), request.user.zone
    going = [wording.journey_row(run, request.at, zone) for run in board.in_order(runs, request.at)]
    finished = sorted((r for r in runs if r.state == "completed" and r.completed_at), key=_completed, reverse=True)
    takings = queries.takings_of(queries.joinable_by(request.actor), request.at)
    return page(request, "journeys/list.html", {
        "going": going, "finished": finished, "takings": takings, "unkind": _unkind(request.user, takings),
    })  # fmt: skip


def _completed(run: Run) -> Any:
    return run.completed_at


@require_safe
@member
def journey(request: MemberRequest, slug: str) -> HttpResponse:
    """One journey: where I am on it. To those who are not in it but may join: what it would be."""
    wanted = request.GET.get("e", "")
    enrolment = queries.own_enrolment(request.actor, slug, int(wanted) if wanted.isdecimal() else None)
    if enrolment is None and wanted.isdecimal():
        raise Http404("No such enrolment of yours.")
    if enrolment is None:
        return page(request, "journeys/preview.html", preview_page(request, slug))
    return page(request, "journeys/journey.html", journey_page(request, enrolment))


def journey_page(request: MemberRequest, enrolment: Enrolment) -> dict[str, Any]:
    """Everything the journey's page shows. Seven queries."""
    at, user = request.at, request.user
    run = queries.run_of(enrolment)
    parts = path.parts(run)
    sessions = {session.pk: session for session in queries.sessions_of(enrolment.cohort, user.pk)}
    shown = next((part for part in parts if part.place == "now"), parts[-1])
    session = sessions.get(shown.live.session_id or 0) if shown.live else None
    company = queries.company_of(enrolment.cohort, [r.key for r in run.prework_of(shown.live)] if shown.live else [])
    places = live.places_of(session, user.pk) if session and not session.is_over else []
    ahead = [(s.starts_at, s.zone) for s in _mine(run, sessions) if s.state in LiveSession.OPEN]
    notice = path.clock_notice(ahead, user.zone, {place.row.zone for place in places}, at)
    return {
        "run": run,
        "journey": enrolment.cohort.journey,
        "parts": parts,
        "shown": shown,
        "current": board.current_of(run, at),
        "sessions": sessions,
        "phases": {pk: rules.phase(found, at) for pk, found in sessions.items()},
        "others": _other_dates(sessions, at),
        "clocks": places,
        "company": company if company.people >= FEW else None,
        "changes": _changes(queries.live_overrides([enrolment.pk])[enrolment.pk]),
        "span": path.span(run),
        "week": path.minutes_a_week(run),
        "left": path.minutes_left(run),
        "clock_change": wording.clock_text(notice, at) if notice else "",
        "may_leave": enrolment.source == Enrolment.Source.SELF and enrolment.state == Enrolment.State.ACTIVE,
        "kinds": content.kinds(),
        "wording": wording,
        "path": path,
    }


def _mine(run: Run, sessions: dict[int, Any]) -> list[Any]:
    return [sessions[row.session_id] for row in run.shown if row.kind == "live" and row.session_id in sessions]


def _other_dates(sessions: dict[int, Any], at: Any) -> dict[int, int]:
    """By session: how many other dates of the same step are still ahead."""
    ahead = [s for s in sessions.values() if s.state == LiveSession.State.SCHEDULED and s.starts_at > at]
    return {
        pk: sum(1 for other in ahead if other.step_key == session.step_key and other.pk != pk)
        for pk, session in sessions.items()
    }


def _changes(overrides: list[Override]) -> dict[str, str]:
    """What was changed for this learner, in a sentence, by the key of the step."""
    said: dict[str, str] = {}
    for one in overrides:
        key = f"extra:{one.pk}" if one.kind == Override.Kind.INSERT else one.key
        said.setdefault(key, explain.say_change(_said(one), explain.Words(gettext=_)))
    return said


def _said(one: Override) -> explain.Said:
    return explain.Said(one.kind, one.reason, one.by.name if one.by else "")


def preview_page(request: MemberRequest, slug: str) -> dict[str, Any]:
    """What a journey would be for somebody who is not in it. Raises Http404 where they could not join."""
    found = queries.journey_for(request.actor, slug)
    takings = queries.takings_of(queries.joinable_by(request.actor).filter(journey=found), request.at)
    steps = queries.outline_of(found, takings[0].cohort if takings else None)
    parts = [(title, list(rows)) for title, rows in groupby(steps, key=lambda step: step.part)]
    return {
        "journey": found, "takings": takings, "steps": steps, "parts": parts,
        "unkind": _unkind(request.user, takings),
    }  # fmt: skip


def _unkind(user: User, takings: Sequence[Taking]) -> set[int]:
    """The live sessions outside somebody's working hours."""
    hours = WorkingHours(user.zone, user.work_start, user.work_end, tuple(user.work_days) or (1, 2, 3, 4, 5))
    dates = (session for taking in takings for session in taking.dates)
    return {session.pk for session in dates if not hours.covers(session.starts_at, session.ends_at)}


# ---------------------------------------------------------------- why


@require_safe
@member
def why(request: MemberRequest, assignment_id: int) -> HttpResponse:
    """Why I have a step, why it opens then, why it is due then."""
    assignment = queries.assignment_for(request.actor, assignment_id)
    case = queries.case_of(assignment)
    context = {
        "assignment": assignment,
        "case": case,
        "explained": explain.explain(case, wording.words(request.at)),
        "mine": assignment.learner_id == request.user.pk,
    }
    return page(request, "journeys/_why.html" if request.htmx else "journeys/why.html", context)


@require_safe
@member
def progress(request: MemberRequest, enrolment_id: int) -> HttpResponse:
    """Why 62 %? The facts it is counted from, now."""
    enrolment = queries.enrolment_for(request.actor, enrolment_id)
    counted = queries.progress_of(enrolment)
    return page(request, "journeys/progress.html", {
        "enrolment": enrolment, "journey": enrolment.cohort.journey, "counted": counted,
        "mine": enrolment.learner_id == request.user.pk, "because": wording.because,
    })  # fmt: skip


# ---------------------------------------------------------------- reminders of one's own


@require_POST
@member
@back_to("lxp:home")
def remind(request: MemberRequest, assignment_id: int) -> HttpResponse:
    """Remind me of this step then."""
    assignment = queries.own_assignment(request.actor, assignment_id)
    form = RemindForm(request.POST)
    if not form.is_valid():
        raise ValidationError(list(form.errors["at"]))
    services.remind_later(assignment=assignment, remind_at=form.cleaned_data["at"], at=request.at)
    said = _("We’ll remind you %(when)s.") % {"when": wording.words(request.at).when(form.cleaned_data["at"])}
    return done(request, "lxp:home", said, undo=reverse("journeys:remind-undo", args=[assignment_id]))


@require_POST
@member
def remind_undo(request: MemberRequest, assignment_id: int) -> HttpResponse:
    """No reminder after all."""
    assignment = queries.own_assignment(request.actor, assignment_id)
    services.take_back_reminder(assignment=assignment, at=request.at)
    return done(request, "lxp:home", _("No reminder then."))


# ---------------------------------------------------------------- joining and leaving


@require_POST
@member
@back_to("journeys:list")
def join(request: MemberRequest, cohort: str) -> HttpResponse:
    """Join a group that is open to everybody."""
    found = queries.open_cohort(request.actor, cohort)
    services.self_enrol(cohort=found, learner=request.user, at=request.at)
    return done(request, "journeys:journey", _("You’re in. Here is your path."), found.journey.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@member
def leave(request: MemberRequest, slug: str) -> HttpResponse:
    """Leave a journey I joined myself: first what that means, then done, and joined again with one click."""
    enrolment = queries.own_enrolment(request.actor, slug)
    found = queries.journey_for(request.actor, slug)
    if enrolment is None or enrolment.source != Enrolment.Source.SELF:
        raise PermissionDenied(_("You were enrolled by others. Ask the learning team to take you out."))
    if request.method != "POST":
        return page(request, "lxp/confirm_dialog.html" if request.htmx else "lxp/confirm.html", _leaving(enrolment))
    services.withdraw(cohort=enrolment.cohort, enrolment_ids=[enrolment.pk], by=request.user, at=request.at)
    undo = reverse("journeys:join", args=[enrolment.cohort.slug]) if enrolment.cohort.self_enrol else ""
    return done(request, "journeys:list", _("You left “%(title)s”.") % {"title": found.title}, undo=undo)


def _leaving(enrolment: Enrolment) -> dict[str, Any]:
    slug = enrolment.cohort.journey.slug
    return {
        "title": _("Leave “%(title)s”?") % {"title": enrolment.cohort.journey.title},
        "effect": _("Your seats in its live sessions go to others, and we stop writing to you about it. "
                    "What you finished is kept, and you can join again while it is open."),
        "action_url": reverse("journeys:leave", args=[slug]),
        "confirm_label": _("Leave it"),
        "cancel_url": reverse("journeys:journey", args=[slug]),
        "cancel_label": _("Stay in it"),
    }  # fmt: skip
