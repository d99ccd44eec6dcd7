"""Who must not be written to: a keyed hash of the address, which survives an erasure (CON-14, CON-15).

Each withdrawal and erasure also goes into a journal, a file outside the database, so that a restored backup can be
cleansed before the site starts (CON-21).
"""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from leads.journals import append_line
from leads.models import Lead, SoftBounces, Suppression
from recruitcms.portions import in_portions

Reason = Suppression.Reason
ALL = Suppression.ALL


def address_hash(email_normal: str, key: str = "") -> str:
    """Return what stands for a blocked address: guessable only by whoever has SUPPRESSION_KEY (CON-14)."""
    return hmac.new((key or settings.SUPPRESSION_KEY).encode(), email_normal.encode(), hashlib.sha256).hexdigest()


def address_hashes(email_normal: str) -> list[str]:
    """Return the hash of an address under today's key, then those under the keys of before."""
    return [address_hash(email_normal, key) for key in [settings.SUPPRESSION_KEY, *settings.SUPPRESSION_KEYS_OLD]]


def key_id(key: str = "") -> str:
    return hashlib.sha256(f"suppression key id:{key or settings.SUPPRESSION_KEY}".encode()).hexdigest()[:16]


def key_ids() -> list[str]:
    """Return the ids of today's key and of the keys of before."""
    return [key_id(key) for key in [settings.SUPPRESSION_KEY, *settings.SUPPRESSION_KEYS_OLD]]


def suppress(email_normal: str, scope: str, reason: str) -> None:
    """Block an address for a purpose's key, or for ALL. Each reason stands by itself: none weakens another."""
    _renew(email_normal)
    suppress_hash(address_hash(email_normal), key_id(), scope, reason)
    _tie(email_normal)


def suppress_hash(hashed: str, made_with: str, scope: str, reason: str) -> None:
    """Block an address of which only the hash is known any more, with the id of the key that it was made with.

    Doing it again renews since when.
    """
    Suppression.objects.update_or_create(
        hmac=hashed, key_id=made_with, scope=scope, reason=reason, defaults={"created_at": timezone.now()}
    )


def rows(email_normal: str) -> QuerySet[Suppression]:
    """Return all blocks of an address."""
    _renew(email_normal)
    return Suppression.objects.filter(hmac=address_hash(email_normal))


def blocks(email_normal: str, scope: str) -> set[str]:
    """Return the reasons for which an address is blocked for a purpose: an empty set where it is not."""
    return set(rows(email_normal).filter(scope__in=[scope, ALL]).values_list("reason", flat=True))


def lift(email_normal: str, scope: str) -> None:
    """Let a fresh double opt-in end all blocks for a purpose but a complaint's (CON-15).

    An erasure blocks everything; a person who comes back for one purpose stays unasked for the others, since nothing
    is given for them. A bounce ends too: the link came in a mail, so the address works.
    """
    rows(email_normal).filter(scope__in=[scope, ALL]).exclude(reason=Reason.COMPLAINT).delete()
    forget_soft_bounces(email_normal)


# --- bounces ---


def bounced_at(email_normal: str) -> datetime | None:
    """Return when mail to an address last came back for good; None where it did not, or the block was lifted."""
    bounces = rows(email_normal).filter(reason=Reason.BOUNCE)
    return bounces.order_by("-created_at").values_list("created_at", flat=True).first()


def lift_bounce(email_normal: str) -> bool:
    """Let mail go to an address again that bounced: for staff who know better. Return whether it was blocked."""
    return bool(lift_rows(rows(email_normal).filter(reason=Reason.BOUNCE)))


def lift_rows(blocking: QuerySet[Suppression]) -> int:
    """Lift blocks of which only the hash may be known, and begin counting bounces anew. Return how many."""
    lifted = list(blocking.values_list("hmac", "key_id", "scope"))
    for hashed, made_with, scope in lifted:
        _append(Entry(hashed, made_with, "lifted", scope, timezone.now().isoformat()))
    SoftBounces.objects.filter(hmac__in=[hashed for hashed, *_rest in lifted]).delete()
    return blocking.delete()[0]


def forget_soft_bounces(email_normal: str) -> None:
    """Begin counting anew: a mail has arrived."""
    SoftBounces.objects.filter(hmac__in=address_hashes(email_normal)).delete()


# --- another key (SEC-25) ---


def _tie(email_normal: str) -> None:
    """Let lists find the blocks of a person whom we know, under today's key."""
    Lead.objects.filter(email_normal=email_normal).update(suppression_hmac=address_hash(email_normal))


def _renew(email_normal: str) -> None:
    """Write an address's blocks of before under today's key, now that the address is at hand."""
    today, *before = address_hashes(email_normal)
    for row in Suppression.objects.filter(hmac__in=before):
        if Suppression.objects.filter(hmac=today, scope=row.scope, reason=row.reason).exists():
            row.delete()
        else:
            row.hmac, row.key_id = today, key_id()
            row.save(update_fields=["hmac", "key_id"])
        _tie(email_normal)


def renew_all() -> int:
    """Bring every person we know, with their blocks, under today's key. Return how many had another, or none."""
    renewed = 0
    for lead in in_portions(Lead.objects.only("email_normal", "suppression_hmac")):
        if lead.suppression_hmac != address_hash(lead.email_normal):
            _renew(lead.email_normal)
            _tie(lead.email_normal)
            renewed += 1
    return renewed


# --- the journal ---


@dataclass(frozen=True)
class Entry:
    """One line of the journal: who (as a hash), what, for which purpose's key (or ALL), when (ISO 8601)."""

    hmac: str
    key_id: str
    act: str  # withdrawn, erased, complained or (a complaint's or bounce's block, by staff) lifted
    scope: str
    at: str


def note(email_normal: str, act: str, scope: str) -> None:
    """Append to the journal, durably. Called before the commit: better an erasure twice than one forgotten."""
    _append(Entry(address_hash(email_normal), key_id(), act, scope, timezone.now().isoformat()))


def _append(entry: Entry) -> None:
    append_line(settings.ERASURE_JOURNAL_FILE, json.dumps(asdict(entry)))


def journal() -> list[Entry]:
    """Return the entries of the journal, oldest first."""
    path = settings.ERASURE_JOURNAL_FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Entry(**json.loads(line)) for line in lines]
