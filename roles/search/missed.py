"""What visitors looked for in vain: counted by words, never by visitor, in memory and then in one go.

As with addresses that are not there (recruitcms/address_counts.py), counting keeps nobody waiting and is bounded.
"""

import re
import threading
import time
from datetime import timedelta

from django.db import Error, connection, transaction
from django.utils import timezone

from recruitcms.address_counts import without_waiting
from roles.search.models import MissedSearch

EVERY = 10.0  # seconds between two writings
AT_ONCE = 200  # kept in memory; more are not counted until the next writing
ROWS = 2000
FORGOTTEN_AFTER = timedelta(days=180)
LONGEST = 60
# What may say who asked, or be a secret: addresses, telephone numbers, and words as no language has them.
PERSONAL = re.compile(r"[@/\\:]|www\.|(\d\W*){7,}|\w{25,}|(?=\w*\d\w*\d)(?=\w*[^\W\d]\w*[^\W\d])\w{10,}", re.IGNORECASE)

_lock = threading.Lock()
_missed: dict[tuple[str, str], int] = {}
_written = time.monotonic()


def is_counted(query: str) -> bool:
    """Tell whether a query is worth knowing, and says nothing of who asked."""
    return 1 < len(query) <= LONGEST and any(map(str.isalnum, query)) and not PERSONAL.search(query)


def count(query: str, language: str) -> None:
    """Count a query that nothing was found for."""
    words = " ".join(query.lower().split())
    if not is_counted(words):
        return
    with _lock:
        if (language, words) in _missed or len(_missed) < AT_ONCE:
            _missed[language, words] = _missed.get((language, words), 0) + 1
    if time.monotonic() - _written > EVERY:
        flush()


def flush() -> None:
    """Write what has been counted, if the database is free at once; else keep it for the next time."""
    global _written
    with _lock:
        _written = time.monotonic()
        counted = dict(_missed)
        _missed.clear()
    if not counted:
        return
    try:
        with without_waiting(), transaction.atomic():
            _write(counted)
    except Error:
        with _lock:
            for key, number in counted.items():
                _missed[key] = _missed.get(key, 0) + number


def _write(counted: dict[tuple[str, str], int]) -> None:
    """Add to the rows, and make those that are missing. One statement each: two at once are two."""
    table = connection.ops.quote_name(MissedSearch._meta.db_table)
    sql = (
        f"INSERT INTO {table} (language, words, searches, last_seen) VALUES (%s, %s, %s, %s) "  # noqa: S608
        f"ON CONFLICT (language, words) DO UPDATE SET "
        f"searches = {table}.searches + excluded.searches, last_seen = excluded.last_seen"
    )
    today = timezone.localdate()
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(*key, number, today) for key, number in sorted(counted.items())])
    rarest = MissedSearch.objects.order_by("-searches", "-last_seen", "-pk").values_list("pk", flat=True)
    too_many = list(rarest[ROWS : ROWS + 10 * AT_ONCE])
    if too_many:
        MissedSearch.objects.filter(pk__in=too_many).delete()


def forget_old() -> None:
    """Forget what nobody has looked for in half a year."""
    MissedSearch.objects.filter(last_seen__lt=timezone.localdate() - FORGOTTEN_AFTER).delete()
