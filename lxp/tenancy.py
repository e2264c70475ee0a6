"""Every tenant row belongs to one organisation, and no query sees rows of another.

The scope is a ContextVar that middleware, event drain, tasks and commands open. Without it,
`Model.objects` raises: forgetting it is an error, never a leak. `Model.unscoped` is for the ground
floor only (due scans and drains across all organisations), and each use says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from lxp.people.models import Organisation

_current: ContextVar[int | None] = ContextVar("lxp_organisation", default=None)


class NoScope(RuntimeError):
    """A tenant query was made without saying for which organisation."""


@contextmanager
def scope(organisation: Organisation | int | None) -> Iterator[int]:
    """Work for one organisation (or its id) inside this context. Raises NoScope for None."""
    if organisation is None:
        raise NoScope("Nobody's rows can't be worked on: this row belongs to no organisation.")
    organisation_id = organisation if isinstance(organisation, int) else organisation.pk
    token = _current.set(organisation_id)
    try:
        yield organisation_id
    finally:
        _current.reset(token)


def enter(organisation_id: int) -> Token[int | None]:
    """Open a scope that can't be a `with` block (one request through a framework); close it with `leave`."""
    return _current.set(organisation_id)


def leave(token: Token[int | None]) -> None:
    """Close what `enter` opened."""
    _current.reset(token)


def current_id() -> int:
    """Id of the organisation in scope. Raises NoScope where there is none."""
    organisation_id = _current.get()
    if organisation_id is None:
        raise NoScope("No organisation in scope: wrap the call in lxp.tenancy.scope(organisation).")
    return organisation_id


def current_id_or_none() -> int | None:
    """Id of the organisation in scope, or None: for logging, error pages and the default of new rows.

    A row made without a scope has no organisation, and the database refuses it.
    """
    return _current.get()


class OrgManager(models.Manager[Any]):
    """Rows of the organisation in scope only."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(organisation_id=current_id())


class OrgOwned(models.Model):
    """A row that belongs to one organisation. New rows take the organisation in scope."""

    organisation = models.ForeignKey(
        "lxp.Organisation", on_delete=models.CASCADE, default=current_id_or_none, related_name="+", editable=False
    )

    objects = OrgManager()
    unscoped = models.Manager()

    class Meta:
        abstract = True
