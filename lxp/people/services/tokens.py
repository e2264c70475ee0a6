"""Keys of other systems to the REST API."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from lxp.events import record
from lxp.people.events import TokenIssued, TokenRevoked
from lxp.people.models import ApiToken, User
from lxp.tenancy import current_id

RESOURCES = (
    "people", "audiences", "journeys", "cohorts", "enrolments", "assignments", "sessions", "bookings", "attendance",
)  # fmt: skip
SCOPES = tuple(f"{resource}:{verb}" for resource in RESOURCES for verb in ("read", "write"))
"""What a key may be allowed; writing includes reading."""

LONGEST_NAME = 50


@transaction.atomic
def issue_token(
    *, name: str, scopes: Collection[str], expires_at: datetime | None, by: User | None, at: datetime
) -> tuple[ApiToken, str]:
    """A new key and its secret text, which is stored nowhere: show it once.

    `scopes` out of SCOPES; `expires_at` aware, None for never. Raises ValidationError by field.
    """
    text = " ".join(name.replace("\x00", "").split())
    if not 0 < len(text) <= LONGEST_NAME:
        raise ValidationError(
            {"name": _("Say in at most %(most)d characters which system this is for.") % {"most": LONGEST_NAME}}
        )
    if strange := set(scopes) - set(SCOPES):
        raise ValidationError(
            {"scopes": _("No such scope: %(scopes)s.") % {"scopes": ", ".join(sorted(strange))[:200]}}
        )
    if not scopes:
        raise ValidationError({"scopes": _("Allow at least one thing.")})
    if expires_at is not None and expires_at <= at:
        raise ValidationError({"expires_at": _("This day is over. Choose a later one.")})
    token, key = ApiToken.keys.create_key(
        name=text, organisation_id=current_id(), scopes=[scope for scope in SCOPES if scope in set(scopes)],
        expiry_date=expires_at, created_by=by,
    )  # fmt: skip
    record(TokenIssued(prefix=token.prefix, scopes=token.scopes), by=by, at=at)
    return token, key


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User | None, at: datetime) -> bool:
    """The key stops working at once and for good. False: it had been revoked before."""
    if not ApiToken.objects.filter(pk=token.pk, revoked=False).update(revoked=True):
        return False
    record(TokenRevoked(prefix=token.prefix), by=by, at=at)
    return True
