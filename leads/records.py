"""What the ledger and the register say, for others: consent records (CON-2) and the register of art. 30 (CON-18).

Field names of records are those of ISO/IEC TS 27560:2023 as the W3C's DPV guide lists them, with `_` for spaces. What
goes beyond them (the words, the chain) stands beside them in each event.
"""

from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from leads import retention
from leads.models import ConsentEvent, ConsentText, Purpose, PurposeWords
from recruitcms.models import SiteSettings

SCHEMA = "ISO/IEC TS 27560:2023, recruitcms 1"
# Consent has no end of its own: it lasts until it is withdrawn or the retention period is over.
VALIDITY = "until withdrawn"


def consent_records(subject_ref: str = "") -> list[dict[str, Any]]:
    """Return one record for each person and purpose, of everybody or of one person; each with all its events (CON-1).

    Where the details are deleted nobody knows any more whose entries they were: each stands alone.
    """
    events = ConsentEvent.objects.select_related("purpose", "text", "payload").order_by("seq")
    events = events.prefetch_related("purpose__translations")
    if subject_ref:
        events = events.of_person(subject_ref)
    records: dict[tuple[str, str], list[ConsentEvent]] = {}
    for event in events:
        records.setdefault((_principal(event), event.purpose_id), []).append(event)
    parties = [_controller(SiteSettings.get())]
    return [_record(principal, chain, parties) for (principal, _purpose), chain in records.items()]


def _principal(event: ConsentEvent) -> str:
    payload = getattr(event, "payload", None)
    return payload.subject_ref if payload else f"deleted:{event.seq}"


def _record(principal: str, events: list[ConsentEvent], parties: list[dict[str, str]]) -> dict[str, Any]:
    """Write a record in the language of the words that were agreed to."""
    purpose, text = events[-1].purpose, events[-1].text
    with translation.override(text.language):
        return _in_language(principal, events, parties, purpose, text)


def _in_language(
    principal: str, events: list[ConsentEvent], parties: list[dict[str, str]], purpose: Purpose, text: ConsentText
) -> dict[str, Any]:
    said = purpose.words(text.language)
    return {
        "schema_version": SCHEMA,
        "record_id": events[0].event_id,
        "pii_principal_id": principal,
        "pii_processing": {
            "privacy_notice": f"{settings.SITE_URL}{text.notice_url}" if text.notice_url else "",
            "language": text.language,
            "purpose": said.title,
            "lawful_basis": str(purpose.get_legal_basis_display()),
            "pii_information": _listed(said.data_types),
            "pii_controllers": [party["party_id"] for party in parties],
            "storage_locations": _listed(said.storage_location),
            "retention_period": retention.in_words(purpose),
            "jurisdiction": said.jurisdiction,
            "recipient_third_parties": _listed(said.recipients),
            "withdrawal_method": said.withdrawal_method,
        },
        "party_identification": parties,
        "events": [_event(event, principal) for event in events],
    }


def _controller(site: SiteSettings) -> dict[str, str]:
    return {
        "party_id": settings.SITE_URL,
        "party_name": site.legal_name,
        "party_address": _address(site),
        "party_contact": site.privacy_email,
        "party_type": "pii_controller",
    }


def _address(site: SiteSettings) -> str:
    """Return the controller's postal address, as it is written in the site's own language."""
    text = site.texts.filter(language=settings.LANGUAGE_CODE).first()
    return text.address if text else ""


def _event(event: ConsentEvent, principal: str) -> dict[str, Any]:
    payload = getattr(event, "payload", None)
    return {
        "event_id": event.event_id,
        "event_time": event.occurred_at.isoformat(),
        "validity_duration": VALIDITY,
        "entity_id": principal if event.actor == "subject" else event.actor,
        "event_type": event.method,
        "event_state": event.state,
        "consent_text": event.text.body,
        "consent_text_version": event.text.version,
        "consent_text_sha256": event.text_sha256,
        "language": event.locale,
        "policy_version": event.policy_version,
        "gate_mode": event.gate_mode,
        "page": payload.page if payload else "",
        "controls": payload.controls if payload else {},
        "confirmation_message_id": payload.message_id if payload else "",
        "seq": event.seq,
        "hash": event.hash,
    }


def _listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


# --- the register ---


def register(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the register of processing (art. 30): each purpose's title with its facts, [(name, fact), …].

    The command prints it and the privacy policy shows it: one source, so that they cannot differ (CON-18).
    """
    with translation.override(language):
        purposes = Purpose.objects.with_translations()
        return [(purpose.words(language).title, _facts(purpose, purpose.words(language))) for purpose in purposes]


def _facts(purpose: Purpose, said: PurposeWords) -> list[tuple[str, str]]:
    facts = [
        (_("Legal basis"), str(purpose.get_legal_basis_display())),
        (_("Ways we use"), said.channel),
        (_("What we hold"), said.data_types),
        (_("Who receives it"), said.recipients),
        (_("Where it is stored"), said.storage_location),
        (_("Whose law applies"), said.jurisdiction),
        (_("How long we keep it"), retention.in_words(purpose)),
        (_("How to withdraw"), said.withdrawal_method),
    ]
    return [(name, fact) for name, fact in facts if fact]


def register_text(language: str) -> str:
    """Return the register as Markdown, with the controller at its head."""
    with translation.override(language):
        return _register_text(language)


def _register_text(language: str) -> str:
    site = SiteSettings.get()
    title, controller, day = _("Register of processing (art. 30 GDPR)"), _("Controller"), _("As of")
    lines = [
        f"# {title}",
        "",
        f"{controller}: {', '.join(filter(None, [site.legal_name, _address(site), site.privacy_email]))}",
        f"{day}: {timezone.localdate():%Y-%m-%d}",
    ]
    for title, facts in register(language):
        lines += ["", f"## {title}", "", *(f"- {name}: {fact}" for name, fact in facts)]
    return "\n".join(lines) + "\n"
