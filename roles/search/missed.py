"""What visitors looked for in vain: counted by words, never by visitor."""

import re
from collections.abc import Mapping
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from recruitcms.tallies import Tally, keep_the_first
from roles.search.models import MissedSearch

ROWS = 2000
FORGOTTEN_AFTER = timedelta(days=180)
LONGEST = 60
# What may say who asked, or be a secret: addresses, telephone numbers, and words as no language has them.
PERSONAL = re.compile(r"[@/\\:]|www\.|(\d\W*){7,}|\w{25,}|(?=\w*\d\w*\d)(?=\w*[^\W\d]\w*[^\W\d])\w{10,}", re.IGNORECASE)


def is_counted(query: str) -> bool:
    """Tell whether a query is worth knowing, and says nothing of who asked."""
    return 1 < len(query) <= LONGEST and any(map(str.isalnum, query)) and not PERSONAL.search(query)


def count(query: str, language: str) -> None:
    """Count a query that nothing was found for."""
    words = " ".join(query.lower().split())
    if is_counted(words):
        tally.add((language, words))


def _write(counts: Mapping[tuple[str, str], int]) -> None:
    """Add to the rows, and make those that are missing. One statement each: two at once are two."""
    table = connection.ops.quote_name(MissedSearch._meta.db_table)
    sql = (
        f"INSERT INTO {table} (language, words, searches, last_seen) VALUES (%s, %s, %s, %s) "  # noqa: S608
        f"ON CONFLICT (language, words) DO UPDATE SET "
        f"searches = {table}.searches + excluded.searches, last_seen = excluded.last_seen"
    )
    today = timezone.localdate()
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(*key, number, today) for key, number in sorted(counts.items())])
    keep_the_first(MissedSearch.objects.order_by("-searches", "-last_seen", "-pk"), ROWS)


tally = Tally(_write)


def forget_old() -> None:
    """Forget what nobody has looked for in half a year."""
    MissedSearch.objects.filter(last_seen__lt=timezone.localdate() - FORGOTTEN_AFTER).delete()
