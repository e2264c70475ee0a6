"""A programme: what it is about, and which ones to show."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from journeys.models import Journey, Need

NEEDS = [
    (Need.KNOWLEDGE, _("Knowledge: people know something")),
    (Need.APPLICATION, _("Skill: people can do something")),
    (Need.BEHAVIOUR, _("Behaviour: people do it differently at work")),
    (Need.SUPPORT, _("Support: people find help when they need it")),
]


class ProgrammeForm(forms.Form):
    """What is said about a programme; its steps are made in the builder."""

    title = forms.CharField(label=_("Title"), max_length=200)
    code = forms.CharField(
        label=_("Sign"), max_length=4, required=False,
        help_text=_("Two letters that stand for it. Empty: from the title."),
    )  # fmt: skip
    need = forms.ChoiceField(label=_("What should change?"), choices=NEEDS, initial=Need.BEHAVIOUR)
    outcome = forms.CharField(
        label=_("After this they will…"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    summary = forms.CharField(
        label=_("What learners read about it"), required=False, max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    mandatory = forms.BooleanField(
        label=_("It is mandatory"), required=False, help_text=_("Its messages can’t be switched off.")
    )

    @classmethod
    def of(cls, journey: Journey) -> ProgrammeForm:
        """The form as it stands for this programme."""
        return cls(initial={name: getattr(journey, name) for name in cls.base_fields})

    def values(self) -> dict[str, Any]:
        """What the services take; an empty sign is left to them."""
        given = dict(self.cleaned_data)
        given["code"] = given["code"].upper()
        return given if given["code"] else {name: value for name, value in given.items() if name != "code"}


class ProgrammeFilterForm(forms.Form):
    """Narrows the list; lives in the address."""

    q = forms.CharField(
        label=_("Title or sign"), required=False, max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Find a programme")}),
    )  # fmt: skip
    show = forms.ChoiceField(
        required=False, choices=[("", _("All")), ("hand", _("Needs a hand")), ("archived", _("Archived"))]
    )
