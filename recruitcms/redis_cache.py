"""Redis as a cache that may be away: then it is an empty one that keeps nothing. Pages and forms go on without it.

What it counts is then uncounted, which the log says; it is asked for a second at most, and not twice.
"""

import logging
import time
from typing import Any

from django.core.cache.backends import redis

log = logging.getLogger(__name__)

PATIENCE = 1  # second
QUIET = 60  # seconds between two complaints of a process


class RedisCache(redis.RedisCache):
    """Django's cache on Redis, without its errors."""

    complained_at = float("-inf")  # by the clock that never jumps; of all its threads

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        from redis.backoff import NoBackoff  # of an extra, which sites without Redis do not have
        from redis.retry import Retry

        waits = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "retry": Retry(NoBackoff(), 1)}
        super().__init__(server, params | {"OPTIONS": waits | params.get("OPTIONS", {})})

    def get(self, *args: Any, **kwargs: Any) -> Any:
        default = kwargs.get("default", args[1] if len(args) > 1 else None)
        return self._or(default, super().get, *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return self._or(True, super().add, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._or(None, super().set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return self._or(False, super().touch, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._or(False, super().delete, *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return self._or({}, super().get_many, *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> int:
        """Count one more. ValueError: there is nothing to count on, as Django's caches say of a key that is gone."""
        counted = self._or(None, super().incr, *args, **kwargs)
        if counted is None:
            raise ValueError("The cache is away.")
        return counted

    def _or(self, otherwise: Any, act: Any, *args: Any, **kwargs: Any) -> Any:
        """Do something, or return what an empty cache would answer."""
        from redis.exceptions import RedisError

        try:
            return act(*args, **kwargs)
        except RedisError as error:
            if time.monotonic() - RedisCache.complained_at > QUIET:
                RedisCache.complained_at = time.monotonic()
                log.error("The cache is away (%s): limits do not count meanwhile.", type(error).__name__)
            return otherwise
