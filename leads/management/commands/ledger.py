"""`manage.py ledger verify|anchor|export|register`: the consent ledger, proved, anchored and printed."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from leads import anchors, ledger, ledger_checks, records, tokens
from leads.addresses import normalise

SHOWN = 20  # faults; the first says where to look


class Command(BaseCommand):
    help = "Proves the consent ledger, anchors it, exports it, or prints the register of processing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("verify", help="prove I1 to I11; exit code 1 and the first bad entry where they do not hold")
        acts.add_parser("anchor", help="write the ledger's head to LEDGER_ANCHOR_FILE, and mail it")
        export = acts.add_parser("export", help="print consent records as JSON (ISO/IEC TS 27560)")
        export.add_argument("--address", default="", help="of one person only")
        register = acts.add_parser("register", help="print the register of processing (art. 30)")
        register.add_argument("--language", default=settings.LANGUAGE_CODE, choices=[*dict(settings.LANGUAGES)])

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, options["act"])(**options)

    def verify(self, **options: Any) -> None:
        """Say whether the ledger is whole; end with 1 where it is not."""
        found = sorted(ledger_checks.faults(), key=lambda fault: fault.seq)
        if not found:
            self.stdout.write(f"The ledger is whole: {ledger.head().seq} entries.")
            return
        for fault in found[:SHOWN]:
            self.stderr.write(str(fault))
        self.stderr.write(f"The ledger is not whole: {len(found)} faults. The first: {found[0]}")
        sys.exit(1)

    def anchor(self, **options: Any) -> None:
        made = anchors.anchor()
        self.stdout.write(f"Anchored entry {made.seq}: {made.hash}")

    def export(self, *, address: str, **options: Any) -> None:
        """Print the records. An address that is none stops with its reason."""
        try:
            ref = tokens.subject_ref(normalise(address)) if address else ""
        except ValidationError as error:
            raise CommandError(error.messages[0]) from None
        self.stdout.write(json.dumps(records.consent_records(ref), indent=2, ensure_ascii=False))

    def register(self, *, language: str, **options: Any) -> None:
        self.stdout.write(records.register_text(language), ending="")
