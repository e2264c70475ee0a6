"""Addresses: each app's pages, the REST API, health."""

from __future__ import annotations

from django.urls import include, path

from lxp.web import views as web

urlpatterns = [
    path("healthz", web.healthz, name="healthz"),
    path("readyz", web.readyz, name="readyz"),
    path("metrics", web.metrics, name="metrics"),
]
