"""A cohort: when it runs, its live sessions, and who is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from journeys.forms.fields import WallTimeField, ZoneField, day_input
from journeys.models import Cohort, JourneyVersion, Step
from journeys.services import Offer
from lxp.people.models import Audience, User
from sessions.models import LiveSession

MOST_PEOPLE = 5_000


class CohortForm(forms.Form):
    """When a cohort runs and for how many."""

    version = forms.ChoiceField(label=_("Version"), required=False)
    title = forms.CharField(label=_("Name"), max_length=200, help_text=_("Such as “Autumn A”."))
    starts_on = forms.DateField(label=_("First day"), widget=day_input())
    zone = ZoneField(label=_("Time zone"), help_text=_("Where the first day is counted, such as Europe/Lisbon."))
    capacity = forms.IntegerField(
        label=_("Places"), required=False, min_value=1, max_value=1_000_000, help_text=_("Empty: any number.")
    )
    self_enrol = forms.BooleanField(
        label=_("Anybody may join"), required=False, help_text=_("It is shown to everybody until it is full.")
    )

    def __init__(self, *args: Any, versions: Sequence[JourneyVersion] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.versions = {str(version.pk): version for version in versions}
        if len(versions) > 1:
            names = [(pk, now_("Version %(number)d") % {"number": v.number}) for pk, v in self.versions.items()]
            self.fields["version"].choices = names  # type: ignore[attr-defined]
        else:
            del self.fields["version"]

    @classmethod
    def of(cls, cohort: Cohort) -> CohortForm:
        """The form as it stands for this cohort."""
        return cls(initial={n: getattr(cohort, n) for n in ("title", "starts_on", "zone", "capacity", "self_enrol")})

    def values(self) -> dict[str, Any]:
        """What the services take, without the version."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class OfferForm(forms.Form):
    """One live session for a live step of a cohort. Without a day there is none yet."""

    start_local = WallTimeField(label=_("Day and time"), required=False)
    zone = ZoneField(label=_("Time zone"), required=False, help_text=_("Whose clock this is on. Empty: the cohort’s."))
    fold = forms.TypedChoiceField(
        label=_("Which of the two?"), required=False, coerce=int, empty_value=None, widget=forms.RadioSelect,
        choices=[(0, _("The first, before the clocks go back")), (1, _("The second, after they went back"))],
    )  # fmt: skip
    facilitator = forms.ChoiceField(label=_("Facilitator"), required=False)
    capacity = forms.IntegerField(label=_("Seats"), required=False, min_value=1, max_value=100_000)
    provider = forms.ChoiceField(
        label=_("Where"), choices=LiveSession.Provider.choices, initial=LiveSession.Provider.NONE,
        widget=forms.RadioSelect,
    )  # fmt: skip
    place = forms.CharField(label=_("Room or address"), required=False, max_length=200)
    provider_url = forms.URLField(
        label=_("Meeting link"), required=False, max_length=500, assume_scheme="https",
        help_text=_("Learners get a link of ours that leads here."),
    )  # fmt: skip

    asks_which = False
    """Whether the time happens twice on that day, so that the page asks which is meant."""

    def __init__(self, *args: Any, step: Step, people: Sequence[User], **options: Any) -> None:
        super().__init__(*args, **{**options, "prefix": step.key})
        self.step, self.people = step, {str(user.pk): user for user in people}
        names = [(pk, user.name) for pk, user in self.people.items()]
        self.fields["facilitator"].choices = [("", _("Not chosen yet")), *names]  # type: ignore[attr-defined]

    @property
    def is_given(self) -> bool:
        """A day was chosen."""
        return bool(self.cleaned_data.get("start_local"))

    def offer(self, zone: str) -> Offer:
        """What the services take; `zone` is the cohort's, for a form that names none."""
        given = self.cleaned_data
        return Offer(
            step_key=self.step.key,
            start_local=given["start_local"],
            zone=given["zone"] or zone,
            facilitator=self.people.get(given["facilitator"]),
            capacity=given["capacity"],
            provider=given["provider"],
            provider_url=given["provider_url"],
            place=given["place"],
            fold=given["fold"],
        )

    def refuse(self, error: ValidationError) -> None:
        """Show what live sessions refused beside the field it is about."""
        other = {"facilitators": "facilitator"}
        details = error.message_dict if hasattr(error, "error_dict") else {None: error.messages}
        self.asks_which = "fold" in details
        for name, texts in details.items():
            field = other.get(name or "", name)
            self.add_error(field if field in self.fields else None, ValidationError(texts))


class EnrolForm(forms.Form):
    """People by e-mail, one below the other or as they come out of a spreadsheet, and people who are ticked."""

    emails = forms.CharField(
        label=_("E-mail addresses"), required=False, max_length=300_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "dir": "ltr"}),
        help_text=_("Paste them as they are: one in a line, or with commas or semicolons between them."),
    )  # fmt: skip
    picked = forms.TypedMultipleChoiceField(label=_("Or tick people"), required=False, coerce=int)

    def __init__(self, *args: Any, choices: Sequence[int], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["picked"].choices = [(pk, pk) for pk in choices]  # type: ignore[attr-defined]

    def clean_emails(self) -> list[str]:
        text = self.cleaned_data["emails"]
        for mark in ",;\t\n\r<>":
            text = text.replace(mark, " ")
        found = list(dict.fromkeys(word.strip("\"'").lower() for word in text.split() if "@" in word))
        if len(found) > MOST_PEOPLE:
            raise ValidationError(
                now_("At most %(most)d at once. Enrol the others afterwards.") % {"most": MOST_PEOPLE}
            )
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("emails") and not cleaned.get("picked"):
            raise ValidationError(now_("Paste at least one e-mail address, or tick somebody."))
        return cleaned


class FollowForm(forms.Form):
    """The audience whose members should be in the cohort."""

    audience = forms.ChoiceField(label=_("Audience"))
    follow = forms.BooleanField(
        label=_("Keep following it"), required=False, initial=True,
        help_text=_("Whoever the rule matches later is enrolled then, and who was enrolled by it and no longer matches is taken out."),
    )  # fmt: skip

    def __init__(self, *args: Any, audiences: Sequence[Audience], sizes: Mapping[int, int], **options: Any) -> None:
        super().__init__(*args, **options)
        self.audiences = {audience.slug: audience for audience in audiences}
        named = [
            (one.slug, now_("%(name)s (%(count)d today)") % {"name": one.name, "count": sizes[one.pk]})
            for one in audiences
        ]
        self.fields["audience"].choices = [("", _("Choose")), *named]  # type: ignore[attr-defined]

    def clean_audience(self) -> Audience:
        return self.audiences[self.cleaned_data["audience"]]


class PeopleFilterForm(forms.Form):
    """Narrows the people of a cohort; lives in the address."""

    q = forms.CharField(
        label=_("Name or e-mail"), required=False, max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Find somebody")}),
    )  # fmt: skip
    show = forms.ChoiceField(
        required=False,
        choices=[("", _("Everybody")), ("late", _("Late")), ("done", _("Finished")), ("left", _("Left"))],
    )
