"""The consent ledger: entries are appended, and a person's state is the last of them, never a flag (I7, I8).

Entries are a chain of hashes, each signed with a key outside the database (CON-19, §1.1). `ledger_checks.py` proves it,
`anchors.py` keeps its head elsewhere.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from leads.models import ConsentEvent, ConsentPayload, ConsentText, Purpose, policy_version

State = ConsentEvent.State
Method = ConsentEvent.Method

SCHEMA_VERSION = 1
GENESIS = "0" * 64  # what the first entry follows
APPEND_LOCK = 7_015_027_560  # PostgreSQL's advisory lock of appending: any number that nobody else uses
HASHED = (
    "seq", "event_id", "schema_version", "occurred_at", "recorded_at", "purpose_id", "text_id", "text_sha256",
    "policy_version", "locale", "state", "method", "gate_mode", "actor", "erases", "idem_key", "commitment",
    "prev_hash", "mac_key_id",
)  # fmt: skip
COMMITTED = ("subject_ref", "form", "page", "controls", "message_id", "smtp_reply")
# What was on the screen, and in which state it was left (CON-1, CON-4).
CONTROLS = {
    Method.WEB_FORM: {"control": "checkbox", "shown": "unticked", "left": "ticked"},
    Method.MAIL_BUTTON: {"control": "button", "left": "pressed"},
    Method.ONE_CLICK: {"control": "one-click", "left": "pressed"},
    Method.COMPLAINT: {"control": "spam report", "told_by": "mail provider"},
}


@dataclass(frozen=True)
class Head:
    """The last entry of the ledger: its number and hash; 0 and GENESIS where there is none."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True)
class Origin:
    """How a decision came about: the form, the page it stood on, and the mail that asked to confirm it (CON-9)."""

    form: str = ""
    page: str = ""
    gate_mode: str = ""
    message_id: str = ""
    smtp_reply: str = ""
    controls: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What a person decided on one purpose, having read these words; the `idem_key` names it however often it comes."""

    text: ConsentText
    state: ConsentEvent.State
    idem_key: str = ""


def append(
    subject_ref: str,
    text: ConsentText,
    state: ConsentEvent.State,
    method: ConsentEvent.Method,
    *,
    idem_key: str = "",
    **how: Any,
) -> ConsentEvent:
    """Write one decision of a person into the ledger, as `append_all` does, and return its entry."""
    return append_all(subject_ref, [Decision(text, state, idem_key)], method, **how)[0]


def append_all(
    subject_ref: str,
    decisions: Sequence[Decision],
    method: ConsentEvent.Method,
    *,
    origin: Origin | None = None,
    actor: str = "subject",
    erases: Sequence[int] = (),
    occurred_at: datetime | None = None,
) -> list[ConsentEvent]:
    """Write what a person decided at once into the ledger: an entry for each purpose, with the words and how (CON-1).

    It must be in the transaction of what it is about (I9): raises TransactionManagementError outside one. With an
    `idem_key` that was used before nothing is written, and the entry of then is returned. Without a `subject_ref` the
    entries have no payload. `erases` lists the entries whose payloads are deleted with these (I5).
    """
    policies = {language: policy_version(language) for language in {decision.text.language for decision in decisions}}
    keys = [_idem_key(decision) for decision in decisions]
    take_turn()
    entries = {entry.idem_key: entry for entry in ConsentEvent.objects.filter(idem_key__in=keys)}
    origin, now, last = origin or Origin(), timezone.now(), head()
    payloads = []
    for key, decision in zip(keys, decisions, strict=True):
        if key in entries:
            continue
        payload = _payload(subject_ref, method, origin) if subject_ref else None
        entry = entries[key] = _sealed(
            last,
            payload,
            occurred_at=occurred_at or now,
            recorded_at=now,
            purpose=decision.text.purpose,
            text=decision.text,
            text_sha256=decision.text.sha256,
            policy_version=policies[decision.text.language],
            locale=decision.text.language,
            state=decision.state,
            method=method,
            gate_mode=origin.gate_mode,
            actor=actor,
            erases=sorted(erases),
            idem_key=key,
        )
        last = Head(entry.seq, entry.hash)
        payloads += [payload] if payload else []
    ConsentEvent.objects.bulk_create(entry for entry in entries.values() if entry._state.adding)
    ConsentPayload.objects.bulk_create(payloads)
    return [entries[key] for key in keys]


def _idem_key(decision: Decision) -> str:
    return hashlib.sha256((decision.idem_key or secrets.token_hex(32)).encode()).hexdigest()


def _sealed(last: Head, payload: ConsentPayload | None, **columns: Any) -> ConsentEvent:
    """Return an entry that follows the last one, hashed and signed, with the commitment to its payload."""
    entry = ConsentEvent(
        seq=last.seq + 1,
        schema_version=SCHEMA_VERSION,
        commitment=commitment(payload) if payload else "",
        prev_hash=last.hash,
        mac_key_id=key_id(settings.LEDGER_KEY),
        **columns,
    )
    entry.hash = event_hash({name: getattr(entry, name) for name in HASHED})
    entry.mac = mac(settings.LEDGER_KEY, entry.hash)
    if payload:
        payload.event = entry
    return entry


def take_turn() -> None:
    """Wait until nobody else appends, until the end of the transaction, so that the chain cannot fork (I10).

    On SQLite a transaction holds the one write lock from its start (`transaction_mode` IMMEDIATE).
    """
    connection.validate_no_broken_transaction()
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("The ledger is written in the transaction of what it is about.")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [APPEND_LOCK])


def _payload(subject_ref: str, method: ConsentEvent.Method, origin: Origin) -> ConsentPayload:
    return ConsentPayload(
        salt=secrets.token_hex(32),
        subject_ref=subject_ref,
        form=origin.form,
        page=origin.page,
        controls=origin.controls or CONTROLS.get(method, {}),
        message_id=origin.message_id,
        smtp_reply=origin.smtp_reply,
    )


# --- what is hashed, and how ---


def canonical_json(values: dict[str, Any]) -> bytes:
    """Return the one form in which values are hashed: names sorted, no spaces, UTF-8, times in UTC to the µs."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_utc).encode()


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def event_hash(values: dict[str, Any]) -> str:
    """Return the hash of an entry from its HASHED columns. No personal data is among them (CON-19)."""
    return hashlib.sha256(canonical_json(values) + values["prev_hash"].encode()).hexdigest()


def commitment(payload: ConsentPayload) -> str:
    """Return what an entry keeps of its payload: nothing can be learnt from it once the salt is deleted."""
    values = {name: getattr(payload, name) for name in COMMITTED}
    return hashlib.sha256(bytes.fromhex(payload.salt) + canonical_json(values)).hexdigest()


def key_id(key: str) -> str:
    """Return the name of a key, from which the key cannot be found."""
    return hashlib.sha256(f"ledger key id:{key}".encode()).hexdigest()[:16]


def known_keys() -> dict[str, str]:
    """Return the keys that entries may be signed with, by id: today's and those of before."""
    return {key_id(key): key for key in [settings.LEDGER_KEY, *settings.LEDGER_KEYS_OLD]}


def mac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


# --- what it says ---


def head() -> Head:
    """Return where the chain ends."""
    last = ConsentEvent.objects.order_by("-seq").values_list("seq", "hash").first()
    return Head(*last) if last else Head()


def last_event(subject_ref: str, purpose: Purpose) -> ConsentEvent | None:
    """Return what a person decided last on a purpose."""
    events = ConsentEvent.objects.of_person(subject_ref).filter(purpose=purpose)
    return events.select_related("text__purpose", "purpose", "payload").order_by("-seq").first()


def current_state(subject_ref: str, purpose: Purpose) -> str | None:
    """Return the state in which the last event left a purpose, or None where there is none."""
    event = last_event(subject_ref, purpose)
    return event.state if event else None


def is_given(subject_ref: str, purpose: Purpose) -> bool:
    """Tell whether consent stands: given, and not ended since. Asking for the same again takes nothing away."""
    return purpose.key in given(subject_ref)


def given(subject_ref: str) -> set[str]:
    """Return the keys of the purposes for which a person's consent stands."""
    decided = ConsentEvent.objects.of_person(subject_ref).exclude(state=State.REQUESTED)
    states: dict[Any, str] = dict(decided.order_by("seq").values_list("purpose_id", "state"))  # of each the last
    return {key for key, state in states.items() if state == State.GIVEN}
