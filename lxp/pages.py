"""Pages that show everything: home puts together what every app knows about one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from content import queries as content
from content.queries import Opening
from journeys import board, reminding, wording
from journeys import queries as journeys
from journeys.board import Live, Pick, Run, Stop
from lxp.messaging import queries as messaging
from lxp.messaging.times import person_time_of
from lxp.people.models import Membership
from lxp.web.access import member
from lxp.web.page import page
from recommendations import queries as recommendations
from sessions import queries as live_sessions
from sessions import rules
from sessions.models import LiveSession

DURATIONS = (5, 15, 30, 60)
"""Minutes somebody may say they have."""
MOST_JOURNEYS = 3
MOST_SKIPPED = 20
SEATS = ("booked", "waitlisted")
A_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Asked:
    """What the address asks for: the minutes somebody has, and the steps they would rather not do now."""

    minutes: int | None
    skip: tuple[int, ...]

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Anything that can't be meant is as if it weren't there."""
        minutes = query.get("t", "")
        known = int(minutes) if minutes in map(str, DURATIONS) else None
        skip = [int(part) for part in query.get("skip", "").split(",") if part.isdecimal() and len(part) < 19]
        return cls(known, tuple(skip[-MOST_SKIPPED:]))


@dataclass(frozen=True)
class Next:
    """The next board: what to do now (`pick`), the live session it leads to (`live`), and the line around it."""

    asked: Asked
    pick: Pick | None
    opening: Opening | None
    others: bool
    remind: list[datetime]
    reminder: datetime | None
    live: Any
    phase: str
    of: Run | None
    stops: list[Stop]
    later: tuple[Run, board.Row] | None

    @property
    def seat(self) -> str:
        """My seat in the live session: booked, waitlisted, or "" (none, or given up)."""
        return self.live.mine if self.live and self.live.mine in SEATS else ""

    @property
    def opens_at(self) -> datetime | None:
        """When the room of the live session opens."""
        return self.live.starts_at - rules.DOOR_OPENS if self.live else None

    @property
    def skip(self) -> str:
        """The address's `skip` for "Something else"."""
        return ",".join(map(str, (*self.asked.skip, self.pick.row.pk if self.pick else 0)))


@require_safe
@member
def home(request: HttpRequest) -> HttpResponse:
    """What should I do next? An answer to "how long have you got?" swaps only the board."""
    membership, at = request.membership, request.at  # type: ignore[attr-defined]
    runs = journeys.runs_of(membership.user_id, since=at - A_WEEK)
    ranked = board.picks(runs, at)
    shown = next_board(membership, runs, ranked, Asked.of(request.GET), at)
    if request.htmx.target == "next" and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        return page(request, "lxp/_next.html", {"next": shown, "kinds": content.kinds(), "wording": wording})
    worth = recommendations.shown_to(membership.user)
    return page(request, "lxp/home.html", home_context(membership, runs, ranked, shown, at) | {"worth": worth})


def next_board(membership: Membership, runs: Sequence[Run], ranked: Sequence[Pick], asked: Asked, at: datetime) -> Next:
    """Four queries: the next live session, the step's parts, its reminder; fewer where there is none."""
    user = membership.user
    pick = board.choose(ranked, minutes=asked.minutes, skip=asked.skip)
    ahead = [row.session_id for run in runs for row in run.shown if row.kind == "live" and row.session_id
             and row.state in ("planned", "open")]  # fmt: skip
    live = live_sessions.next_for(user, ahead, at)
    run, focus = _focus(runs, pick, live)
    return Next(
        asked=asked,
        pick=pick,
        opening=_opening(user.pk, pick),
        others=len(ranked) > 1,
        remind=reminding.moments(at, person_time_of(membership), pick.row.due_at) if pick else [],
        reminder=_reminder(pick),
        live=live,
        phase=rules.phase(live, at) if live else "",
        of=run,
        stops=_stops(run, focus, at) if run and focus else [],
        later=board.next_opening(runs, at),
    )


def _opening(user_id: int, pick: Pick | None) -> Opening | None:
    if pick is None or pick.row.item_id is None:
        return None
    return content.opening_of(user_id, pick.row.item_id, pick.run.uuid, pick.row.version_id)


def _reminder(pick: Pick | None) -> datetime | None:
    if pick is None:
        return None
    scope = reminding.scope_of(pick.row.pk)
    return messaging.promised([scope], reminding.KIND).get(scope)


def _focus(runs: Sequence[Run], pick: Pick | None, live: LiveSession | None) -> tuple[Run | None, board.Row | None]:
    """The line is drawn around the step somebody is at, else around the live session that comes next."""
    if pick:
        return pick.run, pick.row
    found = ((run, row) for run in runs for row in run.shown if live and row.session_id == live.pk)
    return next(found, (None, None))


def _stops(run: Run, focus: board.Row, at: datetime) -> list[Stop]:
    drawn = board.stops(run, at, board.around(run, focus))
    return [replace(stop, note=wording.stop_note(stop.row, at)) for stop in drawn]


def home_context(
    membership: Membership, runs: Sequence[Run], ranked: Sequence[Pick], shown: Next, at: datetime
) -> dict[str, Any]:
    """Everything below and above the board. No query."""
    zone = membership.user.zone
    live = shown.live and Live(shown.live.pk, shown.live.title, shown.live.starts_at, shown.phase, shown.seat)
    current = ranked[0].row if ranked else None
    going = board.in_order(runs, at)
    return {
        "answer": wording.headline(board.answer(runs, ranked, live or None, at), at),
        "durations": DURATIONS,
        "next": shown,
        "week": board.week(runs, person_time_of(membership), at, current),
        "journeys": [wording.journey_row(run, at, zone) for run in going[:MOST_JOURNEYS]],
        "going": len(going),
        "finished": sum(run.state == "completed" for run in runs),
        "fresh": board.refreshers(runs, at, without=shown.pick.row if shown.pick else None),
        "kinds": content.kinds(),
        "wording": wording,
    }
