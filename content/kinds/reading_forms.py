"""The author's form of article and job aid: Markdown, with pictures and a preview."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from content import markdown
from content.kinds.forms import KindForm, Store, kept


class ReadingForm(KindForm):
    text = forms.CharField(
        label=_("Text"),
        help_text=_("Markdown: ## heading, **bold**, - list, | table |. A quotation that starts with “**Try it:**” stands out."),
        widget=forms.Textarea(attrs={"rows": 18, "class": "wide", "dir": "auto"}),
        error_messages={"required": _("Write the text.")},
    )  # fmt: skip
    picture = forms.FileField(
        label=_("Add a picture"), required=False, help_text=_("JPEG, PNG or WebP, up to 10 MB. It is added at the end of the text.")
    )  # fmt: skip
    picture_text = forms.CharField(
        label=_("What the picture shows"), required=False, max_length=200,
        help_text=_("For people who can’t see it."),
    )  # fmt: skip
    acknowledge = forms.BooleanField(
        label=_("People must say that they have read it"), required=False, help_text=_("Reaching the end is not enough then.")
    )  # fmt: skip
    rule_fields = ("acknowledge",)
    preview = ""

    def initial_of(self, body: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
        return {"text": body.get("text", ""), "acknowledge": rule.get("acknowledge", False)}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("picture") and not cleaned.get("picture_text"):
            self.add_error("picture_text", now_("Say in a few words what the picture shows."))
        return cleaned

    def compose(self, store: Store) -> dict[str, Any]:
        text = self.cleaned_data["text"]
        if upload := self.cleaned_data.get("picture"):
            uuid, *_rest = kept(store, upload, "image", "picture")
            words = self.cleaned_data["picture_text"].replace("[", "(").replace("]", ")")
            text += f"\n\n![{words}](media:{uuid})"
        return {"text": text}

    def rule(self) -> dict[str, Any]:
        others = {name: value for name, value in self.old_rule.items() if name not in self.rule_fields}
        return {**others, **({"acknowledge": True} if self.cleaned_data["acknowledge"] else {})}

    def act(self) -> bool:
        if self.data.get("act") != "preview":
            return False
        self.preview = markdown.render(self.data.get(self.add_prefix("text"), ""))
        return True
