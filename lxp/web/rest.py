"""The REST base: problem+json, Idempotency-Key, and the views every resource starts from."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.http import Http404
from rest_framework import exceptions, views, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.utils.encoders import JSONEncoder

from lxp import clock
from lxp.tenancy import current_id
from lxp.web.models import IdempotencyRecord

if TYPE_CHECKING:
    from lxp.people.actor import Actor
    from lxp.people.models import User

IDEMPOTENCY_DAYS = 7
"""How long an answer is kept for a repeated request; the nightly housekeeping removes older ones."""

ABANDONED_AFTER = timedelta(minutes=5)
"""A request that has not answered for so long died with its process; the next one with its key takes over."""

LONGEST_KEY = 120

TITLES = {
    400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    406: "Not acceptable", 409: "Conflict", 415: "Unsupported media type", 422: "Unprocessable",
    429: "Too many requests", 500: "Our fault",
}  # fmt: skip


def problem_body(status: int, detail: str = "", **more: Any) -> dict[str, Any]:
    """The members of an RFC 9457 problem document."""
    body = {"type": "about:blank", "title": TITLES.get(status, "Error"), "status": status, **more}
    return {**body, "detail": detail} if detail else body


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error as application/problem+json (RFC 9457): title, status, detail, and `errors` per field."""
    error = _as_api_error(error)
    answer = views.exception_handler(error, context)
    if answer is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        answer.status_code = 422
        detail = "Some fields need another value; see errors."
        answer.data = problem_body(422, detail, errors=_by_field(answer.data))
    else:
        detail = str(error.detail) if isinstance(error, exceptions.APIException) else ""
        answer.data = problem_body(answer.status_code, detail)
    answer.content_type = "application/problem+json"
    return answer


def _as_api_error(error: Exception) -> Exception:
    """What services and access functions raise, in the framework's words."""
    if isinstance(error, ValidationError):
        return exceptions.ValidationError(
            error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}
        )
    if isinstance(error, Http404):
        return exceptions.NotFound(str(error) or "There is no such thing here.")
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied(str(error) or None)
    return error


def _by_field(data: Any) -> Any:
    """Errors always as an object: what belongs to no field, or to the body as a whole, is under non_field_errors."""
    if not isinstance(data, dict):
        return {"non_field_errors": data if isinstance(data, list) else [data]}
    return {"non_field_errors" if name == "__all__" else name: text for name, text in data.items()}


class Conflict(exceptions.APIException):
    """409: what is asked for can't be done in the present state."""

    status_code = 409
    default_detail = "This can't be done in the present state."
    default_code = "conflict"


class Replay(Exception):
    """The same request was answered before; `record` holds the answer."""

    def __init__(self, record: IdempotencyRecord) -> None:
        super().__init__(record.key)
        self.record = record


class Idempotent:
    """POST with `Idempotency-Key`: what succeeded once is answered again for seven days, without doing it again.

    The same key with another request is refused (422); a second request while the first still runs gets 409. A
    request that was refused or failed leaves nothing behind, so its key may be used again.
    """

    _record: IdempotencyRecord | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key:
            return
        if len(key) > LONGEST_KEY:
            raise exceptions.ValidationError({"Idempotency-Key": [f"At most {LONGEST_KEY} characters."]})
        self._record = _claim(request, key, at=clock.now())

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Replay):
            return Response(exc.record.body, status=exc.record.status, headers={"Idempotent-Replayed": "true"})
        try:
            return super().handle_exception(exc)  # type: ignore[misc]
        except Exception:
            self._release()  # a failure of ours is not an answer
            raise

    def finalize_response(self, request: Any, answer: Any, *args: Any, **kwargs: Any) -> Any:
        if self._record is not None:
            if answer.status_code >= 400:
                self._release()
            else:
                self._keep(answer)
        return super().finalize_response(request, answer, *args, **kwargs)  # type: ignore[misc]

    def _keep(self, answer: Response) -> None:
        record = self._record
        assert record is not None
        record.status = answer.status_code
        record.body = json.loads(json.dumps(answer.data, cls=JSONEncoder))
        record.save(update_fields=["status", "body"])

    def _release(self) -> None:
        if self._record is not None:
            self._record.delete()
            self._record = None


def _claim(request: Request, key: str, *, at: datetime) -> IdempotencyRecord:
    """The record this request now owns. Raises Replay, Conflict or ValidationError when another has it."""
    token = getattr(request._request, "token", None)
    actor_key = f"token:{token.prefix}" if token else f"user:{request.user.pk}"
    fingerprint = _fingerprint(request)
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(
                actor_key=actor_key, key=key, fingerprint=fingerprint, created_at=at
            )
    except IntegrityError:
        known = IdempotencyRecord.objects.filter(actor_key=actor_key, key=key).first()
    if known is None:
        raise Conflict("The first request with this key has just failed. Ask again.")
    if known.fingerprint != fingerprint:
        raise exceptions.ValidationError(
            {"Idempotency-Key": ["This key was used for another request. Choose a new one."]}
        )
    if known.status is not None:
        raise Replay(known)
    abandoned = IdempotencyRecord.objects.filter(pk=known.pk, status=None, created_at__lt=at - ABANDONED_AFTER)
    if not abandoned.update(created_at=at):
        raise Conflict("The first request with this key is still running. Ask again shortly.")
    return known


def _fingerprint(request: Request) -> str:
    """SHA-256 of what is asked: method, address and the body whatever the order of its members."""
    body = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(f"{request.method} {request.get_full_path()}\n{body}".encode()).hexdigest()


class _Called(Idempotent):
    """What every endpoint knows about its call. Set `scope` to the resource's name, such as "people"."""

    scope = ""

    @property
    def actor(self) -> Actor:
        """Who calls."""
        return self.request.auth  # type: ignore[attr-defined]

    @property
    def by(self) -> User | None:
        """The acting person, or None for a machine: what services take as `by`."""
        return self.actor.user

    @property
    def at(self) -> datetime:
        """The request's moment (aware, UTC): what services take as `at`."""
        return self.request._request.at  # type: ignore[attr-defined]

    @property
    def organisation_id(self) -> int:
        """The organisation in scope."""
        return current_id()


class ApiView(_Called, views.APIView):  # type: ignore[misc]
    """Base of single endpoints."""


class ApiViewSet(_Called, viewsets.GenericViewSet):  # type: ignore[misc]
    """Base of resources: list and get through queries, change through services.

    `model` is what a page of the list holds (the API document reads its types); `reading_actions` are actions that a
    POST asks for and that change nothing, so that reading them is enough.
    """

    model: type[Model] | None = None
    reading_actions: frozenset[str] = frozenset()

    def get_queryset(self) -> Any:
        """Only for the API document, which asks outside any organisation."""
        assert self.model is not None, f"{type(self).__name__} has no model."
        return self.model._base_manager.none()

    def page_of(self, queryset: Any) -> Response:
        """One cursor page of a queryset, filtered by the resource's filters."""
        page = self.paginate_queryset(self.filter_queryset(queryset))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def input(self, serializer: type[Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The request's body, checked. Raises ValidationError, which is answered with 422 and errors by field."""
        given = serializer(data=self.request.data, partial=partial, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)
