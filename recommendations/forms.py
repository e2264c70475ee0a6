"""What people type about insights."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class LeaveForm(forms.Form):
    """Why an insight is left alone: one of the usual reasons, or words of one's own."""

    because = forms.ChoiceField(
        label=_("Why?"),
        choices=[
            ("known", _("We have talked about it")),
            ("away", _("Away at the moment")),
            ("fine", _("It’s fine as it is")),
            ("other", _("Something else")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason, so that nobody has to ask again.")},
    )
    words = forms.CharField(
        label=_("In a few words"), required=False, max_length=200, help_text=_("The person can read this.")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("because") == "other" and not cleaned.get("words", "").strip():
            self.add_error("words", _("Say in a few words what it is."))
        return cleaned

    @property
    def note(self) -> str:
        """The reason as it is kept: the usual one, and what was added."""
        chosen = self.cleaned_data["because"]
        words = self.cleaned_data["words"].strip()
        label = str(dict(self.fields["because"].choices)[chosen])  # type: ignore[attr-defined]
        if chosen == "other":
            return words
        return f"{label}: {words}" if words else label
