"""Proof that the ledger is whole: the invariants I1 to I11 of §1.1, checked row by row.

I9 (one transaction) and I10 (appends in turn) are kept by `ledger.append` and the unique columns; what can be seen of
them afterwards, gaps and forks, is I1 and I2.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from leads import anchors, ledger, triggers
from leads.models import ConsentEvent, ConsentPayload, ConsentText, Purpose

State = ConsentEvent.State
CHUNK = 2000


@dataclass(frozen=True)
class Fault:
    """What is wrong: the invariant, the first row that breaks it (0 for none), and a sentence."""

    invariant: str
    seq: int
    words: str

    def __str__(self) -> str:
        return f"{self.invariant}, {f'entry {self.seq}' if self.seq else 'the whole ledger'}: {self.words}"


@dataclass
class _Seen:
    """What earlier entries said, as far as later ones depend on it."""

    seq: int = 0
    hash: str = ledger.GENESIS
    hashes: dict[int, str] = field(default_factory=dict)  # of the anchored entries
    asked: set[tuple[str, str, int]] = field(default_factory=set)
    missing: dict[int, None] = field(default_factory=dict)  # committed payloads that are gone


def faults(now: datetime | None = None) -> Iterator[Fault]:
    """Yield what is wrong with the ledger; nothing where it is whole.

    Reads up to the entry that is the last when it starts. Appending goes on meanwhile, and is left to the next time.
    """
    yield from (Fault("I8", 0, f"the database lacks the trigger {name}.") for name in triggers.missing(connection))
    try:
        anchored = anchors.read()
    except ValueError as error:
        yield Fault("I11", 0, str(error))
        anchored = []
    seen = _Seen(hashes={0: ledger.GENESIS} | {anchor.seq: "" for anchor in anchored if anchor.seq})
    yield from _chain_faults(seen, ledger.head().seq)
    for erased in ConsentEvent.objects.filter(state=State.ERASED, seq__gt=seen.seq).values_list("erases", flat=True):
        _forget(seen, erased)
    yield from (Fault("I5", seq, "its details are gone and no erasure names them.") for seq in seen.missing)
    yield from _anchor_faults(seen, anchored, now or timezone.now())


def _chain_faults(seen: _Seen, last: int) -> Iterator[Fault]:
    keys = ledger.known_keys()
    texts = {text.pk: text for text in ConsentText.objects.select_related("purpose")}
    double_opt_in = set(Purpose.objects.filter(double_opt_in=True).values_list("key", flat=True))
    names = ("pk", "salt", *ledger.COMMITTED)
    payloads = ConsentPayload.objects.filter(pk__lte=last).order_by("pk").values_list(*names).iterator(CHUNK)
    payload = next(payloads, None)
    events = ConsentEvent.objects.filter(seq__lte=last).order_by("seq")
    for row in events.values(*ledger.HASHED, "hash", "mac").iterator(CHUNK):
        while payload and payload[0] < row["seq"]:
            yield Fault("I4", payload[0], "there are details of an entry that is not there.")
            payload = next(payloads, None)
        own = None
        if payload and payload[0] == row["seq"]:
            own, payload = dict(zip(names, payload, strict=True)), next(payloads, None)
        yield from _link_faults(row, seen, keys)
        yield from _text_faults(row, texts.get(row["text_id"]))
        yield from _payload_faults(row, own, seen)
        if own:
            yield from _consent_faults(row, own, seen, double_opt_in)
        _remember(row, seen)
    if payload:
        yield Fault("I4", payload[0], "there are details of an entry that is not there.")


def _link_faults(row: dict[str, Any], seen: _Seen, keys: dict[str, str]) -> Iterator[Fault]:
    seq = row["seq"]
    if seq != seen.seq + 1:
        yield Fault("I1", seq, f"it follows entry {seen.seq}: entries are missing.")
    if row["prev_hash"] != seen.hash:
        yield Fault("I2", seq, "it does not follow the entry before it.")
    expected = ledger.event_hash({name: row[name] for name in ledger.HASHED})
    if row["hash"] != expected:
        yield Fault("I2", seq, "it was changed: its hash is another.")
    key = keys.get(row["mac_key_id"])
    if key is None:
        yield Fault("I3", seq, f"it is signed with an unknown key, {row['mac_key_id']}. Is it in LEDGER_KEYS_OLD?")
    elif row["mac"] != ledger.mac(key, row["hash"]):
        yield Fault("I3", seq, "its signature is wrong.")


def _text_faults(row: dict[str, Any], text: ConsentText | None) -> Iterator[Fault]:
    """CON-3: the words that an entry points to are those that were shown."""
    shown = (text.purpose.key, text.language) if text and text.published_at else None
    if text is None or shown != (row["purpose_id"], row["locale"]):
        yield Fault("CON-3", row["seq"], "it points to another purpose's or language's wording, or to none.")
    elif row["text_sha256"] != hashlib.sha256(text.body.encode()).hexdigest():
        yield Fault("CON-3", row["seq"], "the wording that it points to was changed.")


def _payload_faults(row: dict[str, Any], payload: dict[str, Any] | None, seen: _Seen) -> Iterator[Fault]:
    if payload is None and row["commitment"]:
        seen.missing[row["seq"]] = None
    elif payload and row["commitment"] != ledger.commitment(ConsentPayload(**_values(payload))):
        yield Fault("I4", row["seq"], "its details were changed.")
    if row["state"] == State.ERASED:
        _forget(seen, row["erases"])


def _forget(seen: _Seen, erased: list[int]) -> None:
    """Take the entries that an erasure names from those whose details are missing."""
    for seq in erased:
        seen.missing.pop(seq, None)


def _values(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name != "pk"}


def _consent_faults(
    row: dict[str, Any], payload: dict[str, Any], seen: _Seen, double_opt_in: set[str]
) -> Iterator[Fault]:
    """I6: who takes mail asked for it first, in the same words, and pressed the button in our mail."""
    who = (payload["subject_ref"], row["purpose_id"], row["text_id"])
    if row["state"] == State.REQUESTED:
        seen.asked.add(who)
    if row["state"] == State.GIVEN and row["purpose_id"] in double_opt_in and who not in seen.asked:
        yield Fault("I6", row["seq"], "consent was given that nobody had asked for before, in these words.")


def _remember(row: dict[str, Any], seen: _Seen) -> None:
    seen.seq, seen.hash = row["seq"], row["hash"]
    if row["seq"] in seen.hashes:
        seen.hashes[row["seq"]] = row["hash"]


def _anchor_faults(seen: _Seen, anchored: list[anchors.Anchor], now: datetime) -> Iterator[Fault]:
    for anchor in anchored:
        if not seen.hashes[anchor.seq]:
            yield Fault("I11", anchor.seq, f"it was anchored on {anchor.at:%Y-%m-%d %H:%M} and is not there: cut off.")
        elif seen.hashes[anchor.seq] != anchor.hash:
            yield Fault("I11", anchor.seq, f"it is another than the one anchored on {anchor.at:%Y-%m-%d %H:%M}.")
    oldest = ConsentEvent.objects.order_by("seq").values_list("recorded_at", flat=True).first()
    due = (anchored[-1].at if anchored else oldest) or now
    if abs(now - due) > anchors.EVERY:
        yield Fault("I11", 0, "the last anchor is not of the last 24 hours, or there is none. Does the worker run?")
