"""What facilitators do: see who comes and how ready they are, run the session, keep the roster, move or cancel it."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lxp.people.models import Role
from lxp.web.access import member, role
from lxp.web.page import done, invalid, page
from lxp.web.request import MemberRequest
from sessions import queries, readiness, rules, services
from sessions.forms import CancelForm, MarkForm, MoveForm, SeatsForm, StaffForm, WalkInForm
from sessions.models import LiveSession
from sessions.queries import CHANGE, RUN, RosterRow
from sessions.views.learner import agenda_of
from sessions.views.refusals import back_to

PAGE = 30


@role(Role.FACILITATOR, Role.DESIGNER, Role.ADMINISTRATOR)
@require_GET
def sessions(request: MemberRequest) -> HttpResponse:
    """What do I run next, and are they ready? Designers may look at everybody's."""
    past, everybody = "past" in request.GET, "all" in request.GET and request.actor.is_designer
    rows = queries.all_sessions(past=past) if everybody else queries.facilitated_by(request.user, past=past)
    first = None if past else rows.first()
    if last := request.GET.get("after"):
        rows = queries.after(rows, queries.session_for(request.actor, last, RUN), past=past)
    found = list(rows[: PAGE + 1])
    ready = list(readiness.rows_of(first).values()) if first else []
    return page(request, "sessions/sessions.html", {
        "sessions": found[:PAGE], "more_after": found[PAGE - 1].uuid if len(found) > PAGE else None,
        "past": past, "everybody": everybody, "next": first, "ready": sum(row.state == "ready" for row in ready),
        "prepares": len(ready), "phase_of": {row.pk: rules.phase(row, request.at) for row in found},
    })  # fmt: skip


@member
@require_GET
def run(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Are they ready, and who was there?"""
    live = queries.session_for(request.actor, uuid, RUN)
    return page(request, "sessions/run.html", run_page(request, live))


def run_page(request: MemberRequest, live: LiveSession, walk_in: WalkInForm | None = None) -> dict[str, Any]:
    """What the facilitator's page shows."""
    at = request.at
    ready = readiness.rows_of(live)
    people = [_person(live, row, ready.get(row.user.pk), at) for row in queries.roster(live, at)]
    stands = rules.phase(live, at)
    return {
        "session": live,
        "phase": stands,
        "people": people,
        "ready": sum(p["ready"].state == "ready" for p in people if p["ready"]),
        "prepares": sum(1 for p in people if p["ready"]),
        "here": sum(p["row"].here for p in people),
        "came": sum(p["status"] in ("attended", "partial") for p in people),
        "unmarked": sum(not p["row"].marked for p in people),
        "waiting": queries.waiting_list(live),
        "wrong": readiness.wrong_answers(live),
        "clocks": queries.places_of(live),
        "agenda": agenda_of(live, at),
        "may_start": live.state == LiveSession.State.SCHEDULED and at >= live.starts_at - rules.EARLIEST_START,
        "may_end": live.state in LiveSession.OPEN and at > (live.actual_start or live.starts_at),
        "may_mark": rules.may_mark(live, at),
        "may_move": rules.may_move(live),
        "walk_in": (walk_in or _walk_in()) if rules.may_join(live, at) else None,
        "seats": SeatsForm(initial={"capacity": live.capacity}) if live.state in LiveSession.OPEN else None,
    }


def _person(live: LiveSession, row: RosterRow, ready: readiness.ReadinessRow | None, at: datetime) -> dict[str, Any]:
    status = row.attendance.status if row.attendance else ""
    return {"row": row, "ready": ready, "status": status, "may_mark": rules.may_mark(live, at)}


def _walk_in(data: Any = None) -> WalkInForm:
    return WalkInForm(data, find=queries.member_by_email)


# ---------------------------------------------------------------- running it


@member
@require_POST
@back_to("live:run")
def start(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """On air."""
    live = queries.session_for(request.actor, uuid, RUN)
    services.start_session(session=live, by=request.user, at=request.at)
    return done(request, "live:run", _("You’re on air. Attendance counts from now."), uuid)


@member
@require_POST
@back_to("live:run")
def end(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """End it and settle who was there."""
    live = queries.session_for(request.actor, uuid, RUN)
    services.end_session(session=live, by=request.user, at=request.at)
    return done(request, "live:run", _("Ended. What follows for each person is on its way."), uuid)


@member
@require_POST
@back_to("live:run")
def mark(request: MemberRequest, uuid: UUID, learner: int) -> HttpResponse:
    """One click on the roster; answers with the row, or goes back to the page."""
    live = queries.session_for(request.actor, uuid, RUN)
    form = MarkForm(request.POST)
    if not form.is_valid():
        raise ValidationError(_("Choose attended, part of it, or missed."))
    services.set_attendance(
        session=live, learner_id=learner, status=form.cleaned_data["status"], reason=form.cleaned_data["reason"],
        by=request.user, at=request.at,
    )  # fmt: skip
    return _marked(request, live, learner)


@member
@require_POST
@back_to("live:run")
def unmark(request: MemberRequest, uuid: UUID, learner: int) -> HttpResponse:
    """Take a mark back: the rule decides."""
    live = queries.session_for(request.actor, uuid, RUN)
    services.clear_attendance(session=live, learner_id=learner, by=request.user, at=request.at)
    return _marked(request, live, learner)


def _marked(request: MemberRequest, live: LiveSession, learner: int) -> HttpResponse:
    if not request.htmx:
        return done(request, "live:run", _("Saved."), live.uuid)
    row = next(row for row in queries.roster(live, request.at) if row.user.pk == learner)
    ready = readiness.rows_of(live).get(learner)
    return page(request, "sessions/_person.html", {
        "session": live, "person_row": _person(live, row, ready, request.at), "flash": True,
    })  # fmt: skip


@member
@require_POST
@back_to("live:run")
def mark_all(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Everybody nobody has marked yet was here."""
    live = queries.session_for(request.actor, uuid, RUN)
    marked = services.set_attendance_of_all(session=live, status="attended", by=request.user, at=request.at)
    return done(request, "live:run", _("%d marked as attended. Correct those who weren’t here.") % len(marked), uuid)


@member
@require_POST
@back_to("live:run")
def walk_in(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Somebody is there without a seat."""
    live = queries.session_for(request.actor, uuid, RUN)
    form = _walk_in(request.POST)
    if not form.is_valid():
        return invalid(request, "sessions/run.html", run_page(request, live, form))
    person = form.cleaned_data["person"]
    services.add_walk_in(session=live, learner=person, by=request.user, at=request.at)
    return done(request, "live:run", _("%s is on the list and counts as here.") % person.name, uuid)


# ---------------------------------------------------------------- changing it


@member
@require_http_methods(["GET", "POST"])
@back_to("live:run")
def move(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Move it in time or place: the form, then whom it tells and what it means for them, then done."""
    live = queries.session_for(request.actor, uuid, CHANGE)
    form = MoveForm(request.POST) if request.method == "POST" else MoveForm.of(live)
    context = {"session": live, "form": form, "zones": queries.zones_in_use()}
    if request.method == "GET":
        return page(request, "sessions/move.html", context)
    if not form.is_valid():
        return invalid(request, "sessions/move.html", context)
    if "confirm" not in request.POST:
        return page(request, "sessions/move.html", context | {"preview": _preview(live, form)})
    try:
        services.reschedule_session(session=live, **form.change(), by=request.user, at=request.at)
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
        return invalid(request, "sessions/move.html", context)
    return done(request, "live:run", _("Changed. Everybody it concerns is told."), uuid)


def _preview(live: LiveSession, form: MoveForm) -> dict[str, Any]:
    moved = copy.copy(live)
    moved.starts_at = form.cleaned_data["starts_at"]
    moved.ends_at = moved.starts_at + timedelta(minutes=form.cleaned_data["minutes"])
    moved.zone = form.cleaned_data["zone"]
    learners, staff = queries.affected_by(live)
    places = queries.places_of(moved)
    return {
        "moved": moved, "learners": learners, "staff": staff, "places": places,
        "unsocial": sum(place.unsocial for place in places), "later": moved.starts_at != live.starts_at,
    }  # fmt: skip


@member
@require_http_methods(["GET", "POST"])
@back_to("live:run")
def cancel(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Call it off: says whom it tells, asks why, offers moving it instead."""
    live = queries.session_for(request.actor, uuid, CHANGE)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.cancel_session(session=live, reason=form.cleaned_data["reason"], by=request.user, at=request.at)
        return done(request, "live:run", _("Cancelled. Everybody it concerns is told."), uuid)
    learners, staff = queries.affected_by(live)
    context = {"session": live, "form": form, "learners": learners, "staff": staff, "may_move": rules.may_move(live)}
    return (invalid if form.is_bound else page)(request, "sessions/cancel.html", context)


@member
@require_POST
@back_to("live:run")
def seats(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """More or fewer seats."""
    live = queries.session_for(request.actor, uuid, CHANGE)
    form = SeatsForm(request.POST)
    if not form.is_valid():
        raise ValidationError(_("Give the number of seats, at least one."))
    services.change_capacity(session=live, capacity=form.cleaned_data["capacity"], by=request.user, at=request.at)
    return done(request, "live:run", _("Seats changed."), uuid)


@role(Role.DESIGNER, Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
@back_to("live:run")
def staff(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Who runs it."""
    live = queries.session_for(request.actor, uuid, CHANGE)
    runs_it = [str(row.user_id) for row in live.staff.all()]
    form = StaffForm(request.POST or None, people=queries.may_run(), initial={"facilitators": runs_it})
    if request.method == "POST" and form.is_valid():
        try:
            services.set_facilitators(session=live, facilitators=form.chosen, by=request.user, at=request.at)
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            return done(request, "live:run", _("Saved who runs it."), uuid)
    return (invalid if form.is_bound else page)(request, "sessions/staff.html", {"session": live, "form": form})
