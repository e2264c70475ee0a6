"""What people type about live sessions, checked before a service sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BaseFormSet, formset_factory
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lxp.people.models import User
from sessions.models import AttendanceStatus, LiveSession, SessionTemplate, TemplateBlock
from sessions.scheduling import NoSuchTime, TwoSuchTimes, UnknownZone, resolve_local
from sessions.services import Block
from sessions.services.templates import LONGEST

WALL = "%Y-%m-%dT%H:%M"


class WallTimeField(forms.DateTimeField):
    """A time on some wall: naive, and never read on the clock of whoever types it."""

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            moment = super().to_python(value)
        return moment.replace(tzinfo=None) if moment else None


class MoveForm(forms.Form):
    """Time, length and place of a session, in wall time of its zone."""

    start_local = WallTimeField(
        label=gettext_lazy("Day and time"),
        input_formats=[WALL, "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(format=WALL, attrs={"type": "datetime-local"}),
        error_messages={"invalid": gettext_lazy("Give a day and a time, such as 2026-10-15 15:00.")},
    )
    zone = forms.CharField(
        label=gettext_lazy("Time zone"), max_length=64, widget=forms.TextInput(attrs={"list": "zones"}),
        help_text=gettext_lazy("The place whose clock this time is on, such as Europe/Lisbon."),
    )  # fmt: skip
    fold = forms.TypedChoiceField(
        label=gettext_lazy("Which of the two?"), required=False, coerce=int, empty_value=None,
        choices=[(0, gettext_lazy("The first, before the clocks go back")),
                 (1, gettext_lazy("The second, after they went back"))],
        widget=forms.RadioSelect,
    )  # fmt: skip
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=LONGEST)
    provider = forms.ChoiceField(
        label=gettext_lazy("Where"), choices=LiveSession.Provider.choices, widget=forms.RadioSelect
    )
    place = forms.CharField(label=gettext_lazy("Room or address"), max_length=200, required=False)
    provider_url = forms.URLField(
        label=gettext_lazy("Meeting link"), max_length=500, required=False, assume_scheme="https",
        help_text=gettext_lazy("Learners keep the link they have; it leads here, whatever this is."),
    )  # fmt: skip

    asks_which = False
    """Whether the time happens twice on that day, so that the page asks which is meant."""

    @classmethod
    def of(cls, session: LiveSession) -> MoveForm:
        """The form as it stands for this session."""
        return cls(initial={
            "start_local": session.start_local.replace(tzinfo=None), "zone": session.zone,
            "minutes": session.minutes, "provider": session.provider, "place": session.place,
            "provider_url": session.provider_url,
        })  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("provider") == LiveSession.Provider.LINK and not data.get("provider_url"):
            self.add_error("provider_url", _("Give the link of the meeting."))
        if data.get("start_local") and data.get("zone"):
            self._resolve(data)
        return data

    def _resolve(self, data: dict[str, Any]) -> None:
        try:
            data["starts_at"] = resolve_local(data["start_local"], data["zone"], data.get("fold"))
        except UnknownZone:
            self.add_error("zone", _("There is no time zone of that name. Take one from the list."))
        except NoSuchTime as error:
            self.add_error(
                "start_local",
                _("The clocks go forward then, so this time doesn’t exist. The next one is %(next)s.")
                % {"next": f"{error.next_valid:%H:%M}"},
            )
        except TwoSuchTimes:
            self.asks_which = True
            self.add_error("fold", _("The clocks go back then, so this time comes twice. Choose one."))

    def change(self) -> dict[str, Any]:
        """What `services.reschedule_session` takes."""
        names = ("start_local", "zone", "fold", "minutes", "provider", "place", "provider_url")
        return {name: self.cleaned_data[name] for name in names}


class CancelForm(forms.Form):
    """Why a session is called off."""

    reason = forms.CharField(
        label=gettext_lazy("Why?"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Everybody who has a seat reads this."),
    )  # fmt: skip


class GiveUpForm(forms.Form):
    """Why somebody can't make it; they needn't say."""

    reason = forms.CharField(
        label=gettext_lazy("What gets in the way?"), max_length=200, required=False,
        help_text=gettext_lazy("Only those who run the session can read it."),
    )  # fmt: skip


class SeatsForm(forms.Form):
    """How many seats a session has."""

    capacity = forms.IntegerField(label=gettext_lazy("Seats"), min_value=1, max_value=100_000)


class PersonField(forms.EmailField):
    """The e-mail address of a colleague; becomes the person. `find(email)` returns the user or None."""

    def __init__(self, *, find: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.find = find

    def clean(self, value: Any) -> User:
        email = super().clean(value)
        user = self.find(email) if self.find else None
        if user is None:
            raise ValidationError(_("Nobody here has this address. Check the spelling."))
        return user


class WalkInForm(forms.Form):
    """Somebody who is there without a seat."""

    def __init__(self, *args: Any, find: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["person"] = PersonField(label=_("E-mail of the person"), find=find)


class MarkForm(forms.Form):
    """One mark on the roster."""

    status = forms.ChoiceField(choices=AttendanceStatus.choices)
    reason = forms.CharField(max_length=300, required=False)


class StaffForm(forms.Form):
    """Who runs a session, from those who may."""

    def __init__(self, *args: Any, people: list[User], **options: Any) -> None:
        super().__init__(*args, **options)
        self.people = {str(user.pk): user for user in people}
        self.fields["facilitators"] = forms.MultipleChoiceField(
            label=_("Facilitators"), required=False, widget=forms.CheckboxSelectMultiple,
            choices=[(pk, user.name) for pk, user in self.people.items()],
        )  # fmt: skip

    @property
    def chosen(self) -> list[User]:
        """The users that were ticked."""
        return [self.people[pk] for pk in self.cleaned_data["facilitators"]]


# ---------------------------------------------------------------- templates


class TemplateForm(forms.Form):
    """What is taught, how long, for how many, and what counts as having been there."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    description = forms.CharField(
        label=gettext_lazy("What happens in it"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=LONGEST, initial=60)
    capacity = forms.IntegerField(label=gettext_lazy("Seats"), min_value=1, max_value=100_000, initial=24)
    min_people = forms.IntegerField(
        label=gettext_lazy("Needs at least"), min_value=0, initial=0, required=False,
        help_text=gettext_lazy("People without whom it makes no sense; 0 for any number."),
    )  # fmt: skip
    attended_percent = forms.IntegerField(
        label=gettext_lazy("Attended from, in per cent"), min_value=1, max_value=100, initial=75,
        help_text=gettext_lazy("Share of the time that counts as having attended."),
    )  # fmt: skip
    partial_percent = forms.IntegerField(
        label=gettext_lazy("Part of it from, in per cent"), min_value=1, max_value=100, initial=25,
        help_text=gettext_lazy("Less than this counts as missed."),
    )  # fmt: skip

    @classmethod
    def of(cls, template: SessionTemplate) -> TemplateForm:
        """The form as it stands for this template."""
        return cls(initial={
            "title": template.title, "description": template.description, "minutes": template.minutes,
            "capacity": template.capacity, "min_people": template.min_people,
            "attended_percent": round(template.attended_share * 100),
            "partial_percent": round(template.partial_share * 100),
        })  # fmt: skip

    def values(self) -> dict[str, Any]:
        """What the template services take, without the agenda."""
        data = self.cleaned_data
        return {
            "title": data["title"], "description": data["description"], "minutes": data["minutes"],
            "capacity": data["capacity"], "min_people": data["min_people"] or 0,
            "attended_share": data["attended_percent"] / 100, "partial_share": data["partial_percent"] / 100,
        }  # fmt: skip

    def take(self, error: ValidationError) -> None:
        """Show what a service refused beside the field it is about."""
        other = {"attended_share": "attended_percent", "partial_share": "partial_percent"}
        details: dict[Any, list[str]] = error.message_dict if hasattr(error, "error_dict") else {None: error.messages}
        for name, messages in details.items():
            field = other.get(name or "", name)
            self.add_error(field if field in self.fields else None, ValidationError(messages))


BLOCK_KINDS = [
    ("talk", gettext_lazy("Talk")),
    ("discussion", gettext_lazy("Discussion")),
    ("practice", gettext_lazy("Practice")),
    ("break", gettext_lazy("Break")),
]


class BlockForm(forms.Form):
    """One part of an agenda. A row that nobody touched is no part."""

    title = forms.CharField(label=gettext_lazy("Part"), max_length=200)
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=LONGEST, initial=10)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=BLOCK_KINDS, initial="talk")
    core = forms.BooleanField(label=gettext_lazy("Keep it even when time is short"), required=False, initial=True)


class AgendaFormSet(BaseFormSet):
    """The parts of an agenda in their order; `ORDER` moves a part, `DELETE` takes it out."""

    def blocks(self) -> list[Block]:
        """The parts as the template services take them."""
        given = [form for form in self.ordered_forms if form.cleaned_data.get("title")]
        return [
            Block(title=form.cleaned_data["title"], minutes=form.cleaned_data["minutes"],
                  kind=form.cleaned_data["kind"], core=form.cleaned_data["core"])
            for form in given
        ]  # fmt: skip

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        order = form.fields["ORDER"]
        order.label, order.required, order.initial = gettext_lazy("Place"), True, (index or 0) + 1
        form.fields["DELETE"].label = gettext_lazy("Take out")


_Agenda = formset_factory(BlockForm, formset=AgendaFormSet, extra=3, can_order=True, can_delete=True, max_num=60)


def agenda_formset(data: Any = None, *, blocks: list[TemplateBlock] | None = None) -> AgendaFormSet:
    """The parts of a template with three empty rows below; bound when `data` is given."""
    initial = [
        {"title": block.title, "kind": block.kind, "minutes": block.minutes, "core": block.core}
        for block in blocks or ()
    ]
    made = _Agenda(data, initial=initial, prefix="agenda")
    assert isinstance(made, AgendaFormSet)
    return made
