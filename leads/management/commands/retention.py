"""`manage.py retention [--dry-run]`: let go what is kept no longer, or list it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from leads import retention


class Command(BaseCommand):
    help = "Deletes what each purpose keeps no longer. The worker does this once a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="list what would go, and leave it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            for one in retention.due(timezone.now()):
                self.stdout.write(f"{one.rule}: {one.what}")
            return
        gone = retention.run(timezone.now())
        self.stdout.write(", ".join(f"{rule}: {count}" for rule, count in sorted(gone.items())) or "Nothing was due.")
