"""What somebody chooses for themselves."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _

from lxp.people import queries, services, zones
from lxp.people.forms import SettingsForm
from lxp.web.access import member
from lxp.web.page import done, invalid, page, refuse
from lxp.web.request import MemberRequest

TEMPLATE = "lxp/people/settings.html"


@member
def settings(request: MemberRequest) -> HttpResponse:
    """Name, zone, language, working and quiet hours, light or dark."""
    form = SettingsForm(request.POST or None, initial=SettingsForm.initial_of(request.user))
    context = {
        "form": form,
        "organisations": queries.organisations_of(request.user),
        "organisation": request.membership.organisation,
        "zones": zones.listed(),
        "offset": zones.offset_text(request.user.zone, request.at),
    }
    if request.method != "POST":
        return page(request, TEMPLATE, context)
    if form.is_valid():
        try:
            services.update_settings(user=request.user, changes=form.cleaned_data, by=request.user, at=request.at)
            return done(request, "people:settings", _("Saved. It holds from now on."))
        except ValidationError as error:
            refuse(form, error)
    return invalid(request, TEMPLATE, context)
