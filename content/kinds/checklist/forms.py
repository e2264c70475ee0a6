"""The author's form of a checklist: one line per item, with its explanation after a dash."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from content.kinds.forms import KindForm, Store

DASH = " — "


class BodyForm(KindForm):
    intro = forms.CharField(
        label=_("Introduction"), required=False, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("Markdown. When to use it, and by whom."),
    )  # fmt: skip
    items = forms.CharField(
        label=_("Things to tick, one per line"),
        help_text=_("Start with a verb. An explanation may follow after “ — ”."),
        widget=forms.Textarea(attrs={"rows": 12, "class": "wide", "dir": "auto"}),
        error_messages={"required": _("Write at least one line.")},
    )  # fmt: skip
    percent = forms.IntegerField(
        label=_("Done when this share is ticked, in percent"), min_value=1, max_value=100, initial=100
    )
    rule_fields = ("percent",)

    def initial_of(self, body: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
        lines = (DASH.join(filter(None, (row["text"], row["note"]))) for row in body.get("items", []))
        return {
            "intro": body.get("intro", ""),
            "items": "\n".join(lines),
            "percent": round(rule.get("share", 1.0) * 100),
        }

    def compose(self, store: Store) -> dict[str, Any]:
        """Lines that stay keep their key, so that ticks made before stay with them."""
        known = {row["text"]: row["key"] for row in self.old_body.get("items", [])}
        items = []
        for line in self.cleaned_data["items"].splitlines():
            text, _dash, note = line.strip().lstrip("-*").strip().partition(DASH)
            if text:
                items.append({"key": known.pop(text, ""), "text": text, "note": note})
        return {"intro": self.cleaned_data["intro"], "items": items}

    def rule(self) -> dict[str, Any]:
        percent = self.cleaned_data["percent"]
        return {} if percent == 100 else {"share": percent / 100}
