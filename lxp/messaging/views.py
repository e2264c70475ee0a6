"""Notifications and preferences for everybody, the ledger for the learning team, one click to unsubscribe."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lxp.messaging import queries, services
from lxp.messaging.categories import CATEGORIES
from lxp.messaging.forms import STATES, LedgerForm, PreferencesForm
from lxp.messaging.presentation import advice, forecast_days, headline, in_words
from lxp.messaging.unsubscribe import read_token
from lxp.people.models import Role
from lxp.web.access import member, role
from lxp.web.page import done, invalid, page
from lxp.web.request import MemberRequest

LEDGER_DAYS = 30


@require_safe
@member
def inbox(request: MemberRequest) -> HttpResponse:
    """What has reached me, newest first."""
    found = queries.inbox_of(request.user, after=request.GET.get("after", ""))
    return page(request, "lxp/messages/inbox.html", {"found": found, "categories": CATEGORIES})


@require_safe
@member
def bell(request: MemberRequest) -> HttpResponse:
    """The bell of the top bar with its count, for pages without the event stream."""
    return page(request, "lxp/_bell.html")


@require_safe
@member
def open_message(request: MemberRequest, message_id: int) -> HttpResponse:
    """Follow a notification of mine to what it is about; it counts as seen."""
    found = queries.message_for(request.actor, message_id)
    services.mark_read(user=request.user, message_ids=[found.pk], at=request.at)
    inside = found.url.startswith("/") and url_has_allowed_host_and_scheme(found.url, allowed_hosts=None)
    return done(request, found.url) if inside else done(request, "messages:message", "", found.pk)


@require_POST
@member
def read_all(request: MemberRequest) -> HttpResponse:
    """I have seen them all."""
    services.mark_all_read(user=request.user, at=request.at)
    return done(request, "messages:inbox")


@member
def preferences(request: MemberRequest) -> HttpResponse:
    """Which messages reach me, and how."""
    form = PreferencesForm(request.POST or None, initial=queries.preferences_of(request.user))
    if form.is_bound and form.is_valid():
        services.set_preferences(user=request.user, choices=form.cleaned_data)
        return done(request, "messages:preferences", _("Saved. This holds from the next message on."))
    answer = invalid if form.is_bound else page
    return answer(request, "lxp/messages/preferences.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt  # mail programs post here by themselves; the signed address is what entitles
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop e-mails of one kind, with one click and without signing in. A GET only asks: programs follow links."""
    wish = read_token(token)
    if wish is None:
        raise Http404(_("This address isn’t complete. Copy all of it, or sign in and open Settings."))
    theirs = queries.membership_behind(wish)
    if request.method == "POST":
        services.unsubscribe(wish=wish)
    shown = {
        "category": CATEGORIES[wish.category], "stopped": request.method == "POST",
        "customer": theirs.organisation.brand or theirs.organisation.name,
    }  # fmt: skip
    with translation.override(theirs.user.locale):
        return page(request, "lxp/messages/unsubscribe.html", shown)


# ---------------------------------------------------------------- the ledger


@require_safe
@role(Role.DESIGNER, Role.ADMINISTRATOR)
def ledger(request: MemberRequest) -> HttpResponse:
    """Is everything going out? The next thirty days, day by day."""
    lines = queries.forecast(at=request.at, days=LEDGER_DAYS, zone=request.user.zone)
    return page(request, "lxp/messages/forecast.html", _overview(request) | {"days": forecast_days(lines)})


@require_safe
@role(Role.DESIGNER, Role.ADMINISTRATOR)
def ledger_list(request: MemberRequest) -> HttpResponse:
    """Message by message, filtered by what stands in the address."""
    form = LedgerForm(request.GET or {"since": timezone.localtime(request.at).date()})
    shown = _overview(request) | {"form": form, "found": None}
    if not form.is_valid():
        return invalid(request, "lxp/messages/list.html", shown)
    wanted = form.wanted(request.user.zone)
    shown["found"] = queries.ledger(request.actor, wanted, after=request.GET.get("after", ""))
    return page(request, "lxp/messages/list.html", shown)


@require_safe
@role(Role.DESIGNER, Role.ADMINISTRATOR)
def ledger_trouble(request: MemberRequest) -> HttpResponse:
    """What is late, gave up or came back."""
    return page(request, "lxp/messages/trouble.html", _overview(request) | {"trouble": queries.trouble(at=request.at)})


def _overview(request: MemberRequest) -> dict[str, object]:
    reckoning = queries.expected_and_sent(at=request.at)
    planned = queries.planned_count(at=request.at, days=7)
    return {
        "reckoning": reckoning, "headline": headline(planned, reckoning), "advice": advice(reckoning),
        "states": STATES, "categories": CATEGORIES, "in_words": in_words,
    }  # fmt: skip


@require_safe
@member
def message(request: MemberRequest, message_id: int) -> HttpResponse:
    """One message: why, when, its fate, its words."""
    found = queries.message_for(request.actor, message_id)
    if found.recipient_id == request.user.pk:
        services.mark_read(user=request.user, message_ids=[found.pk], at=request.at)
    shown = {"found": found, "category": CATEGORIES[found.category], "states": STATES, "in_words": in_words}
    return page(request, "lxp/messages/message.html", shown)


@require_POST
@role(Role.DESIGNER, Role.ADMINISTRATOR)
def retry(request: MemberRequest, message_id: int) -> HttpResponse:
    """Try one message again that failed or came back."""
    found = queries.message_for(request.actor, message_id, "retry")
    if services.retry_dead(messages=[found.pk], at=request.at):
        return done(request, "messages:trouble", _("It goes out with the next tick, within a minute."))
    return done(request, "messages:message", _("It is not among the failed ones any more."), found.pk)


@require_POST
@role(Role.DESIGNER, Role.ADMINISTRATOR)
def retry_all(request: MemberRequest) -> HttpResponse:
    """Try all failed messages again."""
    count = services.retry_all_dead(at=request.at)
    text = ngettext("%(num)d message is tried again.", "%(num)d messages are tried again.", count) % {"num": count}
    return done(request, "messages:trouble", text)


@require_POST
@role(Role.DESIGNER, Role.ADMINISTRATOR)
def resend(request: MemberRequest, message_id: int) -> HttpResponse:
    """Send one once more that went out."""
    found = queries.message_for(request.actor, message_id, "resend")
    try:
        copy = services.resend(message=found, at=request.at)
    except ValidationError as error:
        return done(request, "messages:message", error.messages[0], found.pk)
    return done(request, "messages:message", _("It goes out once more, within a minute."), copy.pk)
