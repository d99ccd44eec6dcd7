"""Guessing gets slower and slower, and locks nobody out (SEC-10).

Tries are counted for a name together with the network that they come from, and for the network: whoever hammers a name
makes the next try from his own network wait, and the owner, who comes from another, does not notice. Names that nobody
has are counted like the others, so that a wait does not tell who exists. allauth's own limit counts a name from
everywhere and would lock its owner out; it is switched off in settings.py.

Without its cache nothing could be counted, and nobody gets in: a 503 then, and no guessing (SEC-21, outages.py).
"""

import math
import time

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from recruitcms.networks import network_of

FREE = {"name": 5, "network": 30}  # tries before the first wait
# From everywhere: an app's code is guessed by one try in 300,000, one of ten recovery codes by one in ten million.
FREE_EVERYWHERE = {"code": 50, "recovery": 1000}
WRONG_CODES = 10  # end a sign-in that waits for its second step
FIRST_WAIT = 30  # seconds; each further try doubles it
LONGEST_WAIT = 15 * 60
REMEMBERED = 6 * 3600  # seconds after the last try


class Tries:
    """What a network has tried to get into a name by one kind of secret: a password, a code, a recovery code, a mail.

    A passkey has no name and nothing to guess. It is counted by itself, so that it works while passwords wait.
    """

    def __init__(self, request: HttpRequest, kind: str, name: str | None) -> None:
        network = network_of(request)
        if name is None:
            self.limits = [(_key(kind, network), FREE["network"])]
        else:
            own = (_key(kind, f"{name.strip().casefold()} {network}"), FREE["name"])
            self.limits = [own, (_key("network", network), FREE["network"])]
        self.everywhere = _everywhere(kind, name) if name and kind in FREE_EVERYWHERE else ""
        if self.everywhere:
            self.limits.append((self.everywhere, FREE_EVERYWHERE[kind]))

    def wait(self) -> int:
        """Return for how many seconds the next try has to wait; 0: it need not."""
        return max(_seconds_left(key) for key, _free in self.limits)

    def waits_everywhere(self) -> bool:
        """Tell whether the next try would have to wait in any network."""
        return bool(self.everywhere) and _seconds_left(self.everywhere) > 0

    def take(self) -> int:
        """Count a try that is about to be made. Return 0, or for how many seconds it has to wait instead.

        Counted before the secret is looked at: many at once are no way around it.
        """
        if wait := self.wait():
            return wait
        for key, free in self.limits:
            pause = _pause_after(_count(key), free)
            if pause and not cache.add(f"{key}-until", time.time() + pause, pause):
                return self.wait() or 1  # another took this turn
        return 0

    def was_right(self) -> None:
        """Forget the tries for this name; of the network only this one, else a guesser's own account wipes them."""
        (own, _free), *shared = self.limits
        cache.delete_many([own, f"{own}-until"])
        for key, _free in shared:
            cache.delete(f"{key}-until")
            _count(key, -1)


def is_spent(sign_in: str) -> bool:
    """Count a wrong code of a sign-in that waits for its second step, and tell whether it was the last."""
    return _count(_key("wrong", sign_in)) >= WRONG_CODES


def forget_codes(name: str) -> None:
    """Let codes be tried from everywhere again: whoever tried them had a password that is no more."""
    keys = [_everywhere(kind, name) for kind in FREE_EVERYWHERE]
    cache.delete_many([*keys, *(f"{key}-until" for key in keys)])


def _seconds_left(key: str) -> int:
    return max(0, math.ceil(cache.get(f"{key}-until", 0) - time.time()))


def _pause_after(count: int, free: int) -> int:
    """Return how long the next try waits after so many: 0, then 30 seconds, 60, 120 … up to a quarter of an hour."""
    return 0 if count < free else min(FIRST_WAIT * 2 ** min(count - free, 10), LONGEST_WAIT)


def _count(key: str, by: int = 1) -> int:
    cache.add(key, 0, REMEMBERED)
    try:
        count = cache.incr(key, by)
    except ValueError:  # it ran out between the two lines
        return 1
    cache.touch(key, REMEMBERED)
    return count


def _everywhere(kind: str, name: str) -> str:
    return _key(f"{kind}-everywhere", name)


def _key(kind: str, who: str) -> str:
    """Return the name of a count: no name and no address stands in the cache."""
    return f"signin-{kind}-{salted_hmac('recruitcms.signin.limits', who).hexdigest()}"
