"""Retention that runs: what is kept no longer than its purpose says, and what goes is written down (CON-16, CON-17).

`due` says what would go, `run` lets it go, each in a transaction of its own, and keeps a count for each rule.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads import erasure, ledger, mail_files, tokens
from leads.models import (
    ConsentEvent,
    ConsentPayload,
    Lead,
    OutboxState,
    OutgoingMail,
    Purpose,
    RetentionRun,
    Submission,
)
from recruitcms.portions import in_portions

State, Method = ConsentEvent.State, ConsentEvent.Method
ENDED = {State.REFUSED, State.WITHDRAWN, State.EXPIRED, State.INVALIDATED, State.ERASED}
AFTER_END = timedelta(days=30)  # submissions of a purpose that was withdrawn or has expired
MAIL_DAYS = 30
SPAM_DAYS = 30
MONTH = timedelta(days=30.44)
EVERY = timedelta(hours=23)


def in_words(purpose: Purpose) -> str:
    """Return for how long a purpose's data is kept, in the active language: the numbers that `due` acts on (CON-18)."""
    months = ngettext(
        "At most %(count)d month after the last contact.",
        "At most %(count)d months after the last contact.",
        purpose.keep_months,
    )
    sentences = [months % {"count": purpose.keep_months}, _after_withdrawal(purpose)]
    if purpose.double_opt_in:
        unconfirmed = ngettext(
            "A request that nobody confirms is deleted after %(count)d day.",
            "A request that nobody confirms is deleted after %(count)d days.",
            purpose.unconfirmed_days,
        )
        sentences.append(unconfirmed % {"count": purpose.unconfirmed_days})
    return " ".join([*sentences, _proof(purpose)])


def _after_withdrawal(purpose: Purpose) -> str:
    if purpose.erased_on_withdrawal:
        return _("Deleted at once when consent is withdrawn.")
    days = AFTER_END.days
    return ngettext("Deleted %(count)d day after a withdrawal.", "Deleted %(count)d days after a withdrawal.", days) % {
        "count": days
    }


def _proof(purpose: Purpose) -> str:
    return ngettext(
        "Proof of consent, with a code in place of the address, is kept until the end of the next calendar year.",
        "Proof of consent, with a code in place of the address, is kept until the end of the calendar year %(count)d "
        "years later.",
        purpose.proof_years,
    ) % {"count": purpose.proof_years}


@dataclass(frozen=True)
class Due:
    """One thing whose time is over: by which rule, what (never who), and how it goes."""

    rule: str
    what: str
    go: Callable[[], object]


def run_daily(now: datetime) -> Counter[str] | None:
    """Run when the last run is about a day old; None when it is too soon. Called by the worker.

    A run of tomorrow or later was made while the clock was wrong, and puts off none (REL-6). The run is written down
    before it begins: of several workers one does it.
    """
    with transaction.atomic():
        OutboxState.objects.select_for_update().get(pk=OutboxState.kept().pk)
        if RetentionRun.objects.filter(at__gt=now - EVERY, at__lt=now + EVERY).exists():
            return None
        this = RetentionRun.objects.create(at=now)
    return _run(this)


def run(now: datetime) -> Counter[str]:
    """Let everything go whose time is over. Return how many by rule, and keep that as a log (CON-17)."""
    return _run(RetentionRun.objects.create(at=now))


def _run(this: RetentionRun) -> Counter[str]:
    gone: Counter[str] = Counter()
    try:
        for one in due(this.at):
            with transaction.atomic():
                one.go()
            gone[one.rule] += 1
    except Exception:
        this.delete()  # so that the next round tries again
        raise
    this.counts = dict(gone)
    this.save(update_fields=["counts"])
    return gone


def due(now: datetime) -> Iterator[Due]:
    """Yield what goes at a moment. What goes because other things went is found by asking again, or the next day."""
    for purpose in Purpose.objects.all():
        yield from _consents(purpose, now)
    yield from _spam(now)
    yield from _submissions(now)
    yield from _people()
    yield from _mails(now)
    yield from _proofs(now)


def _consents(purpose: Purpose, now: datetime) -> Iterator[Due]:
    """Requests that were never confirmed, and consents older than the purpose keeps them: they expire."""
    shortest = min(timedelta(days=purpose.unconfirmed_days), purpose.keep_months * MONTH)
    old = _refs(_newest(purpose).exclude(state__in=ENDED).filter(occurred_at__lte=now - shortest))
    for lead in in_portions(Lead.objects.all()) if old else ():
        ref = tokens.subject_ref(lead.email_normal)
        if ref not in old:
            continue
        last = ledger.last_event(ref, purpose)
        if last is None or last.state in ENDED:
            continue
        if last.state == State.REQUESTED and not ledger.is_given(ref, purpose):
            over, rule = last.occurred_at + timedelta(days=purpose.unconfirmed_days), "unconfirmed"
        else:
            over, rule = _last_contact(lead, last) + purpose.keep_months * MONTH, "too old"
        if over <= now:
            yield Due(rule, f"{purpose.key}, entry {last.seq}", partial(_expire, ref, last, now))


def _newest(purpose: Purpose) -> QuerySet[ConsentEvent]:
    """Return the newest entries on a purpose, one for each person."""
    newest = ConsentPayload.objects.filter(event__purpose=purpose).values("subject_ref").annotate(seq=Max("event__seq"))
    return ConsentEvent.objects.filter(seq__in=newest.values("seq"))


def _refs(entries: QuerySet[ConsentEvent]) -> set[str]:
    """Return whose entries they are: few people are over, and only these are looked at one by one."""
    return set(entries.values_list("payload__subject_ref", flat=True))


def _last_contact(lead: Lead, last: ConsentEvent) -> datetime:
    """Return when the person last sent something or decided, or had a mail of ours."""
    sent = OutgoingMail.objects.filter(submission__lead=lead).aggregate(at=Max("sent_at"))["at"]
    wrote = lead.submissions.aggregate(at=Max("created_at"))["at"]
    return max(moment for moment in (last.occurred_at, sent, wrote) if moment)


def _expire(ref: str, last: ConsentEvent, now: datetime) -> None:
    """Write that a consent expired, unless the person decided anew, or another worker wrote it, since it was read."""
    ledger.take_turn()
    if ledger.last_event(ref, last.purpose) == last:
        ledger.append(ref, last.text, State.EXPIRED, Method.SYSTEM, actor="system", occurred_at=now)


def _submissions(now: datetime) -> Iterator[Due]:
    """Submissions for whose purpose nothing is held any more: at once where the wording says so, else after 30 days."""
    purposes = list(Purpose.objects.all())
    ended = {ref for purpose in purposes for ref in _refs(_newest(purpose).filter(state__in=ENDED))}
    for submission in in_portions(Submission.objects.select_related("lead")) if ended else ():
        if tokens.subject_ref(submission.lead.email_normal) in ended and _is_over(submission, purposes, now):
            yield Due("submission", submission.reference, partial(_delete_ended, submission, purposes, now))


def _is_over(submission: Submission, purposes: list[Purpose], now: datetime) -> bool:
    if submission.state == Submission.State.HELD:  # somebody was promised that one of us reads it
        return False
    ref = tokens.subject_ref(submission.lead.email_normal)
    asked = ConsentEvent.objects.of_form(submission.public_id).values_list("purpose_id", flat=True)
    keys = {*asked, submission.kind}
    last = [ledger.last_event(ref, purpose) for purpose in purposes if purpose.key in keys]
    known = [event for event in last if event]
    if not known or any(event.state not in ENDED for event in known):
        return False
    at_once = all(event.purpose.erased_on_withdrawal or event.state == State.EXPIRED for event in known)
    return max(event.occurred_at for event in known) + (timedelta() if at_once else AFTER_END) <= now


def _delete_ended(listed: Submission, purposes: list[Purpose], now: datetime) -> None:
    """Delete a submission that is over still: its person may have agreed anew since it was listed.

    The person first and then the ledger's turn, as confirming and withdrawing have it: neither waits for the other.
    """
    submission = Submission.objects.select_for_update().select_related("lead").filter(pk=listed.pk).first()
    ledger.take_turn()
    if submission and _is_over(submission, purposes, now):
        _delete_submission(submission)


def _spam(now: datetime) -> Iterator[Due]:
    """What staff called spam, 30 days after they did: what it pretended to agree to is declared invalid."""
    before = now - timedelta(days=SPAM_DAYS)
    for submission in Submission.objects.filter(state=Submission.State.SPAM, state_since__lte=before):
        yield Due("spam", submission.reference, partial(_delete_spam, submission, before, now))


def _delete_spam(listed: Submission, before: datetime, now: datetime) -> None:
    """Delete what is spam still: staff may have released it since it was listed."""
    spam = Submission.objects.filter(pk=listed.pk, state=Submission.State.SPAM, state_since__lte=before)
    submission = spam.select_for_update().select_related("lead").first()
    if submission is None:
        return
    ref = tokens.subject_ref(submission.lead.email_normal)
    is_person = bool(submission.confirmed_at)  # whoever pressed the button in our mail
    for purpose in Purpose.objects.none() if is_person else Purpose.objects.all():
        last = ledger.last_event(ref, purpose)
        if last and last.payload.form == submission.public_id and last.state not in ENDED:
            ledger.append(ref, last.text, State.INVALIDATED, Method.SYSTEM, actor="system", occurred_at=now)
    _delete_submission(submission)


def _delete_submission(submission: Submission) -> None:
    erasure.scrub_admin_log([submission], submission.lead)
    submission.delete()


def _people() -> Iterator[Due]:
    """People with no submission left, and nothing given or asked for."""
    from leads import withdrawal  # it imports erasure, as this does

    for lead in in_portions(Lead.objects.filter(submissions=None)):
        forget = partial(withdrawal.forget_if_nothing_is_held, lead)
        ref = tokens.subject_ref(lead.email_normal)
        if not any(ledger.current_state(ref, purpose) in withdrawal.STANDING for purpose in Purpose.objects.all()):
            yield Due("person", f"person {lead.public_id[:8]}", forget)


def _mails(now: datetime) -> Iterator[Due]:
    """Mails that left, or never will, and their files, after 30 days."""
    before = now - timedelta(days=MAIL_DAYS)
    ended = [OutgoingMail.State.SENT, OutgoingMail.State.CANCELLED, OutgoingMail.State.DEAD]
    for mail in in_portions(OutgoingMail.objects.filter(state__in=ended, created_at__lte=before)):
        if (mail.sent_at or mail.created_at) <= before:
            yield Due("mail", f"mail {mail.pk}", mail.delete)
    for name in mail_files.names():
        path = Path(settings.MAIL_DIR) / name
        if _is_older(path, before):
            yield Due("mail file", name, partial(path.unlink, missing_ok=True))


def _is_older(path: Path, moment: datetime) -> bool:
    """Tell whether a file is there and older; another worker may have deleted it since it was listed."""
    try:
        return path.stat().st_mtime <= moment.timestamp()
    except FileNotFoundError:
        return False


def _proofs(now: datetime) -> Iterator[Due]:
    """Details of what has ended, at the end of the year some years later: the proof is needed no longer (CON-16)."""
    for purpose in Purpose.objects.all():
        payloads = ConsentPayload.objects.filter(event__purpose=purpose)
        # Only people whose newest entry is old enough to matter are looked at one by one.
        old = payloads.values("subject_ref").annotate(last=Max("event__occurred_at"))
        for row in old.filter(last__lte=now - purpose.proof_years * timedelta(days=365)):
            last = ledger.last_event(row["subject_ref"], purpose)
            if last and last.state in ENDED and proof_until(last.occurred_at, purpose.proof_years) < now:
                yield Due("proof", f"{purpose.key}, up to entry {last.seq}", partial(_drop_proof, last))


def proof_until(ended: datetime, years: int) -> datetime:
    """Return the end of the calendar year so many years after a consent ended, in local time."""
    year = timezone.localtime(ended).year + years + 1
    return timezone.make_aware(datetime(year, 1, 1))  # noqa: DTZ001  (made aware at once)


def _drop_proof(last: ConsentEvent) -> None:
    """Delete a person's details for a purpose, and name the entries in one of their own, without a person (I5)."""
    payloads = ConsentPayload.objects.filter(subject_ref=last.payload.subject_ref, event__purpose=last.purpose)
    gone = list(payloads.values_list("pk", flat=True))
    ledger.append("", last.text, State.ERASED, Method.SYSTEM, actor="system", erases=gone)
    payloads.delete()
