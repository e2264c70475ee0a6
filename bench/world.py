"""A large organisation for measurements: as many learners as wanted, in twelve zones, in one cohort of twelve steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from content import services as content
from content.models import ContentItem
from journeys import services as journeys
from journeys.models import Cohort, Enrolment
from lxp import clock
from lxp.people.models import JobRole, Membership, Organisation, Role, User
from lxp.tenancy import current_id
from sessions import services as live
from sessions.models import Booking, LiveSession

ZONES = (
    "Europe/Lisbon", "Europe/London", "Europe/Berlin", "Africa/Nairobi", "Asia/Kolkata", "America/Sao_Paulo",
    "America/New_York", "America/Los_Angeles", "Asia/Singapore", "Australia/Sydney", "Asia/Tokyo", "Asia/Kathmandu",
)  # fmt: skip
LIVE = "practise"
BEFORE = {"anchor": "live", "step": LIVE, "edge": "start"}
AFTER = {"anchor": "live", "step": LIVE, "edge": "end"}
STEPS = (
    ("read", "prework", {**BEFORE, "days": -7, "at": "09:00"}, {**BEFORE, "days": -2, "at": "17:00"}, {}),
    ("watch", "prework", {**BEFORE, "days": -7, "at": "09:00"}, {**BEFORE, "days": -2, "at": "17:00"}, {}),
    ("example", "prework", {**BEFORE, "days": -5, "at": "09:00"}, {**BEFORE, "days": -1, "at": "17:00"}, {}),
    ("check", "prework", {**BEFORE, "days": -3, "at": "09:00"}, {**BEFORE, "days": -1, "at": "17:00"}, {}),
    (LIVE, "live", {}, {}, {}),
    ("apply", "postwork", {**AFTER, "hours": 2}, {**AFTER, "days": 5, "at": "17:00"}, {"attendance": ["attended", "partial"], "step": LIVE}),
    ("catch-up", "postwork", {**AFTER, "days": 1, "at": "09:00"}, {**AFTER, "days": 7, "at": "17:00"}, {"attendance": ["missed"], "step": LIVE}),
    ("share", "postwork", {**AFTER, "days": 2, "at": "09:00"}, {**AFTER, "days": 9, "at": "17:00"}, {}),
    ("lead", "postwork", {**AFTER, "days": 3, "at": "09:00"}, {**AFTER, "days": 10, "at": "17:00"}, {"role": ["lead"]}),
    ("recall-week", "reinforcement", {**AFTER, "days": 7, "at": "09:00"}, {**AFTER, "days": 10, "at": "17:00"}, {}),
    ("recall-month", "reinforcement", {**AFTER, "days": 30, "at": "09:00"}, {**AFTER, "days": 35, "at": "17:00"}, {}),
    ("job-aid", "reinforcement", {**AFTER, "days": 60, "at": "09:00"}, {**AFTER, "days": 70, "at": "17:00"}, {}),
)  # fmt: skip
"""Key, phase, opens, due and condition of the twelve steps."""


@dataclass
class Large:
    """The organisation with its cohort; `session` is the live step's, three weeks ahead."""

    organisation: Organisation
    cohort: Cohort
    session: LiveSession
    learner_ids: list[int]
    at: datetime


DESIGNER = "designer@large.example"


def make_organisation() -> Organisation:
    """An organisation with one designer in it."""
    made = Organisation.objects.create(
        name="Large", slug="large", zone="Europe/Lisbon", mail_from="learn@large.example"
    )
    designer = User.objects.create(email=DESIGNER, name="Dora Designer", zone="Europe/Lisbon")
    Membership.unscoped.create(organisation=made, user=designer, roles=[Role.LEARNER, Role.DESIGNER])
    return made


def make_learners(count: int, *, first: int = 0, work_days: Sequence[int] = ()) -> list[int]:
    """So many learners spread over zones and three job roles, in bulk. Returns their ids."""
    days = list(work_days)
    codes = ("engineer", "lead", "planner")
    roles = [JobRole.objects.get_or_create(code=code, defaults={"name": code})[0] for code in codes]
    numbers = range(first, first + count)
    users = User.objects.bulk_create(
        (
            User(
                email=f"learner{n}@large.example",
                name=f"Learner {n}",
                zone=ZONES[n % len(ZONES)],
                password="!",
                work_days=days,
            )
            for n in numbers
        ),
        batch_size=2000,
    )
    Membership.objects.bulk_create(
        (
            Membership(organisation_id=current_id(), user=user, roles=[Role.LEARNER], job_role=roles[n % len(roles)])
            for n, user in zip(numbers, users, strict=True)
        ),
        batch_size=2000,
    )
    return [user.pk for user in users]


def make_item(slug: str, at: datetime) -> ContentItem:
    """A published article."""
    words = " ".join(["Plain words about one thing, in short sentences."] * 40)
    item = content.create_item(
        kind="article", slug=slug, title=slug.replace("-", " ").capitalize(), at=at, body={"text": words},
        by=User.objects.get(email=DESIGNER),
    )  # fmt: skip
    content.publish_item(item=item, by=None, at=at)
    item.refresh_from_db()
    return item


def make_cohort(learner_ids: list[int], *, slug: str = "large", at: datetime | None = None, days: int = 21) -> Large:
    """A journey of twelve steps, published and scheduled `days` ahead of `at`, with everybody enrolled and booked.

    Nothing is planned yet: that is what is measured.
    """
    at = at or clock.now()
    title = slug.replace("-", " ").capitalize()
    template = live.create_template(
        title=f"{title} practice", slug=f"{slug}-practice", minutes=90, capacity=24, by=None, at=at
    )
    journey = journeys.create_journey(title=title, slug=slug, by=None, at=at)
    version = journeys.start_draft(journey=journey, by=None, at=at)
    for key, phase, opens, due, condition in STEPS:
        journeys.add_step(
            version=version, kind="live" if key == LIVE else "content", key=key, title=key.capitalize(), by=None,
            at=at, phase=phase, opens=opens, due=due, condition=condition, minutes=10, part="Practice",
            item=None if key == LIVE else make_item(f"{slug}-{key}", at), template=template if key == LIVE else None,
        )  # fmt: skip
    version = journeys.publish_journey(journey=journey, by=None, at=at)
    start = (at + timedelta(days=days)).replace(hour=14, minute=0, second=0, microsecond=0, tzinfo=None)
    cohort = journeys.schedule_cohort(
        version=version, title=title, slug=f"{slug}-1", starts_on=start.date(), zone="Europe/Lisbon", by=None, at=at,
        offers=[journeys.Offer(LIVE, start, "Europe/Lisbon", capacity=max(24, len(learner_ids)))],
    )  # fmt: skip
    cohort = Cohort.objects.select_related("journey").get(pk=cohort.pk)
    session = cohort.offers.get().session
    Enrolment.objects.bulk_create(
        (Enrolment(cohort=cohort, learner_id=pk, source="hand", enrolled_at=at) for pk in learner_ids),
        batch_size=2000,
    )
    Booking.objects.bulk_create(
        (Booking(session=session, learner_id=pk, queued_at=at, updated_at=at) for pk in learner_ids), batch_size=2000
    )
    return Large(Organisation.objects.get(pk=current_id()), cohort, session, learner_ids, at.astimezone(UTC))
