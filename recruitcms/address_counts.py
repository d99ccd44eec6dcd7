"""How often old addresses forward, and what is asked for in vain: counted by address, never by visitor.

Counting happens while a page is being answered, so it only adds up in memory. What has been added up is written at most
every ten seconds, in one go, and at once or not at all: a busy database keeps nobody waiting, it is tried again later.
What a process has not written yet when it ends is lost; the figures are there to find broken links, not to bill.
"""

import re
import threading
import time
from collections.abc import Iterable
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import Error, connection, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from leads.counts import is_bot
from recruitcms.addresses import is_forwardable, normal
from recruitcms.middleware import language_of
from recruitcms.models import MissingAddress, Redirect

EVERY = 10.0  # seconds between two writings
AT_ONCE = 200  # addresses kept in memory; more are not counted until the next writing
ROWS = 5000
FORGOTTEN_AFTER = timedelta(days=180)
# What programs try in search of a way in, or ask every site for. Nobody is helped by a forward from there.
PROBE = re.compile(
    r"^/(static/|favicon\.ico$|apple-touch-icon[\w-]*\.png$|browserconfig\.xml$|(ads|app-ads|humans|security|llms)\.txt$)|"
    r"\.(php\d?|aspx?|jsp|cgi|env|git|sql|bak|old|ini|ya?ml|sh|exe|dll|zip|tar|gz|rar|log|conf|pem|key)(/|$)|/\.|"
    r"/(wp-(admin|login|includes|json|cron|config)|xmlrpc|cgi-bin|phpmyadmin|pma|vendor|actuator|autodiscover|owa)(/|\.|$)"
)
# What may say who asked: a mail address, a telephone number, words as long as a token, or a page that takes one.
PERSONAL = re.compile(
    r"@|:|[^/-]{40,}|\d{7,}|[0-9a-f]{24,}|/(reset|unsubscribe|confirm|verify|activate|token|invite)[/-].", re.IGNORECASE
)

_lock = threading.Lock()
_missing: dict[str, list[int]] = {}  # path → [by people, by robots, whether linked here]
_hits: dict[str, int] = {}
_written = time.monotonic()


def is_counted(path: str) -> bool:
    """Tell whether an address that is not there is worth knowing, and says nothing of who asked for it."""
    return is_forwardable(path) and not PROBE.search(path) and not PERSONAL.search(path)


def count_missing(request: HttpRequest) -> None:
    """Count an address that was asked for in vain."""
    path = normal(request.path_info)
    if not is_counted(path):
        return
    robot = is_bot(request.headers.get("User-Agent", ""))
    linked = request.headers.get("Referer", "").startswith(f"{request.scheme}://{request.get_host()}/")
    with _lock:
        if path in _missing or len(_missing) < AT_ONCE:
            counted = _missing.setdefault(path, [0, 0, 0])
            counted[robot] += 1
            counted[2] |= linked
    _flush_sometimes()


def count_forward(path: str) -> None:
    """Count that an old address forwarded."""
    with _lock:
        if path in _hits or len(_hits) < AT_ONCE:
            _hits[path] = _hits.get(path, 0) + 1
    _flush_sometimes()


def _flush_sometimes() -> None:
    if time.monotonic() - _written > EVERY:
        flush()


def flush() -> None:
    """Write what has been counted, if the database is free at once; else keep it for the next time."""
    global _written
    with _lock:
        _written = time.monotonic()
        missing, hits = dict(_missing), dict(_hits)
        _missing.clear()
        _hits.clear()
    if not missing and not hits:
        return
    try:
        with without_waiting(), transaction.atomic():
            _write(missing, hits)
    except Error:
        _keep(missing, hits)


def _keep(missing: dict[str, list[int]], hits: dict[str, int]) -> None:
    with _lock:
        for path, counts in missing.items():
            new = _missing.get(path, [0, 0, 0])
            _missing[path] = [counts[0] + new[0], counts[1] + new[1], counts[2] | new[2]]
        for path, number in hits.items():
            _hits[path] = _hits.get(path, 0) + number


@contextmanager
def without_waiting() -> Any:
    """Let a statement that would have to wait for a lock fail instead."""
    if connection.vendor == "sqlite":
        seconds = float(connection.settings_dict["OPTIONS"].get("timeout", 5))
        say = "PRAGMA busy_timeout = {}"
        before, after = say.format(0), say.format(round(seconds * 1000))
    else:
        before, after = "SET lock_timeout = '50ms'", "RESET lock_timeout"
    with connection.cursor() as cursor:
        cursor.execute(before)
        try:
            yield
        finally:
            cursor.execute(after)


def _write(missing: dict[str, list[int]], hits: dict[str, int]) -> None:
    today = timezone.localdate()
    for path, number in hits.items():
        Redirect.objects.filter(old_path=path).update(hits=F("hits") + number, last_hit=today)
    if missing:
        _add(missing.items(), today)
        _keep_bounded()


def _add(missing: Iterable[tuple[str, list[int]]], today: Any) -> None:
    """Add to the rows of addresses, and make those that are missing. One statement each: two at once are two."""
    name = connection.ops.quote_name
    table = name(MissingAddress._meta.db_table)
    sql = (
        f"INSERT INTO {table} (path, language, visits, robots, is_linked_here, last_seen, is_ignored) "  # noqa: S608
        f"VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (path) DO UPDATE SET "
        f"visits = {table}.visits + excluded.visits, robots = {table}.robots + excluded.robots, "
        f"is_linked_here = {table}.is_linked_here OR excluded.is_linked_here, last_seen = excluded.last_seen"
    )
    rows = [
        (path, language_of(path), people, robots, bool(linked), today, False)
        for path, (people, robots, linked) in sorted(missing)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)


def _keep_bounded() -> None:
    """Let go of the rarest addresses, the oldest of them first, where there are too many."""
    by_worth = MissingAddress.objects.order_by("-is_ignored", "-visits", "-robots", "-last_seen", "-pk")
    too_many = list(by_worth.values_list("pk", flat=True)[ROWS : ROWS + 10 * AT_ONCE])
    if too_many:
        MissingAddress.objects.filter(pk__in=too_many).delete()


def forget_old() -> None:
    """Forget addresses that nobody has asked for in half a year; those that are ignored as well."""
    MissingAddress.objects.filter(last_seen__lt=timezone.localdate() - FORGOTTEN_AFTER).delete()
