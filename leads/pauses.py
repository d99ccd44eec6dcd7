"""The outbox as a whole: a worker's heartbeat, and the pause while no mail can leave through a fault of ours (EML-14).

The pause ends by itself: after a while one mail is tried, and a longer pause follows where that fails too.
"""

import logging
import random
from datetime import datetime, timedelta

from django.db.models import F, Q

from leads.models import OutboxState, OutgoingMail

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
BEAT = timedelta(seconds=15)  # between two heartbeats: each is a write


def beat(now: datetime) -> None:
    """Leave a heartbeat, where the last one is some seconds old."""
    state = OutboxState.kept()
    if state.beat_at is None or abs(now - state.beat_at) >= BEAT:
        OutboxState.objects.filter(pk=1).update(beat_at=now)


def may_send(now: datetime) -> bool:
    """Tell whether mail may leave now."""
    state = OutboxState.get()
    return state.paused_until is None or state.paused_until <= now or _clock_went_back(state, now)


def refusal() -> OutboxState | None:
    """Return the pause where the mail server refuses us and mail waits for that to end; None where it may leave."""
    state = OutboxState.get()
    return state if state.pauses and OutgoingMail.objects.filter(state=OutgoingMail.State.PENDING).exists() else None


def _clock_went_back(state: OutboxState, now: datetime) -> bool:
    """Tell whether a pause ends later than any pause can: the clock was wrong when it began."""
    return state.paused_until is not None and state.paused_until - now > LONGEST_PAUSE * 2


def pause(now: datetime, stage: str, answer: str) -> None:
    """Hold all mail, longer each time in a row, and tell whoever reads the log. A pause that runs is left alone."""
    wait = wait_after(OutboxState.kept().pauses)
    not_paused = Q(paused_until=None) | Q(paused_until__lte=now)
    begun = OutboxState.objects.filter(not_paused, pk=1).update(
        paused_until=now + wait, paused_at=stage, paused_for=answer[:300], pauses=F("pauses") + 1
    )
    if begun:
        log.error("All mail waits for %d seconds: the mail server refuses us (%s): %s", wait.seconds, stage, answer)


def wait_after(pauses: int) -> timedelta:
    """Return how long to pause after so many pauses in a row: twice as long each time, up to half an hour."""
    wait = min(FIRST_PAUSE * 2 ** min(pauses, 10), LONGEST_PAUSE)
    return wait * random.uniform(0.8, 1.2)  # noqa: S311  (nothing secret)


def end() -> None:
    """Note that the mail server listens to us again."""
    if not OutboxState.get().pauses:  # asked first, since this runs after each mail
        return
    ended = OutboxState.objects.filter(pk=1, pauses__gt=0).update(
        paused_until=None, paused_at="", paused_for="", pauses=0
    )
    if ended:
        log.warning("Mail leaves again.")
