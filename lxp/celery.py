"""Celery: the hands. Postgres holds what is due; a lost broker loses only the bell."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lxp.settings")

app = Celery("lxp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["lxp", "content", "sessions", "journeys", "recommendations"])


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Celery leaves logging alone when this signal has a receiver."""
