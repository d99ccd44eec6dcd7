from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from recruitcms import redirect_files


class Command(BaseCommand):
    help = "Writes all old addresses as CSV, or reads a CSV file of them: from,to[,status]. All of it, or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("export", help="write them to the standard output")
        importing = acts.add_parser("import", help="read them from a file")
        importing.add_argument("file", type=Path)
        importing.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "export":
            self.stdout.write(redirect_files.redirects_csv(), ending="")
            return
        plan = self.plan(options["file"])
        if not options["dry_run"]:
            redirect_files.carry_out(plan)
        said = "Would be" if options["dry_run"] else "Imported:"
        self.stdout.write(f"{said} {plan.new} new, {len(plan.rows) - plan.new} changed, {plan.unchanged} as they were.")

    def plan(self, file: Path) -> redirect_files.Plan:
        try:
            text, notes = redirect_files.read(file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from None
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        for note in notes:
            self.stderr.write(note)
        plan = redirect_files.plan(text)
        for line, sentence in plan.errors:
            self.stderr.write(f"Line {line}: {sentence}")
        if plan.errors:
            raise CommandError(f"{len(plan.errors)} lines are wrong. Nothing was imported.")
        return plan
