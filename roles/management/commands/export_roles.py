from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from roles.moving.exporting import all_roles, write_folder, write_zip


class Command(BaseCommand):
    help = "Writes all roles as Markdown files: into a folder, a .zip file, or (-) a zip archive to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", help="a folder, a file ending in .zip, or - for standard output")
        parser.add_argument("--language", default="", help="of one language only")

    def handle(self, *args: Any, folder: str, language: str, **options: Any) -> None:
        roles = all_roles().filter(language=language) if language else all_roles()
        try:
            if folder == "-":
                self.stdout._out.buffer.write(write_zip(roles))  # type: ignore[attr-defined]
                return
            if folder.endswith(".zip"):
                Path(folder).write_bytes(write_zip(roles))
                count = len(roles)
            else:
                count = write_folder(roles, Path(folder))
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror}.") from None
        self.stdout.write(f"{count} roles written to {folder}.")
