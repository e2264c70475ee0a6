"""The event stream's own process: wires it to browser sessions and notifications. Pages run under `lxp.wsgi`."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

import django
from asgiref.sync import sync_to_async

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lxp.settings")
django.setup()

from django.conf import settings  # noqa: E402  after the setup
from django.contrib.auth import get_user  # noqa: E402
from django.db import close_old_connections  # noqa: E402
from django.http import HttpRequest  # noqa: E402

from lxp.messaging import queries as messaging  # noqa: E402
from lxp.web.stream import EventStream  # noqa: E402


def _in_the_database_thread(work: Callable[..., Any]) -> Callable[..., Any]:
    """`work` in the one thread that holds this process's database connection, which may have been lost meanwhile."""

    def kept(*args: Any) -> Any:
        close_old_connections()
        try:
            return work(*args)
        finally:
            close_old_connections()

    return sync_to_async(kept, thread_sensitive=True)


def person_of(session_key: str) -> int | None:
    """Id of the person of a browser session, as the pages would see it; None when it is over. Two queries at most."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    request = HttpRequest()
    request.session = session
    user = get_user(request)
    return user.pk if user.is_authenticated else None


application = EventStream(
    authenticate=_in_the_database_thread(person_of),
    unread=_in_the_database_thread(messaging.unread_counts),
    redis_url=settings.REDIS_URL,
    cookie=settings.SESSION_COOKIE_NAME,
    origin=settings.SITE_URL,
)
