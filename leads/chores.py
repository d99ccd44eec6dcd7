"""What the worker does beside sending mail. Each chore asks itself whether its time has come."""

import logging
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import partial

from leads import anchors, cookies, erasure, feedback, retention
from recruitcms import housekeeping

log = logging.getLogger(__name__)
PAUSE = 600.0  # seconds between two rounds


def run(now: datetime) -> list[str]:
    """Do what is due: retention (CON-17, COO-6), wiping what erasures left in SQLite's log, the anchor (CON-19).

    One that fails holds up none behind it. Return the names of those that failed; the log says where.
    """
    chores: dict[str, Callable[[], object]] = {
        "retention": partial(retention.run_daily, now),
        "cookies": partial(cookies.forget_old, now),
        "feedback": partial(feedback.forget_old, now),
        "wiping": erasure.wipe_log,
        "anchor": partial(anchors.anchor_daily, now),
        **housekeeping.chores(now),
    }
    return [name for name, chore in chores.items() if not _is_done(name, chore)]


def _is_done(name: str, chore: Callable[[], object]) -> bool:
    try:
        chore()
    except Exception as error:
        log.error("A chore failed, %s: %s\n%s", name, type(error).__name__, where(error))
        return False
    return True


def where(error: Exception) -> str:
    """Return the places an error passed, without its message, which may hold an address (SEC-22)."""
    return "".join(traceback.format_tb(error.__traceback__))
