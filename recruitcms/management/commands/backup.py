"""`manage.py backup TARGET`: the whole site as one file, while it runs."""

import signal
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recruitcms import backup, running


class Command(BaseCommand):
    help = "Writes database, files, keys and journals into one archive, and reads it back. The site may run meanwhile."

    requires_system_checks: list[str] = []  # a broken setting is no reason to have no backup

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", help="a new file (….tar.gz), or - for standard output, to be encrypted by a pipe")
        parser.add_argument("--without-keys", action="store_true", help="leave DATA_DIR/keys out: you keep them apart")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing half done stays
        began = time.monotonic()
        target = options["target"]
        try:
            running.hold()  # half of it would be of the site before the restore
            manifest = backup.make(target, with_keys=not options["without_keys"])
        except (backup.BackupError, running.InUseError) as error:
            raise CommandError(str(error)) from None
        out = self.stderr if target == backup.STDOUT else self.stdout
        keys = sum(name.startswith(f"{backup.KEYS}/") for name in manifest.parts)
        out.write(
            f"{target}: the database, {manifest.files} files, {keys} keys; "
            f"{manifest.size / 1e6:.1f} MB before packing, {time.monotonic() - began:.1f} s."
        )
        if manifest.gone:
            out.write(f"{manifest.gone} files were deleted meanwhile, and are not in it.")
        if keys:
            out.write("It holds the keys of the site and the addresses of people: keep it as you keep those.")
        if target == backup.STDOUT:
            out.write("It was not read back: try the file with `manage.py restore --check`.")
