"""Mails to staff about reviews and their own accounts: owed in the transaction of that, sent by the worker.

The outbox of leads (leads/outbox.py) is tied to submissions and consent; these need neither. A mail is taken by moving
its `due_at` to the end of a lease in one guarded UPDATE, so that two workers never send the same one. Where a worker
dies it falls due again, and leaves once more with the same Message-ID (as EML-12 has it).
"""

import logging
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone, translation

from recruitcms.clocks import has_come
from recruitcms.logs import about, redacted
from recruitcms.mailing import written
from recruitcms.models import Review, ReviewEntry, StaffMail
from recruitcms.models.review import name_of

log = logging.getLogger(__name__)
Kind, State = StaffMail.Kind, StaffMail.State

LEASE = timedelta(seconds=settings.MAIL_LEASE_SECONDS)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
FARTHEST = timedelta(days=1)  # nothing is due later: such a time was written while the clock was wrong (REL-6)
MAX_ATTEMPTS = 16  # with the waits above: about 48 hours
BUNDLE = timedelta(minutes=5)  # how long news from a link waits for more of it
PER_LINK = timedelta(hours=1)  # between two mails about one link
KEPT = timedelta(days=90)
NOTE_SHOWN = 300
LINK_HOLDS = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)  # for a new password


def owe(kind: StaffMail.Kind, to: Any, entry: ReviewEntry, due_at: datetime | None = None) -> None:
    """Write down that somebody is owed a mail about an entry. Nothing for people without an address."""
    if to.email:
        _owe(kind=kind, to=to, entry=entry, due_at=due_at or timezone.now())


def owe_about_account(kind: StaffMail.Kind, to: Any) -> None:
    """Write down that somebody is to hear of a change of how they sign in; `to` None: the same, for nobody."""
    _owe(kind=kind, to=to)


def _owe(**values: Any) -> None:
    message_id = f"<{secrets.token_hex(16)}@{urlsplit(settings.SITE_URL).hostname}>"
    StaffMail.objects.create(message_id=message_id, **values)


def owe_news(entry: ReviewEntry) -> None:
    """Owe the maker of a link word of what came through it: one mail for all that comes within an hour."""
    link = entry.link
    if link is None or link.made_by is None:
        return
    mails = StaffMail.objects.filter(kind=Kind.GUEST, entry__link=link)
    if mails.filter(state=State.PENDING).exists():
        return  # it tells of everything that is there when it is sent
    last = mails.exclude(state=State.CANCELLED).first()
    now = timezone.now()
    due_at = max(now + BUNDLE, (last.sent_at or now) + PER_LINK) if last else now + BUNDLE
    owe(Kind.GUEST, link.made_by, entry, due_at)


# --- sending ---


def send_due() -> int:
    """Send what is due. Return how many mails left; a failure ends the round, since the others would only fail too."""
    sent = 0
    for mail in _due(timezone.now()):
        if not _take(mail):
            continue  # another worker was quicker
        with about(f"staff-mail-{mail.pk}"):
            state = _deliver(mail)
        sent += state == State.SENT
        if state not in {State.SENT, State.CANCELLED}:
            break
    return sent


def _due(now: datetime) -> QuerySet[StaffMail]:
    owed = StaffMail.objects.filter(has_come("due_at", now, FARTHEST), state__in=[State.PENDING, State.SENDING])
    return owed.select_related("to", "entry__review", "entry__link").order_by("due_at", "pk")


def _take(mail: StaffMail) -> bool:
    """Write our lease on a mail that is still as we read it. Return whether it was."""
    unchanged = StaffMail.objects.filter(pk=mail.pk, state=mail.state, due_at=mail.due_at)
    mail.due_at, mail.attempts = timezone.now() + LEASE, mail.attempts + 1
    return bool(unchanged.update(state=State.SENDING, due_at=mail.due_at, attempts=F("attempts") + 1))


def _deliver(mail: StaffMail) -> StaffMail.State:
    """Send a mail in hand, or drop it where it is pointless by now. Return how that ended."""
    why_not = _why_not(mail)
    if why_not:
        return _end(mail, State.CANCELLED, last_error=why_not)
    try:
        compose(mail).send()
    except Exception as error:
        return _fail(mail, error)
    return _end(mail, State.SENT, sent_at=timezone.now())


def _why_not(mail: StaffMail) -> str:
    if not (mail.to and mail.to.is_active and mail.to.email):
        return "The account has no address, or is closed."
    if mail.entry is None:
        is_late = mail.kind == Kind.FORGOTTEN and mail.created_at < timezone.now() - LINK_HOLDS
        return "Asked for too long ago." if is_late else ""
    review = mail.entry.review
    if review.document is None:
        return "The document is deleted."
    if mail.kind == Kind.ASKED and review.state != Review.State.ASKED:
        return "Answered already."
    return ""


def _fail(mail: StaffMail, error: Exception) -> StaffMail.State:
    """Plan the next attempt, or give up after the last."""
    said = redacted(f"{type(error).__name__}: {error}")[:300]
    if mail.attempts >= MAX_ATTEMPTS:
        log.error("Mail %s to staff (%s) is given up: %s", mail.pk, mail.kind, said)
        return _end(mail, State.DEAD, last_error=said)
    wait = min(FIRST_RETRY * 2 ** (mail.attempts - 1), LONGEST_WAIT)
    return _end(mail, State.PENDING, last_error=said, due_at=timezone.now() + wait)


def _end(mail: StaffMail, state: StaffMail.State, **values: Any) -> StaffMail.State:
    """End our lease with a result; a mail that another worker has taken since is left to that one."""
    StaffMail.objects.filter(pk=mail.pk, state=State.SENDING, due_at=mail.due_at).update(state=state, **values)
    return state


def forget_old(now: datetime) -> None:
    """Delete the mails that were owed long ago."""
    StaffMail.objects.filter(created_at__lt=now - KEPT).delete()


# --- words ---


def compose(mail: StaffMail) -> EmailMultiAlternatives:
    """Return an owed mail ready to send, in the site's own language: a note and a link, never the text itself."""
    if mail.entry is None:
        from recruitcms.signin import mails  # which needs this module

        with translation.override(settings.LANGUAGE_CODE):
            return mails.compose(mail)
    entry = mail.entry
    to: Any = mail.to
    document: Any = entry.review.document
    name = f"admin:{document._meta.app_label}_{document._meta.model_name}_change"
    note = " ".join(entry.text.split())
    context = {
        "name": to.first_name or name_of(to),
        "who": " ".join(entry.name.split()),
        "title": " ".join(str(document).split()),
        "note": note if len(note) <= NOTE_SHOWN else f"{note[:NOTE_SHOWN]}…",
        "url": f"{settings.SITE_URL}{reverse(name, args=[document.pk])}#panel-review",
    }
    if mail.kind == Kind.GUEST:
        context |= _news(entry)
    with translation.override(settings.LANGUAGE_CODE):
        return written(f"review/mails/{mail.kind}", to.email, mail.message_id, {}, context)


def _news(first: ReviewEntry) -> dict[str, Any]:
    """Count what has come through a link, from an entry on."""
    came = ReviewEntry.objects.filter(link=first.link, is_guest=True, pk__gte=first.pk)
    kinds = list(came.values_list("kind", flat=True))
    return {
        "comments": kinds.count(ReviewEntry.Kind.COMMENT),
        "approved": ReviewEntry.Kind.APPROVED in kinds,
    }
