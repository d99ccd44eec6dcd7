from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from recruitcms.signin.reset import reset_factors


class Command(BaseCommand):
    help = "Removes the second factors of an account: the last resort when the only administrator lost theirs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the account's name")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        user = get_user_model().objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"No account is called {name!r}.")
        reset_factors(user)
        self.stdout.write(f"{name} is signed out everywhere, and sets up a new second factor at the next sign-in.")
