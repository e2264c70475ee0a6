"""A small blended programme, made through the services as a designer would, for the flow tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from content import services as content
from journeys import services
from journeys.models import Cohort, Enrolment
from lxp import clock
from sessions import services as live
from sessions.models import LiveSession
from tests.factories import content as items
from tests.factories import live as sessions

WEEK_BEFORE = {"anchor": "live", "step": "practise", "days": -7, "at": "09:00"}
DAY_BEFORE = {"anchor": "live", "step": "practise", "days": -1, "at": "17:00"}
HOUR_AFTER = {"anchor": "live", "step": "practise", "edge": "end", "hours": 1}
FIVE_DAYS_AFTER = {"anchor": "live", "step": "practise", "edge": "end", "days": 5, "at": "17:00"}
MONTH_AFTER = {"anchor": "live", "step": "practise", "edge": "end", "days": 30, "at": "09:00"}


@dataclass
class Programme:
    """A journey of six steps around one live session on Thu 19 March 2026, 15:00 Lisbon; Ben leads it."""

    world: Any
    cohort: Cohort
    session: LiveSession

    @classmethod
    def build(cls, world: Any) -> Programme:
        """Publish the journey and schedule its cohort. Needs the organisation's scope."""
        by, at = world.dana, world.now
        template = sessions.template("Practise the pause", minutes=90, blocks=3)
        journey = services.create_journey(title="Leading for the first time", by=by, at=at)
        version = services.start_draft(journey=journey, by=by, at=at)

        def add(key: str, phase: str, **fields: Any) -> None:
            kind = "live" if "template" in fields else "content"
            if kind == "content":
                fields["item"] = items.item(f"{key} text")
            services.add_step(
                version=version,
                kind=kind,
                title=key.capitalize(),
                key=key,
                phase=phase,
                by=by,
                at=at,
                minutes=fields.pop("minutes", 10),
                **fields,
            )

        add("read", "prework", opens=WEEK_BEFORE, due=DAY_BEFORE)
        add("check", "prework", opens=WEEK_BEFORE, due=DAY_BEFORE)
        add("practise", "live", template=template, minutes=90)
        add(
            "apply",
            "postwork",
            opens=HOUR_AFTER,
            due=FIVE_DAYS_AFTER,
            condition={"attendance": ["attended", "partial"], "step": "practise"},
        )
        add(
            "catch-up",
            "postwork",
            opens=HOUR_AFTER,
            due=FIVE_DAYS_AFTER,
            condition={"attendance": ["missed"], "step": "practise"},
        )
        add("recall", "reinforcement", opens=MONTH_AFTER, required=False)
        version = services.publish_journey(journey=journey, by=by, at=at)
        cohort = services.schedule_cohort(
            version=version,
            title="Spring A",
            starts_on=date(2026, 3, 9),
            zone="Europe/Lisbon",
            by=by,
            at=at,
            offers=[services.Offer("practise", datetime(2026, 3, 19, 15, 0), "Europe/Lisbon", facilitator=world.ben)],
        )
        return cls(world, cohort, cohort.offers.get().session)

    def enrol(self, *people: Any) -> Enrolment:
        """Enrol people by hand; returns the first one's enrolment."""
        services.enrol(
            cohort=self.cohort, learner_ids=[p.pk for p in people], source="hand", by=self.world.dana, at=clock.now()
        )
        return self.cohort.enrolments.get(learner=people[0])

    def add_alternative(self, start: datetime = datetime(2026, 3, 24, 10, 0)) -> LiveSession:
        """A second date for the live step, led by nobody yet."""
        return services.add_session(
            cohort=self.cohort,
            offer=services.Offer("practise", start, "Europe/Lisbon"),
            by=self.world.dana,
            at=clock.now(),
        )

    def finish(self, learner: Any, enrolment: Enrolment, key: str) -> None:
        """Complete a self-paced step as its player would."""
        step = self.cohort.version.steps.select_related("item", "content_version").get(key=key)
        assert step.item
        assert step.content_version
        attempt = content.start_attempt(
            learner=learner,
            item=step.item,
            version=step.content_version,
            registration=enrolment.uuid,
            complete=step.complete,
            at=clock.now(),
        )
        content.acknowledge(attempt=attempt, at=clock.now())

    def attend(self, *people: Any) -> None:
        """Everybody named is there from start to end; Ben ends it on time. Leaves the clock at the end."""
        self.session.refresh_from_db()
        start, end = self.session.starts_at, self.session.ends_at
        moment = start
        while moment < end:
            for person in people:
                live.join(session=self.session, learner=person, at=moment)
            moment += timedelta(seconds=60)
        self.world.at(end)
        live.end_session(session=self.session, by=self.world.ben, at=end)
