"""Coming in, going out, a new password; which organisation and workspace one is in."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth import views as auth
from django.core.exceptions import BadRequest, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from lxp.people import queries, services
from lxp.people.account_forms import NewPasswordForm, SignInForm
from lxp.people.throttle import Gate
from lxp.web import page as pages
from lxp.web.access import member
from lxp.web.request import MemberRequest

SIGN_IN = Gate("sign-in", tries=10)
RESET = Gate("reset", tries=5)

SESSION_ORGANISATION = "organisation"


@sensitive_post_parameters("password")
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ten wrong tries with one e-mail from one address, and the next has to wait for the rest of a quarter of an hour."""
    to = safe_next(request)
    if request.user.is_authenticated:
        return redirect(to)
    if request.method != "POST":
        return pages.page(request, "lxp/sign_in.html", _context(SignInForm(request), to))
    at, who = request.at, (request.POST.get("username", ""), request.META.get("REMOTE_ADDR", ""))  # type: ignore[attr-defined]
    form = SignInForm(request, data=request.POST)
    form.wait = SIGN_IN.minutes_to_wait(*who, at=at)
    if form.is_valid():
        SIGN_IN.forget(*who)
        login(request, form.get_user())
        return redirect(to)
    if not form.wait:
        SIGN_IN.count(*who, at=at)
    return pages.page(request, "lxp/sign_in.html", _context(form, to), status=429 if form.wait else 422)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the browser's session."""
    logout(request)
    return redirect("lxp:sign-in")


def safe_next(request: HttpRequest) -> str:
    """Where `next` leads when that is on this site; the start page otherwise."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse(settings.LOGIN_REDIRECT_URL)


def _context(form: SignInForm, to: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"form": form, "next": to if to != reverse(settings.LOGIN_REDIRECT_URL) else ""}
    return shown | (_demonstration() if settings.DEMO else {})


@cache
def _demonstration() -> dict[str, Any]:
    """The people a demonstration offers to come in as, from the file that made them."""
    with (settings.BASE_DIR / "lxp/demo/data/sign_ins.toml").open("rb") as file:
        data = tomllib.load(file)
    return {"demo_sign_ins": data["people"], "demo_password": data["password"]}


# ---------------------------------------------------------------- passwords


class AskForPassword(auth.PasswordResetView):
    """Mails a link to whoever has the address, and says the same when nobody has."""

    form_class = NewPasswordForm
    template_name = "lxp/password_reset.html"
    subject_template_name = "messages/account/password.subject.txt"
    email_template_name = "messages/account/password.txt"
    html_email_template_name = "messages/account/password.html"
    success_url = reverse_lazy("lxp:password-reset-sent")

    def form_valid(self, form: Any) -> HttpResponse:
        who = (form.cleaned_data["email"], self.request.META.get("REMOTE_ADDR", ""))
        at = self.request.at  # type: ignore[attr-defined]
        if not RESET.minutes_to_wait(*who, at=at):
            RESET.count(*who, at=at)
            # The address is the installation's, never the request's: a forged Host must not get into a mail.
            self.extra_email_context = {"site": settings.SITE_URL, "customer_name": _("Learning")}
            return super().form_valid(form)
        return HttpResponseRedirect(str(self.success_url))

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class PasswordAsked(auth.PasswordResetDoneView):
    template_name = "lxp/password_reset_sent.html"


class ChoosePassword(auth.PasswordResetConfirmView):
    """The link from the mail: works once, for a few hours."""

    template_name = "lxp/password_reset_confirm.html"
    success_url = reverse_lazy("lxp:password-reset-complete")

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class PasswordChosen(auth.PasswordResetCompleteView):
    template_name = "lxp/password_reset_complete.html"


# ---------------------------------------------------------------- where one is


@member
@require_POST
def theme(request: MemberRequest) -> HttpResponse:
    """Light, dark, or as the device: from the account menu; back to where one was."""
    try:
        services.set_theme(user=request.user, theme=request.POST.get("theme", ""), by=request.user, at=request.at)
    except ValidationError as error:
        raise BadRequest from error
    if getattr(request, "htmx", False):
        return HttpResponse(status=204)
    return redirect(_back(request))


@member
@require_POST
def organisation(request: MemberRequest) -> HttpResponse:
    """Work in another of one's organisations from now on."""
    wanted = request.POST.get("organisation", "")
    mine = {str(one.pk): one for one in queries.organisations_of(request.user)}
    if wanted not in mine:
        raise Http404
    request.session[SESSION_ORGANISATION] = mine[wanted].pk
    return pages.done(request, "lxp:home", _("You’re in %(name)s now.") % {"name": mine[wanted].name})


def _back(request: HttpRequest) -> str:
    came_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(
        came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return came_from
    return reverse(settings.LOGIN_REDIRECT_URL)
