"""What the worker does beside sending mail. Each chore asks itself whether its time has come."""

from datetime import datetime

from leads import anchors, cookies, erasure, feedback, retention
from recruitcms import housekeeping

PAUSE = 600.0  # seconds between two rounds


def run(now: datetime) -> None:
    """Do what is due: retention (CON-17, COO-6), wiping what erasures left in SQLite's log, the anchor (CON-19)."""
    retention.run_daily(now)
    cookies.forget_old(now)
    feedback.forget_old(now)
    housekeeping.run(now)
    erasure.wipe_log()
    anchors.anchor_daily(now)
