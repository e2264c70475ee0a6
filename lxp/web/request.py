"""The request as views get it: what middleware puts on it, for the type checker."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

if TYPE_CHECKING:
    from lxp.people.actor import Actor
    from lxp.people.models import Membership, User


class MemberRequest(HttpRequest):
    """A request of somebody signed in, behind `lxp.web.access.member` or `role`. Only a type: never instantiated."""

    at: datetime
    actor: Actor
    membership: Membership
    user: User
    htmx: Any
