"""Forms that nobody meant to send: limits, and what is held for a person to look at. Nothing is ever dropped.

A form that looks like a program's is kept and held (held.py); one from a network that sends many must have done
a small proof of work, or is held; only a flood is asked to wait. Visitors meet no puzzle, and nobody is locked out for
sharing an office's address (SEC-18, SEC-26 to SEC-28).
"""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from leads import tickets
from leads.addresses import normalise
from leads.forms import PublicForm
from leads.models import Submission
from recruitcms.limits import WINDOW, count, counted
from recruitcms.networks import network_of

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
    from_network, in_all = count("network", network), count("all", "")
    # With the network, so that nobody learns who else has just named an address, or gets them held (EML-10). What an
    # address gets from all networks together is limited by the worker (mail_limits.py).
    from_address = count("address", f"{normalise(form.cleaned_data['email'])} {network}")
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


def wants_work(request: HttpRequest) -> bool:
    """Tell whether a form that this request's browser begins now will have to show work."""
    from_network, in_all = counted("network", network_of(request)), counted("all", "")
    return from_network >= settings.FORMS_PER_NETWORK or in_all >= settings.FORMS_IN_ALL
