"""Which errors mean that the database, Redis or the disk is away for a while: worth a 503, and another try (REL-7)."""

import errno
import sqlite3
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.template import loader

from recruitcms import metrics

RETRY_AFTER = 30  # seconds
# Other codes, such as that of a missing table, are faults of ours, which waiting does not mend.
SQLITE_CODES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
DISK_CODES = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def is_outage(error: BaseException | None) -> bool:
    """Tell whether an error says that the database cannot be reached, is locked or full, or that the disk is full.

    With PostgreSQL an OperationalError is always that: server gone, disk full (53100), waited too long for a lock.
    Redis is missed by the sign-in alone, which cannot count without it, and therefore lets nobody in (SEC-10).
    """
    if (redis := sys.modules.get("redis")) and isinstance(error, (redis.ConnectionError, redis.TimeoutError)):
        return True
    if isinstance(error, OSError):
        return error.errno in DISK_CODES
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in SQLITE_CODES  # the rest says more of the same
    return True


def refusal() -> HttpResponse:
    """Return the page that says that trying again helps. It asks the database nothing."""
    metrics.OUTAGES.inc()
    words = loader.render_to_string("503.html", {"LANGUAGE_CODE": "en"})
    return HttpResponse(words, status=503, headers={"Retry-After": str(RETRY_AFTER)})
