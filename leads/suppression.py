"""Who must not be written to: a keyed hash of the address, which survives an erasure (CON-14, CON-15).

Each withdrawal and erasure also goes into a journal, a file outside the database, so that a restored backup can be
cleansed before the site starts (CON-21).
"""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass

from django.conf import settings
from django.utils import timezone

from leads.journals import append_line
from leads.models import Suppression

Reason = Suppression.Reason
ALL = Suppression.ALL


def address_hash(email_normal: str) -> str:
    """Return what stands for a blocked address: guessable only by whoever has SUPPRESSION_KEY (CON-14)."""
    return hmac.new(settings.SUPPRESSION_KEY.encode(), email_normal.encode(), hashlib.sha256).hexdigest()


def key_id() -> str:
    return hashlib.sha256(f"suppression key id:{settings.SUPPRESSION_KEY}".encode()).hexdigest()[:16]


def suppress(email_normal: str, scope: str, reason: str) -> None:
    """Block an address for a purpose's key, or for ALL. A complaint is never weakened by a later, milder reason."""
    suppress_hash(address_hash(email_normal), scope, reason)


def suppress_hash(hashed: str, scope: str, reason: str) -> None:
    """Block an address of which only the hash is known any more."""
    row, made = Suppression.objects.get_or_create(
        hmac=hashed, key_id=key_id(), scope=scope, defaults={"reason": reason}
    )
    if not made and row.reason != Reason.COMPLAINT and row.reason != reason:
        row.reason = reason
        row.save(update_fields=["reason"])


def blocks(email_normal: str, scope: str) -> set[str]:
    """Return the reasons for which an address is blocked for a purpose: an empty set where it is not."""
    rows = Suppression.objects.filter(hmac=address_hash(email_normal), scope__in=[scope, ALL])
    return set(rows.values_list("reason", flat=True))


def lift(email_normal: str, scope: str) -> None:
    """Let a fresh double opt-in end a withdrawal's or an erasure's block for a purpose, never a complaint's (CON-15).

    An erasure blocks everything; a person who comes back for one purpose stays unasked for the others, since nothing
    is given for them.
    """
    rows = Suppression.objects.filter(hmac=address_hash(email_normal), scope__in=[scope, ALL])
    rows.exclude(reason=Reason.COMPLAINT).delete()


# --- the journal ---


@dataclass(frozen=True)
class Entry:
    """One line of the journal: who (as a hash), what, for which purpose's key (or ALL), when (ISO 8601)."""

    hmac: str
    key_id: str
    act: str  # withdrawn or erased
    scope: str
    at: str


def note(email_normal: str, act: str, scope: str) -> None:
    """Append to the journal, durably. Called before the commit: better an erasure twice than one forgotten."""
    entry = Entry(address_hash(email_normal), key_id(), act, scope, timezone.now().isoformat())
    append_line(settings.ERASURE_JOURNAL_FILE, json.dumps(asdict(entry)))


def journal() -> list[Entry]:
    """Return the entries of the journal, oldest first."""
    path = settings.ERASURE_JOURNAL_FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Entry(**json.loads(line)) for line in lines]
