from typing import Any

from django.core.management.base import BaseCommand

from recruitcms.demo.load import ENGLISH, LANGUAGES, load_demo


class Command(BaseCommand):
    help = "Loads the demonstration content: the fictional agency with its library. Running it again doubles nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if ENGLISH not in LANGUAGES:
            self.stdout.write("Demonstration content: left out, since English is not among LANGUAGES.")
            return
        added = load_demo()
        listed = ", ".join(f"{number} {kind}" for kind, number in added.items() if number)
        self.stdout.write(f"Demonstration content: added {listed}." if listed else "Demonstration content: all there.")
