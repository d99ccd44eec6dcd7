"""How often something was done within a while: counted in the cache, under keyed hashes in place of addresses.

Whoever is beyond a limit waits (SEC-18). Signing in has limits of its own (signin/limits.py).
"""

import logging

from django.core.cache import cache
from django.utils.crypto import salted_hmac

log = logging.getLogger(__name__)

WINDOW = 600  # seconds that a limit looks back over, at most


def wait_after(kind: str, who: str, limit: int, window: int = WINDOW) -> int:
    """Count one more act of a kind, and return for how many seconds whoever is beyond the limit waits; else 0."""
    return window if count(kind, who, window) > limit else 0


def count(kind: str, who: str, window: int = WINDOW) -> int:
    """Count one more act of a kind, and return how many there were within the window; 0 while the cache is away."""
    key = _key(kind, who)
    try:
        cache.add(key, 0, window)
        number = cache.incr(key)
        if number == 1:
            cache.touch(key, window)  # on Redis a count that ran out just now would begin anew and never end
        return number
    except ValueError:  # it ran out between the two lines
        return 1
    except Exception as error:  # each cache has errors of its own
        log.error("Nothing is counted, and nobody waits: the cache is away (%s).", type(error).__name__)
        return 0


def counted(kind: str, who: str) -> int:
    """Return how many acts of a kind there were within the window, without counting one."""
    try:
        return cache.get(_key(kind, who), 0)
    except Exception:
        return 0


def _key(kind: str, who: str) -> str:
    return f"limit-{kind}-{salted_hmac('recruitcms.limits', who).hexdigest()}"
