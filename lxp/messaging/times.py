"""When people of the organisation in scope may be written to, for planners and for delivery alike."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import QuerySet

from lxp.messaging.plan import PersonTime
from lxp.people.models import Holiday, Membership, Organisation, User
from lxp.tenancy import current_id

WEEKDAYS = (1, 2, 3, 4, 5)


def person_times(user_ids: Collection[int]) -> dict[int, PersonTime]:
    """Zone, quiet hours, working days and holidays of each of `user_ids`. Three queries for any number.

    Equal settings give the very same object, so that plans can be shared by identity as well as by value.
    """
    organisation = Organisation.objects.get(pk=current_id())
    holidays = _holidays()
    rows: QuerySet[User, tuple] = User.objects.filter(pk__in=list(user_ids)).values_list(
        "pk", "zone", "quiet_from", "quiet_until", "work_days"
    )
    made: dict[tuple, PersonTime] = {}
    times = {}
    for pk, zone, quiet_from, quiet_until, work_days in rows:
        own = quiet_from is not None and quiet_until is not None
        key = (
            zone,
            quiet_from if own else organisation.quiet_from,
            quiet_until if own else organisation.quiet_until,
            tuple(sorted(work_days)) or WEEKDAYS,
        )
        if key not in made:
            made[key] = PersonTime(*key, holidays=holidays.get("", frozenset()) | holidays.get(zone, frozenset()))
        times[pk] = made[key]
    return times


def person_time_of(membership: Membership) -> PersonTime:
    """The same of one member whose person and organisation are loaded: no query, and so without holidays."""
    user, organisation = membership.user, membership.organisation
    quiet = (organisation.quiet_from, organisation.quiet_until)
    if user.quiet_from is not None and user.quiet_until is not None:
        quiet = (user.quiet_from, user.quiet_until)
    return PersonTime(user.zone, *quiet, tuple(sorted(user.work_days)) or WEEKDAYS)


def _holidays() -> dict[str, frozenset[date]]:
    days: dict[str, set[date]] = {}
    for zone, day in Holiday.objects.values_list("zone", "day"):
        days.setdefault(zone, set()).add(day)
    return {zone: frozenset(found) for zone, found in days.items()}
