"""What learners send about their journeys."""

from __future__ import annotations

from datetime import UTC, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class RemindForm(forms.Form):
    """When to be reminded: an ISO moment with its offset, as the page's buttons send it."""

    at = forms.CharField(max_length=40)

    def clean_at(self) -> datetime:
        try:
            moment = datetime.fromisoformat(self.cleaned_data["at"])
        except ValueError:
            raise ValidationError(_("Choose one of the moments on the page.")) from None
        if moment.tzinfo is None:
            raise ValidationError(_("Choose one of the moments on the page."))
        return moment.astimezone(UTC)
