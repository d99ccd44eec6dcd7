"""Is it alive, is it well: two addresses for whoever watches the site. No personal data, nothing cached (REL-10).

`/healthz` answers as long as the process does, and asks nobody: restart and route by it. `/readyz` looks at everything
that mail and forms need, and answers 503 when something is wrong: be woken by it. A mail server that is down makes it
503 too, while pages and forms work; do not take the site away for that.
"""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from leads import outbox, pauses
from leads.models import OutboxState

LATE = timedelta(hours=1)  # mail that is owed for longer is an alarm (REL-4)
SILENT = timedelta(minutes=10)  # a worker without a heartbeat for so long is gone
DISK_LEAST = 200 * 1024 * 1024  # bytes
KEPT = 5  # seconds that an answer is given again: whoever asks all the time costs nothing
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@dataclass
class Answer:
    """What was found last, and when by the clock that never jumps."""

    found: dict[str, Any]
    at: float


_asking = threading.Lock()
_last = Answer({"ready": False, "database": "being asked"}, float("-inf"))


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process lives."""
    return JsonResponse({"alive": True}, headers=HEADERS)


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say what is wrong: {"ready", "database", "mail", "queue", "worker", "disk", …}; 503 where something is.

    One asks at a time: the others get the last answer, so that a database that is stuck takes one thread, not all.
    """
    if _asking.acquire(blocking=False):
        try:
            if time.monotonic() - _last.at > KEPT:
                _last.found, _last.at = report(timezone.now()), time.monotonic()
        finally:
            _asking.release()
    return JsonResponse(_last.found, status=200 if _last.found["ready"] else 503, headers=HEADERS)


def report(now: datetime) -> dict[str, Any]:
    """Return what each part says, "ok" or what is wrong with it, and the figures behind it."""
    said: dict[str, Any] = {"database": database(), "disk": disk()}
    if said["database"] == "ok":
        age = outbox.oldest_owed(now)
        state = OutboxState.get()
        said |= {"mail": mail(age), "worker": worker(state, now), "queue": queue()}
        said["oldest_mail_seconds"] = int(age.total_seconds())
    parts = ("database", "disk", "mail", "worker", "queue")
    return {"ready": all(said.get(part) == "ok" for part in parts)} | said


def database() -> str:
    """Write, and take it back: a database that is full, locked or read-only can still be read. Waits a second."""
    try:
        with patience(1), transaction.atomic():
            OutboxState.kept()
            OutboxState.objects.filter(pk=1).update(beat_at=F("beat_at"))
            transaction.set_rollback(True)
    except DatabaseError:
        return "cannot be written"
    return "ok"


@contextmanager
def patience(seconds: int) -> Iterator[None]:
    """Let this connection wait for a lock for so long only."""
    sqlite = connection.vendor == "sqlite"
    usual = 1000 * int(connection.settings_dict["OPTIONS"].get("timeout", 5)) if sqlite else 0
    setting = "PRAGMA busy_timeout = {}" if sqlite else "SET lock_timeout = {}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')" if not sqlite else "PRAGMA busy_timeout")
        before = cursor.fetchone()[0]
        cursor.execute(setting.format(1000 * seconds))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(setting.format(usual or f"'{before}'"))


def mail(age: timedelta) -> str:
    return "late" if age > LATE else "ok"


def worker(state: OutboxState, now: datetime) -> str:
    if state.beat_at is None:
        return "never seen"
    return "silent" if now - state.beat_at > SILENT else "ok"


def queue() -> str:
    """Name the stage at which the mail server refuses us, as long as mail waits; its words stand in the log."""
    refusal = pauses.refusal()
    return f"paused: {refusal.paused_at}" if refusal else "ok"


def disk() -> str:
    return "nearly full" if shutil.disk_usage(settings.DATA_DIR).free < DISK_LEAST else "ok"
