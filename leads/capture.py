"""Keeping what a visitor sent: lead, submission, consent events and owed mails, in one durable transaction (REL-1).

The same work is done for a new, known, confirmed or withdrawn address, and the visitor sees the same answer (EML-10).
A form that arrives twice is kept once (REL-3).
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from leads import confirmation, conversions, counts, ledger, outbox, suppression, tickets, tokens
from leads.addresses import deliverable, normalise
from leads.forms import PublicForm, ReportRequestForm
from leads.models import ConsentEvent, ConsentText, Lead, OutgoingMail, Purpose, Report, Submission
from recruitcms.models import CallToAction
from recruitcms.networks import network_of

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
MAX_UTM = 100
MAX_PATH = 300
SAME_FORM = timedelta(minutes=10)  # in which the same answers are taken for the same form
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


class AlreadySentError(Exception):
    """This very form was sent before, with other answers (REL-3): which of them are meant, only its sender knows."""


def capture_report_request(
    form: ReportRequestForm, request: HttpRequest, report: Report, held_because: str = ""
) -> Submission:
    """Keep a valid request for a report once, and owe what it asks for, unless it is held.

    Raises AlreadySentError where this form was sent before with other answers.
    """

    asked = form.agreed

    def keep(known_by: dict[str, str]) -> Submission:
        submission = _store(form, request, report, held_because, known_by, to_confirm=True)
        _answer(submission, request, asked)
        _record(submission, dict.fromkeys(asked.values(), ConsentEvent.State.REQUESTED), form.gate_mode)
        return submission

    return _once(_sending(form, request, f"report {report.pk} {form.gate_mode}"), keep)


def capture_enquiry(form: PublicForm, request: HttpRequest, held_because: str = "") -> Submission:
    """Keep a valid enquiry once, and owe its answers, unless it is held. The letter is asked for apart.

    Raises AlreadySentError where this form was sent before with other answers.
    """

    asked = form.agreed
    consultation = asked.pop("consultation")

    def keep(known_by: dict[str, str]) -> Submission:
        submission = _store(form, request, None, held_because, known_by, to_confirm=bool(asked))
        _answer(submission, request, asked)
        requested = dict.fromkeys(asked.values(), ConsentEvent.State.REQUESTED)
        _record(submission, {consultation: ConsentEvent.State.GIVEN} | requested)
        return submission

    return _once(_sending(form, request, "enquiry"), keep)


def owe_answers(submission: Submission, asked: list[Purpose] | None = None) -> None:
    """Owe the mails that a form asks for: at once, or when it is released from review (held.py).

    `asked`: what it asked to be confirmed, what it is for first; read from the ledger where it is not given.

    For a report: the report itself where all that was ticked is confirmed already, else the question to confirm. For
    an enquiry: an answer to the visitor and a word to the team.
    """
    asked = _purposes_asked(submission) if asked is None else asked
    if submission.kind == Submission.Kind.CONSULTATION:
        consultation = Purpose.objects.get(key="consultation")
        outbox.owe(OutgoingMail.Kind.ENQUIRY, submission, consultation)
        outbox.owe(OutgoingMail.Kind.TEAM, submission, consultation)
    if asked:
        confirmed = _all_given(submission, asked)
        if submission.kind == Submission.Kind.REPORT and confirmed:
            outbox.owe(OutgoingMail.Kind.REPORT, submission, asked[0])
        elif not confirmed:
            outbox.owe(OutgoingMail.Kind.CONFIRM, submission, asked[0])


def _purposes_asked(submission: Submission) -> list[Purpose]:
    """Return what a form asked to be confirmed, what it is for first."""
    asked = ConsentEvent.objects.requested_by(submission.public_id).select_related("purpose").order_by("seq")
    return [event.purpose for event in asked]


# --- one sending, however often it arrives ---


@dataclass(frozen=True)
class _Sending:
    """One form on its way: the names under which it may have been kept, and keyed hashes of its answers: of these
    alone, and of these from this network."""

    keys: list[str]
    answers_mac: str
    again_mac: str
    has_ticket: bool

    def earlier(self) -> tuple[Submission | None, str]:
        """Return the submission that it was kept as before; or None, and the name to keep it under.

        Two at the same moment are given the same name, and only one of them can be kept under it. Raises
        AlreadySentError where the answers of before were others.
        """
        found = list(Submission.objects.filter(self._is_this()).select_related("lead"))
        kept = next((submission for submission in found if submission.idem_key in self.keys), None)
        if kept and (self.has_ticket or _is_open(kept)):  # a ticket is the very same form, whatever became of it
            if not constant_time_compare(kept.answers_mac, self.answers_mac):
                raise AlreadySentError
            return kept, ""
        again = next((submission for submission in found if submission.again_mac == self.again_mac), None)
        if again and _is_open(again):
            return again, ""
        return None, _mac("after", f"{self.keys[0]} {kept.pk}") if kept else self.keys[0]

    def _is_this(self) -> Q:
        """Return the condition for a submission to be this one: by its name, or by the same answers a moment ago.

        Back and sent again, a browser may have loaded the page anew, and begun another form.
        """
        now = timezone.now()
        recent = Q(created_at__gt=now - SAME_FORM, created_at__lte=now)
        return Q(idem_key__in=self.keys) | Q(recent, again_mac=self.again_mac)


def _is_open(submission: Submission) -> bool:
    """Tell whether a submission still leads somewhere. One that was confirmed, withdrawn from or called spam does not:
    its person asks anew."""
    if submission.state == Submission.State.SPAM or submission.confirmed_at:
        return False
    return submission.kind == Submission.Kind.CONSULTATION or bool(confirmation.awaiting(submission))


def _sending(form: PublicForm, request: HttpRequest, what: str) -> _Sending:
    """Return what a valid form is recognised by when it arrives again.

    A ticket names one form that somebody began to fill in. Without script there is none: then what is asked for and the
    address name it, for ten minutes or a little more; with the network, so that nobody learns who else has just sent
    a form for an address (EML-10).
    """
    ticket = tickets.read(form.data.get("ticket", ""))
    bucket = int(timezone.now().timestamp() // SAME_FORM.total_seconds())
    network = network_of(request)
    who = f"{normalise(form.cleaned_data['email'])} {network}"
    keys = [_mac("address", f"{what} {who} {number}") for number in (bucket, bucket - 1)]
    answers = {field.name: form.cleaned_data.get(field.name) for field in form.visible_fields()}
    told = {name: answer.sha256 if isinstance(answer, ConsentText) else answer for name, answer in answers.items()}
    said = json.dumps([what, told], sort_keys=True)
    return _Sending(
        keys=[_mac("ticket", ticket.id)] if ticket else keys,
        answers_mac=_mac("answers", said),
        again_mac=_mac("again", f"{network} {said}"),
        has_ticket=bool(ticket),
    )


def _mac(use: str, text: str) -> str:
    return salted_hmac(f"leads.capture {use}", text, algorithm="sha256").hexdigest()


def _once(sending: _Sending, keep: Callable[[dict[str, str]], Submission]) -> Submission:
    """Keep a form and all it brings about in one transaction; return the one of before where it arrives again."""
    try:
        with transaction.atomic(durable=True):
            earlier, name = sending.earlier()
            if earlier:
                return earlier
            known_by = {"idem_key": name, "answers_mac": sending.answers_mac, "again_mac": sending.again_mac}
            submission = keep(known_by)
            if submission.state != Submission.State.HELD:
                count_sent(submission)  # last: the forms of a page count in one row, and must not wait for it long
    except IntegrityError:  # the same form in another process was quicker by a moment
        earlier, _name = sending.earlier()
        if earlier is None:
            raise
        return earlier
    return submission


def _answer(submission: Submission, request: HttpRequest, asked: dict[str, ConsentText]) -> None:
    if submission.state == Submission.State.HELD:
        _owe_notice(submission)
    else:
        owe_answers(submission, [text.purpose for text in asked.values()])
        conversions.owe(submission, request)


def _owe_notice(submission: Submission) -> None:
    """Owe the team word that forms wait for review: once a day, however many come."""
    now = timezone.now()
    today = OutgoingMail.objects.filter(created_at__gt=now - timedelta(days=1), created_at__lte=now)
    if not today.filter(kind=OutgoingMail.Kind.HELD).exists():
        outbox.owe(OutgoingMail.Kind.HELD, submission, None)


# --- the rows ---


def _store(
    form: PublicForm,
    request: HttpRequest,
    report: Report | None,
    held_because: str,
    known_by: dict[str, str],
    to_confirm: bool,
) -> Submission:
    """Return a form as it is kept: `known_by` its names (`_Sending`), `to_confirm` with a token (EML-7)."""
    data = form.cleaned_data
    origin = origin_of(request, form)
    language = request.LANGUAGE_CODE
    submission = Submission(
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
        state=Submission.State.HELD if held_because else Submission.State.NEW,
        held_because=held_because,
        **known_by,
    )
    if to_confirm:
        submission.confirm_hash = tokens.confirm_hash(tokens.confirm_token(submission))
        submission.confirm_until = timezone.now() + timedelta(days=tokens.CONFIRM_DAYS)
    submission.save(force_insert=True)
    return submission


def count_sent(submission: Submission) -> None:
    """Count a form that was taken, on its page and its call to action (COO-14)."""
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


def _all_given(submission: Submission, asked: list[Purpose]) -> bool:
    """Tell whether a person confirmed all of this before."""
    return {purpose.key for purpose in asked} <= ledger.given(_ref(submission))


def _record(submission: Submission, decided: dict[ConsentText, ConsentEvent.State], gate_mode: str = "") -> None:
    """Write what was ticked into the ledger, whether it was given before or not (EML-10).

    As late as can be: from here to the transaction's end nobody else can append.
    """
    ledger.append_all(
        _ref(submission),
        [
            ledger.Decision(text, state, f"form:{submission.public_id}:{text.purpose.key}")
            for text, state in decided.items()
        ],
        ConsentEvent.Method.WEB_FORM,
        origin=ledger.Origin(form=submission.public_id, page=submission.page, gate_mode=gate_mode),
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
