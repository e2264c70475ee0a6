"""What people switch on and off: every message belongs to one category."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lxp.messaging.models import Preference

Choice = Preference.Choice


@dataclass(frozen=True)
class Category:
    """One row of the preferences page. `default` holds for everybody who has not chosen.

    `can_be_off` False: e-mail may be switched off, the notification in the app may not. A message that is
    mandatory in itself (a change to a session somebody is booked on) is sent whatever was chosen.
    """

    key: str
    label: Promise
    description: Promise
    default: Choice
    can_be_off: bool

    @property
    def choices(self) -> list[Choice]:
        """What somebody may choose here."""
        return [choice for choice in Choice if choice is not Choice.OFF or self.can_be_off]


CATEGORIES = {
    category.key: category
    for category in (
        Category(
            "session", _("Live sessions"),
            _("Invitations, reminders and the way in. Changes to a session you’re booked on always reach you."),
            Choice.EMAIL, can_be_off=False,
        ),
        Category(
            "assignment", _("What’s due"),
            _("Preparation before a session and practice after it: what opened, and what is due soon."),
            Choice.EMAIL, can_be_off=False,
        ),
        Category(
            "nudge", _("Nudges"),
            _("A small next step when you seem stuck. One a day at most, and they stop when you ignore two of a kind."),
            Choice.EMAIL, can_be_off=True,
        ),
        Category(
            "refresher", _("Refreshers"),
            _("Short recall some days and weeks after a session, so that it stays with you."),
            Choice.EMAIL, can_be_off=True,
        ),
        Category(
            "recommendation", _("Suggestions"),
            _("Up to three things worth your time, once a week, each with its reason."),
            Choice.INAPP, can_be_off=True,
        ),
        Category(
            "feedback", _("Questions to you"),
            _("How was it, and did it help? Sent after a session or a programme."),
            Choice.EMAIL, can_be_off=True,
        ),
    )
}  # fmt: skip

NUDGE = "nudge"
"""At most one of these a day for each person, over everything they are enrolled in."""


def category(key: str) -> Category:
    """The category with this key. Raises ValueError naming the known ones."""
    try:
        return CATEGORIES[key]
    except KeyError:
        raise ValueError(f"Unknown message category {key!r}; there are: {', '.join(CATEGORIES)}.") from None
