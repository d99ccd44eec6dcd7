"""Keeps SQLite's log there for as long as the site is served (REL-7).

With the last connection SQLite deletes its log and shared memory. On a full disk it cannot make them anew, and then not
even a page can be read. So one connection stays open and does nothing. The requests' own connections must close after
each (CONN_MAX_AGE 0): Python's garbage collector finishes another thread's cursors, and where that thread waits for the
write lock inside SQLite, the thread that holds the lock would wait for it in turn.
"""

import contextlib
import sqlite3
import threading
from urllib.parse import quote

from django.db import connection

_kept: list[sqlite3.Connection] = []
_asking = threading.Lock()


def keep_open() -> bool:
    """Open the connection that stays. Return whether there is one: not on other databases, nor before there is a file.

    Called once in each process that serves the site.
    """
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or not name.startswith("/"):
        return False
    with contextlib.suppress(sqlite3.Error):
        kept = sqlite3.connect(f"file:{quote(name)}?mode=rw", uri=True, check_same_thread=False)
        kept.execute("SELECT count(*) FROM sqlite_master").fetchone()  # only now the log is opened
        _kept.append(kept)
    return bool(_kept)


def data_version() -> int | None:
    """Return a number that is another one after each commit of any other connection; None where none is kept open.

    SQLite reads it from the memory that the processes share: a few microseconds.
    """
    if not _kept:
        return None
    with _asking, contextlib.suppress(sqlite3.Error):
        return _kept[0].execute("PRAGMA data_version").fetchone()[0]
    return None
