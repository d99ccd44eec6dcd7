"""What the worker does beside sending mail. Each chore asks itself whether its time has come."""

from datetime import datetime

from leads import anchors

PAUSE = 600.0  # seconds between two rounds


def run(now: datetime) -> None:
    """Do what is due: the ledger's daily anchor (CON-19)."""
    anchors.anchor_daily(now)
