"""Changes to one learner's plan, and questions to the time machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from content.models import ContentItem
from journeys.forms.fields import WallTimeField, ZoneField, day_input
from journeys.models import Step
from journeys.services.simulating import LONGEST
from sessions.scheduling import NoSuchTime, resolve_local


class ReasonForm(forms.Form):
    """Why a plan is changed."""

    reason = forms.CharField(label=_("Why?"), max_length=300, help_text=_("The learner reads this, with your name."))


class _OnTheirClock(ReasonForm):
    """A reason and a moment on the learner's own clock."""

    def __init__(self, *args: Any, zone: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.zone = zone

    def clean_due_at(self) -> datetime | None:
        """The moment (aware UTC). Of two equal wall times the first; one that doesn't exist is refused."""
        local = self.cleaned_data["due_at"]
        try:
            return resolve_local(local, self.zone, 0) if local else None
        except NoSuchTime as error:
            raise ValidationError(
                now_("The clocks go forward then, so this time doesn’t exist. The next one is %(next)s.")
                % {"next": f"{error.next_valid:%H:%M}"}
            ) from error


class ExtendForm(_OnTheirClock):
    """More time for one step."""

    due_at = WallTimeField(label=_("New date, on their clock"))
    field_order = ("due_at", "reason")


class InsertForm(_OnTheirClock):
    """An extra piece of content."""

    item = forms.IntegerField(required=False)
    due_at = WallTimeField(label=_("Due, on their clock"), required=False)
    find = forms.CharField(
        label=_("Find content"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    field_order = ("find", "item", "due_at", "reason")

    def __init__(self, *args: Any, items: dict[int, ContentItem], **options: Any) -> None:
        super().__init__(*args, **options)
        self.items = items

    def clean_item(self) -> ContentItem:
        found = self.items.get(self.cleaned_data["item"] or 0)
        if found is None:
            raise ValidationError(now_("Choose the content to add."))
        return found


class SimulateForm(forms.Form):
    """Whose life to play forward, and what they do in it. Lives in the address."""

    learner = forms.ChoiceField(label=_("Who"), required=False)
    zone = ZoneField(label=_("Who lives in"), required=False)
    starts_on = forms.DateField(label=_("First day of the run"), required=False, widget=day_input())
    absent = forms.MultipleChoiceField(label=_("Misses"), required=False, widget=forms.CheckboxSelectMultiple)
    diligent = forms.ChoiceField(
        label=_("In between"), required=False,
        choices=[("", _("finishes nothing")), ("1", _("finishes everything within an hour"))],
    )  # fmt: skip
    days = forms.IntegerField(label=_("Days ahead"), required=False, min_value=1, max_value=LONGEST)

    def __init__(
        self, *args: Any, lives: Sequence[Step], learners: Sequence[tuple[int, str, str]] | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["absent"].choices = [(step.key, step.title) for step in lives]  # type: ignore[attr-defined]
        if not lives:
            del self.fields["absent"]
        if learners is None:
            del self.fields["learner"]
        else:
            named = [(str(pk), name) for pk, name, _email in learners]
            self.fields["learner"].choices = [("", _("A typical learner")), *named]  # type: ignore[attr-defined]
            del self.fields["zone"], self.fields["starts_on"]

    def asked(self, default_days: int = 60) -> dict[str, Any]:
        """What the time machine is asked: absent, diligent, days."""
        given = self.cleaned_data
        return {
            "absent": given.get("absent", []),
            "diligent": bool(given["diligent"]),
            "days": given["days"] or default_days,
        }
