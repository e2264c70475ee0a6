"""A worker of its own process for the crash test: `python -m tests.lxp.delivery_worker prepare COUNT | work SINCE`."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

import django

AT = datetime(2026, 3, 3, 10, tzinfo=UTC)


def prepare(count: int) -> None:
    """An organisation with one due message for each of its people."""
    from lxp.messaging.plan import PlannedMessage
    from lxp.messaging.services import Member, sync_planned
    from lxp.people.models import Membership, Organisation, User
    from lxp.tenancy import scope

    organisation = Organisation.objects.create(name="Fernhill", slug="fernhill")
    users = User.objects.bulk_create(User(email=f"p{n}@fernhill.example", name=f"P {n}") for n in range(count))
    with scope(organisation):
        Membership.objects.bulk_create(Membership(user=user, roles=["learner"]) for user in users)
        plan = [PlannedMessage("reminder", "crash.reminder", "assignment", AT - timedelta(hours=1), "Because")]
        members = [Member(user.pk, f"enrolment:{user.pk}") for user in users]
        sync_planned(members=members, plans={0: plan}, kinds=["crash.reminder"], at=AT)


def work(since: float) -> None:
    """Deliver for ever, as a worker does: a run that fails is followed by the next tick.

    All workers count from `since` (Unix time): leases mean the same to each of them.
    """
    from django.db import connection

    from lxp.messaging import services
    from lxp.messaging.registry import register_kind
    from lxp.messaging.services import delivery

    register_kind("crash.reminder")
    delivery.write = _write  # the words are not what this is about
    delivery.LEASE, delivery.LEASE_FOR_ONE = timedelta(seconds=6), timedelta(seconds=3)
    while True:
        try:
            services.deliver_due(at=AT + timedelta(seconds=time.time() - since))
        except Exception as error:
            print(type(error).__name__, flush=True)
            connection.close()
        time.sleep(0.2)


def _write(message, **_):
    from lxp.messaging.rendering import Written

    return Written(subject="Due", body="Due", path="", text="Due", html="<p>Due</p>")


if __name__ == "__main__":
    django.setup()
    prepare(int(sys.argv[2])) if sys.argv[1] == "prepare" else work(float(sys.argv[2]))
