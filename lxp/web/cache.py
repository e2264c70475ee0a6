"""A Redis cache that may be gone: readers get a miss, writers nothing, the log a warning."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def _or(fallback: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return method(self, *args, **kwargs)
            except (RedisError, OSError) as error:
                log.warning("cache unavailable: %s", error)
                return fallback(*args, **kwargs)

        return call

    return wrap


def _default(_key: Any, default: Any = None, **_: Any) -> Any:
    return default


class ResilientRedisCache(RedisCache):
    """Redis is only the bell and the cache: losing it must never lose a page."""

    get = _or(_default)(RedisCache.get)
    get_many = _or(lambda *_, **__: {})(RedisCache.get_many)
    set = _or(lambda *_, **__: None)(RedisCache.set)
    set_many = _or(lambda *_, **__: [])(RedisCache.set_many)
    add = _or(lambda *_, **__: True)(RedisCache.add)
    touch = _or(lambda *_, **__: False)(RedisCache.touch)
    delete = _or(lambda *_, **__: False)(RedisCache.delete)
    delete_many = _or(lambda *_, **__: None)(RedisCache.delete_many)
    has_key = _or(lambda *_, **__: False)(RedisCache.has_key)
    incr = _or(lambda *_, **__: 1)(RedisCache.incr)
