"""Addresses: each app's pages, the REST API, health."""

from __future__ import annotations

from django.urls import include, path

from lxp import pages
from lxp.people import account_urls
from lxp.web import views as web

# Pages that show everything, and coming in and going out.
house = [
    path("", pages.home, name="home"),
    path("workspace/<slug:key>/", web.workspace, name="workspace"),
    *account_urls.urlpatterns,
]

urlpatterns = [
    path("healthz", web.healthz, name="healthz"),
    path("readyz", web.readyz, name="readyz"),
    path("metrics", web.metrics, name="metrics"),
    path("", include((house, "lxp"))),
    path("content/", include("content.urls")),
    path("design/", include("journeys.design_urls")),
    path("journeys/", include("journeys.urls")),
    path("live/", include("sessions.urls")),
    path("api/v1/", include("lxp.api")),
    path("people/", include("lxp.people.urls")),
    path("messages/", include("lxp.messaging.urls")),
    path("insights/", include("recommendations.urls")),
]

handler400 = "lxp.web.errors.bad_request"
handler403 = "lxp.web.errors.forbidden"
handler404 = "lxp.web.errors.not_found"
handler500 = "lxp.web.errors.failed"
