"""Who is at the site on this machine: web processes, workers and backups, which a restore must not meet (REL-9).

Each holds a lock on DATA_DIR for as long as it lives, however it ends; a restore takes it for itself. Connections do
not tell: on SQLite a worker has none between two rounds.
"""

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator

from django.conf import settings

log = logging.getLogger(__name__)


class InUseError(Exception):
    """Somebody else is at work; the words say who is to be stopped."""


def hold() -> None:
    """Be known to be at the site until this process ends. Raises InUseError while a restore is under way."""
    try:
        _lock(fcntl.LOCK_SH)  # never closed
    except BlockingIOError:
        raise InUseError("A restore is under way: start again when it has ended.") from None
    except OSError as error:  # a file system without locks: serve all the same
        log.warning("%s cannot be locked, so a restore cannot see that we run: %s", settings.DATA_DIR, error.strerror)


@contextlib.contextmanager
def nobody_else() -> Iterator[None]:
    """Let nobody run the site meanwhile. Raises InUseError where somebody does."""
    try:
        lock = _lock(fcntl.LOCK_EX)
    except BlockingIOError:
        raise InUseError(
            "The site is running, or a backup or another restore is: stop its web processes and workers first "
            "(systemctl stop 'recruitcms-web@*' 'recruitcms-worker@*'; docker compose stop web1 web2 worker; "
            "or Ctrl-C where make run or make dev was said)."
        ) from None
    try:
        yield
    finally:
        os.close(lock)


def _lock(kind: int) -> int:
    """Lock DATA_DIR itself, which is always there and nobody's file. Raises BlockingIOError where another has it."""
    folder = os.open(settings.DATA_DIR, os.O_RDONLY)
    try:
        fcntl.flock(folder, kind | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        raise
    return folder
