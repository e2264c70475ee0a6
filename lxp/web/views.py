"""Health for load balancers and metrics for the operator: `/healthz`, `/readyz`, `/metrics`; the workspace switch."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from prometheus_client import CONTENT_TYPE_LATEST

from lxp import clock
from lxp.web import health, places
from lxp.web.access import member
from lxp.web.context import SESSION_WORKSPACE


def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Touches nothing else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Database, migrations and drain lag; Redis missing is degraded, not down."""
    findings = health.readiness(at=clock.now())
    broken = any(finding.status == "broken" for finding in findings)
    body = {"status": health.worst(findings), "checks": [finding.as_dict() for finding in findings]}
    return JsonResponse(body, status=503 if broken else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures, for localhost and for callers with METRICS_TOKEN."""
    token = getattr(settings, "METRICS_TOKEN", "")
    local = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1", "")
    if not local and (not token or request.headers.get("Authorization") != f"Bearer {token}"):
        return HttpResponse(status=404)
    return HttpResponse(health.metrics_text(at=clock.now()), content_type=CONTENT_TYPE_LATEST)


@member
def workspace(request: HttpRequest, key: str) -> HttpResponse:
    """Go to a workspace's first place, and stay in it on pages that belong to several."""
    mine = {one.key: one for one in places.workspaces_of(request.actor)}  # type: ignore[attr-defined]
    if key not in mine:
        raise Http404
    request.session[SESSION_WORKSPACE] = key
    return redirect(places.landing(mine[key]))
