"""Forms that are held for a person to look at: released as if they had just come, or found to be spam.

Held is kept whole (the rows, and the ledger's entries of what was ticked), but nothing is sent, told or counted for it.
Meta is not told of a released one either: its visitor's browser, whose choice would have to be asked, is gone.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from leads import capture, tokens
from leads.models import Submission

State = Submission.State


def is_held(submission: Submission) -> bool:
    """Tell whether a form waits for somebody to look at it, or was called spam then, which may have been a mistake."""
    return submission.state == State.HELD or (submission.state == State.SPAM and bool(submission.held_because))


@transaction.atomic
def release(submission: Submission) -> bool:
    """Answer a held form as if it had just come; its link to confirm is good from now. Return whether it was held."""
    locked = Submission.objects.select_for_update().select_related("lead").filter(pk=submission.pk).first()
    if locked is None or not is_held(locked):
        return False
    now = timezone.now()
    locked.state, locked.state_since, locked.held_because = State.NEW, now, ""
    if locked.confirm_hash:
        locked.confirm_until = now + timedelta(days=tokens.CONFIRM_DAYS)
    locked.save(update_fields=["state", "state_since", "held_because", "confirm_until"])
    capture.owe_answers(locked)
    capture.count_sent(locked)
    return True
