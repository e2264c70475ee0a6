"""A manager's people this week: where each of them stands, and who needs a hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from journeys import queries as journeys
from journeys.board import Run, in_order
from journeys.models import Enrolment
from lxp.messaging.models import Message
from lxp.people import queries as people
from lxp.people.models import Membership, User
from recommendations.insights import urgency
from recommendations.models import Insight
from recommendations.queries.insights import by_urgency
from recommendations.queries.nudges import last_nudges


@dataclass(frozen=True)
class Report:
    """One of a manager's people. `run` is the journey that matters most now, `others` how many more are going on.

    `insight` is the most pressing one about them, `nudged` the last day's nudge by hand in that journey.
    """

    membership: Membership
    run: Run | None = None
    others: int = 0
    insight: Insight | None = None
    nudged: Message | None = None

    @property
    def name(self) -> str:
        return self.membership.user.name


def team_of(manager: User, *, at: datetime) -> list[Report]:
    """Active reports: first who needs a hand, most pressing first, then the others by name. Seven queries."""
    members = list(people.reports_of(manager))
    going, finished = _enrolments([member.user_id for member in members])
    runs = {run.enrolment_id: run for run in journeys.runs_in([*_flat(going), *_flat(finished)])}
    insights: dict[int, Insight] = {}
    for insight in by_urgency(
        Insight.objects.filter(state=Insight.State.OPEN, enrolment_id__in=runs).select_related(
            "enrolment__learner", "enrolment__cohort__journey"
        )
    ):
        insights.setdefault(insight.enrolment.learner_id, insight)
    nudges = last_nudges(runs, at=at)
    found = []
    for member in members:
        pk = member.user_id
        mine = in_order((runs[one] for one in going[pk]), at)
        pressing = insights.get(pk)
        last = [runs[one] for one in finished[pk]]
        run = runs[pressing.enrolment_id] if pressing else next(iter([*mine, *last]), None)
        nudged = nudges.get(run.enrolment_id) if run else None
        found.append(Report(member, run, max(0, len(mine) - 1), pressing, nudged))
    return sorted(found, key=_by_need)


def _by_need(report: Report) -> tuple[int, datetime | str, str]:
    if report.insight:
        return urgency(report.insight.kind), report.insight.created_at.isoformat(), report.name
    return 1_000, "", report.name


def _enrolments(learner_ids: list[int]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Ids of what is going on, and of the journey finished last, by person. One query."""
    going: dict[int, list[int]] = defaultdict(list)
    finished: dict[int, list[int]] = defaultdict(list)
    rows = Enrolment.objects.filter(learner_id__in=learner_ids).exclude(state=Enrolment.State.WITHDRAWN)
    for pk, learner_id, state in rows.order_by("-completed_at", "-pk").values_list("pk", "learner_id", "state"):
        if state == Enrolment.State.ACTIVE:
            going[learner_id].append(pk)
        elif not finished[learner_id]:
            finished[learner_id].append(pk)
    return going, finished


def _flat(by_person: dict[int, list[int]]) -> Iterable[int]:
    return (pk for ids in by_person.values() for pk in ids)
