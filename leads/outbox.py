"""The outbox: mails that are owed, and the worker's loop that sends them (EML-12 to EML-14, REL-4, REL-5).

A mail is claimed with a lease, so that two workers never send the same one; a lease that its worker did not live to
end is taken again. SMTP cannot be exactly-once: after a crash between sending and saying so, a mail goes out twice with
the same Message-ID.
"""

import logging
import random
import secrets
import smtplib
import threading
import time
import traceback
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from leads import chores, conversions, ledger, mails, suppression, tokens
from leads.addresses import without_addresses
from leads.models import ConsentEvent, OutgoingMail, Purpose, Submission

log = logging.getLogger(__name__)
Kind, State = OutgoingMail.Kind, OutgoingMail.State

LEASE = timedelta(seconds=settings.MAIL_LEASE_SECONDS)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MAX_ATTEMPTS = 16  # with the waits above: about 48 hours
PAUSE = 2.0  # seconds between two looks into the outbox
BATCH = 50


def owe(kind: OutgoingMail.Kind, submission: Submission, purpose: Purpose) -> OutgoingMail:
    """Write down that a mail is owed, in the transaction of what it is about. Its Message-ID is fixed from now on."""
    message_id = f"<{secrets.token_hex(16)}@{urlsplit(settings.SITE_URL).hostname}>"
    return OutgoingMail.objects.create(kind=kind, submission=submission, purpose=purpose, message_id=message_id)


def claim(now: datetime) -> OutgoingMail | None:
    """Take the next mail that is due, for the length of a lease; None when nothing is due."""
    due = OutgoingMail.objects.filter(_is_due(now)).order_by("due_at", "pk")
    if not due.exists():  # asked first, since on SQLite the transaction below takes the one write lock
        return None
    with transaction.atomic():
        skip = connection.features.has_select_for_update_skip_locked
        mail = (due.select_for_update(skip_locked=True) if skip else due).first()
        if mail is None or not _take(mail, now + LEASE):
            return None  # another worker was quicker
    return OutgoingMail.objects.select_related("submission__lead", "submission__report", "purpose").get(pk=mail.pk)


def _is_due(now: datetime) -> Q:
    """Return the condition for a mail to be taken: it waits and is due, or its worker did not live to end the lease.

    A time that is later than any that we set was written while the clock was wrong: it is not waited for (REL-6). Twice
    as late, since the clocks of two machines may differ a little.
    """
    waits = Q(due_at__lte=now) | Q(due_at__gt=now + 2 * LONGEST_WAIT)
    left = Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * LEASE)
    return Q(waits, state=State.PENDING) | Q(left, state=State.SENDING)


def _take(mail: OutgoingMail, until: datetime) -> bool:
    """Write our lease on a mail that is still as we read it. Return whether it was."""
    unchanged = OutgoingMail.objects.filter(pk=mail.pk, state=mail.state, lease_until=mail.lease_until)
    return bool(unchanged.update(state=State.SENDING, lease_until=until, attempts=F("attempts") + 1))


def send_due(limit: int = BATCH) -> int:
    """Send up to `limit` mails that are due. Return how many left."""
    sent = 0
    for _number in range(limit):
        mail = claim(timezone.now())
        if mail is None:
            break
        sent += _deliver(mail)
    return sent


def _deliver(mail: OutgoingMail) -> bool:
    """Send a claimed mail, unless its person withdrew in between (§1.2). Return whether it left."""
    if not _is_wanted(mail):
        _end(mail, State.CANCELLED)
        return False
    try:
        mails.compose(mail).send()
    except Exception as error:
        _fail(mail, error)
        return False
    _end(mail, State.SENT, sent_at=timezone.now(), last_error="")
    return True


def _is_wanted(mail: OutgoingMail) -> bool:
    """Ask the ledger again just before sending; a confirm mail is also pointless once its button was pressed."""
    if mail.kind == Kind.CONFIRM and mail.submission.confirmed_at:
        return False
    if mail.purpose and mail.kind != Kind.TEAM and _is_blocked(mail, mail.purpose):
        return False
    ref = tokens.subject_ref(mail.submission.lead.email_normal)
    return mail.purpose is None or ledger.current_state(ref, mail.purpose) != ConsentEvent.State.WITHDRAWN


def _is_blocked(mail: OutgoingMail, purpose: Purpose) -> bool:
    """Tell whether the address is suppressed. After a withdrawal or an erasure one may ask anew; after a complaint not.

    An answer to an enquiry is asked for each time, and so is stopped by a complaint alone (CON-15).
    """
    reasons = suppression.blocks(mail.submission.lead.email_normal, purpose.key)
    if mail.kind == Kind.CONFIRM or not purpose.double_opt_in:
        return suppression.Reason.COMPLAINT in reasons
    return bool(reasons)


def _fail(mail: OutgoingMail, error: Exception) -> None:
    """Plan the next attempt, or give up on a permanent refusal and after the last attempt."""
    answer = _answer(error)
    if not isinstance(error, OSError):  # a fault of ours, not the server's or the network's: say where
        log.error("Mail %s cannot be written: %s\n%s", mail.pk, type(error).__name__, _where(error))
    if _is_permanent(error) or mail.attempts >= MAX_ATTEMPTS:
        log.error("Mail %s (%s) is given up after %s attempts.", mail.pk, mail.kind, mail.attempts)
        _end(mail, State.DEAD, last_error=answer)
    else:
        _end(mail, State.PENDING, due_at=timezone.now() + wait_after(mail.attempts), last_error=answer)


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: twice as long each time, up to six hours, not all at once."""
    return min(FIRST_RETRY * 2 ** (attempts - 1), LONGEST_WAIT) * random.uniform(0.8, 1.2)  # noqa: S311  (nothing secret)


def _end(mail: OutgoingMail, state: OutgoingMail.State, **values: object) -> None:
    """End our lease with a result; a mail that another worker has taken since is left to that one."""
    ours = OutgoingMail.objects.filter(pk=mail.pk, state=State.SENDING, lease_until=mail.lease_until)
    ours.update(state=state, lease_until=None, **values)


def _codes(error: Exception) -> list[int]:
    """Return the reply codes of an SMTP refusal."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _text in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def _is_permanent(error: Exception) -> bool:
    """Tell whether trying again is useless: a 5xx about this mail. One about us (sign-in, sender) may be mended."""
    ours = (smtplib.SMTPAuthenticationError, smtplib.SMTPSenderRefused, smtplib.SMTPHeloError, smtplib.SMTPConnectError)
    codes = _codes(error)
    return bool(codes) and not isinstance(error, ours) and all(code >= 500 for code in codes)


def _answer(error: Exception) -> str:
    """Return a line for staff on what went wrong, without an address."""
    return without_addresses(f"{type(error).__name__}: {error}")[:300]


def _where(error: Exception) -> str:
    """Return the places an error passed, without its message, which may hold an address (SEC-22)."""
    return "".join(traceback.format_tb(error.__traceback__))


def run_forever(stop: threading.Event) -> int:
    """Send what is due, and do the chores, again and again, until told to stop. Return how many mails left."""
    sent = 0
    next_chores = 0.0
    while not stop.is_set():
        close_old_connections()
        try:
            sent += send_due()
            conversions.send_due()
            if time.monotonic() >= next_chores:
                next_chores = time.monotonic() + chores.PAUSE
                chores.run(timezone.now())
        except Exception as error:
            log.error("The outbox rests for a moment: %s\n%s", type(error).__name__, _where(error))
        finally:
            close_old_connections()
        stop.wait(PAUSE)
    return sent


def start_thread() -> threading.Event:
    """Start the worker inside this process (the embedded default). Return the event that stops it."""
    stop = threading.Event()
    threading.Thread(target=run_forever, args=[stop], name="outbox", daemon=True).start()
    return stop
