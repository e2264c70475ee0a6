"""Fields that several forms share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from lxp.people import zones

WALL = "%Y-%m-%dT%H:%M"


def day_input() -> forms.DateInput:
    """A control for a calendar day."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def clock_input() -> forms.TimeInput:
    """A control for a wall-clock time."""
    return forms.TimeInput(format="%H:%M", attrs={"type": "time"})


class WallTimeField(forms.DateTimeField):
    """A day and time on some wall: naive, and never read on the clock of whoever types it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{
                "input_formats": [WALL, "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
                "widget": forms.DateTimeInput(format=WALL, attrs={"type": "datetime-local"}),
                "error_messages": {"invalid": _("Give a day and a time, such as 2026-10-15 15:00.")},
                **options,
            }
        )

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            moment = super().to_python(value)
        return moment.replace(tzinfo=None) if moment else None


class ZoneField(forms.CharField):
    """A time zone by its name or its city. The page offers the names in a `<datalist id="zones">`."""

    def __init__(self, **options: Any) -> None:
        attrs = {"list": "zones", "autocomplete": "off", "spellcheck": "false"}
        super().__init__(**{"max_length": 64, "widget": forms.TextInput(attrs=attrs), **options})

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        found = zones.resolve(text) if text else ""
        if found is None:
            raise ValidationError(
                now_("We don’t know “%(zone)s”. Choose one from the list, such as Europe/Lisbon.") % {"zone": text}
            )
        return found
