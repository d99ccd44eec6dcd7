"""SQLite where it serves a site: what stays open, and what may not happen meanwhile (REL-7).

With the last connection SQLite deletes its log and shared memory. On a full disk it cannot make them anew, and then not
even a page can be read. So one connection stays open in each process, and does nothing but tell what has changed.

Threads keep theirs too: opening one reads the whole schema, which takes as long as a third of a page. But then Python's
garbage collector must not run wherever it likes: it would finish a cursor of a thread that waits for the write lock
inside SQLite, in the thread that holds that lock, and each would wait for the other. So a thread that holds nothing
collects for all.
"""

import contextlib
import gc
import sqlite3
import threading
import time
from urllib.parse import quote

from django.db import connection

CONNECTION_SECONDS = 60
COLLECT_EACH, COLLECT_ALL_EACH = 0.1, 5.0  # seconds

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


def keep_connections() -> None:
    """Let each thread keep its connection from one request to the next, and one more collect the garbage of all."""
    connection.settings_dict["CONN_MAX_AGE"] = CONNECTION_SECONDS  # all threads share these settings
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    all_at = time.monotonic() + COLLECT_ALL_EACH
    while True:
        time.sleep(COLLECT_EACH)
        if time.monotonic() > all_at:
            gc.collect()
            all_at = time.monotonic() + COLLECT_ALL_EACH
        elif gc.get_count()[0] > gc.get_threshold()[0]:
            gc.collect(1)


def data_version() -> int | None:
    """Return a number that is another one after each commit of any other connection; None where none is kept open.

    SQLite reads it from the memory that the processes share: a few microseconds.
    """
    if not _kept:
        return None
    with _asking, contextlib.suppress(sqlite3.Error):
        return _kept[0].execute("PRAGMA data_version").fetchone()[0]
    return None
