"""Anchors: the ledger's head, kept where whoever changes the database cannot reach (CON-19, I11).

A chain cannot show that its own tail was cut. An anchor of before can: the entry that it names is gone. What was
appended after the last anchor and cut before the next one is not shown by anything, so keep them daily or closer.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from leads import ledger
from leads.journals import append_line

EVERY = timedelta(hours=24)
SOONEST = timedelta(hours=23)  # the worker's daily one, so that it is never late


@dataclass(frozen=True)
class Anchor:
    """Where the chain ended at a moment."""

    seq: int
    hash: str
    at: datetime


def anchor(now: datetime | None = None) -> Anchor:
    """Mail the ledger's head where an address is set, and append it to the file of anchors, durably.

    The mail first: an anchor in the file counts as made, and one that could not be mailed is to be tried again.
    """
    head = ledger.head()
    made = Anchor(head.seq, head.hash, now or timezone.now())
    line = json.dumps({"seq": made.seq, "hash": made.hash, "at": made.at.astimezone(UTC).isoformat()})
    if settings.LEDGER_ANCHOR_MAIL:
        subject = f"Ledger anchor {made.seq}, {settings.SITE_URL}"
        EmailMessage(subject, f"{line}\n", settings.DEFAULT_FROM_EMAIL, [settings.LEDGER_ANCHOR_MAIL]).send()
    append_line(settings.LEDGER_ANCHOR_FILE, line)
    return made


def anchor_daily(now: datetime) -> Anchor | None:
    """Make an anchor when the last one is about a day old; None when it is younger. Called by the worker.

    One from tomorrow or later was made while the clock was wrong, and is not waited for (REL-6).
    """
    last = read()[-1:]
    return None if last and abs(now - last[0].at) < SOONEST else anchor(now)


def read() -> list[Anchor]:
    """Return the anchors in the file, oldest first. Raises ValueError for a line that is no anchor."""
    if not settings.LEDGER_ANCHOR_FILE.exists():
        return []
    lines = settings.LEDGER_ANCHOR_FILE.read_text(encoding="utf-8").splitlines()
    return [_parse(number, line) for number, line in enumerate(lines, 1)]


def _parse(number: int, line: str) -> Anchor:
    try:
        values = json.loads(line)
        return Anchor(int(values["seq"]), str(values["hash"]), datetime.fromisoformat(values["at"]))
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"Line {number} of {settings.LEDGER_ANCHOR_FILE} is no anchor.") from None
