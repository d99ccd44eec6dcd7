"""Who must not be written to: a keyed hash of the address, which survives an erasure (CON-14, CON-15).

Each withdrawal and erasure also goes into a journal, a file outside the database, so that a restored backup can be
cleansed before the site starts (CON-21).
"""

import hashlib
import hmac
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from leads.models import SoftBounces, Suppression

Reason = Suppression.Reason
ALL = Suppression.ALL


def address_hash(email_normal: str) -> str:
    """Return what stands for a blocked address: guessable only by whoever has SUPPRESSION_KEY (CON-14)."""
    return hmac.new(settings.SUPPRESSION_KEY.encode(), email_normal.encode(), hashlib.sha256).hexdigest()


def key_id() -> str:
    return hashlib.sha256(f"suppression key id:{settings.SUPPRESSION_KEY}".encode()).hexdigest()[:16]


def suppress(email_normal: str, scope: str, reason: str) -> None:
    """Block an address for a purpose's key, or for ALL. Each reason stands by itself: none weakens another."""
    suppress_hash(address_hash(email_normal), scope, reason)


def suppress_hash(hashed: str, scope: str, reason: str) -> None:
    """Block an address of which only the hash is known any more. Doing it again renews since when."""
    Suppression.objects.update_or_create(
        hmac=hashed, key_id=key_id(), scope=scope, reason=reason, defaults={"created_at": timezone.now()}
    )


def blocks(email_normal: str, scope: str) -> set[str]:
    """Return the reasons for which an address is blocked for a purpose: an empty set where it is not."""
    rows = Suppression.objects.filter(hmac=address_hash(email_normal), scope__in=[scope, ALL])
    return set(rows.values_list("reason", flat=True))


def lift(email_normal: str, scope: str) -> None:
    """Let a fresh double opt-in end all blocks for a purpose but a complaint's (CON-15).

    An erasure blocks everything; a person who comes back for one purpose stays unasked for the others, since nothing
    is given for them. A bounce ends too: the link came in a mail, so the address works.
    """
    rows = Suppression.objects.filter(hmac=address_hash(email_normal), scope__in=[scope, ALL])
    rows.exclude(reason=Reason.COMPLAINT).delete()
    forget_soft_bounces(email_normal)


# --- bounces ---


def bounced_at(email_normal: str) -> datetime | None:
    """Return when mail to an address last came back for good; None where it did not, or the block was lifted."""
    rows = Suppression.objects.filter(hmac=address_hash(email_normal), reason=Reason.BOUNCE)
    return rows.order_by("-created_at").values_list("created_at", flat=True).first()


def lift_bounce(email_normal: str) -> bool:
    """Let mail go to an address again that bounced: for staff who know better. Return whether it was blocked."""
    count, _rows = Suppression.objects.filter(hmac=address_hash(email_normal), reason=Reason.BOUNCE).delete()
    return bool(count)


def forget_soft_bounces(email_normal: str) -> None:
    """Begin counting anew: a mail has arrived."""
    SoftBounces.objects.filter(hmac=address_hash(email_normal)).delete()


# --- the journal ---


@dataclass(frozen=True)
class Entry:
    """One line of the journal: who (as a hash), what, for which purpose's key (or ALL), when (ISO 8601)."""

    hmac: str
    key_id: str
    act: str  # withdrawn, erased or complained
    scope: str
    at: str


def note(email_normal: str, act: str, scope: str) -> None:
    """Append to the journal, durably. Called before the commit: better an erasure twice than one forgotten."""
    entry = Entry(address_hash(email_normal), key_id(), act, scope, timezone.now().isoformat())
    settings.ERASURE_JOURNAL_FILE.parent.mkdir(parents=True, exist_ok=True)
    with open(settings.ERASURE_JOURNAL_FILE, "a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(entry)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def journal() -> list[Entry]:
    """Return the entries of the journal, oldest first."""
    path = settings.ERASURE_JOURNAL_FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Entry(**json.loads(line)) for line in lines]
