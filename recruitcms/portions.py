"""Going through a table while writing."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

PORTION = 500


def in_portions(rows: QuerySet[Any]) -> Iterator[Any]:
    """Yield all rows by their keys, read a portion at a time, so that a million of them fit.

    Not `QuerySet.iterator`: its cursor stays open meanwhile, and on SQLite whoever reads the state of then cannot write
    once anybody else has (SQLITE_BUSY_SNAPSHOT, which no waiting ends).
    """
    ordered, last = rows.order_by("pk"), 0
    while portion := list(ordered.filter(pk__gt=last)[:PORTION]):
        last = portion[-1].pk  # before somebody deletes the row, and Django forgets its key
        yield from portion
