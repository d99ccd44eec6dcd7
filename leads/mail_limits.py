"""How often one address gets mail that anybody could have asked for in its name (EML-9).

The form's answer is the same whatever these say: they are the worker's, just before it sends (EML-10).
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q, QuerySet

from leads import confirmation
from leads.models import OutgoingMail

log = logging.getLogger(__name__)
Kind, State = OutgoingMail.Kind, OutgoingMail.State

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
CONFIRMS_A_MONTH = 3
# Answers that ask for nothing: a person may send two forms on a day and wait for both.
ANSWERS_A_DAY, ANSWERS_A_MONTH = 3, 10
UNPROVEN = {Kind.CONFIRM, Kind.ENQUIRY}  # these go to addresses whose owner has perhaps asked for nothing


@dataclass(frozen=True)
class Limit:
    """Why a mail does not go now, for staff; and until when it waits, or None where it is dropped."""

    why: str
    until: datetime | None = None


TOO_MANY = Limit("This address has had as many of these mails as anybody may ask for.")
ASKED_ALREADY = Limit("A mail of the same day asks the same.")


def limit(mail: OutgoingMail, now: datetime) -> Limit | None:
    """Return what stops a mail now; None where it may go.

    A question to confirm goes to an address once a day and three times in 30 days, whoever asks. One that asks the
    same as another of the same day is dropped; one that asks for more waits until the day is over. What the address's
    owner confirmed does not count: they are here, and may ask again.
    """
    found = _confirm_limit(mail, now) if mail.kind == Kind.CONFIRM else _answer_limit(mail, now)
    return found or (_hourly_cap(now) if mail.kind in UNPROVEN else None)


def _confirm_limit(mail: OutgoingMail, now: datetime) -> Limit | None:
    unanswered = _sent(mail, now - MONTH, now).filter(submission__confirmed_at=None)
    today = [earlier for earlier in unanswered if not earlier.sent_at or earlier.sent_at > now - DAY]
    if any(_asked(mail) <= _asked(earlier) for earlier in today):
        return ASKED_ALREADY
    if unanswered.count() >= CONFIRMS_A_MONTH:
        return TOO_MANY
    last = max((earlier.sent_at or now for earlier in today), default=None)
    return Limit("One of these mails a day.", last + DAY) if last else None


def _answer_limit(mail: OutgoingMail, now: datetime) -> Limit | None:
    if mail.kind not in {Kind.REPORT, Kind.ENQUIRY}:
        return None
    today, month = _sent(mail, now - DAY, now).count(), _sent(mail, now - MONTH, now).count()
    is_flood = mail.kind in UNPROVEN and month >= ANSWERS_A_MONTH
    return TOO_MANY if today >= ANSWERS_A_DAY or is_flood else None


def _sent(mail: OutgoingMail, since: datetime, now: datetime) -> QuerySet[OutgoingMail]:
    """Return the other mails of a kind that a mailbox has had since, with those leaving at this moment."""
    leaving = Q(state=State.SENDING, pk__lt=mail.pk)  # of two that leave at once, the later one gives way
    sent = Q(state=State.SENT, sent_at__gt=since, sent_at__lte=now)
    same = OutgoingMail.objects.filter(_same_mailbox(mail), kind=mail.kind).exclude(pk=mail.pk)
    return same.filter(sent | leaving).select_related("submission__lead")


def _same_mailbox(mail: OutgoingMail) -> Q:
    """Return the condition for one mailbox, `name+anything@host` being `name@host`. For limits alone."""
    local, _at, host = mail.submission.lead.email_normal.rpartition("@")
    name = local.partition("+")[0]
    tagged = Q(
        submission__lead__email_normal__startswith=f"{name}+", submission__lead__email_normal__endswith=f"@{host}"
    )
    return tagged | Q(submission__lead__email_normal=f"{name}@{host}")


def _asked(mail: OutgoingMail) -> set[tuple[int | None, int]]:
    """Return what a mail asks to confirm and may still be confirmed: wordings, each with the report that it is for."""
    return {(mail.submission.report_id, event.text_id) for event in confirmation.awaiting(mail.submission)}


def _hourly_cap(now: datetime) -> Limit | None:
    """Hold such mails back while very many have just gone out, and raise the alarm: forms may be misused.

    Each that waits gets a time of its own, so that they are not all looked at again for every one that leaves.
    """
    asked_for = OutgoingMail.objects.filter(kind__in=UNPROVEN)
    recent = asked_for.filter(state=State.SENT, sent_at__gt=now - HOUR, sent_at__lte=now)
    cap = settings.FORM_MAILS_AN_HOUR
    oldest = recent.order_by("-sent_at").values_list("sent_at", flat=True)[cap - 1 : cap].first()
    if oldest is None:
        return None
    if _is_news():
        log.error("%s mails that anybody can ask for left within an hour: the others wait.", cap)
    waiting = asked_for.filter(state=State.PENDING, due_at__gt=now).count()
    return Limit("Very many of these mails have just left.", min(oldest + HOUR * (1 + waiting / cap), now + DAY))


def _is_news() -> bool:
    """Tell whether the alarm was not raised within this hour. Where the cache is away it is raised each time."""
    try:
        return cache.add("form-mails-capped", 1, HOUR.total_seconds())
    except Exception:  # each cache has errors of its own
        return True
