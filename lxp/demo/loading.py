"""Loading the demo: everything through the real services, all or nothing, with only what is missing added."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from content.services import record_past_attempts
from journeys import services as journeys
from journeys.models import Assignment, Cohort, Enrolment
from lxp.demo import files
from lxp.demo.cohorts import FINISHED_AFTER, Run, Scheduler
from lxp.demo.history import Past, past_of
from lxp.demo.ledger import past_messages, write_past
from lxp.demo.library import add_library
from lxp.demo.organisation import (
    Day,
    add_holidays,
    add_people,
    add_self_reviews,
    add_skills,
    add_structure,
    fernhill_people,
    make_harbour,
    make_organisation,
)
from lxp.demo.programmes import add_journeys
from lxp.messaging.models import Message
from lxp.people.models import Organisation, User
from lxp.tenancy import scope
from recommendations import services as recommendations
from sessions import services as live

FOUNDED_DAYS_AGO = 300
"""When the demo's people, skills and library came into the house."""

Count = Callable[[int], None]
Say = Callable[[str, int, float], None]
"""Told after each part: what it was, how many rows are new, and the seconds it took."""


def load_fernhill(*, now: datetime, say: Say) -> Organisation:
    """Fernhill with everything in it, as it would stand at `now` (aware)."""
    facts = files.table("organisation")
    organisation_facts = facts["organisation"]
    day = Day(now.astimezone(ZoneInfo(organisation_facts["zone"])).date(), now)
    with transaction.atomic():
        organisation = make_organisation(organisation_facts)
        with scope(organisation):
            _Load(organisation, day, say).run()
    return organisation


def load_harbour(*, now: datetime, say: Say) -> Organisation:
    """The second customer, small, with a few pieces of content of its own."""
    facts = files.table("organisation")["neighbour"]
    day = Day(now.astimezone(ZoneInfo(facts["zone"])).date(), now)
    with transaction.atomic(), _timed(say, "Harbour Logistics") as count:
        organisation = make_harbour(day)
        with scope(organisation):
            eve = User.objects.get(email="eve@harbour.example")
            count(add_library(day, owner=eve, only=facts["library"]))
            _recommend(now)
            _settle_deliveries(organisation, now)
    return organisation


class _Load:
    def __init__(self, organisation: Organisation, day: Day, say: Say) -> None:
        self.organisation, self.day, self.say = organisation, day, say

    def run(self) -> None:
        at = self.day.before(FOUNDED_DAYS_AGO)
        facts = files.table("organisation")
        with self._part("Teams, job roles and holidays") as count:
            count(add_structure(facts["teams"], files.table("roles")["roles"], at) + add_holidays(self.day))
        with self._part("People") as count:
            count(add_people(fernhill_people(self.day), at))
        with self._part("Skills") as count:
            count(add_skills(at))
            add_self_reviews(self.day)
        with self._part("Library") as count:
            count(add_library(self.day))
        with self._part("Journeys") as count:
            count(add_journeys(self.day))
        self._cohorts()
        with self._part("Recommendations and insights") as count:
            count(_recommend(self.day.now))
        _settle_deliveries(self.organisation, self.day.now)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # so that the first pages are planned with these tables in mind

    def _cohorts(self) -> None:
        with self._part("Cohorts and enrolments") as count:
            runs = list(Scheduler(self.day).runs())
            count(len(runs))
        pasts: list[Past] = []
        messages: list[Message] = []
        with self._part("Histories") as count:
            for run in runs:
                pasts.append(past_of(run, self.day))
            count(sum(len(past.attempts) for past in pasts))
        with self._part("Messages of the past") as count:
            for run, past in zip(runs, pasts, strict=True):
                messages += past_messages(run, past.promises, self.day)
            count(write_past(self.organisation, messages, self.day))
        with self._part("Learner record and skills") as count:
            count(len(record_past_attempts(attempts=[one for past in pasts for one in past.attempts])))
        with self._part("Plans") as count:
            self._note_activity({pk: at for past in pasts for pk, at in past.last_active.items()})
            count(sum(self._settle(run) for run in runs))
            self._put_dates_right()

    def _note_activity(self, last: dict[int, datetime]) -> None:
        """When people were last active: the plan asks which nudges came after that."""
        rows = list(Enrolment.objects.filter(pk__in=last))
        for row in rows:
            row.last_active_at = last[row.pk]
        Enrolment.objects.bulk_update(rows, ["last_active_at"])

    def _settle(self, run: Run) -> int:
        """Make the plan match what happened; finish what is long over."""
        sessions = [session.pk for dates in run.sessions.values() for session in dates]
        live.sync_messages(session_ids=sessions, at=self.day.now)
        result = journeys.sync_cohort(cohort=run.cohort, at=self.day.now)
        last = Assignment.objects.filter(enrolment__cohort=run.cohort).order_by("-due_at").exclude(due_at=None).first()
        over = self.day.now - timedelta(days=FINISHED_AFTER)
        if last is not None and last.due_at is not None and last.due_at < over:
            Cohort.objects.filter(pk=run.cohort.pk).update(state=Cohort.State.FINISHED)
        return result.enrolments

    def _put_dates_right(self) -> None:
        """The plans were matched today; what they found happened before: steps opened, steps and journeys finished."""
        with connection.cursor() as cursor:
            for statement in _DATES:
                cursor.execute(statement, {"organisation": self.organisation.pk})

    def _part(self, name: str) -> AbstractContextManager[Count]:
        return _timed(self.say, name)


_DATES = (
    """
    UPDATE journeys_assignment SET opened_at = opens_at
    WHERE organisation_id = %(organisation)s AND opened_at > opens_at
    """,
    """
    UPDATE lxp_domainevent e SET at = coalesce(a.done_at, s.actual_end, e.at)
    FROM journeys_assignment a LEFT JOIN live_livesession s ON s.id = a.session_id
    WHERE e.organisation_id = %(organisation)s AND e.kind = 'journeys.StepCompleted'
        AND a.enrolment_id = (e.payload->>'enrolment_id')::bigint AND a.key = e.payload->>'key'
    """,
    """
    UPDATE lxp_domainevent e SET at = n.completed_at
    FROM journeys_enrolment n
    WHERE e.organisation_id = %(organisation)s AND e.kind = 'journeys.JourneyCompleted'
        AND n.id = (e.payload->>'enrolment_id')::bigint AND n.completed_at IS NOT NULL
    """,
)


def _recommend(now: datetime) -> int:
    """What the nightly rounds would have found: suggestions, who may need a hand, and the next weekly letter."""
    found = recommendations.refresh_recommendations(at=now)
    recommendations.refresh_insights(at=now)
    recommendations.plan_weekly(at=now)
    return found


def _settle_deliveries(organisation: Organisation, now: datetime) -> None:
    """What the events of the past would set off has been written with them; nobody needs to hear of it again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE lxp_delivery SET done_at = next_try_at, attempts = 1 WHERE organisation_id = %s AND done_at IS NULL"
            " AND next_try_at <= %s",
            [organisation.pk, now],
        )


@contextmanager
def _timed(say: Say, name: str) -> Iterator[Count]:
    began, counted = time.perf_counter(), [0]

    def count(number: int) -> None:
        counted[0] += number

    yield count
    say(name, counted[0], time.perf_counter() - began)
