"""What comes in from the player, the library and the manage list, checked. Authoring forms are in `authoring_forms`."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from content.kinds import KINDS
from content.models import ItemState
from content.queries import Filters, ManageFilters
from lxp.people.models import User

MAX_SAVE = 256 * 1024
TIME_I_HAVE = (5, 10, 20, 45)


def offer(form: forms.Form, name: str, choices: list[tuple[Any, Any]]) -> None:
    """Set what a choice field of a form offers, where that is known only when the form is made."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


class ObjectField(forms.JSONField):
    """A JSON object; absent is an empty one."""

    def clean(self, value: Any) -> dict[str, Any]:
        cleaned = super().clean(value)
        if cleaned is None:
            return {}
        if not isinstance(cleaned, dict):
            raise ValidationError(now_("Send an object."))
        return cleaned


class SaveForm(forms.Form):
    """One save of the player: {"revision", "position", "evidence", "answers", "seconds", "visit"}."""

    revision = forms.IntegerField(min_value=0, required=False)
    position = ObjectField(required=False)
    evidence = ObjectField(required=False)
    answers = ObjectField(required=False)
    seconds = forms.FloatField(min_value=0, required=False)
    visit = forms.CharField(max_length=40, required=False)

    @classmethod
    def from_json(cls, body: bytes) -> SaveForm:
        """The form of a request's body; one that isn't a JSON object of a fair size is an invalid form."""
        try:
            data = json.loads(body) if len(body) <= MAX_SAVE else None
        except ValueError:
            data = None
        return cls(data if isinstance(data, dict) else {"position": "["})

    def clean_seconds(self) -> float:
        return self.cleaned_data["seconds"] or 0.0


class NoteForm(forms.Form):
    """A private note, at a second where that fits."""

    text = forms.CharField(
        label=_("Note"), max_length=5000, widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Write something first.")},
    )  # fmt: skip
    at_second = forms.IntegerField(min_value=0, max_value=360_000, required=False, widget=forms.HiddenInput)


class LibraryForm(forms.Form):
    """The library's filters, all from the address. What makes no sense is left out, never an error."""

    q = forms.CharField(label=_("Search the library"), max_length=200, required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    skill = forms.CharField(label=_("Skill"), max_length=120, required=False)
    minutes = forms.TypedChoiceField(label=_("Time I have"), required=False, coerce=int, empty_value=None)
    language = forms.CharField(label=_("Language"), max_length=12, required=False)
    after = forms.CharField(max_length=400, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [("", _("All kinds")), *((key, kind.label) for key, kind in KINDS.items())])
        offer(self, "minutes", [("", _("Any")), *((n, now_("%(n)d min") % {"n": n}) for n in TIME_I_HAVE)])

    def filters(self) -> Filters:
        self.is_valid()
        given = {name: self.cleaned_data.get(name) for name in self.fields}
        return Filters(**{name: value for name, value in given.items() if value})


class ManageForm(forms.Form):
    """The filters of the designers' list, all from the address."""

    q = forms.CharField(label=_("Search titles and tags"), max_length=200, required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False)
    due = forms.BooleanField(label=_("Review is due"), required=False)
    mine = forms.BooleanField(label=_("Mine"), required=False)
    after = forms.CharField(max_length=400, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [("", _("All kinds")), *((key, kind.label) for key, kind in KINDS.items())])
        offer(self, "state", [("", _("All but retired")), *ItemState.choices])

    def filters(self, user: User) -> ManageFilters:
        self.is_valid()
        given = {name: self.cleaned_data.get(name) for name in self.fields if name != "mine"}
        owner = user.pk if self.cleaned_data.get("mine") else None
        return ManageFilters(owner=owner, **{name: value for name, value in given.items() if value})
