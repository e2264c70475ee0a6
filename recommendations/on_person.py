"""What recommendations add to the page about a person: where they may need a hand."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from lxp.people.actor import Actor
from lxp.people.hooks import Section, person_section
from lxp.people.models import Membership
from recommendations import queries
from recommendations.wording import said


@person_section(order=5)
def hands(*, actor: Actor, membership: Membership, at: datetime) -> Section | None:
    """Their open insights, for those who may act on them. One query."""
    found = queries.by_urgency(queries.insights_for(actor).filter(enrolment__learner_id=membership.user_id))
    if not found:
        return None
    facts = {"hands": [(insight, said(insight, at)) for insight in found]}
    return Section(_("May need a hand"), "recommendations/_person_hands.html", facts)
