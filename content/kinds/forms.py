"""What the author's form of every kind has in common. A room's own form is `content/kinds/<kind>/forms.py: BodyForm`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from content.captions import Cue

Stored = tuple[str, str, float | None, list[Cue]]
"""What became of an upload: its uuid, type, seconds and cues."""

Store = Callable[[Any, str], Stored]
"""Checks and keeps an upload for a role; raises ValidationError."""


class KindForm(forms.Form):
    """The kind's own part of the author's page, filled from a body and a rule and giving them back.

    `compose` makes the new body; uploads go through `store`. `act` answers a button that changes the form without
    saving it (add a question, show a preview): True when there was one.
    """

    rule_fields: tuple[str, ...] = ()

    def __init__(
        self, data: Any = None, files: Any = None, *, body: Mapping[str, Any], rule: Mapping[str, Any]
    ) -> None:
        self.old_body, self.old_rule = dict(body), dict(rule)
        super().__init__(data, files, initial=self.initial_of(self.old_body, self.old_rule), prefix="body")

    def initial_of(self, body: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
        """What the fields show for a body and a rule (both may be empty)."""
        raise NotImplementedError

    def compose(self, store: Store) -> dict[str, Any]:
        """The body as the author wants it; checked by the kind afterwards."""
        raise NotImplementedError

    def rule(self) -> dict[str, Any]:
        """The completion rule as the author wants it."""
        return {}

    def act(self) -> bool:
        return False

    def take(self, error: ValidationError) -> None:
        """Show what a service refused where it belongs: at the field of that name, else above the form."""
        by_field = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
        for name, messages in by_field.items():
            self.add_error(name if name in self.fields else None, ValidationError(messages))


def kept(store: Store, upload: Any, role: str, field: str) -> Stored:
    """Store an upload; what is wrong with it is said at its field."""
    try:
        return store(upload, role)
    except ValidationError as error:
        raise ValidationError({field: error.messages}) from None
