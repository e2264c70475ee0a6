"""What the page about a person shows of their journeys."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from journeys import queries
from lxp.people.actor import Actor
from lxp.people.hooks import Section, person_section
from lxp.people.models import Membership

STATES = ("active", "completed")


@person_section(order=10)
def journeys_of_person(*, actor: Actor, membership: Membership, at: datetime) -> Section | None:
    """Running and finished journeys with their progress. One query; None without any."""
    enrolments = list(queries.enrolments_of(membership.user_id, states=STATES))
    if not enrolments:
        return None
    return Section(_("Journeys"), "journeys/_person.html", {"enrolments": enrolments})
