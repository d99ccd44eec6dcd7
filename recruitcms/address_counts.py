"""How often old addresses forward, and what is asked for in vain: counted by address, never by visitor."""

import re
from collections.abc import Mapping
from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from leads.counts import is_bot
from recruitcms.addresses import is_forwardable, normal
from recruitcms.middleware import language_of
from recruitcms.models import MissingAddress, Redirect
from recruitcms.tallies import Tally, keep_the_first

ROWS = 5000
Missing = tuple[str, bool, bool]  # a path, asked for by a robot, linked from a page of ours
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


def is_counted(path: str) -> bool:
    """Tell whether an address that is not there is worth knowing, and says nothing of who asked for it."""
    return is_forwardable(path) and not PROBE.search(path) and not PERSONAL.search(path)


def count_missing(request: HttpRequest) -> None:
    """Count an address that was asked for in vain."""
    path = normal(request.path_info)
    if is_counted(path):
        robot = is_bot(request.headers.get("User-Agent", ""))
        linked = request.headers.get("Referer", "").startswith(f"{request.scheme}://{request.get_host()}/")
        missing.add((path, robot, linked))


def count_forward(path: str) -> None:
    """Count that an old address forwarded."""
    hits.add(path)


def flush() -> None:
    """Write what has been counted, if the database is free at once."""
    missing.flush()
    hits.flush()


def _write_missing(counts: Mapping[Missing, int]) -> None:
    """Add to the rows of addresses, and make those that are missing. One statement each: two at once are two."""
    name = connection.ops.quote_name
    table = name(MissingAddress._meta.db_table)
    sql = (
        f"INSERT INTO {table} (path, language, visits, robots, is_linked_here, last_seen, is_ignored) "  # noqa: S608
        f"VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (path) DO UPDATE SET "
        f"visits = {table}.visits + excluded.visits, robots = {table}.robots + excluded.robots, "
        f"is_linked_here = {table}.is_linked_here OR excluded.is_linked_here, last_seen = excluded.last_seen"
    )
    today = timezone.localdate()
    rows = [
        (path, language_of(path), 0 if robot else number, number if robot else 0, linked, today, False)
        for (path, robot, linked), number in sorted(counts.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)
    # The rarest go first, and of those the oldest.
    keep_the_first(MissingAddress.objects.order_by("-is_ignored", "-visits", "-robots", "-last_seen", "-pk"), ROWS)


def _write_hits(counts: Mapping[str, int]) -> None:
    for path, number in sorted(counts.items()):
        Redirect.objects.filter(old_path=path).update(hits=F("hits") + number, last_hit=timezone.localdate())


missing, hits = Tally(_write_missing), Tally(_write_hits)


def forget_old() -> None:
    """Forget addresses that nobody has asked for in half a year; those that are ignored as well."""
    MissingAddress.objects.filter(last_seen__lt=timezone.localdate() - FORGOTTEN_AFTER).delete()
