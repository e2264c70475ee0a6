"""An audience as a form: the usual conditions as fields, which all have to fit; anything else as a rule in text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from lxp.people.audience import ATTRIBUTE, Known
from lxp.people.models import Role

Rule = dict[str, Any]

_LISTS = {"job_role": "job_roles", "team": "teams", "role": "roles", "place": "places", "zone": "zones"}
_NUMBERS = ("hired_within_days", "hired_before_days")
_TYPED = {"manager": "managers", "email": "emails"}
LONGEST_RULE = 20_000


def _several(label: Any, **options: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, required=False, widget=forms.SelectMultiple(attrs={"size": 6}), **options
    )


class AudienceForm(forms.Form):
    """The usual conditions. Empty fields ask nothing; inside one field any of the values will do."""

    nothing_is_needed = True

    name = forms.CharField(label=_("Name"), max_length=150, help_text=_("Such as “New people leads”."))
    job_roles = _several(_("Job role"))
    teams = _several(_("Team"), help_text=_("With all teams under it."))
    roles = forms.MultipleChoiceField(
        label=_("Part here"), choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    places = _several(_("Place"))
    zones = _several(_("Time zone"))
    managers = forms.CharField(
        label=_("Who report to"), required=False, help_text=_("E-mails, with commas between them.")
    )
    hired_within_days = forms.IntegerField(label=_("Came in the last … days"), required=False, min_value=0)
    hired_before_days = forms.IntegerField(label=_("Came more than … days ago"), required=False, min_value=0)
    skill = forms.ChoiceField(label=_("Skill"), required=False)
    level = forms.FloatField(label=_("Below level"), required=False, min_value=0.5, max_value=5,
                             widget=forms.NumberInput(attrs={"step": "0.5"}))  # fmt: skip
    attribute = forms.CharField(
        label=_("Another HR field"), required=False, max_length=100, help_text=_("Its name, such as grade.")
    )
    values = forms.CharField(
        label=_("with the value"), required=False, help_text=_("Several: with commas between them.")
    )
    emails = forms.CharField(
        label=_("Only these people"), required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text=_("E-mails.")
    )
    besides = forms.CharField(
        label=_("But not these people"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("E-mails."),
    )

    def __init__(self, *args: Any, known: Known, places: Sequence[str], zones: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        choices: dict[str, list[tuple[Any, Any]]] = {
            "job_roles": list(known.job_roles.items()),
            "teams": list(known.teams.items()),
            "places": [(one, one) for one in places],
            "zones": [(one, one) for one in zones],
            "skill": [("", "–"), *known.skills.items()],
        }
        for name, listed in choices.items():
            self.fields[name].choices = listed  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("skill")) != (cleaned.get("level") is not None):
            self.add_error("level" if cleaned.get("skill") else "skill", now_("Give both, or neither."))
        if bool(cleaned.get("attribute")) != bool(cleaned.get("values")):
            self.add_error("values" if cleaned.get("attribute") else "attribute", now_("Give both, or neither."))
        return cleaned

    def rule(self) -> Rule:
        """The rule that the valid form stands for."""
        given = self.cleaned_data
        leaves: list[Rule] = [{"field": leaf, "is": given[name]} for leaf, name in _LISTS.items() if given[name]]
        leaves += [{"field": leaf, "is": listed} for leaf, name in _TYPED.items() if (listed := _split(given[name]))]
        leaves += [{"field": leaf, "is": given[leaf]} for leaf in _NUMBERS if given[leaf] is not None]
        if given["skill"]:
            leaves.append({"field": "skill_below", "is": {"skill": given["skill"], "level": given["level"]}})
        if given["attribute"]:
            leaves.append({"field": ATTRIBUTE + given["attribute"], "is": _split(given["values"], on=",")})
        if besides := _split(given["besides"]):
            leaves.append({"field": "email", "is_not": besides})
        return {"all": leaves}

    @staticmethod
    def initial_of(rule: Mapping[str, Any]) -> dict[str, Any] | None:
        """The fields that stand for a rule; None for one that these fields can't express."""
        leaves = rule.get("all")
        if not isinstance(leaves, list):
            return None
        shown: dict[str, Any] = {}
        for leaf in leaves:
            part = _initial_of_leaf(leaf) if isinstance(leaf, dict) else None
            if part is None or not shown.keys().isdisjoint(part):
                return None
            shown |= part
        return shown


class RuleForm(forms.Form):
    """Any rule, as text."""

    name = forms.CharField(label=_("Name"), max_length=150)
    text = forms.CharField(
        label=_("Rule"), max_length=LONGEST_RULE,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "dir": "ltr"}),
    )  # fmt: skip

    def clean_text(self) -> Rule:
        try:
            found = json.loads(self.cleaned_data["text"], parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            place = f" ({now_('line')} {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
            raise ValidationError(
                now_("This is not JSON: a bracket, comma or quotation mark is missing%(place)s.") % {"place": place}
            ) from None
        if not isinstance(found, dict):
            raise ValidationError(now_("A rule is an object in curly brackets."))
        return found

    def rule(self) -> Rule:
        """The rule as typed; whether it makes sense is for the service to say."""
        return dict(self.cleaned_data["text"])

    @staticmethod
    def initial_of(rule: Mapping[str, Any]) -> dict[str, Any]:
        """The rule as text, indented."""
        return {"text": json.dumps(rule, indent=2, ensure_ascii=False)}


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _split(text: str, on: str = ",;\n ") -> list[str]:
    for mark in on[1:]:
        text = text.replace(mark, on[0])
    return [part.strip() for part in text.split(on[0]) if part.strip()]


def _initial_of_leaf(leaf: Mapping[str, Any]) -> dict[str, Any] | None:
    name = leaf.get("field", "")
    if name == "email" and "is_not" in leaf:
        return {"besides": _joined(leaf["is_not"])}
    if not isinstance(name, str) or set(leaf) not in ({"field", "is"}, {"field", "in"}):
        return None
    value = leaf.get("is", leaf.get("in"))
    if name in _LISTS:
        return {_LISTS[name]: value if isinstance(value, list) else [value]}
    if name in _TYPED:
        return {_TYPED[name]: _joined(value)}
    if name in _NUMBERS:
        return {name: value}
    if name == "skill_below" and isinstance(value, dict):
        return {"skill": value.get("skill"), "level": value.get("level")}
    if name.startswith(ATTRIBUTE) and all(isinstance(one, str) and "," not in one for one in _many(value)):
        return {"attribute": name.removeprefix(ATTRIBUTE), "values": _joined(value)}
    return None


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _joined(value: Any) -> str:
    return ", ".join(map(str, _many(value)))
