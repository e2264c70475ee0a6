"""A manager's week put in order for its page. No queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from journeys import board, wording
from journeys.board import Row, Run
from lxp.web import jinja
from recommendations.queries import Report
from recommendations.wording import Said, said

MOST_NEEDS = 3
PAGE = 10
SOON = timedelta(days=7)


@dataclass(frozen=True)
class Person:
    """One row: who, where they stand, and what can be done. `tone`: None, "good" or "alert"."""

    report: Report
    stops: list[board.Stop]
    doing: str
    status: str
    tone: str | None
    icon: str | None
    late: bool
    live_soon: bool
    can_nudge: bool
    said: Said | None

    @property
    def needs(self) -> bool:
        return self.said is not None


@dataclass(frozen=True)
class Week:
    """Who needs the manager (at most three named), and everybody as the filter has it. `filters` are links' facts."""

    people: list[Person]
    shown: list[Person]
    show: str
    places: int

    @property
    def needs(self) -> list[Person]:
        return [person for person in self.people if person.needs][:MOST_NEEDS]

    @property
    def need_count(self) -> int:
        return sum(person.needs for person in self.people)

    @property
    def fine(self) -> int:
        return sum(not person.needs and not person.late for person in self.people)

    @property
    def counts(self) -> dict[str, int]:
        return {name: sum(1 for person in self.people if fits(person)) for name, fits in FILTERS.items()}


FILTERS = {
    "": lambda person: True,
    "late": lambda person: person.late,
    "live": lambda person: person.live_soon,
}


def week_of(reports: Sequence[Report], *, at: datetime, zone: str, show: str = "") -> Week:
    """The week of these reports as seen from `at` in the manager's `zone`; an unknown filter shows everybody."""
    people = [_person(report, at, zone) for report in reports]
    show = show if show in FILTERS else ""
    places = {report.membership.place or report.membership.user.zone for report in reports}
    return Week(people, [person for person in people if FILTERS[show](person)], show, len(places))


def _person(report: Report, at: datetime, zone: str) -> Person:
    run = report.run
    facts: dict[str, Any] = {
        "stops": [], "doing": _("Nothing is going on"), "status": "", "tone": None, "icon": None, "late": False,
        "live_soon": False, "can_nudge": False,
    }  # fmt: skip
    if run is not None:
        facts = _facts(run, at, zone)
    return Person(report, said=said(report.insight, at) if report.insight else None, **facts)


def _facts(run: Run, at: datetime, zone: str) -> dict[str, Any]:
    stand, current, live = board.standing(run, at, zone), board.current_of(run, at), run.next_live
    focus = current or live or (run.shown[-1] if run.shown else None)
    late = any(row.is_late(at) for row in run.work)
    status, tone, icon = _status(run, stand, live, at)
    return {
        "stops": board.stops(run, at, board.around(run, focus)) if focus else [],
        "doing": _doing(run, stand, at),
        "status": status,
        "tone": tone,
        "icon": icon,
        "late": late,
        "live_soon": bool(live and live.starts_at and at <= live.starts_at <= at + SOON),
        "can_nudge": bool(run.work) and run.state == "active",
    }


def _doing(run: Run, stand: board.Standing, at: datetime) -> str:
    """What they are at, under the journey's title."""
    if stand.code == "done":
        return wording.stands(stand, at)
    if stand.code == "live" and stand.row and stand.moment:
        return _("Live %(when)s") % {"when": jinja.when(stand.moment, at)}
    return stand.row.title if stand.row else wording.stands(stand, at)


def _status(run: Run, stand: board.Standing, live: Row | None, at: datetime) -> tuple[str, str | None, str | None]:
    if stand.code == "done":
        return _("Finished"), "good", "check"
    if stand.code != "live":
        icon = "clock-alert" if stand.is_urgent else None
        return wording.stands(stand, at), "alert" if stand.is_urgent else None, icon
    assert live is not None
    before = [row for row in run.prework_of(live) if row.state in ("open", "planned")]
    if not before:
        return _("Ready"), "good", "check"
    if all(row.is_work for row in before):
        return _("%(minutes)s from ready") % {"minutes": jinja.minutes(sum(row.left for row in before))}, None, None
    return _("Preparation opens later"), None, None
