"""Prints what the library lists for each query of search_queries.toml, on the database that DATABASE_URL names.

Run by test_search_quality.py in a process of its own, since the tests' own database is SQLite.
"""

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

QUERIES = tomllib.loads((Path(__file__).parent / "search_queries.toml").read_text())


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    setup_test_environment()
    call_command("migrate", verbosity=0)
    call_command("demo", verbosity=0, stdout=sys.stderr)
    add_roles(QUERIES["role"])
    answers = {
        language: {query: ask(language, query) for query in QUERIES[language]} for language in ("en", "pl", "de")
    }
    sys.stdout.write(json.dumps(answers))


def add_roles(rows: list[dict[str, Any]]) -> None:
    from recruitcms.models import Person
    from roles.models import Category, Role, Section

    for number, row in enumerate(rows):
        language = row["language"]
        role = Role.objects.create(
            language=language,
            title=row["title"],
            slug=f"made-{number}",
            summary="A role of its own.",
            category=Category.objects.filter(language=language).first(),
            author=Person.objects.filter(language=language).first(),
        )
        Section.objects.create(role=role, kind="introduction", body=row["text"], in_copy=True)
        role.publish()


def ask(language: str, query: str) -> list[str]:
    from django.test import Client

    prefix = "" if language == "en" else f"/{language}"
    response = Client().get(f"{prefix}/roles/", {"q": query})
    return [role.title for role in response.context["page"]] if response.status_code == 200 else []


if __name__ == "__main__":
    main()
