"""Counts per page, call to action and day: what happened, never who (COO-14).

No cookie, no address, no fingerprint, nothing that links two counts. Pages are cached, so views, copies, template
downloads and forms seen are told by static/js/site.js; what is sent and confirmed, and the report
downloaded by our page's button, is counted where it happens.
"""

import re
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from leads.models import PageCount

BOT = re.compile(
    r"bot|crawl|spider|slurp|headless|preview|monitor|scan|curl|wget|python|java/|go-http|okhttp|axios|lighthouse|"
    r"facebookexternalhit|fetch",
    re.IGNORECASE,
)
COLUMNS = ("views", "copies", "downloads", "forms_shown", "submitted", "confirmed")


def is_bot(user_agent: str) -> bool:
    """Tell whether a program says that it is no person's browser; saying nothing counts as that."""
    return not user_agent or BOT.search(user_agent) is not None


def add(column: str, page: str, cta: str = "") -> None:
    """Count one more of something on a page today. One statement, so that two at once are two.

    Raises ValueError for a column that there is not.
    """
    if column not in COLUMNS:
        raise ValueError(column)
    name = connection.ops.quote_name
    table = name(PageCount._meta.db_table)
    zeros = ", ".join("1" if other == column else "0" for other in COLUMNS)
    columns = ", ".join(map(name, ("day", "page", "cta", *COLUMNS)))
    sql = (
        f"INSERT INTO {table} ({columns}) VALUES (%s, %s, %s, {zeros}) "  # noqa: S608  (names from COLUMNS alone)
        f"ON CONFLICT (day, page, cta) DO UPDATE SET {name(column)} = {table}.{name(column)} + 1"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [timezone.localdate(), page[:300], cta[:80]])


def busiest(days: int, limit: int) -> list[dict[str, Any]]:
    """Return the pages with most views of the last days, each with all its counts: [{"page", "views", …}, …]."""
    recent = PageCount.objects.filter(day__gt=timezone.localdate() - timedelta(days=days))
    sums = {column: Sum(column) for column in COLUMNS}
    rows = recent.values("page").annotate(**sums).order_by("-views", "-submitted", "page")
    return [dict(row) for row in rows[:limit]]
