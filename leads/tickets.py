"""A form's ticket: when it was begun, which one form it is, and the proof of work where one is asked for.

Pages are cached, so no ticket stands in them: static/js/site.js fetches one when a visitor begins to write (SEC-26).
Nothing is kept for it; what makes it good once only is the submission that was sent with it (capture.py, REL-3).

The work is ALTCHA's, version 2, in its bounded form: the answer is a number that the server chose. It is bound to the
ticket, so that one answer serves one form (SEC-27).
"""

import base64
import binascii
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import altcha
from django.conf import settings
from django.core import signing
from django.utils import timezone
from django.utils.crypto import salted_hmac

SALT = "leads.ticket"
GOOD_FOR = timedelta(hours=24)
LEAST = 1.5  # seconds from the first touch of a form to sending it; site.js waits for them
# PBKDF2 with 2,000 rounds, 50 to 150 times: about a second on a slow phone, and never more than two.
ROUNDS = 2000
COUNTERS = range(50, 150)
MAX_WORK = 4000  # characters of an answer


@dataclass(frozen=True)
class Ticket:
    """What a ticket says: its random id, and how long ago it was issued."""

    id: str
    age: timedelta

    @property
    def is_hasty(self) -> bool:
        return self.age.total_seconds() < LEAST


def issue() -> str:
    """Return a new ticket: 128 random bits and the time, signed."""
    return signing.dumps([secrets.token_hex(16), timezone.now().timestamp()], salt=SALT)


def read(token: str) -> Ticket | None:
    """Return what a ticket says; None for one that is not ours, too old, or from the future."""
    try:
        ticket_id, issued = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    age = timedelta(seconds=timezone.now().timestamp() - issued)
    return Ticket(ticket_id, age) if timedelta() <= age < GOOD_FOR else None


def challenge(token: str) -> dict[str, Any]:
    """Return the work to be done for a ticket of ours, as ALTCHA's programs read it."""
    ticket = read(token)
    made = altcha.create_challenge(
        "PBKDF2/SHA-256",
        ROUNDS,
        counter=secrets.choice(COUNTERS),
        expires_at=timezone.now() + GOOD_FOR,
        data={"ticket": ticket.id if ticket else ""},
        hmac_secret=_key(),
    )
    return made.to_dict()


def is_worked(answer: str, ticket: Ticket | None) -> bool:
    """Tell whether an answer is right, and is that to the work of this ticket."""
    if ticket is None or not answer or len(answer) > MAX_WORK:
        return False
    try:
        payload = altcha.Payload.from_dict(json.loads(base64.b64decode(answer)))
        # Only work that we set: the signature says so, and is looked at before anything costly is done.
        result = altcha.verify_solution(payload, _key())
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return result.verified and payload.challenge.parameters.data == {"ticket": ticket.id}


def _key() -> bytes:
    return salted_hmac(SALT, "work", secret=settings.SECRET_KEY, algorithm="sha256").digest()
