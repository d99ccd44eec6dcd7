"""Forms that nobody meant to send: limits, and what is held for a person to look at. Nothing is ever dropped.

A form that looks like a program's is kept and held (held.py); one from a network that sends many must have done
a small proof of work, or is held; only a flood is asked to wait. Visitors meet no puzzle, and nobody is locked out for
sharing an office's address (SEC-18, SEC-26 to SEC-28).
"""

import logging
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from leads import tickets
from leads.addresses import normalise
from leads.forms import PublicForm
from leads.models import Submission
from recruitcms.networks import network_of

log = logging.getLogger(__name__)

WINDOW = 600  # seconds that a limit looks back over, at most
FLOOD = 3  # times FORMS_PER_NETWORK, and a network has to wait
PER_ADDRESS = 5  # forms from one network that name one e-mail address, before they are held
Reason = Submission.HeldBecause


@dataclass(frozen=True)
class Verdict:
    """What to do with a valid form: hold it for a reason, refuse it for so many seconds, or (neither) take it."""

    held_because: str = ""
    retry_after: int = 0


def judge(form: PublicForm, request: HttpRequest) -> Verdict:
    """Count a valid form against the limits, and say what to do with it."""
    network = network_of(request)
    from_network, in_all = _hit("network", network), _hit("all", "")
    # With the network, so that nobody learns who else has just named an address, or gets them held (EML-10). What an
    # address gets from all networks together is limited by the worker (mail_limits.py).
    from_address = _hit("address", f"{normalise(form.cleaned_data['email'])} {network}")
    if from_network > settings.FORMS_PER_NETWORK * FLOOD:
        return Verdict(retry_after=WINDOW)
    if form.data.get("website"):
        return Verdict(Reason.TRAP)
    if from_address > PER_ADDRESS:
        return Verdict(Reason.ADDRESS)
    ticket = tickets.read(form.data.get("ticket", ""))
    reason = _suspicion(request, ticket, from_network, in_all)
    return Verdict() if reason and tickets.is_worked(form.data.get("work", ""), ticket) else Verdict(reason)


def _suspicion(request: HttpRequest, ticket: tickets.Ticket | None, from_network: int, in_all: int) -> str:
    """Return why a form must show work to be taken; "" where it need not."""
    if "Sec-Fetch-Site" not in request.headers and "Origin" not in request.headers:
        return Reason.NO_BROWSER
    if ticket and ticket.is_hasty:
        return Reason.HASTE
    if from_network > settings.FORMS_PER_NETWORK or in_all > settings.FORMS_IN_ALL:
        return Reason.MANY
    return ""


def wait_after(kind: str, who: str, limit: int, window: int = WINDOW) -> int:
    """Count one more act of a kind, and return for how many seconds whoever is beyond the limit waits; else 0."""
    return window if _hit(kind, who, window) > limit else 0


def wants_work(request: HttpRequest) -> bool:
    """Tell whether a form that this request's browser begins now will have to show work."""
    from_network, in_all = _hits("network", network_of(request)), _hits("all", "")
    return from_network >= settings.FORMS_PER_NETWORK or in_all >= settings.FORMS_IN_ALL


def _hit(kind: str, who: str, window: int = WINDOW) -> int:
    """Count one more, and return how many there were in this window. Without its cache a form is taken uncounted."""
    key = _key(kind, who)
    try:
        cache.add(key, 0, window)
        count = cache.incr(key)
        if count == 1:
            cache.touch(key, window)  # on Redis a count that ran out just now would begin anew and never end
        return count
    except ValueError:  # it ran out between the two lines
        return 1
    except Exception as error:  # each cache has errors of its own
        log.error("Forms are not counted: the cache is away (%s).", type(error).__name__)
        return 0


def _hits(kind: str, who: str) -> int:
    try:
        return cache.get(_key(kind, who), 0)
    except Exception:
        return 0


def _key(kind: str, who: str) -> str:
    """Return the name of a count: no address of either sort stands in the cache."""
    return f"forms-{kind}-{salted_hmac('leads.spam', who).hexdigest()}"
