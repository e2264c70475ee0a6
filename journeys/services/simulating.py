"""The time machine on real data: reads where a learner stands and plays their plan forward.

Writes nothing. Used by `manage.py simulate` and the designers' screen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from journeys.facts import CohortFacts, Member, cohort_facts, members_of
from journeys.models import Cohort, Enrolment
from journeys.plan import Anchor
from journeys.simulation import Behaviour, Happening, simulate
from lxp.messaging import told
from lxp.messaging.plan import PersonTime, PlannedMessage
from sessions import queries as live
from sessions.plan import plan_booking


def simulate_cohort(
    *,
    cohort: Cohort,
    at: datetime,
    days: int = 60,
    learner_ids: Collection[int] | None = None,
    absent: Collection[str] = (),
    diligent: bool = False,
) -> list[dict[str, Any]]:
    """What will happen to the learners of a cohort in the next `days`, in order of time.

    `absent` names live steps (keys) or sessions (uuid) that they miss. Each entry has at (UTC, ISO 8601), local,
    zone, learner (e-mail), kind, step, title, channel, message and reason.
    """
    facts = cohort_facts(cohort)
    rows = Enrolment.objects.filter(cohort=cohort).exclude(state=Enrolment.State.WITHDRAWN).order_by("pk")
    if learner_ids is not None:
        rows = rows.filter(learner_id__in=list(learner_ids))
    emails = dict(rows.values_list("pk", "learner__email"))
    members = members_of(facts, list(emails))
    behaviour = Behaviour(frozenset(_steps_of(facts, absent)), diligent)
    sent = told.sent_suffixes([f"enrolment:{pk}" for pk in emails])
    bookings = live.booking_plans(facts.session_ids, [m.learner_id for m in members])
    until = at + timedelta(days=days)
    entries: list[dict[str, Any]] = []
    for member in members:
        happenings = simulate(
            steps=facts.steps,
            inputs=member.inputs,
            since=at,
            until=until,
            behaviour=behaviour,
            plan_booking=_planner(bookings, member),
            sent=sent.get(f"enrolment:{member.enrolment_id}", ()),
        )
        entries += [_entry(h, emails[member.enrolment_id], member.inputs.person) for h in happenings]
    return sorted(entries, key=lambda entry: (entry["at"], entry["learner"]))


def _steps_of(facts: CohortFacts, absent: Iterable[str]) -> Iterable[str]:
    by_session = {str(s.uuid): key for key, sessions in facts.offers.items() for s in sessions}
    for name in absent:
        if name in facts.offers:
            yield name
        elif name in by_session:
            yield by_session[name]
        else:
            known = ", ".join(facts.offers) or "none"
            raise ValueError(f"No live step or session “{name}” in this cohort; live steps: {known}.")


def _planner(bookings: dict[tuple[int, int], Any], member: Member) -> Any:
    def plan(anchor: Anchor, title: str) -> Sequence[PlannedMessage]:
        booking = bookings.get((member.learner_id, anchor.session_id))
        return plan_booking(booking, member.inputs.person) if booking else ()

    return plan


def _entry(happening: Happening, email: str, person: PersonTime) -> dict[str, Any]:
    local = happening.at.astimezone(ZoneInfo(person.zone))
    return {
        "at": happening.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "local": local.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "zone": person.zone,
        "learner": email,
        "kind": happening.kind,
        "step": happening.step,
        "title": happening.title,
        "channel": happening.channel,
        "message": happening.message,
        "reason": happening.reason,
    }
