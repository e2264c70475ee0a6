"""What a button answers when its service refuses: back to the page, with the reason said once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse

from lxp.web.page import done
from lxp.web.request import MemberRequest

View = Callable[..., HttpResponse]


def back_to(page: str) -> Callable[[View], View]:
    """A ValidationError from the view becomes a notice on `page` of the session (a URL name that takes its uuid)."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answered(request: MemberRequest, uuid: UUID, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, uuid, *args, **kwargs)
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
                return done(request, page, "", uuid)

        return answered

    return decorate
