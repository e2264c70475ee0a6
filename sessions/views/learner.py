"""What learners do with live sessions: look, book, change, come in."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lxp.web.access import member
from lxp.web.page import done, page
from lxp.web.request import MemberRequest
from sessions import ical, queries, rules, services
from sessions.agenda import Part, on_the_clock
from sessions.calendar import entries_of
from sessions.forms import GiveUpForm
from sessions.messages import entry_of
from sessions.models import Booking, LiveSession
from sessions.scheduling import changes_for_viewer
from sessions.services.presence import HEARTBEAT_SECONDS
from sessions.views.refusals import back_to

AHEAD = timedelta(days=60)
"""How far the calendar shows."""


@member
@require_GET
def session(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """One live session: when it is for me, what happens in it, my seat."""
    live = queries.session_for(request.actor, uuid)
    return page(request, "sessions/session.html", session_page(request, live))


def session_page(request: MemberRequest, live: LiveSession) -> dict[str, Any]:
    """What the page of a session shows to the signed-in person."""
    user, at = request.user, request.at
    booking = queries.booking_of(live, user)
    mine = booking.state if booking else ""
    stands = rules.phase(live, at)
    return {
        "session": live,
        "phase": stands,
        "booking": booking,
        "mine": mine,
        "seats": queries.seats([live.pk])[live.pk],
        "attendance": queries.attendance_of(live, user) if stands == rules.OVER else None,
        "alternatives": queries.alternatives(live, user, at) if mine != Booking.State.WAITLISTED else [],
        "clocks": queries.places_of(live, user.pk),
        "changes": changes_for_viewer(live.zone, user.zone, at, live.starts_at),
        "agenda": agenda_of(live, at),
        "runs_it": any(row.user_id == user.pk for row in live.staff.all()),
        "may_book": rules.may_book(live, at),
        "may_give_up": rules.may_give_up(live, at),
        "opens_at": live.starts_at - rules.DOOR_OPENS,
    }


def agenda_of(live: LiveSession, at: datetime) -> list[Part]:
    """The agenda on the clock, from the actual start where there is one. One query."""
    blocks = [(block.title, block.kind, block.minutes) for block in live.agenda.all()]
    return on_the_clock(blocks, live.actual_start or live.starts_at, at)


@member
@require_POST
@back_to("live:session")
def book(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Take a seat, or a place in the queue."""
    live = queries.session_for(request.actor, uuid)
    booking = services.book(session=live, learner=request.user, by=request.user, at=request.at)
    if booking.state == Booking.State.WAITLISTED:
        return done(request, "live:session", _("You’re on the waiting list. We write when a seat is yours."), uuid)
    return done(request, "live:session", _("Your seat is booked."), uuid)


@member
@require_http_methods(["GET", "POST"])
@back_to("live:session")
def give_up(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Can't make it: other dates first, then giving the seat to the next person."""
    live = queries.session_for(request.actor, uuid)
    booking = queries.booking_of(live, request.user)
    if booking is None or booking.state == Booking.State.CANCELLED:
        return redirect("live:session", uuid)
    form = GiveUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.cancel_booking(booking=booking, by=request.user, at=request.at, reason=form.cleaned_data["reason"])
        return done(request, "live:session", _("You gave up your seat."), uuid)
    return page(request, "sessions/give_up.html", session_page(request, live) | {"form": form})


@member
@require_POST
@back_to("live:session")
def switch(request: MemberRequest, uuid: UUID, to: UUID) -> HttpResponse:
    """Change my seat in this session for one in another."""
    live = queries.session_for(request.actor, uuid)
    other = queries.session_for(request.actor, to)
    services.switch_booking(from_session=live, to_session=other, learner=request.user, by=request.user, at=request.at)
    return done(request, "live:session", _("Changed. Your seat is in this session now."), to)


@member
@require_GET
def ics(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """The session as a file for my calendar; only with a seat."""
    live = queries.session_for(request.actor, uuid)
    booking = queries.booking_of(live, request.user)
    if booking is None or booking.state != Booking.State.BOOKED or live.state == LiveSession.State.CANCELLED:
        return redirect("live:session", uuid)
    booking.learner = request.user
    booking.session = live
    answer = HttpResponse(ical.download([entry_of(live, booking)]), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="session.ics"'
    return answer


# ---------------------------------------------------------------- coming in


@member
@require_http_methods(["GET", "POST"])
@back_to("live:session")
def join(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """The permanent way in: notes that I'm there and shows the room. POST also takes a free seat first."""
    live = queries.session_for(request.actor, uuid)
    if any(row.user_id == request.user.pk for row in live.staff.all()):
        return redirect("live:run", uuid)
    if not rules.may_join(live, request.at):
        return redirect("live:session", uuid)
    if request.method == "POST":
        services.book(session=live, learner=request.user, by=request.user, at=request.at)
    booking = queries.booking_of(live, request.user)
    if booking is None or booking.state != Booking.State.BOOKED:
        return page(request, "sessions/no_seat.html", session_page(request, live))
    services.join(session=live, learner=request.user, at=request.at)
    return page(request, "sessions/room.html", {
        "session": live,
        "phase": rules.phase(live, request.at),
        "agenda": agenda_of(live, request.at),
        "people": queries.people_present(live, request.at),
        "every": HEARTBEAT_SECONDS,
    })  # fmt: skip


@member
@require_POST
def here(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """A sign of life from the room: 204 while the session goes on, 410 afterwards. A plain form goes back to the room."""
    live = queries.session_for(request.actor, uuid)
    goes_on = services.heartbeat(session=live, learner=request.user, at=request.at)
    if request.headers.get("X-Presence"):
        return HttpResponse(status=204 if goes_on else 410)
    return redirect("live:join" if goes_on else "live:session", uuid)


# ---------------------------------------------------------------- what is on


@member
@require_GET
def calendar(request: MemberRequest) -> HttpResponse:
    """My live sessions, and what is due, day by day."""
    zone = ZoneInfo(request.user.zone)
    today = request.at.astimezone(zone).date()
    since = datetime.combine(today, datetime.min.time(), zone)
    bookings = queries.bookings_of(request.user, since, since + AHEAD)
    due = entries_of(request.user, since, since + AHEAD)
    days: dict[date, dict[str, list[Any]]] = defaultdict(lambda: {"live": [], "due": []})
    for booking in bookings:
        days[booking.session.starts_at.astimezone(zone).date()]["live"].append(booking)
    for entry in due:
        days[entry.at.astimezone(zone).date()]["due"].append(entry)
    ahead = [b for b in bookings if b.session.ends_at > request.at and b.session.state in LiveSession.OPEN]
    return page(request, "sessions/calendar.html", {
        "days": sorted(days.items()), "today": today, "next": ahead[0] if ahead else None, "weeks": AHEAD.days // 7,
        "phase_of": {b.session_id: rules.phase(b.session, request.at) for b in bookings},
    })  # fmt: skip
