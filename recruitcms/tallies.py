"""Counting what happens while a page is being answered, which must keep nobody waiting.

So it only adds up in memory. What has been added up is written at most every ten seconds, in one go, and at once or not
at all: where the database is busy it is tried again later. What a process has not written yet when it ends is lost; the
figures are there to find what is missing, not to bill.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Generic, TypeVar

from django.db import Error, connection, transaction
from django.db.models import QuerySet

EVERY = 10.0  # seconds between two writings
AT_ONCE = 200  # keys kept in memory; more are not counted until the next writing

Key = TypeVar("Key", bound=Hashable)


class Tally(Generic[Key]):
    """How often each key was counted since the last writing. `write` adds such counts to the database's."""

    def __init__(self, write: Callable[[Mapping[Key, int]], None]) -> None:
        self.write = write
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget what has not been written."""
        self.counts: dict[Key, int] = {}
        self.written_at = time.monotonic()

    def add(self, key: Key) -> None:
        """Count one more, and write all where it is time to."""
        with self.lock:
            if key in self.counts or len(self.counts) < AT_ONCE:
                self.counts[key] = self.counts.get(key, 0) + 1
        if time.monotonic() - self.written_at > EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what has been counted, if the database is free at once; else keep it for the next time."""
        with self.lock:
            counts = self.counts
            self.clear()
        if not counts:
            return
        try:
            with without_waiting(), transaction.atomic():
                self.write(counts)
        except Error:
            with self.lock:
                for key, number in counts.items():
                    self.counts[key] = self.counts.get(key, 0) + number


@contextmanager
def without_waiting() -> Iterator[None]:
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


def keep_the_first(rows: QuerySet, most: int) -> None:
    """Delete the rows after the first `most` in their order, some hundreds at a time."""
    too_many = list(rows.values_list("pk", flat=True)[most : most + 10 * AT_ONCE])
    if too_many:
        rows.model._default_manager.filter(pk__in=too_many).delete()
