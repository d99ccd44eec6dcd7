"""What comes back after a mail has left: bounces and complaints, as a mail provider tells of them (EML-15).

A complaint withdraws all consent and blocks the address at once. A mailbox that does not exist is blocked; one that is
full, or away, only when that happens again and again. Whom it concerns is found by the Message-ID, then by the address;
an address of nobody we know is blocked all the same. Each report is acted upon once.
"""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from enum import StrEnum

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from leads import suppression, withdrawal
from leads.addresses import normalise
from leads.models import ConsentEvent, Lead, OutgoingMail, SoftBounces, TakenFeedback

log = logging.getLogger(__name__)
State, Reason = OutgoingMail.State, suppression.Reason

SOFT_TIMES = 3  # so many passing bounces …
SOFT_SPAN = timedelta(days=7)  # … over at least so long block an address
SOFT_MEMORY = timedelta(days=90)  # without another one, earlier ones are forgotten
REMEMBERED = timedelta(days=30)  # a provider that was not answered tells again for days
MOST_AT_ONCE = 500


class What(StrEnum):
    """What a report says. Delivery counts only as the end of a row of passing bounces."""

    BOUNCED = "bounced"
    SOFT_BOUNCED = "soft_bounced"
    COMPLAINED = "complained"
    DELIVERED = "delivered"


@dataclass(frozen=True)
class Feedback:
    """One report: what happened, to a mail to whom. `key` is the same when the same is told again; "" tells nothing."""

    what: What
    recipient: str = ""
    message_id: str = ""
    key: str = ""


def read(body: bytes) -> list[Feedback]:
    """Read `[{"event", "recipient" or "message_id", "id"}, …]`. Raises ValueError for anything else."""
    try:
        told = json.loads(body)
    except RecursionError:
        raise ValueError("This is nested too deeply.") from None
    if not isinstance(told, list) or len(told) > MOST_AT_ONCE:
        raise ValueError(f"Send a list of {MOST_AT_ONCE} reports at most.")
    return [_feedback(one) for one in told]


def _feedback(told: object) -> Feedback:
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise ValueError("A report is an object of texts.")
    "".join(told.values()).encode()  # half a character of UTF-16 is refused here (UnicodeEncodeError is a ValueError)
    recipient, message_id = told.get("recipient", ""), told.get("message_id", "")
    if not recipient and not message_id:
        raise ValueError("A report names a recipient or a message_id.")
    what = What(told.get("event", ""))
    return Feedback(what, recipient, message_id, f"{what} {told['id']}" if told.get("id") else "")


@transaction.atomic
def take_all(reports: Iterable[Feedback], request_key: str) -> int:
    """Act upon all reports of a request, or on none. Return how many were new; 0 for a request that came before."""
    if not _is_new(f"request {request_key}"):
        return 0
    return sum(take(report) for report in reports)


@transaction.atomic
def take(report: Feedback) -> bool:
    """Act upon a report, unless that was done before. Return whether it was new."""
    if report.key and not _is_new(f"report {report.key}"):
        return False
    mail = _mail(report.message_id)
    address = _address(report, mail)
    if mail and mail.kind in OutgoingMail.TO_TEAM:
        _mark_undelivered(report, mail)
    elif address:
        ACTS[report.what](address)
        _mark_undelivered(report, mail)
        log.info("A mail %s, as its provider says.", report.what)
    return True


def _is_new(key: str) -> bool:
    """Remember a key. Return whether it was unknown. Kept in the database, in the transaction of what it causes."""
    return TakenFeedback.objects.get_or_create(key=suppression.address_hash(key))[1]


def _mail(message_id: str) -> OutgoingMail | None:
    """Return the mail with a Message-ID, given with or without its angle brackets."""
    wanted = f"<{message_id.strip().strip('<>')}>"
    return OutgoingMail.objects.select_related("submission__lead").filter(message_id=wanted).first()


def _address(report: Feedback, mail: OutgoingMail | None) -> str:
    """Return the address that a report is about, normalised; "" where it names none, or the team's own."""
    if mail:
        return mail.submission.lead.email_normal
    try:
        address = normalise(report.recipient)
        return "" if address == normalise(parseaddr(settings.TEAM_MAIL)[1]) else address
    except ValidationError:
        return ""


def _mark_undelivered(report: Feedback, mail: OutgoingMail | None) -> None:
    """Put a sent mail among those that did not arrive, for staff to see."""
    if mail and report.what in {What.BOUNCED, What.SOFT_BOUNCED}:
        sent = OutgoingMail.objects.filter(pk=mail.pk, state=State.SENT)
        if sent.update(state=State.DEAD, last_error="Sent, and came back, as the mail provider says."):
            log.error("Mail %s (%s) came back.", mail.pk, mail.kind)


# --- what each report causes ---


def _bounced(address: str) -> None:
    suppression.suppress(address, suppression.ALL, Reason.BOUNCE)


def _soft_bounced(address: str) -> None:
    """Count a passing bounce, and block the address once there were several over a week."""
    now = timezone.now()
    found, _made = SoftBounces.objects.select_for_update().get_or_create(
        hmac=suppression.address_hash(address),
        key_id=suppression.key_id(),
        defaults={"first_at": now, "last_at": now},
    )
    if now - found.last_at > SOFT_MEMORY:
        found.times, found.first_at = 0, now
    found.times, found.last_at = found.times + 1, now
    found.save(update_fields=["times", "first_at", "last_at"])
    if found.times >= SOFT_TIMES and now - found.first_at >= SOFT_SPAN:
        suppression.suppress(address, suppression.ALL, Reason.BOUNCE)


def _complained(address: str) -> None:
    """End all that a person agreed to, and block the address until a human lifts it (CON-15).

    The person pressed "spam" elsewhere, and a provider says so: the entry's method is the complaint, its actor we.
    """
    lead = Lead.objects.filter(email_normal=address).first()
    suppression.note(address, "complained", suppression.ALL)
    suppression.suppress(address, suppression.ALL, Reason.COMPLAINT)
    if lead:
        withdrawal.withdraw_all(lead, ConsentEvent.Method.COMPLAINT, actor="system")


def _delivered(address: str) -> None:
    suppression.forget_soft_bounces(address)


ACTS: dict[What, Callable[[str], None]] = {
    What.BOUNCED: _bounced,
    What.SOFT_BOUNCED: _soft_bounced,
    What.COMPLAINED: _complained,
    What.DELIVERED: _delivered,
}


def forget_old(now: datetime) -> None:
    """Forget reports that nobody tells again, and passing bounces of long ago. Called by the worker (CON-17)."""
    TakenFeedback.objects.filter(at__lte=now - REMEMBERED).delete()
    SoftBounces.objects.filter(last_at__lte=now - SOFT_MEMORY).delete()
