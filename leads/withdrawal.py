"""Withdrawing consent: one press, at once, without a reason (CON-6), with the erasure that some wordings promise."""

from django.db import transaction

from leads import erasure, ledger, suppression, tokens
from leads.models import ConsentEvent, Lead, OutgoingMail, Purpose, Submission

STANDING = {ConsentEvent.State.REQUESTED, ConsentEvent.State.GIVEN}


@transaction.atomic
def withdraw(lead: Lead, purpose_key: str, method: ConsentEvent.Method, actor: str = "subject") -> None:
    """End a person's consent to a purpose: the event, and no more mail for it; erase where the purpose promises so.

    Doing it again changes nothing. A download promised before stays good (CON-10). Raises Purpose.DoesNotExist.
    """
    purpose = Purpose.objects.get(key=purpose_key)
    if not Lead.objects.select_for_update().filter(pk=lead.pk).exists():
        return  # erased between the click and now
    ref = tokens.subject_ref(lead.email_normal)
    last = ledger.last_event(ref, purpose)
    if last and last.state in STANDING:
        ledger.append(ref, last.text, ConsentEvent.State.WITHDRAWN, method, actor=actor)
        suppression.note(lead.email_normal, "withdrawn", purpose_key)
        if purpose.double_opt_in:  # without one a fresh request could not lift it again
            suppression.suppress(lead.email_normal, purpose_key, suppression.Reason.UNSUBSCRIBE)
    mails = OutgoingMail.objects.filter(submission__lead=lead, purpose=purpose, state=OutgoingMail.State.PENDING)
    mails.update(state=OutgoingMail.State.CANCELLED, last_error="Withdrawn.")
    if purpose.erased_on_withdrawal:
        _erase(lead, purpose, method, actor)


@transaction.atomic
def withdraw_all(lead: Lead, method: ConsentEvent.Method, actor: str = "subject") -> None:
    """End all that a person agreed to, or asked for, in one press (CON-6)."""
    ref = tokens.subject_ref(lead.email_normal)
    for purpose in Purpose.objects.all():
        if ledger.current_state(ref, purpose) in STANDING:
            withdraw(lead, purpose.key, method, actor)


def _erase(lead: Lead, purpose: Purpose, method: ConsentEvent.Method, actor: str) -> None:
    """Delete the person's enquiries with their mails, and the person where nothing else is held (§1.2)."""
    enquiries = lead.submissions.filter(kind=Submission.Kind.CONSULTATION)
    erasure.write_erased(lead, [purpose], method, actor)
    erasure.scrub_admin_log(list(enquiries), lead)
    enquiries.delete()
    forget_if_nothing_is_held(lead)


@transaction.atomic
def forget_if_nothing_is_held(lead: Lead) -> None:
    """Delete a person without a submission or a consent: a mere request can no longer be confirmed then.

    The person is locked before we look: a form of theirs that is being kept ends first, or comes after (REL-1).
    """
    if not Lead.objects.select_for_update().filter(pk=lead.pk).exists():
        return
    ref = tokens.subject_ref(lead.email_normal)
    holds_more = any(ledger.is_given(ref, purpose) for purpose in Purpose.objects.all())
    if not holds_more and not lead.submissions.exists():
        erasure.erase(lead, ConsentEvent.Method.SYSTEM, "system", block=False)
