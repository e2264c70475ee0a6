"""The REST API, gathered: every room's `rest.routes` under one router, the document about it, and a page to read it.

A room offers resources by a list `routes` of (prefix, viewset, basename) in its `rest.py`.
"""

from __future__ import annotations

import importlib
import importlib.util

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

ROOMS = (
    "lxp.people", "lxp.skills", "lxp.activity", "lxp.messaging", "content", "sessions", "journeys", "recommendations",
)  # fmt: skip


def router() -> SimpleRouter:
    """All resources of all rooms."""
    gathered = SimpleRouter()
    for room in ROOMS:
        if importlib.util.find_spec(f"{room}.rest") is None:
            continue
        for prefix, view, basename in importlib.import_module(f"{room}.rest").routes:
            gathered.register(prefix, view, basename=basename)
    return gathered


app_name = "api"

urlpatterns = [
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    # Split: the page's script has an address of its own, because our pages allow no inline scripts.
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    path("", include(router().urls)),
]
