"""`manage.py import_roles PATH…`: read files into a run, and apply it unless it is only to be looked at."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recruitcms.models import Person
from roles.models import Category
from roles.moving.applying import apply_run
from roles.moving.incoming import UnreadableError
from roles.moving.media import Media
from roles.moving.models import ImportItem, ImportRun
from roles.moving.reading import FORMATS, files_in
from roles.moving.report import report_csv
from roles.moving.runs import read_into_run

STEP = 100


class Command(BaseCommand):
    help = "Imports roles and pages as drafts from Markdown, Word, HTML and WordPress export files, or zips of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files, folders or .zip archives")
        parser.add_argument("--dry-run", action="store_true", help="read and report; no page changes")
        parser.add_argument("--format", default="auto", choices=FORMATS, help="default: by the files' names")
        parser.add_argument("--apply", type=int, metavar="RUN", help="apply a run that was read before")
        parser.add_argument("--author", default="", help="address of the author of what names nobody known here")
        parser.add_argument("--category", default="", help="address of the category of what names none known here")
        parser.add_argument("--new-categories", action="store_true", help="add categories that are not here yet")
        parser.add_argument("--media", action="append", default=[], type=Path, help="folder or .zip with pictures")
        parser.add_argument("--overwrite", action="store_true", help="also what was changed here since")
        parser.add_argument("--report", type=Path, help="write the report of every item to this CSV file")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["paths"]) == bool(options["apply"]):
            raise CommandError("Name the files to read, or a run to --apply.")
        try:
            run = self._run_to_apply(options) if options["apply"] else self._read(options)
            media = Media([*options["paths"], *options["media"]])
        except UnreadableError as error:
            raise CommandError(str(error)) from None
        self._choose(run, options)
        if run.problem and not options["apply"]:
            self._write_report(run, options)
            if not run.items.exists():
                run.delete()
                raise CommandError(f"{run.problem} Nothing was imported.")
            raise CommandError(f"{run.problem} Nothing was imported. What could be read: --apply {run.pk}")
        if options["dry_run"]:
            self.stdout.write(f"Dry run: no page was changed. Apply it with --apply {run.pk}, or in the admin.")
        else:
            self._apply(run, media)
        self._write_report(run, options)

    def _run_to_apply(self, options: dict[str, Any]) -> ImportRun:
        run = ImportRun.objects.filter(pk=options["apply"]).first()
        if run is None:
            raise CommandError(f"There is no run {options['apply']}.")
        again = [ImportItem.Outcome.FAILED, *([ImportItem.Outcome.CHANGED_HERE] if options["overwrite"] else [])]
        run.items.filter(outcome__in=again).update(outcome=ImportItem.Outcome.WAITING)
        return run

    def _read(self, options: dict[str, Any]) -> ImportRun:
        missing = [str(path) for path in options["paths"] if not path.exists()]
        if missing:
            raise CommandError(f"There is no file {missing[0]}.")
        name = ", ".join(path.name for path in options["paths"])
        run = read_into_run(name, files_in(options["paths"]), options["format"], tell=self._tell_read)
        for what in ("types", "languages", "categories", "authors", "shortcodes"):
            counts = ", ".join(f"{word or '–'} {count}" for word, count in list(run.seen[what].items())[:20])
            if counts:
                self.stdout.write(f"{what.capitalize()}: {counts}.")
        if run.seen["media"]:
            self.stdout.write(f"Media: {sum(run.seen['media'].values())} files, not fetched.")
        return run

    def _tell_read(self, count: int) -> None:
        self.stdout.write(f"{count} read …")

    def _choose(self, run: ImportRun, options: dict[str, Any]) -> None:
        """Keep what the options say of authors and categories that are not known here."""
        run.author = self._by_address(Person, options["author"]) or run.author or Person.objects.order_by("pk").first()
        run.category = self._by_address(Category, options["category"]) or run.category
        if options["new_categories"]:
            run.categories = dict.fromkeys(filter(None, run.seen["categories"]), "new") | run.categories
        elif run.category is None:
            run.category = Category.objects.order_by("pk").first()
        run.save()
        self.stdout.write(f"Where nobody else is known: author {run.author or '–'}, category {run.category or '–'}.")
        if options["overwrite"]:
            run.items.update(force=True)

    def _by_address(self, model: Any, slug: str) -> Any:
        row = model.objects.filter(slug=slug).order_by("pk").first() if slug else None
        if slug and row is None:
            raise CommandError(f"There is no {model._meta.verbose_name} with the address {slug}.")
        return row

    def _apply(self, run: ImportRun, media: Media) -> None:
        counts: Counter[str] = Counter()

        def tell(item: ImportItem) -> None:
            counts[item.outcome] += 1
            if item.outcome in {ImportItem.Outcome.CHANGED_HERE, ImportItem.Outcome.FAILED}:
                self.stderr.write(f"{item.title}: {item.get_outcome_display()}. {item.message}")
            if counts.total() % STEP == 0:
                self.stdout.write(f"{counts.total()} applied …")

        apply_run(run, media=media, tell=tell)
        labels = dict(ImportItem.Outcome.choices)
        listed = ", ".join(f"{labels[outcome]} {count}" for outcome, count in sorted(counts.items()))
        self.stdout.write(f"Import {run.pk}: {listed or 'nothing to do'}.")

    def _write_report(self, run: ImportRun, options: dict[str, Any]) -> None:
        if options["report"]:
            with options["report"].open("w", encoding="utf-8", newline="") as file:
                file.writelines(report_csv(run))
