"""The time machine on real data: reads where learners stand and plays their plans forward.

Writes nothing. Used by `manage.py simulate` and the designers' screen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from journeys.facts import CohortFacts, Member, cohort_facts, members_of, spec_of
from journeys.models import Cohort, Enrolment, JourneyVersion
from journeys.plan_messages import KINDS
from journeys.sample import Sample, inputs_of, promises_to
from journeys.simulation import Behaviour, Happening, Promise, Told, simulate
from lxp.messaging import told
from lxp.messaging.plan import PersonTime
from sessions import queries as live
from sessions.plan import KINDS as BOOKING_KINDS
from sessions.plan import plan_booking

LONGEST = 400
"""Days; the furthest the time machine looks."""


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
    zone, learner (e-mail), kind, step, title, channel, message, name and reason; see `simulation.Happening`. A fixed
    number of queries for any number of learners. Raises ValidationError for a step or session that isn't there and
    for more days than `LONGEST`.
    """
    _check_days(days)
    facts = cohort_facts(cohort)
    behaviour = Behaviour(frozenset(_steps_of(facts, absent)), diligent)
    rows = Enrolment.objects.filter(cohort=cohort).exclude(state=Enrolment.State.WITHDRAWN).order_by("pk")
    if learner_ids is not None:
        rows = rows.filter(learner_id__in=list(learner_ids))
    emails = dict(rows.values_list("pk", "learner__email"))
    members = members_of(facts, list(emails))
    ledger = _Ledger(facts, members)
    entries: list[dict[str, Any]] = []
    for member in members:
        happenings = simulate(
            steps=facts.steps,
            inputs=member.inputs,
            since=at,
            until=at + timedelta(days=days),
            behaviour=behaviour,
            promises=ledger.promises(member),
            told=ledger.told(member),
        )
        entries += [entry_of(h, emails[member.enrolment_id], member.inputs.person) for h in happenings]
    return sorted(entries, key=lambda entry: (entry["at"], entry["learner"]))


def simulate_design(
    *,
    version: JourneyVersion,
    sample: Sample,
    learner: str = "",
    mandatory: bool = False,
    absent: Collection[str] = (),
    diligent: bool = False,
    days: int = 60,
) -> list[dict[str, Any]]:
    """What will happen to a made-up learner in a made-up run of a version (usually a draft); entries as above.

    One query. Raises ValidationError as `simulate_cohort` does.
    """
    _check_days(days)
    steps = tuple(spec_of(step) for step in version.steps.order_by("position"))
    live_keys = {step.key for step in steps if step.kind == "live"}
    if unknown := set(absent) - live_keys:
        raise ValidationError(_no_step(sorted(unknown)[0], live_keys))
    happenings = simulate(
        steps=steps,
        inputs=inputs_of(steps, sample, mandatory=mandatory),
        since=sample.joins_at,
        until=sample.joins_at + timedelta(days=days),
        behaviour=Behaviour(frozenset(absent), diligent),
        promises=promises_to(steps, sample, mandatory=mandatory),
    )
    return [entry_of(h, learner, sample.person) for h in happenings]


def entry_of(happening: Happening, learner: str, person: PersonTime) -> dict[str, Any]:
    """A happening as a row of the table and of the JSON document."""
    local = happening.at.astimezone(ZoneInfo(person.zone))
    return {
        "at": happening.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "local": local.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "zone": person.zone,
        "learner": learner,
        "kind": happening.kind,
        "step": happening.step,
        "title": happening.title,
        "channel": happening.channel,
        "message": happening.message,
        "name": happening.name,
        "reason": happening.reason,
    }


class _Ledger:
    """What the ledger holds for some members: what is settled, what others promised them. Seven queries."""

    def __init__(self, facts: CohortFacts, members: Sequence[Member]) -> None:
        learners = [member.learner_id for member in members]
        self.steps = {session.pk: key for key, sessions in facts.offers.items() for session in sessions}
        self.seats: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for booking in live.planned_bookings(facts.session_ids, learners):
            self.seats[booking.learner_id].append((booking.session_id, f"booking:{booking.booking_id}"))
        self.plans = live.booking_plans(facts.session_ids, learners)
        scopes = [_scope(member) for member in members]
        scopes += [scope for seats in self.seats.values() for _session_id, scope in seats]
        self.settled = told.sent_suffixes(scopes)
        self.waiting = told.waiting(scopes, besides=(*KINDS, *BOOKING_KINDS))
        self.choices = told.choices_of(learners)
        self.nudged = told.last_nudges(learners)

    def told(self, member: Member) -> Told:
        return Told(
            frozenset(self.settled.get(_scope(member), ())),
            self.choices[member.learner_id],
            self.nudged.get(member.learner_id),
        )

    def promises(self, member: Member) -> list[Promise]:
        """What is not in the journey's own plan: the welcome, confirmations and reminders of seats, news of moves."""
        found = [Promise(message) for message in self.waiting.get(_scope(member), ())]
        for session_id, scope in self.seats.get(member.learner_id, ()):
            step = self.steps[session_id]
            plan = plan_booking(self.plans[member.learner_id, session_id], member.inputs.person)
            settled = self.settled.get(scope, ())
            found += [Promise(m, step) for m in plan if told.name_of(m.suffix, m.about_at) not in settled]
            found += [Promise(m, step) for m in self.waiting.get(scope, ())]
        return found


def _scope(member: Member) -> str:
    return f"enrolment:{member.enrolment_id}"


def _steps_of(facts: CohortFacts, absent: Iterable[str]) -> Iterable[str]:
    by_session = {str(s.uuid): key for key, sessions in facts.offers.items() for s in sessions}
    for name in absent:
        if name in facts.offers:
            yield name
        elif name in by_session:
            yield by_session[name]
        else:
            raise ValidationError(_no_step(name, facts.offers))


def _no_step(name: str, known: Iterable[str] | Mapping[str, Any]) -> str:
    return _("There is no live step or session “%(name)s”. Live steps are: %(known)s.") % {
        "name": name[:80], "known": ", ".join(sorted(known)) or "–",
    }  # fmt: skip


def _check_days(days: int) -> None:
    if not 1 <= days <= LONGEST:
        raise ValidationError(_("Look ahead between 1 and %(most)d days.") % {"most": LONGEST})
