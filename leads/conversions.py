"""Telling Meta of a sent form, for visitors who agreed to marketing cookies (COO-13).

The browser's pixel tells the same with the same event id, so that Meta counts it once. What is owed is written with the
form, in its transaction; the worker sends it, and asks for consent again just before: the recorded cookie choice, and
the person's consent to what the form was for. An address that nobody has confirmed yet is not sent.
"""

import hashlib
import http.client
import logging
import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils import timezone

from leads import cookies, ledger, tokens
from leads.models import ConsentEvent, OwedEvent, Purpose, Submission
from recruitcms import outgoing
from recruitcms.clocks import has_come
from recruitcms.models import SiteSettings

log = logging.getLogger(__name__)
State = OwedEvent.State

LEASE = timedelta(minutes=2)
LATEST = timedelta(days=7)  # Meta refuses a whole batch for one that is older
UNCONFIRMED_WAIT = timedelta(minutes=30)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
FARTHEST = timedelta(days=1)  # nothing is due later: such a time was written while the clock was wrong (REL-6)
BATCH = 20
EVENT_ID = re.compile(r"[0-9a-f]{32}")


def owe(submission: Submission, request: HttpRequest) -> OwedEvent | None:
    """Write down that a sent form is to be told, where we deliver and the visitor's recorded choice allows it."""
    event_id = request.POST.get("event_id", "")
    if not settings.META_CAPI_TOKEN or not EVENT_ID.fullmatch(event_id):
        return None
    choice_id = cookies.agreed_id(request, cookies.MARKETING)
    if not choice_id:
        return None
    return OwedEvent.objects.create(
        event_id=event_id,
        submission=submission,
        choice_id=choice_id,
        user_agent=request.headers.get("User-Agent", "")[:300],
    )


def send_due(limit: int = BATCH) -> int:
    """Send up to `limit` events that are due. Return how many left."""
    sent = 0
    for _number in range(limit):
        event = claim(timezone.now())
        if event is None:
            break
        sent += _deliver(event)
    return sent


def claim(now: datetime) -> OwedEvent | None:
    """Take the next event that is due, for the length of a lease; None when nothing is due."""
    # Twice the lease, since the clocks of two machines may differ a little.
    free = Q(lease_until=None) | has_come("lease_until", now, 2 * LEASE)
    due = OwedEvent.objects.filter(free, has_come("due_at", now, FARTHEST), state=State.PENDING)
    found = due.order_by("due_at", "pk").first()
    if found is None:
        return None
    unchanged = OwedEvent.objects.filter(pk=found.pk, state=State.PENDING, lease_until=found.lease_until)
    if not unchanged.update(lease_until=now + LEASE, attempts=F("attempts") + 1):
        return None  # another worker was quicker
    return OwedEvent.objects.select_related("submission__lead").get(pk=found.pk)


def _deliver(event: OwedEvent) -> bool:
    """Send a claimed event if it may still be sent. Return whether it left."""
    now = timezone.now()
    site = SiteSettings.get()
    decision = _decision(event.submission)
    if (
        not settings.META_CAPI_TOKEN
        or now - event.created_at > LATEST
        or not cookies.is_agreed(event.choice_id, cookies.MARKETING, site)
        or decision not in {ConsentEvent.State.GIVEN, ConsentEvent.State.REQUESTED}
    ):
        _end(event, State.CANCELLED)
        return False
    if decision == ConsentEvent.State.REQUESTED:
        _end(event, State.PENDING, due_at=now + UNCONFIRMED_WAIT, attempts=0)
        return False
    return _send(event, site)


def _decision(submission: Submission) -> str | None:
    """Return the state of the consent that the form was sent with."""
    purpose = Purpose.objects.filter(key=submission.kind).first()
    return ledger.current_state(tokens.subject_ref(submission.lead.email_normal), purpose) if purpose else None


def _send(event: OwedEvent, site: SiteSettings) -> bool:
    url = f"{settings.META_CAPI_URL}/{site.meta_pixel}/events"
    try:
        status = outgoing.post_json(url, payload(event))
    except outgoing.RefusedError as error:
        _end(event, State.DEAD, last_error=str(error))
        log.error("Event %s is refused: %s", event.pk, error)
    except (OSError, http.client.HTTPException) as error:
        _retry(event, type(error).__name__)
    else:
        if status == http.HTTPStatus.OK:
            _end(event, State.SENT, sent_at=timezone.now(), last_error="")
            return True
        if 400 <= status < 500 and status != http.HTTPStatus.TOO_MANY_REQUESTS:
            _end(event, State.DEAD, last_error=f"HTTP {status}")
        else:
            _retry(event, f"HTTP {status}")
    return False


def payload(event: OwedEvent) -> dict[str, Any]:
    """Return what is told: a form was sent, when, on which page, and the hash of the address. None of its words."""
    page = event.submission.page or "/"
    address = event.submission.lead.email.strip().lower()
    told = {
        "event_name": "Lead",
        "event_id": event.event_id,
        "event_time": int(event.created_at.timestamp()),
        "action_source": "website",
        "event_source_url": f"{settings.SITE_URL}{page}",
        "user_data": {
            "em": [hashlib.sha256(address.encode()).hexdigest()],
            "client_user_agent": event.user_agent,
        },
    }
    return {"data": [told], "access_token": settings.META_CAPI_TOKEN}


def _retry(event: OwedEvent, error: str) -> None:
    wait = min(FIRST_RETRY * 2 ** (event.attempts - 1), LONGEST_WAIT)
    _end(event, State.PENDING, due_at=timezone.now() + wait, last_error=error)


def _end(event: OwedEvent, state: OwedEvent.State, **values: Any) -> None:
    """End our lease with a result, and keep nothing of the browser once nothing is owed."""
    if state != State.PENDING:
        values["user_agent"] = ""
    ours = OwedEvent.objects.filter(pk=event.pk, state=State.PENDING, lease_until=event.lease_until)
    ours.update(state=state, lease_until=None, **values)
