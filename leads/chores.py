"""What the worker does beside sending mail. Each chore asks itself whether its time has come."""

from datetime import datetime

from leads import anchors, erasure

PAUSE = 600.0  # seconds between two rounds


def run(now: datetime) -> None:
    """Do what is due: the ledger's daily anchor (CON-19), and wiping what erasures left in SQLite's log (CON-13)."""
    erasure.wipe_log()
    anchors.anchor_daily(now)
