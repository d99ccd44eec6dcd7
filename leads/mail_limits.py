"""How often one address gets mail that anybody could have asked for in its name (EML-9).

The form's answer is the same whatever these say: they are the worker's, just before it sends (EML-10).
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q, QuerySet

from leads.models import ConsentEvent, OutgoingMail

log = logging.getLogger(__name__)
Kind, State = OutgoingMail.Kind, OutgoingMail.State

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
CONFIRMS_A_MONTH = 3
# Answers that do not ask for anything: a person may send two forms on a day and wait for both.
ANSWERS_A_DAY = 3


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
    same as another of the same day is dropped; one that asks for more waits until the day is over.
    """
    if mail.kind == Kind.CONFIRM:
        return _confirm_limit(mail, now) or _hourly_cap(now)
    if mail.kind in {Kind.REPORT, Kind.ENQUIRY} and _sent(mail, now - DAY).count() >= ANSWERS_A_DAY:
        return TOO_MANY
    return None


def _confirm_limit(mail: OutgoingMail, now: datetime) -> Limit | None:
    today = list(_sent(mail, now - DAY))
    if any(_asked(mail) <= _asked(earlier) for earlier in today):
        return ASKED_ALREADY
    if _sent(mail, now - MONTH).count() >= CONFIRMS_A_MONTH:
        return TOO_MANY
    last = max((earlier.sent_at or now for earlier in today), default=None)
    return Limit("One of these mails a day.", last + DAY) if last else None


def _sent(mail: OutgoingMail, since: datetime) -> QuerySet[OutgoingMail]:
    """Return the other mails of a kind that an address has had since, with those leaving at this moment."""
    leaving = Q(state=State.SENDING, pk__lt=mail.pk)  # of two that leave at once, the later one gives way
    same = OutgoingMail.objects.filter(kind=mail.kind, submission__lead=mail.submission.lead).exclude(pk=mail.pk)
    return same.filter(Q(state=State.SENT, sent_at__gt=since) | leaving)


def _asked(mail: OutgoingMail) -> set[tuple[int | None, int]]:
    """Return what a mail asks to confirm: the wordings, each with the report that it is for."""
    asked = ConsentEvent.objects.requested_by(mail.submission.public_id)
    return {(mail.submission.report_id, text) for text in asked.values_list("text_id", flat=True)}


def _hourly_cap(now: datetime) -> Limit | None:
    """Hold back all questions to confirm while many have just gone out, and raise the alarm: forms may be misused."""
    recent = OutgoingMail.objects.filter(kind=Kind.CONFIRM, state=State.SENT, sent_at__gt=now - HOUR)
    times = recent.order_by("-sent_at").values_list("sent_at", flat=True)
    oldest = times[settings.CONFIRMATIONS_AN_HOUR - 1 : settings.CONFIRMATIONS_AN_HOUR].first()
    if oldest is None:
        return None
    if cache.add("confirmations-capped", 1, HOUR.total_seconds()):
        log.error("%s mails that ask to confirm left within an hour: the others wait.", settings.CONFIRMATIONS_AN_HOUR)
    return Limit("Very many of these mails have just left.", oldest + HOUR)
