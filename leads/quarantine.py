"""Forms that are held for a person to look at: released as if they had just come, or found to be spam.

Held is kept whole (the rows, and the ledger's entries of what was ticked), but nothing is sent, told or counted for it.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from leads import capture, counts, tokens
from leads.models import Submission


@transaction.atomic
def release(submission: Submission) -> bool:
    """Answer a held form as if it had just come; its link to confirm is good from now. Return whether it was held."""
    held = Submission.objects.select_for_update().filter(pk=submission.pk, state=Submission.State.HELD)
    locked = held.select_related("lead").first()
    if locked is None:
        return False
    locked.state = Submission.State.NEW
    if locked.confirm_hash:
        locked.confirm_until = timezone.now() + timedelta(days=tokens.CONFIRM_DAYS)
    locked.save(update_fields=["state", "confirm_until"])
    capture.owe_answers(locked)
    counts.add("submitted", locked.page, locked.cta.name if locked.cta else "")
    return True
