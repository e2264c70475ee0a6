"""The bells: waking workers and open pages through Redis. Losing one loses nothing, and nobody waits for it long."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import redis
from django.conf import settings

PATIENCE = 0.5
"""Seconds that a request may spend on ringing."""

INBOX_CHANNEL = "inbox:{}"


@cache
def _client() -> redis.Redis:
    return redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, max_connections=10
    )


def ring_inboxes(user_ids: Collection[int]) -> None:
    """Tell the event stream that these people's notifications changed. Raises RedisError where there is no Redis."""
    pipeline = _client().pipeline(transaction=False)
    for user_id in user_ids:
        pipeline.publish(INBOX_CHANNEL.format(user_id), "")
    pipeline.execute()
