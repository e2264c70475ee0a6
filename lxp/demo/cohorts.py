"""The twenty cohorts of the demo: scheduled, filled and booked through the services, with the clock in the past."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from journeys import services
from journeys.models import Cohort, Enrolment, JourneyVersion
from lxp.demo import files
from lxp.demo.audiences import Candidate, Date, chosen, seats_for, working_day
from lxp.demo.organisation import Day
from lxp.demo.people import Hours
from lxp.people import queries as people
from lxp.people.models import Membership, User
from lxp.people.services import create_audience
from sessions import services as live
from sessions.models import LiveSession

SCHEDULED_BEFORE, ENROLLED_BEFORE = 21, 14
"""Days before a cohort's first day."""
NEWCOMER_DAYS = 14
"""For so many days after they were hired, the rule of a newcomers' cohort takes people in."""
FINISHED_AFTER = 14
"""Days after the last due date from which a cohort counts as finished."""


@dataclass
class Run:
    """A cohort that was just made: what the files say of it, who is in it, since when, and its sessions by live step."""

    facts: Mapping[str, Any]
    cohort: Cohort
    people: dict[int, Candidate] = field(default_factory=dict)
    joined_at: dict[int, datetime] = field(default_factory=dict)
    sessions: dict[str, list[LiveSession]] = field(default_factory=dict)

    def told(self, email: str) -> Mapping[str, Any] | None:
        """The exact story of somebody, where there is one."""
        return next((one for one in self.facts.get("learners", []) if one["email"] == email), None)


class Scheduler:
    """Makes the cohorts in the order of the files. Remembers who is taken and which facilitator is busy when."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.designer = User.objects.get(email="dana@fernhill.example")
        self.holidays = {
            one["zone"]: {row["month_day"] for row in one["days"]} for one in files.table("organisation")["holidays"]
        }
        self.taken: dict[str, set[int]] = defaultdict(set)
        self.busy: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
        self.fixed = {one["email"] for name in ("sign_ins", "people") for one in files.table(name)["people"]}
        self.facilitators = {user.email: user for user in self._facilitators()}

    def runs(self) -> Iterator[Run]:
        """Make every cohort that isn't there yet."""
        known = set(Cohort.objects.values_list("slug", flat=True))
        for facts in files.table("cohorts")["cohorts"]:
            if facts["slug"] not in known:
                yield self._make(facts)

    # ------------------------------------------------------------ one cohort

    def _make(self, facts: Mapping[str, Any]) -> Run:
        version = JourneyVersion.objects.select_related("journey").get(
            journey__slug=facts["journey"], published_at__isnull=False
        )
        found = self._people(facts)
        cohort = self._schedule(facts, version)
        run = Run(facts, cohort, {one.user_id: one for one in found})
        for offer in cohort.offers.select_related("session").order_by("pk"):
            run.sessions.setdefault(offer.step_key, []).append(offer.session)
        for at, group in self._groups(facts, found):
            self._enrol(run, group, at)
        return run

    def _schedule(self, facts: Mapping[str, Any], version: JourneyVersion) -> Cohort:
        at = self._morning(facts, min(facts["start"] - SCHEDULED_BEFORE, -3))
        rule, follows = self._rule(facts)
        audience = create_audience(
            name=f"{version.journey.title}: {facts['title']}", rule=rule, slug=facts["slug"], by=self.designer, at=at
        )
        cohort = services.schedule_cohort(
            version=version, title=facts["title"], slug=facts["slug"], zone=facts["zone"], audience=audience,
            starts_on=self._date(facts["start"]), follow_audience=follows,
            self_enrol=version.journey.self_enrol and facts["start"] > 0,
            offers=[self._offer(facts, one) for one in facts["sessions"]], by=self.designer, at=at,
        )  # fmt: skip
        return Cohort.objects.select_related("journey", "audience").get(pk=cohort.pk)

    def _rule(self, facts: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """The cohort's audience rule, and whether it takes people in by itself: those who have begun to work here."""
        rule = facts["audience"]
        if "hired" in facts and facts["start"] > 0:
            return {"all": [rule, {"field": "hired_within_days", "is": NEWCOMER_DAYS}]}, True
        if facts.get("follow_audience"):
            return {"all": [rule, {"field": "hired_before_days", "is": 0}]}, True
        return rule, False

    def _offer(self, facts: Mapping[str, Any], one: Mapping[str, Any]) -> services.Offer:
        lead = self.facilitators[one.get("facilitator", facts["facilitator"])]
        days = facts["start"] + one["day"]
        day = working_day(self._date(days), holidays=self.holidays.get(one["zone"], ()), forward=days >= 0)
        start = self._free_start(lead, datetime.combine(day, time.fromisoformat(one["at"])), one["zone"])
        return services.Offer(
            step_key=one["step"], start_local=start, zone=one["zone"], facilitator=lead, capacity=one["seats"],
            provider=one["provider"], provider_url=one.get("url", ""), place=one.get("place", ""),
        )  # fmt: skip

    def _free_start(self, lead: User, start: datetime, zone: str) -> datetime:
        """`start`, or the next half hour at which the facilitator doesn't run another session: days move, so may hours."""
        longest = timedelta(minutes=120)
        while True:
            begins = start.replace(tzinfo=ZoneInfo(zone))
            ends = begins + longest
            if all(ends <= other_start or begins >= other_end for other_start, other_end in self.busy[lead.pk]):
                self.busy[lead.pk].append((begins, ends))
                return start
            start += timedelta(minutes=30)

    # ------------------------------------------------------------ who

    def _people(self, facts: Mapping[str, Any]) -> list[Candidate]:
        journey = facts["journey"]
        listed = [one["email"] for one in facts.get("learners", [])]
        elsewhere = {
            one["email"]
            for other in files.table("cohorts")["cohorts"]
            if other["journey"] == journey and other is not facts
            for one in other.get("learners", [])
        }
        candidates = [one for one in self._candidates(facts, listed) if one.email not in elsewhere]
        wanted = None if facts["people"] == "all" else int(facts["people"])
        found = chosen(candidates, wanted=wanted, first=listed, taken=self.taken[journey])
        self.taken[journey].update(one.user_id for one in found)
        return self._hire(facts, found, listed) if "hired" in facts else found

    def _candidates(self, facts: Mapping[str, Any], listed: Sequence[str]) -> list[Candidate]:
        rows = list(people.matching(facts["audience"], at=self.day.now)) if facts["audience"] else []
        known = {row.user.email for row in rows}
        missing = [email for email in listed if email not in known]
        rows += people.memberships_by_email(missing).values() if missing else []
        return [_candidate(row) for row in rows if row.user.email in listed or self._may_be_taken(facts, row)]

    def _may_be_taken(self, facts: Mapping[str, Any], row: Membership) -> bool:
        """Newcomers are anybody but those whose story is fixed; else who was hired before the cohort began."""
        if "hired" not in facts:
            return row.hired_on is not None and row.hired_on <= self._date(facts["start"])
        leads = row.job_role is not None and row.job_role.code == "head_of_department"
        return not leads and row.user.email not in self.fixed

    def _hire(self, facts: Mapping[str, Any], found: list[Candidate], listed: Sequence[str]) -> list[Candidate]:
        """Give newcomers the day on which they came."""
        days = facts["hired"]
        hired = {}
        for one in found:
            if one.email not in listed:
                rng = random.Random(f"{facts['slug']} hired {one.email}")
                offset = facts["start"] + rng.randint(days["from_start"], days["to_start"])
                hired[one.user_id] = working_day(
                    self._date(offset), holidays=self.holidays.get(one.zone, ()), forward=True
                )
        members = list(Membership.objects.filter(user_id__in=hired))
        for member in members:
            member.hired_on = hired[member.user_id]
        Membership.objects.bulk_update(members, ["hired_on"])
        rows = people.members().filter(user_id__in=[one.user_id for one in found])
        return sorted(map(_candidate, rows), key=lambda one: one.email)

    # ------------------------------------------------------------ in

    def _groups(
        self, facts: Mapping[str, Any], found: Sequence[Candidate]
    ) -> Iterator[tuple[datetime, list[Candidate]]]:
        """Who is enrolled when: everybody some time before; newcomers on their first morning, if that has come."""
        if "hired" not in facts:
            yield self._morning(facts, min(facts["start"] - ENROLLED_BEFORE, -1)), list(found)
            return
        days: dict[datetime, list[Candidate]] = defaultdict(list)
        for one in found:
            assert one.hired_on is not None
            morning = datetime.combine(one.hired_on, time(8, 0), ZoneInfo(one.zone))
            days[morning].append(one)
        yield from ((at, group) for at, group in sorted(days.items(), key=lambda day: day[0]) if at < self.day.now)

    def _enrol(self, run: Run, group: Sequence[Candidate], at: datetime) -> None:
        """Into the cohort, onto the dates that suit each best, and promised what they'll be told about them."""
        source = Enrolment.Source.RULE if run.cohort.follow_audience else Enrolment.Source.HAND
        ids = [one.user_id for one in group]
        services.enrol(cohort=run.cohort, learner_ids=ids, source=source, by=self.designer, at=at)
        ahead = {step: [s for s in dates if s.starts_at > at] for step, dates in run.sessions.items()}
        several = [dates for dates in ahead.values() if len(dates) > 1]
        for dates in several:
            offered = [Date(s.pk, s.starts_at, s.ends_at, s.capacity - s.bookings.count()) for s in dates]
            booked = seats_for(group, offered)
            for session in dates:
                live.book_many(
                    session=session, learner_ids=booked[session.pk], by=self.designer, at=at, reason="enrolled"
                )
        if several:
            enrolments = run.cohort.enrolments.filter(learner_id__in=ids).order_by("pk")
            services.sync_enrolments(
                cohort=run.cohort, enrolment_ids=list(enrolments.values_list("pk", flat=True)), at=at
            )
        sessions = [session.pk for dates in ahead.values() for session in dates]
        live.sync_messages(session_ids=sessions, learner_ids=ids, at=at)
        run.joined_at |= dict.fromkeys(ids, at)

    # ------------------------------------------------------------ days

    def _date(self, days: int) -> date:
        return self.day.today + timedelta(days=days)

    def _morning(self, facts: Mapping[str, Any], days: int) -> datetime:
        """09:30 in the cohort's zone on that day, or on the working day before."""
        day = working_day(self._date(days), holidays=self.holidays.get(facts["zone"], ()), forward=False)
        return datetime.combine(day, time(9, 30), ZoneInfo(facts["zone"]))

    def _facilitators(self) -> Sequence[User]:
        rows = people.members().filter(roles__contains=["facilitator"])
        return [row.user for row in rows]


def _candidate(row: Membership) -> Candidate:
    user = row.user
    hours = Hours(user.work_start, user.work_end, tuple(user.work_days))
    return Candidate(user.pk, user.email, row.team.slug if row.team else "", user.zone, hours, row.hired_on)
