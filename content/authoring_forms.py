"""The author's page: what stands around every item, what it teaches, and the kind's own form, checked together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import formset_factory
from django.utils.translation import gettext_lazy as _

from content.forms import offer
from content.kinds import Kind, kind_of
from content.kinds.forms import KindForm
from content.models import ContentItem, ContentVersion
from content.services import Teaches
from lxp.people.models import Role
from lxp.people.queries import users_with
from lxp.skills.models import Skill
from lxp.skills.queries import all_skills
from lxp.web.request import MemberRequest

LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("pt", "Português"), ("ar", "العربية"), ("es", "Español"),
             ("fr", "Français")]  # fmt: skip
SPARE_ROWS = 2
USUAL_LEVEL = 2.0


class ItemForm(forms.Form):
    """Title, summary, who keeps it and until when: the same for all kinds."""

    title = forms.CharField(label=_("Title"), max_length=200, error_messages={"required": _("Give it a title.")})
    summary = forms.CharField(
        label=_("Summary"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("One or two sentences: what somebody can do afterwards."),
    )  # fmt: skip
    tags = forms.CharField(label=_("Tags"), required=False, max_length=600, help_text=_("Separated by commas."))
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    minutes = forms.IntegerField(
        label=_("Minutes"), required=False, min_value=1, max_value=600, help_text=_("Empty: worked out from what is there.")
    )  # fmt: skip
    owner: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=_("Owner"), queryset=None, help_text=_("Who answers questions and looks at it again.")
    )
    review_by = forms.DateField(
        label=_("Look at it again by"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"required": _("Nothing is kept without a date to look at it again.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = users_with(Role.DESIGNER, Role.ADMINISTRATOR, Role.FACILITATOR)

    def clean_tags(self) -> list[str]:
        return [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]


class TeachesForm(forms.Form):
    """One skill the item teaches, and up to which level."""

    skill = forms.ChoiceField(label=_("Skill"), required=False)
    level = forms.TypedChoiceField(
        label=_("Up to level"), coerce=float, required=False, empty_value="", choices=[(n, n) for n in range(1, 6)]
    )

    def __init__(self, *args: Any, skills: list[Skill], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "skill", [("", "–"), *((skill.pk, skill.name) for skill in skills)])


TeachesFormSet = formset_factory(TeachesForm, extra=SPARE_ROWS, max_num=12, absolute_max=14)


@dataclass
class Editor:
    """The whole page: three forms that are one to its author."""

    kind: Kind
    item: ContentItem | None
    about: ItemForm
    teaches: Any
    body: KindForm
    skills: list[Skill]

    def acts(self) -> bool:
        """A button asked for another shape of the form; nothing is saved."""
        return self.body.act()

    def is_valid(self) -> bool:
        # All three are asked, so that everything that is wrong is said at once.
        return all([self.about.is_valid(), self.teaches.is_valid(), self.body.is_valid()])

    def values(self) -> dict[str, Any]:
        """What `author_item` takes."""
        return {
            "about": self.about.cleaned_data,
            "teaches": self._teaches(),
            "compose": self.body.compose,
            "rule": self.body.rule(),
        }

    def refuse(self, error: ValidationError) -> None:
        """Show what the service refused: at the field it names."""
        by_field = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
        for name, messages in by_field.items():
            if name in self.about.fields:
                self.about.add_error(name, messages)
            else:
                self.body.take(ValidationError({name: messages}) if name != "__all__" else ValidationError(messages))

    def _teaches(self) -> list[Teaches]:
        rows = (form.cleaned_data for form in self.teaches if form.cleaned_data.get("skill"))
        chosen = {int(row["skill"]): row["level"] or USUAL_LEVEL for row in rows}
        return [Teaches(skill_id=pk, level=level) for pk, level in chosen.items()]


def editor_for(request: MemberRequest, kind: str, item: ContentItem | None, version: ContentVersion | None) -> Editor:
    """The author's page for a new item of `kind`, or for an item and its newest version."""
    data = request.POST if request.method == "POST" else None
    skills = list(all_skills())
    return Editor(
        kind=kind_of(kind),
        item=item,
        about=ItemForm(data, initial=_about(item, request)),
        teaches=TeachesFormSet(
            data, prefix="teaches", initial=_taught(item), form_kwargs={"skills": skills}
        ),
        body=form_of(kind)(
            data,
            request.FILES if data is not None else None,
            body=version.body if version else {},
            rule=version.complete if version else {},
        ),
        skills=skills,
    )  # fmt: skip


def form_of(kind: str) -> type[KindForm]:
    """The room's own form."""
    return import_module(f"content.kinds.{kind_of(kind).key}.forms").BodyForm


def _about(item: ContentItem | None, request: MemberRequest) -> Mapping[str, Any]:
    if item is None:
        return {"language": "en", "owner": request.user.pk}
    return {
        "title": item.title, "summary": item.summary, "tags": ", ".join(item.tags), "language": item.language,
        "minutes": item.minutes, "owner": item.owner_id, "review_by": item.review_by,
    }  # fmt: skip


def _taught(item: ContentItem | None) -> list[dict[str, Any]]:
    if item is None:
        return []
    return [{"skill": row["id"], "level": round(row["level"])} for row in item.skills]  # type: ignore[attr-defined]  # item_for puts them there
