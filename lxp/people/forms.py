"""Input about people and their organisation. Forms look at shapes; what may be is the services' business."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from lxp.people import sheet, zones
from lxp.people.models import JobRole, Membership, Organisation, Role, Team, Theme, User
from lxp.people.services.tokens import SCOPES

WEEKDAYS = [
    ("1", _("Mon")), ("2", _("Tue")), ("3", _("Wed")), ("4", _("Thu")), ("5", _("Fri")), ("6", _("Sat")), ("7", _("Sun")),
]  # fmt: skip

MONDAY_TO_FRIDAY = (1, 2, 3, 4, 5)


def clock_input() -> forms.TimeInput:
    """A control for a wall-clock time."""
    return forms.TimeInput(format="%H:%M", attrs={"type": "time"})


def day_input() -> forms.DateInput:
    """A control for a calendar day."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class ZoneField(forms.CharField):
    """A time zone by its name or its city. The page offers the names in a `<datalist id="zones">`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{
                "max_length": 64,
                "help_text": _("Start typing a city, such as Lisbon."),
                "widget": forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
                **options,
            }
        )

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        found = zones.resolve(text)
        if found is None:
            raise ValidationError(
                now_("We don’t know “%(zone)s”. Choose one from the list, such as Europe/Lisbon.") % {"zone": text}
            )
        return found


class SettingsForm(forms.Form):
    """What somebody chooses for themselves."""

    name = forms.CharField(label=_("Name"), max_length=150, help_text=_("As colleagues should see it."))
    zone = ZoneField(label=_("Time zone"))
    locale = forms.ChoiceField(label=_("Language"))
    theme = forms.ChoiceField(label=_("Light or dark"), choices=Theme.choices, required=False, widget=forms.RadioSelect)
    work_days = forms.MultipleChoiceField(
        label=_("Working days"), choices=WEEKDAYS, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Reminders come on these days only. None ticked: Monday to Friday."),
    )  # fmt: skip
    work_start = forms.TimeField(label=_("Work starts"), widget=clock_input())
    work_end = forms.TimeField(label=_("Work ends"), widget=clock_input())
    quiet_from = forms.TimeField(label=_("Quiet from"), required=False, widget=clock_input())
    quiet_until = forms.TimeField(label=_("Quiet until"), required=False, widget=clock_input())

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["locale"].choices = list(settings.LANGUAGES)  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(user: User) -> dict[str, Any]:
        """What the form shows before anybody types."""
        names = ("name", "zone", "locale", "theme", "work_start", "work_end", "quiet_from", "quiet_until")
        return {name: getattr(user, name) for name in names} | {
            "work_days": [str(day) for day in user.work_days or MONDAY_TO_FRIDAY]
        }

    def clean_work_days(self) -> list[int]:
        return [int(day) for day in self.cleaned_data["work_days"]]


class MemberForm(forms.Form):
    """A person as HR sees them. `email` may be typed only for somebody new, or by changing it knowingly."""

    name = forms.CharField(label=_("Name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    roles = forms.MultipleChoiceField(
        label=_("Part here"), choices=Role.choices, widget=forms.CheckboxSelectMultiple, initial=[Role.LEARNER]
    )
    job_role = forms.ChoiceField(label=_("Job role"), required=False)
    team = forms.ChoiceField(label=_("Team"), required=False)
    manager = forms.EmailField(label=_("Manager’s e-mail"), required=False, max_length=254)
    zone = ZoneField(label=_("Time zone"), required=False)
    place = forms.CharField(label=_("Place"), required=False, max_length=120)
    hired_on = forms.DateField(label=_("Hired on"), required=False, widget=day_input())
    external_id = forms.CharField(label=_("Id in the HR system"), required=False, max_length=120)

    def __init__(self, *args: Any, teams: Iterable[Team], job_roles: Iterable[JobRole], **options: Any) -> None:
        super().__init__(*args, **options)
        self._teams = {team.slug: team for team in teams}
        self._job_roles = {role.code: role for role in job_roles}
        none = [("", "–")]
        self.fields["team"].choices = none + [(slug, team.name) for slug, team in self._teams.items()]  # type: ignore[attr-defined]
        self.fields["job_role"].choices = none + [(code, role.name) for code, role in self._job_roles.items()]  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(membership: Membership) -> dict[str, Any]:
        """What the form shows before anybody types."""
        return {
            "name": membership.user.name,
            "email": membership.user.email,
            "roles": membership.roles,
            "job_role": membership.job_role.code if membership.job_role else "",
            "team": membership.team.slug if membership.team else "",
            "manager": membership.manager.email if membership.manager else "",
            "zone": membership.user.zone,
            "place": membership.place,
            "hired_on": membership.hired_on,
            "external_id": membership.external_id,
        }

    def clean_team(self) -> Team | None:
        return self._teams.get(self.cleaned_data["team"])

    def clean_job_role(self) -> JobRole | None:
        return self._job_roles.get(self.cleaned_data["job_role"])


class PeopleFilterForm(forms.Form):
    """Narrows the list of people; lives in the address. The first choice of each field says what it is about."""

    text = forms.CharField(
        label=_("Name, e-mail or id"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, e-mail or id")}),
    )
    team = forms.ChoiceField(label=_("Team"), required=False)
    job_role = forms.ChoiceField(label=_("Job role"), required=False)
    role = forms.ChoiceField(label=_("Part here"), required=False, choices=[("", _("Any part")), *Role.choices])
    state = forms.ChoiceField(
        label=_("Who"),
        required=False,
        choices=[("active", _("Who are here")), ("left", _("Who have left")), ("all", _("Everybody"))],
    )

    def __init__(self, *args: Any, teams: Mapping[str, str], job_roles: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["team"].choices = [("", _("Any team")), *teams.items()]  # type: ignore[attr-defined]
        self.fields["job_role"].choices = [("", _("Any job role")), *job_roles.items()]  # type: ignore[attr-defined]


class UploadForm(forms.Form):
    """A file of people."""

    file = forms.FileField(
        label=_("File of people"), widget=forms.FileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
        help_text=_("CSV with a first line that names the columns; email is needed."),
    )  # fmt: skip

    def clean_file(self) -> tuple[str, str]:
        """The file's name and its text."""
        upload = self.cleaned_data["file"]
        if upload.size > sheet.MOST_BYTES:
            raise ValidationError(
                now_("The file is larger than %(most)d MB. Split it.") % {"most": sheet.MOST_BYTES // 1_000_000}
            )
        try:
            return upload.name, sheet.decode(upload.read())
        except sheet.SheetError as error:
            raise ValidationError(str(error)) from None


class TokenForm(forms.Form):
    """A key for another system."""

    name = forms.CharField(
        label=_("For which system"), max_length=50, help_text=_("So that you know later whether it is still needed.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=[(scope, scope) for scope in SCOPES], widget=forms.CheckboxSelectMultiple,
        help_text=_("Only what it needs. Writing includes reading."),
    )  # fmt: skip
    expires_on = forms.DateField(
        label=_("Works until"), required=False, widget=day_input(), help_text=_("Empty: until you revoke it.")
    )

    def __init__(self, *args: Any, zone: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._zone = zone

    def clean(self) -> dict[str, Any]:
        """`expires_at`: the end of the chosen day in the organisation's zone, aware."""
        cleaned = super().clean() or {}
        day = cleaned.get("expires_on")
        end = datetime.combine(day, time(23, 59, 59), ZoneInfo(self._zone)) if day else None
        return {**cleaned, "expires_at": end.astimezone(UTC) if end else None}


class OrganisationForm(forms.Form):
    """What holds for the whole organisation."""

    name = forms.CharField(label=_("Name"), max_length=120)
    brand = forms.CharField(
        label=_("Name in the top bar"), max_length=120, required=False, help_text=_("Empty: the same name.")
    )
    zone = ZoneField(label=_("Time zone of the head office"))
    mail_from = forms.EmailField(
        label=_("Sender of mails"), required=False, help_text=_("Empty: this installation’s own address.")
    )
    quiet_from = forms.TimeField(label=_("Quiet from"), widget=clock_input())
    quiet_until = forms.TimeField(label=_("Quiet until"), widget=clock_input())

    @staticmethod
    def initial_of(organisation: Organisation) -> dict[str, Any]:
        """What the form shows before anybody types."""
        return {name: getattr(organisation, name) for name in OrganisationForm.base_fields}


class HolidayForm(forms.Form):
    """A day off."""

    day = forms.DateField(label=_("Day"), widget=day_input())
    name = forms.CharField(label=_("What for"), max_length=120)
    zone = ZoneField(label=_("Only in"), required=False, help_text=_("Empty: everywhere."))


class TeamForm(forms.Form):
    """A new team."""

    name = forms.CharField(label=_("Name"), max_length=120)
    parent = forms.ChoiceField(label=_("Under"), required=False)

    def __init__(self, *args: Any, teams: Iterable[Team], **options: Any) -> None:
        super().__init__(*args, **options)
        self._teams = {team.slug: team for team in teams}
        parents = [(slug, team.name) for slug, team in self._teams.items()]
        cast(forms.ChoiceField, self.fields["parent"]).choices = [("", _("Nothing: at the top")), *parents]

    def clean_parent(self) -> Team | None:
        return self._teams.get(self.cleaned_data["parent"])


class JobRoleForm(forms.Form):
    """A new job role."""

    code = forms.SlugField(label=_("Code"), max_length=60, help_text=_("What files and rules say, such as team_lead."))
    name = forms.CharField(label=_("Name"), max_length=200)
