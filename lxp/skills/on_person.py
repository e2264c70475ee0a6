"""What the page about a person shows of their skills."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from lxp.people.actor import Actor
from lxp.people.hooks import Section, person_section
from lxp.people.models import Membership
from lxp.skills import queries
from lxp.skills.models import TOP_LEVEL

SHOWN = 8


@person_section(order=20)
def skills_of_person(*, actor: Actor, membership: Membership, at: datetime) -> Section | None:
    """The skills furthest from what the job role asks, with levels. Two queries; None without any skill."""
    standings = queries.profile_of(membership.user_id)
    if not standings:
        return None
    facts = {"standings": standings[:SHOWN], "more": max(0, len(standings) - SHOWN), "top": TOP_LEVEL}
    return Section(_("Skills"), "lxp/skills/_person.html", facts)
