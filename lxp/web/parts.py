"""What the style page shows: one sample of everything, so that a change to a part is seen in all its states.

The page (`lxp/parts.html`) is for development only; nothing here is customer data.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms


class SampleForm(forms.Form):
    """One field for every kind of control."""

    question = forms.CharField(label="Practice question", help_text="One sentence. Your trio sees it.")
    date = forms.DateField(
        label="Session date",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"required": "Choose the day, or say that it isn’t fixed yet."},
    )
    zone = forms.ChoiceField(label="Time zone", choices=[("Europe/Lisbon", "Lisbon"), ("Africa/Nairobi", "Nairobi")])
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    unit = forms.ChoiceField(
        label="Show dates as", widget=forms.RadioSelect, choices=[("rel", "Relative"), ("abs", "Dates")]
    )
    role = forms.ChoiceField(
        label="You come as",
        widget=forms.RadioSelect,
        choices=[("practise", "Someone who practises"), ("watch", "Someone who watches")],
        error_messages={"required": "Choose how you come, so we can make the groups."},
    )
    days = forms.MultipleChoiceField(
        label="Days that suit you",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("mon", "Monday"), ("thu", "Thursday")],
    )
    recording = forms.BooleanField(label="Send me the recording", required=False, help_text="An hour after the end.")
    slides = forms.FileField(label="Slides", required=False, help_text="PDF, up to 20 MB.")


_STOPS = (
    ("own", "done", "Own time", "done"),
    ("own", "now", "Own time", "you are here"),
    ("own", "todo", "Own time", "to do"),
    ("own", "locked", "Own time", "opens later"),
    ("live", "done", "Live", "attended"),
    ("live", "missed", "Live", "missed"),
    ("live", "next", "Live", "next"),
    ("live", "todo", "Live", "later"),
    ("keep", "todo", "Reminder", "due"),
    ("keep", "locked", "Reminder", "later"),
)


def sample(at: datetime) -> dict[str, Any]:
    """The context of the style page as it looks at the moment `at` (aware UTC)."""
    wrong = {
        "question": "What did you see, from where you stood?",
        "date": "",
        "zone": "Europe/Lisbon",
        "unit": "rel",
    }
    return {
        "stops": [{"kind": kind, "state": state, "title": title, "note": note} for kind, state, title, note in _STOPS],
        "form": SampleForm(initial={"question": "What did you see, from where you stood?", "unit": "rel"}),
        "wrong": SampleForm(wrong, auto_id="wrong_%s"),
        "starts": (starts := at + timedelta(days=2)),
        "ends": starts + timedelta(minutes=90),
        "at": at,
        "people": ["Wanjiru Kamau", "Amara Diallo", "Rafael Souza", "Mei Lin Tan"],
    }
