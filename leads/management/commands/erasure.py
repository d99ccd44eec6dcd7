"""`manage.py erasure verify ADDRESS|replay`: prove that somebody is erased; cleanse a restored backup."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from leads import erasure


class Command(BaseCommand):
    help = "Searches every table and file for an address, or repeats the erasures that a restored backup lacks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        verify = acts.add_parser("verify", help="print where an address is found; exit code 1 where it is")
        verify.add_argument("address")
        acts.add_parser("replay", help="erase and withdraw again what the journal names (before the site starts)")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, options["act"])(**options)

    def verify(self, *, address: str, **options: Any) -> None:
        try:
            found = list(erasure.places(address))
        except ValidationError as error:
            raise CommandError(error.messages[0]) from None
        for place in found:
            self.stdout.write(place)
        self.stdout.write(f"{len(found)} places.")
        if found:
            sys.exit(1)

    def replay(self, **options: Any) -> None:
        self.stdout.write(f"{erasure.replay()} erasures and withdrawals repeated.")
