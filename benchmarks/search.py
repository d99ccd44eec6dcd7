"""What a search of the library costs with 2,000 live roles, on SQLite and PostgreSQL. `make search` measures, and says.

Each role has 12 sections and about 1,600 words out of 6,000. The whole page is asked for through Django, without a
network: the first time in the process (cold), then the median of several. Ends with 1 where the search itself, without
the page around it, takes more than 20 ms, or the page more than 8 queries (issue 5).
"""

import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

from benchmarks.desk import say, start_django
from tests import postgres

MILLISECONDS, QUERIES = 20, 8
SEARCHES = ["engineer", "data engineer", "e", "da", "word17 word203", "ml engineer", "enginere", "nothing like this"]
LEVELS = ["Junior", "Senior", "Lead", "Principal", "Staff"]
FIELDS = ["Data", "Platform", "Security", "Machine Learning", "Frontend", "Backend", "Cloud", "Mobile"]
KINDS = ["Engineer", "Developer", "Architect", "Manager", "Analyst"]


def main() -> int:
    """Measure on each database in a process of its own; return 1 where one is too slow."""
    options = ArgumentParser(description=__doc__)
    options.add_argument("--roles", type=int, default=2000)
    options.add_argument("--times", type=int, default=15)
    options.add_argument("--here", action="store_true", help="on DATABASE_URL, in this process")
    chosen = options.parse_args()
    if chosen.here:
        return measure_here(chosen.roles, chosen.times)
    words = [sys.executable, "-m", "benchmarks.search", "--here", f"--roles={chosen.roles}", f"--times={chosen.times}"]
    failed = _run(words, "SQLite", "")
    if postgres.missing():
        say(f"PostgreSQL: {postgres.missing()}")
        return failed
    with postgres.server() as server, postgres.database(server) as url:
        return max(failed, _run(words, "PostgreSQL", url))


def _run(words: list[str], name: str, url: str) -> int:
    say(name)
    with tempfile.TemporaryDirectory(prefix="recruitcms-search-") as folder:
        more = {"DATA_DIR": folder, "DATABASE_URL": url, "DEBUG": "0", "EMBEDDED_WORKER": "0"}
        more |= {"SITE_URL": "http://localhost", "DJANGO_SETTINGS_MODULE": "recruitcms.settings"}
        return subprocess.run(words, env=dict(os.environ) | more).returncode  # noqa: S603


def measure_here(roles: int, times: int) -> int:
    """Fill this process's database, measure each search, print a row for each."""
    start_django()
    make_roles(roles)
    say(f"{'':24}{'found':>8}{'queries':>12}{'cold page':>14}{'page':>10}{'search':>14}   (milliseconds)")
    return max([measure(words, times) for words in SEARCHES])


def make_roles(number: int) -> None:
    from django.apps import apps
    from django.db import connection
    from django.utils import timezone

    from recruitcms.models import Person
    from roles.models import Category, Role, RoleRevision, Synonyms
    from roles.search import index

    pick = random.Random(1)  # noqa: S311
    category = Category.objects.create(name="Data", slug="data")
    author = Person.objects.create(name="Author", slug="author", job_title="Recruiter")
    Synonyms.objects.create(words="ML, machine learning")
    titles = [f"{pick.choice(LEVELS)} {pick.choice(FIELDS)} {pick.choice(KINDS)} {n}" for n in range(number)]
    same = {"category": category, "author": author, "summary": "Keeps the data flowing."}
    roles = Role.objects.bulk_create(Role(title=title, slug=f"r-{n}", **same) for n, title in enumerate(titles))
    now = timezone.now()
    for start in range(0, number, 200):
        RoleRevision.objects.bulk_create(
            RoleRevision(
                document=role,
                number=1,
                content={"title_plural": "", "sections": [_section(pick, kind) for kind in range(12)]},
                language="en",
                translation_group=uuid.uuid4(),
                slug=role.slug,
                title=role.title,
                live_from=now - timedelta(minutes=role.pk),
                **same,
            )
            for role in roles[start : start + 200]
        )
    index.rebuild(apps)
    if connection.vendor == "postgresql":  # as its own housekeeping does within minutes
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _section(pick: random.Random, kind: int) -> dict[str, Any]:
    words = " ".join(f"word{int(pick.paretovariate(0.5)) % 6000}" for _word in range(133))
    return {"kind": "other", "id": f"other-{kind}", "heading": f"Part {kind}", "html": f"<p>{words}</p>", "cards": []}


def measure(words: str, times: int) -> int:
    """Print what a search costs, and return 1 where that is too much."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from recruitcms.site_content import site_content
    from roles.models import RoleRevision
    from roles.search.query import find

    client = Client(headers={"host": "localhost"})

    def page() -> Any:
        return client.get("/roles/", {"q": words})

    def search() -> Any:
        return find(RoleRevision.objects.live().filter(language="en"), words, "en", site_content("en").synonyms)

    cold = _took(page)
    with CaptureQueriesContext(connection) as captured:
        page()
    queries = len(captured)  # now: the next request forgets them
    whole, alone = (median(_took(act) for _time in range(times)) for act in (page, search))
    over = queries > QUERIES or alone > MILLISECONDS
    costs = f"{f'{queries} of {QUERIES}':>12}{cold:>14.1f}{whole:>10.1f}{f'{alone:.1f} of {MILLISECONDS}':>14}"
    say(f"{words:24}{len(search().pks):>8}{costs}{'  too much' if over else ''}")
    return int(over)


def _took(act: Callable[[], Any]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    sys.exit(main())
