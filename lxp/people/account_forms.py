"""Signing in and choosing a password."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lxp.people import queries
from lxp.people.models import User


class SignInForm(AuthenticationForm):
    """E-mail and password. The same answer for a wrong password and for nobody: it tells a stranger nothing."""

    username = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"}),
    )
    error_messages = {
        "invalid_login": _("E-mail and password don’t fit together. Check both, or ask for a new password."),
        "inactive": _("This account was closed. Ask your administrator."),
    }
    wait = 0
    """Minutes until the next try may be made; while there are any, the password is not even looked at."""

    def clean(self) -> dict[str, Any]:
        if self.wait:
            text = ngettext(
                "Too many tries with this e-mail. Wait %(n)d minute, or ask for a new password.",
                "Too many tries with this e-mail. Wait %(n)d minutes, or ask for a new password.",
                self.wait,
            )
            raise ValidationError(text % {"n": self.wait}, code="wait")
        return super().clean()


class NewPasswordForm(PasswordResetForm):
    """Asks for a mail with a link. Also for people who never had a password: it is how they get their first one."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"}),
    )

    def get_users(self, email: str) -> Iterable[User]:
        """Whoever signs in with this e-mail, compared as signing in compares it."""
        return [user for user in queries.users_by_email([email]).values() if user.is_active]

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        """In the reader's language, not in that of whoever asked."""
        with translation.override(context["user"].locale):
            context |= {
                "lang": translation.get_language(),
                "text_dir": "rtl" if translation.get_language_bidi() else "ltr",
            }
            super().send_mail(
                subject_template_name, email_template_name, context, from_email, to_email, html_email_template_name
            )
