"""The outbox: mails that are owed, and the worker's loop that sends them (EML-12 to EML-14, REL-4, REL-5).

A mail is claimed with a lease, so that two workers never send the same one; a lease that its worker did not live to
end is taken again. SMTP cannot be exactly-once: after a crash between sending and saying so, a mail goes out twice with
the same Message-ID.
"""

import contextlib
import logging
import random
import secrets
import threading
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import get_connection
from django.db import close_old_connections, connection, transaction
from django.db.models import F, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from leads import boot, chores, confirmation, conversions, ledger, mail_limits, mails, pauses, suppression, tokens
from leads.addresses import without_addresses
from leads.models import ConsentEvent, OutgoingMail, Purpose, Submission
from leads.smtp import Fault, NotSentError
from recruitcms import logs, staff_mail
from recruitcms.clocks import has_come

log = logging.getLogger(__name__)
Kind, State = OutgoingMail.Kind, OutgoingMail.State

LEASE = timedelta(seconds=settings.MAIL_LEASE_SECONDS)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
FARTHEST = timedelta(days=2)  # nothing is planned so far ahead: retries, pauses and limits all end within a day
MAX_ATTEMPTS = 16  # with the waits above: about 48 hours
PAUSE = 2.0  # seconds between two looks into the outbox
BATCH = 50  # mails by one connection
BOUNCE_DAYS = 30


def owe(kind: OutgoingMail.Kind, submission: Submission, purpose: Purpose | None) -> OutgoingMail:
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
        if mail is None or not _take(mail):
            return None  # another worker was quicker
    return OutgoingMail.objects.select_related("submission__lead", "submission__report", "purpose").get(pk=mail.pk)


def oldest_owed(now: datetime) -> timedelta:
    """Return for how long the oldest mail has been owed that has not left; nothing where none waits (REL-4).

    One that a limit put off (mail_limits.py) does not count: it is where it should be, and says nothing of the server.
    """
    put_off = Q(state=State.PENDING, attempts=0, due_at__gt=now)
    owed = OutgoingMail.objects.filter(state__in=[State.PENDING, State.SENDING]).exclude(put_off)
    since = owed.aggregate(at=Min("created_at"))["at"]
    return max(now - since, timedelta()) if since else timedelta()


def _is_due(now: datetime) -> Q:
    """Return the condition for a mail to be taken: it waits and is due, or its worker did not live to end the lease.

    A lease ends by the clock of this machine that never jumps, where it was taken since the machine's last start, else
    by the database's clock: no change of the time makes two workers send the same mail. A time that is later than any
    that we set was written while the clock was wrong: it is not waited for (REL-6).
    """
    here = Q(lease_boot=boot.ID)
    elsewhere = has_come("lease_until", Now(), 2 * LEASE)  # twice: the clocks of two machines may differ a little
    over = (here & Q(lease_ticks__lte=time.monotonic())) | (~here & elsewhere)
    return Q(has_come("due_at", now, FARTHEST), state=State.PENDING) | Q(over, state=State.SENDING)


def _take(mail: OutgoingMail) -> bool:
    """Write our lease on a mail that is still as we read it. Return whether it was."""
    unchanged = OutgoingMail.objects.filter(pk=mail.pk, state=mail.state, lease_until=mail.lease_until)
    taken = unchanged.update(
        state=State.SENDING,
        lease_until=Now() + LEASE,
        lease_boot=boot.ID,
        lease_ticks=time.monotonic() + LEASE.total_seconds(),
        attempts=F("attempts") + 1,
        uncertain=F("uncertain") + int(mail.state == State.SENDING),  # whoever had it stopped, before or after the dot
    )
    return bool(taken)


def send_due(limit: int = BATCH) -> int:
    """Send up to `limit` mails that are due, over one connection at a time. Return how many left.

    A server that cannot be reached ends the round: the other mails would only wait for it too (REL-4).
    """
    sent = 0
    server = get_connection()
    for number in range(limit):
        pauses.beat(timezone.now())
        mail = claim(timezone.now()) if pauses.may_send(timezone.now()) else None
        if number and number % BATCH == 0:
            _hang_up(server)
        if mail is None or not _reach(server, mail):
            break
        sent += _deliver(mail, server)
    _hang_up(server)
    return sent


def _reach(server: Any, mail: OutgoingMail) -> bool:
    """Connect to the mail server for a mail in hand, unless that is done. Return whether it listens to us."""
    try:
        server.open()
    except Exception as error:
        _hang_up(server)
        _fail(mail, error)
        return False
    return True


def _hang_up(server: Any) -> None:
    """Close the connection; that the server does not say goodbye changes nothing of what was sent."""
    with contextlib.suppress(OSError):
        server.close()


def _deliver(mail: OutgoingMail, server: Any) -> bool:
    """Send a claimed mail, unless its person withdrew in between (§1.2). Return whether it left."""
    with logs.about(f"mail-{mail.pk}"):
        return _send(mail, server)


def _send(mail: OutgoingMail, server: Any) -> bool:
    why_not = _why_not(mail)
    if why_not:
        _end(mail, State.CANCELLED, last_error=why_not)
        return False
    stopped = mail_limits.limit(mail, timezone.now())
    if stopped:
        _give_back(mail, stopped)
        return False
    try:
        message = mails.compose(mail)
        message.connection = server
        if time.monotonic() >= mail.lease_ticks:
            return False  # we slept with the mail in hand: it is another worker's now
        message.send()
    except Exception as error:
        _hang_up(server)
        _fail(mail, error)
        return False
    _end(mail, State.SENT, sent_at=timezone.now(), last_error="", smtp_reply=getattr(message, "smtp_reply", ""))
    pauses.end()
    return True


def _give_back(mail: OutgoingMail, stopped: mail_limits.Limit) -> None:
    """Put a claimed mail off until a limit lets it go, or drop it, with the reason (EML-9)."""
    if stopped.until:
        _end(mail, State.PENDING, due_at=stopped.until, attempts=0, last_error=stopped.why)
    else:
        _end(mail, State.CANCELLED, last_error=stopped.why)


def _why_not(mail: OutgoingMail) -> str:
    """Ask once more just before sending. Return why a mail is pointless or unwanted by now; "" where it is neither."""
    if mail.kind == Kind.CONFIRM and mail.submission.confirmed_at:
        return "Confirmed already."
    asked = ConsentEvent.objects.requested_by(mail.submission.public_id)
    if mail.kind == Kind.CONFIRM and asked.exists() and not confirmation.awaiting(mail.submission):
        return "Withdrawn."
    if mail.purpose is None:
        return ""
    if mail.kind not in OutgoingMail.TO_TEAM and (blocked := blocks(mail, mail.purpose)):
        return f"The address is blocked: {', '.join(sorted(blocked))}."
    ref = tokens.subject_ref(mail.submission.lead.email_normal)
    return "Withdrawn." if ledger.current_state(ref, mail.purpose) == ConsentEvent.State.WITHDRAWN else ""


def blocks(mail: OutgoingMail, purpose: Purpose) -> set[str]:
    """Return the reasons for which a mail must not go to its visitor: an empty set where it may (CON-15).

    After a withdrawal or an erasure one may ask anew; after a complaint not. An answer to an enquiry is asked for each
    time, and so is stopped by a complaint or a bounce alone.
    """
    reasons = suppression.blocks(mail.submission.lead.email_normal, purpose.key)
    if suppression.Reason.BOUNCE in reasons and _may_try_again(mail):
        reasons.remove(suppression.Reason.BOUNCE)
    if mail.kind == Kind.CONFIRM or not purpose.double_opt_in:
        return reasons & {suppression.Reason.COMPLAINT, suppression.Reason.BOUNCE}
    return reasons


def _may_try_again(mail: OutgoingMail) -> bool:
    """Tell whether a bounce is long ago and its person has asked for something since: mailboxes come back (EML-14)."""
    bounced = suppression.bounced_at(mail.submission.lead.email_normal)
    return bounced is None or bounced + timedelta(days=BOUNCE_DAYS) <= mail.submission.created_at


def _fail(mail: OutgoingMail, error: Exception) -> None:
    """Do what a failure asks for: pause, block the address, give the mail up, or plan its next attempt (EML-14)."""
    if not isinstance(error, NotSentError):
        if not isinstance(error, OSError):  # a fault of ours, not the server's or the network's: say where
            log.error("Mail %s cannot be written: %s\n%s", mail.pk, type(error).__name__, chores.where(error))
        error = NotSentError(Fault.PASSING, "", without_addresses(f"{type(error).__name__}: {error}")[:300])
    if error.fault == Fault.OURS:
        pauses.pause(timezone.now(), error.stage, error.answer)
        _end(mail, State.PENDING, attempts=F("attempts") - 1, last_error=error.answer)
    elif error.fault in {Fault.ADDRESS, Fault.MAIL}:
        pauses.end()
        _give_up(mail, error)
    else:
        _try_later(mail, error)


def _give_up(mail: OutgoingMail, error: NotSentError, **values: Any) -> None:
    """End a mail as undeliverable; where there is no such mailbox, nothing is sent to it any more."""
    log.error("Mail %s (%s) is given up after %s attempts.", mail.pk, mail.kind, mail.attempts)
    with transaction.atomic():
        _end(mail, State.DEAD, last_error=error.answer, **values)
        if error.fault == Fault.ADDRESS and mail.kind not in OutgoingMail.TO_TEAM:
            suppression.suppress(mail.submission.lead.email_normal, suppression.ALL, suppression.Reason.BOUNCE)


def _try_later(mail: OutgoingMail, error: NotSentError) -> None:
    """Plan the next attempt, or give up after the last. Counts the mails that the server may have (EML-14)."""
    values: dict[str, Any] = {}
    if error.fault == Fault.UNCERTAIN:
        log.warning("Mail %s (%s) may have been sent; it is sent again.", mail.pk, mail.kind)
        values["uncertain"] = F("uncertain") + 1
    if mail.attempts >= MAX_ATTEMPTS:
        _give_up(mail, error, **values)
    else:
        due_at = timezone.now() + wait_after(mail.attempts)
        _end(mail, State.PENDING, due_at=due_at, last_error=error.answer, **values)


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: twice as long each time, up to six hours, not all at once."""
    return min(FIRST_RETRY * 2 ** (attempts - 1), LONGEST_WAIT) * random.uniform(0.8, 1.2)  # noqa: S311  (nothing secret)


def _end(mail: OutgoingMail, state: OutgoingMail.State, **values: Any) -> None:
    """End our lease with a result; a mail that another worker has taken since is left to that one."""
    ours = OutgoingMail.objects.filter(pk=mail.pk, state=State.SENDING, lease_until=mail.lease_until)
    ours.update(state=state, lease_until=None, lease_boot="", lease_ticks=0, **values)


def run_forever(stop: threading.Event) -> int:
    """Send what is due, and do the chores, again and again, until told to stop. Return how many mails left."""
    sent = 0
    next_chores = 0.0
    while not stop.is_set():
        close_old_connections()
        try:
            sent += send_due()
            if pauses.may_send(timezone.now()):
                sent += staff_mail.send_due()
            conversions.send_due()
            if time.monotonic() >= next_chores:
                next_chores = time.monotonic() + chores.PAUSE
                chores.run(timezone.now())
        except Exception as error:
            log.error("The outbox rests for a moment: %s\n%s", type(error).__name__, chores.where(error))
        finally:
            close_old_connections()
        stop.wait(PAUSE)
    return sent


def start_thread() -> threading.Event:
    """Start the worker inside this process (the embedded default). Return the event that stops it."""
    stop = threading.Event()
    threading.Thread(target=run_forever, args=[stop], name="outbox", daemon=True).start()
    return stop
