"""What the desk's pages cost with 2,000 roles: queries, and milliseconds on the server. `make desk` measures, and says.

A database of its own with roles of 12 sections and 1,600 words, half of them live; each page is asked for several times
through Django itself, without a network. Ends with 1 where a page needs more than it may (issue 4).
"""

import os
import sys
import tempfile
import time
import uuid
from argparse import ArgumentParser
from datetime import timedelta
from statistics import median
from typing import Any, NamedTuple

SENTENCE = "Own the design of our pipelines and agree data contracts with product teams, so that nobody is surprised."


class Page(NamedTuple):
    name: str
    path: str
    queries: int  # at most
    milliseconds: int


def main() -> int:
    """Make the roles, measure the pages, print the table, and return the exit code."""
    options = ArgumentParser(description=__doc__)
    options.add_argument("--roles", type=int, default=2000)
    options.add_argument("--times", type=int, default=15, help="how often each page is asked for")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="recruitcms-desk-") as folder:
        os.environ.update(DATA_DIR=folder, DEBUG="0", DATABASE_URL="", EMBEDDED_WORKER="0", SITE_URL="http://localhost")
        os.environ["DJANGO_SETTINGS_MODULE"] = "recruitcms.settings"
        start_django()
        first = make_roles(chosen.roles)
        return report([(page, *measure(page, chosen.times)) for page in pages(first)])


def start_django() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def make_roles(number: int) -> int:
    """Fill the database; return the pk of one role."""
    from django.utils import timezone

    from recruitcms.models import Person
    from roles.models import Category, Role, RoleRevision, Section

    categories = [Category.objects.create(name=f"Category {n}", slug=f"category-{n}") for n in range(20)]
    authors = [Person.objects.create(name=f"Author {n}", slug=f"author-{n}", job_title="Recruiter") for n in range(10)]
    roles = Role.objects.bulk_create(
        Role(
            title=f"Engineer of kind {n}",
            slug=f"engineer-{n}",
            summary="Keeps the data flowing.",
            category=categories[n % 20],
            author=authors[n % 10],
        )
        for n in range(number)
    )
    kinds = list(Section.Kind)[:12]
    body = f"- {SENTENCE}\n" * 7
    sections = (Section(role=role, kind=kind, body=body, position=n) for role in roles for n, kind in enumerate(kinds))
    Section.objects.bulk_create(sections, batch_size=1000)
    since = timezone.now() - timedelta(days=1)
    RoleRevision.objects.bulk_create(
        RoleRevision(
            document=role,
            number=1,
            content={"sections": [{"html": body} for _kind in kinds]},
            language=role.language,
            translation_group=uuid.uuid4(),
            slug=role.slug,
            title=role.title,
            category=role.category,
            author=role.author,
            live_from=since,
        )
        for role in roles[::2]
    )
    return roles[0].pk


def pages(role: int) -> list[Page]:
    """Return what is measured, with the budgets of the list and of the form."""
    from django.urls import reverse

    roles = reverse("admin:roles_role_changelist")
    return [
        Page("list", roles, 12, 150),
        Page("list, page 20", f"{roles}?p=20", 12, 150),
        Page("list, searched", f"{roles}?q=kind+19", 12, 150),
        Page("list, live", f"{roles}?state=live", 12, 150),
        Page("list, not live, one category", f"{roles}?state=not_live&category__id__exact=4", 12, 150),
        Page("list, sorted by author", f"{roles}?o=5", 12, 150),
        Page("form", reverse("admin:roles_role_change", args=[role]), 25, 250),
    ]


def measure(page: Page, times: int) -> tuple[int, float]:
    """Return how many queries a page needs, and its median time in milliseconds once the process is warm."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    user, _new = User.objects.get_or_create(username="desk", is_staff=True, is_superuser=True)
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    client.get(page.path)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(page.path)
    if answer.status_code != 200:
        raise RuntimeError(f"{page.path} answers {answer.status_code}")
    return len(captured), median(_timed(client, page.path) for _time in range(times))


def _timed(client: Any, path: str) -> float:
    start = time.perf_counter()
    client.get(path)
    return (time.perf_counter() - start) * 1000


def report(measured: list[tuple[Page, int, float]]) -> int:
    """Print a row for each page, and return 1 where one needs too much."""
    over = False
    say(f"{'':32}{'queries':>12}{'milliseconds':>16}")
    for page, queries, took in measured:
        too_much = queries > page.queries or took > page.milliseconds
        over = over or too_much
        costs = f"{f'{queries} of {page.queries}':>12}{f'{took:.0f} of {page.milliseconds}':>16}"
        say(f"{page.name:32}{costs}{'  too much' if too_much else ''}")
    return int(over)


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
