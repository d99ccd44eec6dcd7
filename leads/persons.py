"""What a person sees of what we hold: their consents in the original words, and a copy of everything (CON-12)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

from leads import ledger, records, suppression, tokens
from leads.models import ConsentEvent, ConsentText, Lead, OutgoingMail, Submission

State, Method = ConsentEvent.State, ConsentEvent.Method


@dataclass(frozen=True)
class Consent:
    """One purpose as its person sees it: the words of the last decision, and how it came to stand as it does."""

    key: str
    title: str
    text: ConsentText
    state: str  # given, requested or ended
    asked_at: datetime | None
    given_at: datetime | None
    confirmed_by_mail: bool
    ended_at: datetime | None
    page: str
    erases: bool

    @property
    def can_be_withdrawn(self) -> bool:
        return self.state != "ended"


def consents(lead: Lead) -> list[Consent]:
    """Return a person's consents, one for each purpose that they ever decided on, in the order of the purposes."""
    ref = tokens.subject_ref(lead.email_normal)
    by_purpose: dict[str, list[ConsentEvent]] = {}
    events = ConsentEvent.objects.of_person(ref).select_related("purpose", "text", "payload").order_by("seq")
    events = events.prefetch_related("purpose__translations")
    for event in events:
        by_purpose.setdefault(event.purpose_id, []).append(event)
    chains = sorted(by_purpose.values(), key=lambda chain: (chain[0].purpose.position, chain[0].purpose_id))
    return [_consent(chain) for chain in chains]


def _consent(events: list[ConsentEvent]) -> Consent:
    """Read a person's entries on one purpose, oldest first."""
    purpose, last = events[-1].purpose, events[-1]
    decided = next((event for event in reversed(events) if event.state != State.REQUESTED), None)
    given = next((event for event in reversed(events) if event.state == State.GIVEN), None)
    asked = next((event for event in reversed(events) if event.state == State.REQUESTED), None)
    state = "ended" if last.state not in {State.GIVEN, State.REQUESTED} else "requested"
    if decided and decided.state == State.GIVEN:
        state = "given"
    shown = decided if state == "given" and decided else last
    return Consent(
        key=purpose.key,
        title=purpose.words(get_language() or settings.LANGUAGE_CODE).title,
        text=shown.text,
        state=state,
        asked_at=asked.occurred_at if asked else None,
        given_at=given.occurred_at if given else None,
        confirmed_by_mail=bool(given and given.method == Method.MAIL_BUTTON),
        ended_at=last.occurred_at if state == "ended" else None,
        page=shown.payload.page,
        erases=purpose.erased_on_withdrawal,
    )


def copy_of_everything(lead: Lead) -> dict[str, Any]:
    """Return all that is held about a person, as JSON can hold it: art. 15 and 20 (CON-12).

    Consent records name the words, the recipients, the retention and how to withdraw, purpose by purpose.
    """
    return {
        "made_at": timezone.now().isoformat(),
        "person": {
            "email": lead.email,
            "name": lead.name,
            "language": lead.language,
            "first_seen": lead.created_at.isoformat(),
        },
        "submissions": [_submission(one) for one in lead.submissions.order_by("pk").select_related("report", "cta")],
        "mails": [_mail(one) for one in OutgoingMail.objects.filter(submission__lead=lead).order_by("pk")],
        "blocks": [
            {"for": row.scope, "why": row.reason, "since": row.created_at.isoformat()}
            for row in suppression.rows(lead.email_normal)
        ],
        "consent_records": records.consent_records(tokens.subject_ref(lead.email_normal)),
        "register": {title: dict(facts) for title, facts in records.register(lead.language)},
        "ledger_head": {"seq": ledger.head().seq, "hash": ledger.head().hash},
    }


def _submission(submission: Submission) -> dict[str, Any]:
    names = ("kind", "language", "name", "company", "phone", "job", "topic", "message", "page", "referrer_host", "utm")
    return {
        "reference": submission.reference,
        "received": submission.created_at.isoformat(),
        "confirmed": submission.confirmed_at.isoformat() if submission.confirmed_at else None,
        "report": str(submission.report or ""),
        "call_to_action": submission.cta.name if submission.cta else "",
        "state": submission.state,
        "held_because": submission.get_held_because_display(),
        "our_notes": submission.notes,
    } | {name: getattr(submission, name) for name in names}


def _mail(mail: OutgoingMail) -> dict[str, Any]:
    return {
        "kind": mail.kind,
        "state": mail.state,
        "owed_since": mail.created_at.isoformat(),
        "sent": mail.sent_at.isoformat() if mail.sent_at else None,
        "message_id": mail.message_id,
        "receipt": mail.smtp_reply,
    }
