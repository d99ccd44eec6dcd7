"""Keeping what a visitor sent: lead, submission, consent events and owed mails, in one durable transaction (REL-1).

The same work is done for a new, known, confirmed or withdrawn address, and the visitor sees the same answer (EML-10).
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from leads import conversions, counts, ledger, outbox, suppression, tokens
from leads.addresses import deliverable, normalise
from leads.forms import PublicForm
from leads.models import ConsentEvent, ConsentText, Lead, OutgoingMail, Report, Submission
from recruitcms.models import CallToAction

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
MAX_UTM = 100
MAX_PATH = 300
PATH = re.compile(r"/(?![/\\])[\w./~%+-]*", re.ASCII)
HOST = re.compile(r"(?=.{1,120}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}", re.IGNORECASE)


@dataclass(frozen=True)
class Origin:
    """Where a submission came from; "" and {} where nothing believable is known."""

    page: str = ""
    cta: int | None = None
    referrer_host: str = ""
    utm: dict[str, str] = field(default_factory=dict)

    def query(self) -> str:
        """Return it as a query string, for the address that a refused form is sent to again."""
        values = self.utm | ({"cta": str(self.cta)} if self.cta else {}) | ({"from": self.page} if self.page else {})
        return urlencode(values)


def origin_of(request: HttpRequest, form: PublicForm) -> Origin:
    """Read where a form came from: the query of the page it was on, its hidden fields, that page's path.

    The query comes first: on the consultation page `from` names the page on which the visitor decided.
    """
    referer = _own_address(request.headers.get("Referer", ""))
    query = _query(referer.query if referer else "") | _query(request.META.get("QUERY_STRING", ""))
    pages = [query.get("from", ""), form.data.get("page", ""), referer.path if referer else ""]
    return Origin(
        page=next((path for path in pages if _is_path(path)), ""),
        cta=_active_cta(query.get("cta") or form.data.get("cta", "")),
        referrer_host=_foreign_host(form.data.get("referrer", "")),
        utm={name: query[name] for name in UTM if query.get(name)},
    )


def capture_report_request(form: PublicForm, request: HttpRequest, report: Report) -> Submission:
    """Keep a valid request for a report. Owes the report itself where all that was ticked is confirmed already."""
    with transaction.atomic(durable=True):
        submission = _store(form, request, report)
        confirmed = _all_given(submission, form.agreed)
        _prepare_to_confirm(submission, form.agreed, report.gate_mode)
        kind = OutgoingMail.Kind.REPORT if confirmed else OutgoingMail.Kind.CONFIRM
        outbox.owe(kind, submission, form.agreed["report"].purpose)
        _tell(submission, request)
    return submission


def capture_enquiry(form: PublicForm, request: HttpRequest) -> Submission:
    """Keep a valid enquiry, and owe an answer to the visitor and a word to the team. The letter is asked for apart."""
    with transaction.atomic(durable=True):
        submission = _store(form, request, None)
        agreed = form.agreed
        consent = agreed.pop("consultation")
        _record(submission, consent, ConsentEvent.State.GIVEN)
        outbox.owe(OutgoingMail.Kind.ENQUIRY, submission, consent.purpose)
        outbox.owe(OutgoingMail.Kind.TEAM, submission, consent.purpose)
        if agreed:
            confirmed = _all_given(submission, agreed)
            _prepare_to_confirm(submission, agreed)
            if not confirmed:
                outbox.owe(OutgoingMail.Kind.CONFIRM, submission, agreed["letter"].purpose)
        _tell(submission, request)
    return submission


def _store(form: PublicForm, request: HttpRequest, report: Report | None) -> Submission:
    data = form.cleaned_data
    origin = origin_of(request, form)
    language = request.LANGUAGE_CODE
    return Submission.objects.create(
        kind=form.kind,
        lead=_lead(data["email"], data.get("name", ""), language),
        report=report,
        language=language,
        name=data.get("name", ""),
        company=data.get("company", ""),
        phone=data.get("phone", ""),
        job=data.get("job", ""),
        topic=data.get("topic", ""),
        message=data.get("message", ""),
        page=origin.page,
        cta_id=origin.cta,
        referrer_host=origin.referrer_host,
        utm=origin.utm,
    )


def _tell(submission: Submission, request: HttpRequest) -> None:
    """Owe Meta word of the form where the visitor agreed, and count it (COO-13, COO-14)."""
    conversions.owe(submission, request)
    counts.add("submitted", submission.page, submission.cta.name if submission.cta else "")


def _lead(email: str, name: str, language: str) -> Lead:
    """Return the person of an address. A known name changes only when its owner confirms (confirmation.py).

    The same statements for a new address and a known one: otherwise the time tells which it is (EML-10).
    """
    normal = normalise(email)
    known_as = suppression.address_hash(normal)
    new = Lead(email=deliverable(email), email_normal=normal, name=name, language=language, suppression_hmac=known_as)
    written = ["suppression_hmac"]
    Lead.objects.bulk_create([new], update_conflicts=True, unique_fields=["email_normal"], update_fields=written)
    Lead.objects.filter(email_normal=normal, name="").update(name=name)
    return Lead.objects.get(email_normal=normal)


def _all_given(submission: Submission, agreed: dict[str, ConsentText]) -> bool:
    """Tell whether a person confirmed all of this before. Asks for each, so that the work says nothing (EML-10)."""
    given = [ledger.is_given(_ref(submission), text.purpose) for text in agreed.values()]
    return all(given)


def _prepare_to_confirm(submission: Submission, agreed: dict[str, ConsentText], gate_mode: str = "") -> None:
    """Write `requested` for all that was ticked, given before or not, and make it confirmable (EML-7, EML-10)."""
    for text in agreed.values():
        _record(submission, text, ConsentEvent.State.REQUESTED, gate_mode)
    submission.confirm_hash = tokens.confirm_hash(tokens.confirm_token(submission))
    submission.confirm_until = timezone.now() + timedelta(days=tokens.CONFIRM_DAYS)
    submission.save(update_fields=["confirm_hash", "confirm_until"])


def _record(submission: Submission, text: ConsentText, state: ConsentEvent.State, gate_mode: str = "") -> None:
    ledger.append(
        _ref(submission),
        text,
        state,
        ConsentEvent.Method.WEB_FORM,
        origin=ledger.Origin(form=submission.public_id, page=submission.page, gate_mode=gate_mode),
        idem_key=f"form:{submission.public_id}:{text.purpose.key}",
    )


def _ref(submission: Submission) -> str:
    return tokens.subject_ref(submission.lead.email_normal)


# --- where they came from: nothing of it is believed unchecked ---


def _own_address(url: str):  # type: ignore[no-untyped-def]
    """Return the parts of an address on our own hosts, else None."""
    try:
        parts = urlsplit(url)
        own = parts.scheme in {"http", "https"} and parts.hostname in settings.ALLOWED_HOSTS
    except ValueError:
        return None
    return parts if own else None


def _query(query: str) -> dict[str, str]:
    """Return the known values of a query string, the first of each name, printable and not too long."""
    try:
        values = parse_qs(query, max_num_fields=50)
    except ValueError:
        return {}
    known = {name: values[name][0] for name in (*UTM, "cta", "from") if name in values}
    return {
        name: value[: MAX_PATH if name == "from" else MAX_UTM] for name, value in known.items() if value.isprintable()
    }


def _is_path(path: str) -> bool:
    """Tell whether something is a path on our site, and not `//host` in disguise (SEC-14)."""
    return bool(path) and len(path) <= MAX_PATH and PATH.fullmatch(path) is not None


def _active_cta(number: str) -> int | None:
    if not re.fullmatch(r"[0-9]{1,9}", number):
        return None
    return CallToAction.objects.filter(pk=int(number), is_active=True).values_list("pk", flat=True).first()


def _foreign_host(host: str) -> str:
    host = host.lower()
    return host if HOST.fullmatch(host) and host not in settings.ALLOWED_HOSTS else ""
