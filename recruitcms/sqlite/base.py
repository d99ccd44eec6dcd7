"""Django's SQLite, where whoever waits for the write lock gets a fair chance."""

import random
import sqlite3
import time

from django.db import OperationalError
from django.db.backends.sqlite3 import base

LOOK_AGAIN = (0.002, 0.006)  # seconds


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks for the write lock at even intervals, for as long as the connection's `busy_timeout` says.

    SQLite itself looks ever more rarely, up to ten times a second: whoever has just come is quicker than who has waited
    long, and the lock lies idle meanwhile.
    """

    def _start_transaction_under_autocommit(self) -> None:
        [patience] = self.connection.execute("PRAGMA busy_timeout").fetchone()  # in milliseconds
        waits_until = time.monotonic() + patience / 1000
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            while not self._begin(is_last=time.monotonic() >= waits_until):
                time.sleep(random.uniform(*LOOK_AGAIN))  # noqa: S311  (nothing secret hangs on it)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {patience}")

    def _begin(self, is_last: bool) -> bool:
        """Begin a transaction. Return whether it began; raises OperationalError for a lock that is held at the last."""
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except OperationalError as error:
            if is_last or not is_held(getattr(error.__cause__, "sqlite_errorcode", 0)):
                raise
            return False
        return True


def is_held(code: int) -> bool:
    """Tell whether an error says that another has the lock. What a reader has open itself is not let go by waiting."""
    return code & 0xFF == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT
