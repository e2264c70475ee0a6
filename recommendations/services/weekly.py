"""Once a week, on Monday morning, to those who want it: up to three things worth their time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lxp.messaging import services as messaging
from lxp.messaging.plan import PersonTime, PlannedMessage, next_allowed
from lxp.messaging.times import person_times
from recommendations.queries import KIND_WEEKLY, weekly_readers

MORNING = time(9, 0)
NOTHING = -1


def plan_weekly(*, at: datetime) -> int:
    """Promise everybody here who has suggestions and wants them the ones of their next Monday; take back the others'.

    People on the same clock share one plan. Twelve queries per thousand people. Returns how many changed.
    """
    everybody, readers = weekly_readers()
    times = person_times(readers)
    plans: dict[int, list[PlannedMessage]] = {NOTHING: []}
    numbers: dict[PersonTime, int] = {}
    members = []
    for user_id in everybody:
        number = NOTHING
        if user_id in times:
            number = numbers.setdefault(times[user_id], len(numbers))
            plans.setdefault(number, [_planned(times[user_id], at)])
        members.append(messaging.Member(user_id, f"learner:{user_id}", number))
    result = messaging.sync_planned(members=members, plans=plans, kinds=[KIND_WEEKLY], at=at)
    return result.added + result.moved + result.suppressed


def next_monday(at: datetime, zone: str) -> datetime:
    """The first Monday, 09:00 on the clock of `zone`, after `at` (aware); in UTC."""
    local = at.astimezone(ZoneInfo(zone))
    day = local.date() + timedelta(days=-local.weekday() % 7)
    moment = datetime.combine(day, MORNING, ZoneInfo(zone)).astimezone(UTC)
    if moment > at:
        return moment
    return datetime.combine(day + timedelta(days=7), MORNING, ZoneInfo(zone)).astimezone(UTC)


def _planned(person: PersonTime, at: datetime) -> PlannedMessage:
    monday = next_monday(at, person.zone)
    return PlannedMessage(
        suffix="weekly",
        kind=KIND_WEEKLY,
        category="recommendation",
        due_at=next_allowed(monday, person),
        about_at=monday,
        reason="Once a week: what your role asks for next.",
    )
