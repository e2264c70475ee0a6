"""The REST base: problem+json, Idempotency-Key, and the views every resource starts from."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404
from rest_framework import exceptions, response, views, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from lxp import clock
from lxp.people.actor import Actor
from lxp.tenancy import current_id, leave
from lxp.web.models import IdempotencyRecord

IDEMPOTENCY_DAYS = 7
ABANDONED_AFTER = timedelta(minutes=5)


TITLES = {
    400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    409: "Conflict", 415: "Unsupported media type", 422: "Unprocessable", 429: "Too many requests",
}


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error as application/problem+json (RFC 9457): title, status, detail, and `errors` per field."""
    if isinstance(error, ValidationError):
        detail = error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}
        error = exceptions.ValidationError(detail)
    elif isinstance(error, Http404):
        error = exceptions.NotFound(str(error) or "No such thing here.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(str(error) or None)
    answer = views.exception_handler(error, context)
    if answer is None:
        return None
    body: dict[str, Any] = {"type": "about:blank", "title": TITLES.get(answer.status_code, "Error"),
                            "status": answer.status_code}
    if isinstance(error, exceptions.ValidationError):
        answer.status_code = body["status"] = 422
        body["title"] = TITLES[422]
        body["detail"] = "Some fields need another value; see errors."
        body["errors"] = answer.data
    elif isinstance(error, exceptions.APIException):
        body["detail"] = str(error.detail)
    answer.data = body
    answer.content_type = "application/problem+json"
    return answer


class Idempotent:
    """POST with `Idempotency-Key`: the first answer is stored and replayed for seven days.

    The same key with another body is refused (422); a second request while the first still runs gets 409.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key:
            return
        if len(key) > 120:
            raise exceptions.ValidationError({"Idempotency-Key": ["At most 120 characters."]})
        self._record = self._claim(request, key)

    def _claim(self, request: Request, key: str) -> IdempotencyRecord:
        token = getattr(request._request, "token", None)
        actor_key = f"token:{token.prefix}" if token else f"user:{request.user.pk}"
        digest = hashlib.sha256(f"{request.method} {request.path}\n".encode() + _canonical(request.data)).hexdigest()
        try:
            with transaction.atomic():
                return IdempotencyRecord.objects.create(
                    actor_key=actor_key, key=key, fingerprint=digest, created_at=clock.now()
                )
        except IntegrityError:
            known = IdempotencyRecord.objects.get(actor_key=actor_key, key=key)
        if known.fingerprint != digest:
            raise exceptions.ValidationError(
                {"Idempotency-Key": ["This key was used for another request. Choose a new one."]}
            )
        if known.status is None and clock.now() - known.created_at > ABANDONED_AFTER:
            IdempotencyRecord.objects.filter(pk=known.pk, status=None).update(created_at=clock.now())
            return known  # the process that ran it died: this request takes over
        if known.status is None:
            raise Conflict("The first request with this key is still running. Ask again shortly.")
        raise Replay(known)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Replay):
            return Response(exc.record.body, status=exc.record.status, headers={"Idempotent-Replayed": "true"})
        return super().handle_exception(exc)  # type: ignore[misc]

    def finalize_response(self, request: Any, answer: Any, *args: Any, **kwargs: Any) -> Any:
        record = getattr(self, "_record", None)
        if record is not None:
            self._settle(record, answer)
        answer = super().finalize_response(request, answer, *args, **kwargs)  # type: ignore[misc]
        raw = getattr(request, "_request", request)
        if token := getattr(raw, "_scope_token", None):
            answer.render()
            leave(token)
            raw._scope_token = None
        return answer

    def _settle(self, record: IdempotencyRecord, answer: Response) -> None:
        # A failure of ours is not an answer: the client may try the same key again.
        if answer.status_code >= 500:
            record.delete()
            return
        record.status = answer.status_code
        record.body = json.loads(json.dumps(answer.data, default=str))
        record.save(update_fields=["status", "body"])


class Conflict(exceptions.APIException):
    status_code = 409
    default_detail = "This can't be done in the present state."


class Replay(Exception):
    def __init__(self, record: IdempotencyRecord) -> None:
        self.record = record


def _canonical(data: Any) -> bytes:
    return json.dumps(data, sort_keys=True, default=str).encode()


class ApiView(Idempotent, views.APIView):
    """Base of single endpoints. Set `scope` to the resource's name, such as "people"."""

    scope = ""


class ApiViewSet(Idempotent, viewsets.GenericViewSet):
    """Base of resources. Set `scope`; list and get through queries, change through services."""

    scope = ""

    @property
    def actor(self) -> Actor:
        return self.request.auth

    def page_of(self, queryset: Any) -> response.Response:
        """One cursor page of a queryset, filtered by the resource's filters."""
        page = self.paginate_queryset(self.filter_queryset(queryset))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @property
    def by(self) -> Any:
        """The acting person, or None for a machine: what services take as `by`."""
        return self.actor.user

    @property
    def organisation_id(self) -> int:
        return current_id()
