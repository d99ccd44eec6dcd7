"""Double opt-in: the link in the mail opens a page with one button, and the button confirms (CON-8, §3)."""

from django.db import transaction
from django.utils import timezone

from leads import counts, ledger, outbox, suppression, tokens
from leads.models import ConsentEvent, OutgoingMail, Purpose, Submission


def find(token: str) -> Submission | None:
    """Return the submission of a confirm link; None for an unknown or an expired one."""
    current = Submission.objects.filter(confirm_hash=tokens.confirm_hash(token), confirm_until__gt=timezone.now())
    return current.select_related("lead", "report").first()


def awaiting(submission: Submission) -> list[ConsentEvent]:
    """Return what a submission asked for and its person has not withdrawn since, one event for each purpose."""
    asked = ConsentEvent.objects.requested_by(submission.public_id)
    ref = tokens.subject_ref(submission.lead.email_normal)
    return [
        event
        for event in asked.select_related("text__purpose", "purpose", "payload").order_by("seq")
        if ledger.current_state(ref, event.purpose) != ConsentEvent.State.WITHDRAWN
    ]


@transaction.atomic
def confirm(submission: Submission) -> None:
    """Write `given` for what the submission asked for, and owe what was promised for it.

    A second press changes nothing (EML-6): the row is locked, and `confirmed_at` says that it happened.
    """
    locked = Submission.objects.select_for_update().select_related("lead").get(pk=submission.pk)
    if not locked.confirmed_at:
        asked = awaiting(locked)
        given = _give(locked, asked)
        locked.confirmed_at = timezone.now()
        locked.save(update_fields=["confirmed_at"])
        _keep_name(locked)
        _owe_what_was_promised(locked, given)
        counts.add("confirmed", locked.page, locked.cta.name if locked.cta else "")
    submission.confirmed_at = locked.confirmed_at


def _give(submission: Submission, asked: list[ConsentEvent]) -> list[ConsentEvent]:
    """Write `given` where it is not given already. Return the new events."""
    given = []
    asked_by = submission.mails.filter(kind=OutgoingMail.Kind.CONFIRM).order_by("-pk").first()
    ref = tokens.subject_ref(submission.lead.email_normal)
    for event in asked:
        if not ledger.is_given(ref, event.purpose):
            new = ledger.append(
                ref,
                event.text,
                ConsentEvent.State.GIVEN,
                ConsentEvent.Method.MAIL_BUTTON,
                origin=ledger.Origin(
                    form=submission.public_id,
                    page=event.payload.page,
                    gate_mode=event.gate_mode,
                    message_id=asked_by.message_id if asked_by else "",
                    smtp_reply=asked_by.smtp_reply if asked_by else "",
                ),
                idem_key=f"confirm:{submission.public_id}:{event.purpose_id}",
            )
            given.append(new)
            suppression.lift(submission.lead.email_normal, event.purpose_id)
    return given


def _owe_what_was_promised(submission: Submission, new: list[ConsentEvent]) -> None:
    """Owe the report where one was asked for and may be mailed, else a welcome to whoever is new to the letter."""
    ref = tokens.subject_ref(submission.lead.email_normal)
    purpose = Purpose.objects.filter(key="report").first()
    if submission.kind == Submission.Kind.REPORT and purpose and ledger.is_given(ref, purpose):
        outbox.owe(OutgoingMail.Kind.REPORT, submission, purpose)
    else:
        for event in new:
            outbox.owe(OutgoingMail.Kind.WELCOME, submission, event.purpose)


def _keep_name(submission: Submission) -> None:
    """Believe a name once the address's owner stands behind it; an empty one never replaces a known one."""
    if submission.name and submission.name != submission.lead.name:
        submission.lead.name = submission.name
        submission.lead.save(update_fields=["name"])
