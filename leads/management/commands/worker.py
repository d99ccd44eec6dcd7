"""`manage.py worker`: sends the mails that are owed, until it is told to stop."""

import signal
import sys
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from leads import chores, conversions, outbox
from recruitcms import running, staff_mail


class Command(BaseCommand):
    help = "Send the mails that are owed. As many workers as you like may run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            running.hold()
        except running.InUseError as error:
            raise CommandError(str(error)) from None
        sent = self._once() if options["once"] else self._run()
        self.stdout.write(f"{sent} mails sent.")

    def _once(self) -> int:
        sent = outbox.send_due(limit=sys.maxsize) + staff_mail.send_due()
        conversions.send_due(limit=sys.maxsize)
        failed = chores.run(timezone.now())
        if failed:
            raise CommandError(f"{sent} mails sent. Not done, the log says where: {', '.join(failed)}.")
        return sent

    def _run(self) -> int:
        """Work until SIGTERM or SIGINT; the mail in hand is finished first (REL-10)."""
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        self.stdout.write("Sending what is owed. Ctrl-C ends it.")
        self.stdout.flush()
        return outbox.run_forever(stop)
