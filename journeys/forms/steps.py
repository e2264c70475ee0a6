"""A step of a design: everything the planner can run, as plain form fields.

Rules are shown as people say them ("2 days before the live session starts, at 09:00") and come out as the JSON that
`journeys.timing` reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from content.models import ContentItem
from journeys.design_words import PHASES
from journeys.forms.fields import clock_input, day_input
from journeys.models import Phase, Step
from journeys.timing import OUTCOMES, RuleError, parse_condition, parse_rule
from sessions.models import SessionTemplate

Rule = dict[str, Any]

BEFORE, AFTER = "before", "after"
RULES = ("opens", "due")
RULE_PARTS = ("anchor", "days", "hours", "direction", "step", "edge", "at", "date")

ANCHORS = {
    "opens": [
        ("", _("On the cohort’s first day, at 09:00")),
        ("live", _("Counted from a live session")),
        ("start", _("Counted from the cohort’s start")),
        ("enrolled", _("Counted from when they join")),
        ("date", _("On a calendar day")),
        ("previous", _("When the step before it is finished")),
    ],
    "due": [
        ("", _("No date")),
        ("live", _("Counted from a live session")),
        ("start", _("Counted from the cohort’s start")),
        ("enrolled", _("Counted from when they join")),
        ("date", _("On a calendar day")),
    ],
}

COMPLETION: dict[str, tuple[str, ...]] = {
    "quiz": ("score", "tries"),
    "video": ("coverage", "transcript"),
    "article": ("seconds", "acknowledge"),
    "job_aid": ("seconds", "acknowledge"),
    "checklist": ("share",),
    "live": ("attendance",),
}
"""Which conditions of being done each kind knows."""

_SHARES = ("score", "coverage", "share")
_YES_NO = [("", _("As the content says")), ("yes", _("Yes")), ("no", _("No"))]


def _percent(label: Any, **options: Any) -> forms.FloatField:
    widget = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})
    return forms.FloatField(label=label, required=False, min_value=0, max_value=100, widget=widget, **options)


class StepForm(forms.Form):
    """One step. `kind` is content or live; `sort` the kind of content that is looked for.

    `others` are the edition's other steps, `found` the content on offer, `chosen` the content that is picked.
    """

    title = forms.CharField(label=_("Title"), max_length=200)
    why = forms.CharField(
        label=_("Why does it stand here?"), required=False, max_length=300,
        help_text=_("Learners read this as the reason for the step."),
    )  # fmt: skip
    phase = forms.ChoiceField(label=_("When in the programme"), choices=list(PHASES.items()))
    part = forms.CharField(
        label=_("Part"), required=False, max_length=120,
        help_text=_("Steps of one part are drawn together. Empty: the same as the step before."),
        widget=forms.TextInput(attrs={"list": "parts", "autocomplete": "off"}),
    )  # fmt: skip
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=1440, initial=10)
    required = forms.BooleanField(
        label=_("Has to be done"), required=False, initial=True,
        help_text=_("Otherwise it is an offer, and the programme is complete without it."),
    )  # fmt: skip
    item = forms.IntegerField(label=_("Content"), required=False)
    template = forms.ChoiceField(label=_("Live session"), required=False)
    sort = forms.ChoiceField(label=_("Kind"), required=False)
    find = forms.CharField(
        label=_("Find content"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )

    for_step = forms.ChoiceField(label=_("Look at"), required=False)
    for_attendance = forms.MultipleChoiceField(
        label=_("Those who"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[("attended", _("attended")), ("partial", _("were there for a part")), ("missed", _("missed it"))],
    )  # fmt: skip
    for_score_below = _percent(_("Scored below, in per cent"))
    for_score_at_least = _percent(_("Scored at least, in per cent"))
    for_role = forms.MultipleChoiceField(
        label=_("Only these job roles"), required=False, widget=forms.SelectMultiple(attrs={"size": 5})
    )

    done_attendance = forms.ChoiceField(
        label=_("Counts as done"), required=False,
        choices=[("", _("Being there for a part is enough")), ("attended", _("Only when attended in full"))],
    )  # fmt: skip
    done_score = _percent(_("Passed from, in per cent"), help_text=_("Empty: as the quiz itself says."))
    done_tries = forms.IntegerField(
        label=_("Tries"),
        required=False,
        min_value=0,
        max_value=20,
        help_text=_("Empty: as the quiz says; 0: any number."),
    )
    done_coverage = _percent(_("Watched, in per cent"), help_text=_("Empty: as the video itself says."))
    done_transcript = forms.ChoiceField(label=_("Reading the transcript counts too"), required=False, choices=_YES_NO)
    done_seconds = forms.IntegerField(
        label=_("Seconds to spend on it"), required=False, min_value=0, max_value=3600,
        help_text=_("Empty: as the text itself says."),
    )  # fmt: skip
    done_acknowledge = forms.ChoiceField(label=_("They say that they have read it"), required=False, choices=_YES_NO)
    done_share = _percent(_("Ticked, in per cent"), help_text=_("Empty: as the checklist itself says."))

    def __init__(
        self,
        *args: Any,
        kind: str,
        others: Sequence[Step] = (),
        templates: Sequence[SessionTemplate] = (),
        items: Mapping[int, ContentItem] | None = None,
        sorts: Sequence[tuple[str, Any]] = (),
        roles: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.kind, self.items = kind, dict(items or {})
        self.templates = {str(one.pk): one for one in templates}
        choices: dict[str, list[tuple[str, Any]]] = {
            "template": [("", _("Choose")), *((pk, one.title) for pk, one in self.templates.items())],
            "sort": list(sorts),
            "for_step": [("", _("Nothing: it is for everybody")), *((one.key, one.title) for one in others)],
            "for_role": list((roles or {}).items()),
        }
        for name, listed in choices.items():
            self.fields[name].choices = listed  # type: ignore[attr-defined]
        lives = [(one.key, one.title) for one in others if one.kind == Step.Kind.LIVE]
        for which in RULES:
            self.fields.update(_rule_fields(which, lives))
        if kind == Step.Kind.LIVE:
            self._drop(*(f"{which}_{part}" for which in RULES for part in RULE_PARTS), "item", "sort", "find")
        else:
            self._drop("template")
            self.fields["phase"].choices = [  # type: ignore[attr-defined]
                (value, label)
                for value, label in PHASES.items()
                if value != Phase.LIVE or self.initial.get("phase") == value
            ]

    def _drop(self, *names: str) -> None:
        for name in names:
            del self.fields[name]

    # ------------------------------------------------------------ what the page draws

    @property
    def completion(self) -> list[Any]:
        """The fields that say when this kind of step is done."""
        kind = "live" if self.kind == Step.Kind.LIVE else str(self["sort"].value() or "")
        return [self[f"done_{name}"] for name in COMPLETION.get(kind, ())]

    def rule_fields(self, which: str) -> dict[str, Any]:
        """The fields of one rule by part."""
        return {part: self[f"{which}_{part}"] for part in RULE_PARTS}

    # ------------------------------------------------------------ in and out

    @staticmethod
    def initial_of(step: Step) -> dict[str, Any]:
        """What the form shows for a stored step."""
        shown: dict[str, Any] = {
            name: getattr(step, name) for name in ("title", "why", "phase", "part", "minutes", "required")
        }
        shown |= {"item": step.item_id, "template": step.template_id, "sort": step.item.kind if step.item else ""}
        for which in RULES:
            shown |= {f"{which}_{part}": value for part, value in _shown_rule(getattr(step, which)).items()}
        shown |= {f"for_{name}": value for name, value in _shown_condition(step.condition).items()}
        return shown | {f"done_{name}": value for name, value in _shown_completion(step.complete).items()}

    def clean_item(self) -> ContentItem | None:
        return self.items.get(self.cleaned_data["item"] or 0)

    def clean_template(self) -> SessionTemplate | None:
        return self.templates.get(self.cleaned_data["template"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.kind == Step.Kind.CONTENT:
            for which in RULES:
                self._check(which, lambda which=which: parse_rule(self._rule(which)), RULE_PARTS)
            if not cleaned.get("item") and "item" not in self.errors:
                self.add_error("item", now_("Choose the content people get."))
        elif not cleaned.get("template") and "template" not in self.errors:
            self.add_error("template", now_("Choose the live session people come to."))
        self._check("for", lambda: parse_condition(self._condition()), ())
        return cleaned

    def _check(self, prefix: str, parse: Any, parts: Sequence[str]) -> None:
        """What the planner would say to a rule, at the field it is about."""
        if any(f"{prefix}_{part}" in self.errors for part in parts):
            return
        try:
            parse()
        except RuleError as error:
            name = f"{prefix}_{error.field}"
            self.add_error(name if name in self.fields else None, str(error))

    def values(self) -> dict[str, Any]:
        """What the step services take, the title among it."""
        given = self.cleaned_data
        live = self.kind == Step.Kind.LIVE
        return {
            **{name: given[name] for name in ("title", "why", "part", "minutes", "required")},
            "phase": Phase.LIVE if live else given["phase"],
            "opens": {} if live else self._rule("opens"),
            "due": {} if live else self._rule("due"),
            "condition": self._condition(),
            "complete": self._completion(),
            **({"template": given["template"]} if live else {"item": given["item"]}),
        }

    def _rule(self, which: str) -> Rule:
        given = {part: self.cleaned_data.get(f"{which}_{part}") for part in RULE_PARTS}
        anchor = given["anchor"]
        if not anchor or anchor == "previous":
            return {"anchor": anchor} if anchor else {}
        rule: Rule = {"anchor": anchor}
        if anchor == "date":
            rule["date"] = given["date"].isoformat() if given["date"] else ""
        else:
            sign = -1 if given["direction"] == BEFORE else 1
            rule |= {name: sign * (given[name] or 0) for name in ("days", "hours") if given[name]}
        if anchor == "live":
            rule |= {"step": given["step"] or "", "edge": given["edge"] or "start"}
        if given["at"]:
            rule["at"] = f"{given['at']:%H:%M}"
        return rule

    def _condition(self) -> Rule:
        given = self.cleaned_data
        found: Rule = {}
        if given.get("for_step"):
            found["step"] = given["for_step"]
        if given.get("for_attendance"):
            found["attendance"] = given["for_attendance"]
        for name in ("score_below", "score_at_least"):
            if given.get(f"for_{name}") is not None:
                found[name] = given[f"for_{name}"] / 100
        if given.get("for_role"):
            found["role"] = given["for_role"]
        return {} if set(found) == {"step"} else found

    def _completion(self) -> Rule:
        return dict(self._completed(self.cleaned_data))

    def _completed(self, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for bound in self.completion:
            name = bound.name.removeprefix("done_")
            value = given.get(bound.name)
            if value in (None, ""):
                continue
            if name in _SHARES:
                yield name, value / 100
            elif name in ("transcript", "acknowledge"):
                yield name, value == "yes"
            else:
                yield name, value


def _rule_fields(which: str, lives: Sequence[tuple[str, str]]) -> dict[str, forms.Field]:
    """The fields of one rule; which of them count depends on the anchor."""
    return {
        f"{which}_anchor": forms.ChoiceField(
            label=_("Opens") if which == "opens" else _("Due"), required=False, choices=ANCHORS[which]
        ),
        f"{which}_days": forms.IntegerField(label=_("Days"), required=False, min_value=0),
        f"{which}_hours": forms.FloatField(
            label=_("Hours"), required=False, widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})
        ),
        f"{which}_direction": forms.ChoiceField(
            label=_("Before or after"), required=False, choices=[(BEFORE, _("before")), (AFTER, _("after"))]
        ),
        f"{which}_step": forms.ChoiceField(
            label=_("Live session"), required=False, choices=[("", _("Choose")), *lives] if len(lives) != 1 else lives
        ),
        f"{which}_edge": forms.ChoiceField(
            label=_("Its start or end"), required=False, choices=[("start", _("starts")), ("end", _("ends"))]
        ),
        f"{which}_at": forms.TimeField(label=_("At, on their clock"), required=False, widget=clock_input()),
        f"{which}_date": forms.DateField(label=_("Day"), required=False, widget=day_input()),
    }


def _shown_rule(rule: Mapping[str, Any] | None) -> dict[str, Any]:
    """A stored rule as its fields; hours keep a sign of their own where they run against the days."""
    rule = rule or {}
    days, hours = int(rule.get("days", 0)), float(rule.get("hours", 0))
    back = days < 0 or (not days and hours < 0)
    hours = -hours if back else hours
    return {
        "anchor": rule.get("anchor", ""),
        "days": abs(days) or None,
        "hours": f"{hours:g}" if hours else None,
        "direction": BEFORE if back else AFTER,
        "step": rule.get("step", ""),
        "edge": rule.get("edge", "start"),
        "at": rule.get("at", ""),
        "date": rule.get("date", ""),
    }


def _shown_condition(condition: Mapping[str, Any] | None) -> dict[str, Any]:
    condition = condition or {}
    shown: dict[str, Any] = {
        "step": condition.get("step", ""),
        "attendance": [outcome for outcome in OUTCOMES if outcome in condition.get("attendance", ())],
        "role": list(condition.get("role", ())),
    }
    return shown | {name: _as_percent(condition.get(name)) for name in ("score_below", "score_at_least")}


def _shown_completion(complete: Mapping[str, Any] | None) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in (complete or {}).items():
        if name in _SHARES:
            shown[name] = _as_percent(value)
        elif isinstance(value, bool):
            shown[name] = "yes" if value else "no"
        else:
            shown[name] = "" if value == "partial" else value
    return shown


def _as_percent(share: Any) -> str | None:
    return None if share is None else f"{float(share) * 100:g}"
