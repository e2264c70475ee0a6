"""A service that refuses a button, which has no form to show it in: said once on the page it was pressed on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse

from lxp.people.models import Role
from lxp.web.access import role
from lxp.web.page import done
from lxp.web.request import MemberRequest

View = Callable[..., HttpResponse]

designers = role(Role.DESIGNER, Role.ADMINISTRATOR)


def back_to(name: str, argument: str = "slug") -> Callable[[View], View]:
    """Go back to the page with this URL name, for the same `argument`, when the service says no."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answered(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
                return done(request, name, "", kwargs[argument])

        return answered

    return decorate
