"""Test objects of the lead capture: purposes, wordings, reports with a real PDF, submissions at each step."""

import io
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from reportlab.pdfgen.canvas import Canvas

from leads import ledger, suppression, tokens
from leads.addresses import normalise
from leads.models import ConsentEvent, ConsentText, Edition, Lead, OutgoingMail, Purpose, Report, Submission
from tests.factories import numbers

BODIES = {
    "report": "Northbeam may e-mail me the report. I can withdraw at any time.",
    "letter": "Send me the hiring letter too, once a month.",
    "consultation": "Northbeam may use these details to answer my enquiry, and will delete them when I withdraw.",
}


def make_purpose(key: str = "", **more: Any) -> Purpose:
    fields = {"title": key.title(), "data_types": "e-mail"}
    fields |= {"erased_on_withdrawal": key == "consultation", "double_opt_in": key != "consultation"}
    return Purpose.objects.get_or_create(key=key or f"purpose-{next(numbers)}", defaults=fields | more)[0]


def make_wording(key: str = "report", language: str = "en", body: str = "", published: bool = True) -> ConsentText:
    text = ConsentText(purpose=make_purpose(key), language=language, body=body or f"{BODIES[key]} ({language})")
    text.save()
    if published:
        text.publish()
    return text


def make_wordings(language: str = "en") -> dict[str, ConsentText]:
    """Return a published wording of each purpose."""
    return {key: make_wording(key, language) for key in BODIES}


def pdf_bytes(words: str = "A report") -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(72, 720, words)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def pdf_file(name: str = "report.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, pdf_bytes(), content_type="application/pdf")


def make_edition(report: Report, **more: Any) -> Edition:
    file = pdf_file()
    fields = {
        "date": timezone.localdate(),
        "file": file,
        "file_name": "it-salary-report",
        "pages": 12,
        "size": file.size,
    }
    return Edition.objects.create(report=report, **fields | more)


def make_report(**more: Any) -> Report:
    """Return a saved report with an edition, not published."""
    number = next(numbers)
    fields = {
        "title": "IT Salary Report 2026",
        "slug": f"salary-report-{number}",
        "summary": "What IT people earn.",
        "points": "46 roles\nSix countries",
        "inside": "How the market moved | page 4",
        "chart_title": "A page from the report",
        "chart": "Backend, senior | 25,200\nProduct designer | 19,800",
        "method": "Every figure comes from an accepted offer.",
        "mail_tip": "Making an offer this week? Start with page 9.",
    }
    report = Report.objects.create(**fields | more)
    make_edition(report)
    return report


def published_report(**more: Any) -> Report:
    report = make_report(**more)
    report.publish()
    return report


def make_lead(email: str = "marta@quillstone.example", **more: Any) -> Lead:
    fields = {"email": email, "language": "en", "suppression_hmac": suppression.address_hash(normalise(email))} | more
    return Lead.objects.get_or_create(email_normal=normalise(email), defaults=fields)[0]


def make_submission(kind: str = "report", email: str = "marta@quillstone.example", **more: Any) -> Submission:
    fields = {"kind": kind, "lead": more.pop("lead", None) or make_lead(email), "language": "en"}
    return Submission.objects.create(**fields | more)


def requested(submission: Submission, *keys: str) -> Submission:
    """Ask for consents by a submission, as a form does, and make it confirmable."""
    for key in keys or ("report",):
        record(submission, key, ConsentEvent.State.REQUESTED)
    submission.confirm_hash = tokens.confirm_hash(tokens.confirm_token(submission))
    submission.confirm_until = timezone.now() + timedelta(days=tokens.CONFIRM_DAYS)
    submission.save()
    return submission


def record(submission: Submission, key: str, state: ConsentEvent.State) -> ConsentEvent:
    text = ConsentText.current(key, submission.language) or make_wording(key, submission.language)
    ref = tokens.subject_ref(submission.lead.email_normal)
    with transaction.atomic():
        return ledger.append(
            ref, text, state, ConsentEvent.Method.WEB_FORM, origin=ledger.Origin(form=submission.public_id)
        )


def make_mail(
    kind: str = "confirm", submission: Submission | None = None, purpose: str = "report", **more: Any
) -> OutgoingMail:
    message_id = f"<{next(numbers)}@testserver>"
    owner = submission or make_submission()
    fields = {"kind": kind, "submission": owner, "purpose": make_purpose(purpose), "message_id": message_id}
    return OutgoingMail.objects.create(**fields | more)


def states(lead: Lead) -> list[tuple[str, str]]:
    """Return a person's ledger, oldest first: [(purpose, state), …]."""
    events = ConsentEvent.objects.of_person(tokens.subject_ref(lead.email_normal)).order_by("seq")
    return list(events.values_list("purpose__key", "state"))


def query_dict(*pairs: tuple[str, str]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in pairs:
        data.appendlist(name, value)
    return data
