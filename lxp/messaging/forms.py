"""What comes in about messages, checked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lxp.messaging.categories import CATEGORIES
from lxp.messaging.models import Preference, State
from lxp.messaging.queries import LedgerFilter

_SHORT = {
    Preference.Choice.EMAIL: _("E-mail"),
    Preference.Choice.INAPP: _("In the app"),
    Preference.Choice.OFF: _("Off"),
}
STATES = {
    State.PLANNED: _("Planned"),
    State.SENT: _("Sent"),
    State.DELIVERED: _("Delivered"),
    State.BOUNCED: _("Came back"),
    State.SUPPRESSED: _("Not sent"),
    State.DEAD: _("Failed"),
}


class PreferencesForm(forms.Form):
    """One choice for every category of message."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, category in CATEGORIES.items():
            self.fields[key] = forms.ChoiceField(
                label=str(category.label),
                help_text=str(category.description),
                choices=[(choice.value, _SHORT[choice]) for choice in category.choices],
                widget=forms.RadioSelect,
            )


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": _("This is no day. Write it as 2026-03-02.")},
    )


class LedgerForm(forms.Form):
    """The filters of the ledger, as they stand in its address."""

    state = forms.ChoiceField(
        label=_("Fate"), required=False, choices=[("", _("Any")), *((k.value, v) for k, v in STATES.items())]
    )
    category = forms.ChoiceField(
        label=_("About"), required=False, choices=[("", _("Anything")), *((k, c.label) for k, c in CATEGORIES.items())]
    )
    person = forms.CharField(
        label=_("Person"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("Name or e-mail")}),
    )
    since = _day(_("From"))
    until = _day(_("To"))
    scope = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day lies before the first. Swap them."))
        return cleaned

    def wanted(self, zone: str) -> LedgerFilter:
        """The filter these values mean; call it when the form is valid."""
        return LedgerFilter(**self.cleaned_data, zone=zone)
