from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from recruitcms.signin import kept_secrets


class Command(BaseCommand):
    help = "Encrypts the secrets of apps and recovery codes by today's FACTOR_KEY. The worker does so once a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--decrypt", action="store_true", help="take it off, before an older release is started")

    def handle(self, *args: Any, decrypt: bool, **options: Any) -> None:
        done = kept_secrets.decrypt_all() if decrypt else kept_secrets.renew_all()
        self.stdout.write(f"{done} secrets are {'no longer encrypted' if decrypt else 'newly encrypted'}.")
        if lost := kept_secrets.unreadable():
            self.stdout.write(
                f"{lost} cannot be read: put their key into FACTOR_KEYS_OLD, or run manage.py reset_factors NAME."
            )
