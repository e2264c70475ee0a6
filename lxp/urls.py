"""Addresses: each app's pages, the REST API, health."""

from __future__ import annotations

from django.urls import include, path

from lxp.people import account_urls
from lxp.web import views as web

# Pages that show everything, and coming in and going out.
house = [*account_urls.urlpatterns]

urlpatterns = [
    path("healthz", web.healthz, name="healthz"),
    path("readyz", web.readyz, name="readyz"),
    path("metrics", web.metrics, name="metrics"),
    path("", include((house, "lxp"))),
    path("live/", include("sessions.urls")),
    path("messages/", include("lxp.messaging.urls")),
]
