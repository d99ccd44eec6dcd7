"""`manage.py restore SOURCE`: a backup in the place of the site; `--check`, `--undo`, `--forget`."""

import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recruitcms import backup, restore
from recruitcms.set_aside import SetAside


class Command(BaseCommand):
    help = "Puts a backup in the place of the site, which must not run meanwhile. What was there is set aside."

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", nargs="?", help="an archive of `manage.py backup`, or - for standard input")
        parser.add_argument("--replace", action="store_true", help="set aside the site that is here")
        parser.add_argument(
            "--send-owed",
            action="store_true",
            help="send the mails that the backup owes, although they may have left after it",
        )
        acts = parser.add_mutually_exclusive_group()
        acts.add_argument("--check", action="store_true", help="read the archive to its end, and change nothing")
        acts.add_argument("--undo", action="store_true", help="take the last restore back")
        acts.add_argument("--forget", action="store_true", help="delete what the last restore set aside")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was begun is taken back
        try:
            if options["undo"]:
                self.undo()
            elif options["forget"]:
                self.forget()
            elif not options["source"]:
                raise CommandError("Say which backup: manage.py restore FILE")
            elif options["check"]:
                self.check_only(options["source"])
            else:
                self.restore(options)
        except backup.BackupError as error:
            raise CommandError(str(error)) from None

    def undo(self) -> None:
        done = restore.undo()
        self.stdout.write(
            f"Taken back: {done.things} things are in their place again; {done.sessions} sessions of staff ended, "
            f"{done.repeated} erasures and withdrawals repeated from the journal; "
            f"{done.left} mails that left meanwhile are not sent again."
        )

    def forget(self) -> None:
        last = SetAside.last()
        if last is None:
            raise CommandError("There is no restore to clear up after.")
        if not last.finished:
            raise CommandError("The last restore did not come to its end: take it back first (restore --undo).")
        last.forget()
        self.stdout.write("What the last restore set aside is deleted.")

    def check_only(self, source: str) -> None:
        manifest = backup.read(source)
        self.stdout.write(
            f"Whole: {len(manifest.parts)} parts, {manifest.size / 1e6:.1f} MB, of {manifest.site}, "
            f"begun {manifest.began_at}, on {manifest.vendor}."
        )

    def restore(self, options: dict[str, Any]) -> None:
        done = restore.restore(options["source"], replace=options["replace"], send_owed=options["send_owed"])
        say = self.stdout.write
        say(f"Restored the site as it was on {done.manifest.began_at}, in {done.seconds:.1f} s:")
        say(f"  {done.rows} rows, {done.manifest.files} files; {done.migrated} migrations")
        say(f"  {done.sessions} sessions of staff ended")
        if done.unreadable:
            say(f"  {done.unreadable} secrets of second factors cannot be read without the FACTOR_KEY of the backup:")
            say("    (put it into FACTOR_KEYS_OLD, or run manage.py reset_factors NAME for whoever cannot get in)")
        say(f"  the ledger is whole: {done.entries} entries")
        if done.cut:
            say(f"  {done.cut} later entries of the ledger, which its anchors name, are lost with what came after")
        say(f"  {done.repeated} erasures and withdrawals repeated from the journal")
        say(f"  mails that were owed: {done.sent_since} had left since; {done.held} held, since they may have left")
        if done.held:
            say("    (in the outbox, among those given up: look, and choose “Send again”)")
        say(f"  {done.staff} accounts of staff are open, with the passwords and second factors of then")
        say("    (those that were closed, or whose second factor was reset, since the backup: look, and do it again)")
        if done.missing:
            say(f"  {done.missing} files that the database names are not in the backup")
        if done.aside:
            say("  what was here before is kept as:")
            for place in done.aside:
                say(f"    {place}")
            say("  When all is well: manage.py restore --forget. To go back: manage.py restore --undo.")
        say("Start the web processes and the workers.")
