"""The pages on which visitors leave an address, and those behind the links in mails.

Public forms do without a CSRF token, so that their pages can be cached; `SameOriginForms` guards them (§4.1). No GET
changes anything (EML-5).
"""

import json
import re
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any, TypeVar

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leads import capture, confirmation, downloads, erasure, ledger, mails, persons, spam, tokens, withdrawal
from leads.addresses import masked
from leads.forms import (
    ConsultationForm,
    PublicForm,
    Refusal,
    ReportCardForm,
    ReportForm,
    ReportRequestForm,
    is_exchange,
)
from leads.models import ConsentEvent, Edition, Lead, Purpose, Report, ReportRevision, Submission
from recruitcms import metrics
from recruitcms.languages import language_name
from recruitcms.middleware import is_same_origin
from recruitcms.page_cache import mark_whole
from recruitcms.site_content import SiteContent, site_content
from recruitcms.structured_data import web_page
from recruitcms.translated import localized_url, other_languages

FormT = TypeVar("FormT", bound=PublicForm)

for kind, became in product(Submission.Kind, ("taken", "held", "refused")):
    metrics.FORMS.labels(kind.value, became)  # there from the start, for the alarm
page_methods = require_http_methods(["GET", "HEAD", "POST"])


class SeeOther(HttpResponseRedirect):
    status_code = 303


# --- the salary report ---


@csrf_exempt
@page_methods
def report(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show a report's page; keep a request for it."""
    language = request.LANGUAGE_CODE
    revision = site_content(language).report  # the newest, which nearly all ask for
    if revision is None or revision.slug != slug:
        revision = ReportRevision.objects.select_related("document").get_live(language, slug)
    if revision is None:
        raise Http404(_("There is no such report."))
    form = None
    if request.method == "POST" and revision.gate_mode != Report.Gate.OPEN:
        form_class: type[ReportRequestForm] = ReportCardForm if request.POST.get("form") == "card" else ReportForm
        form = _bound(form_class, request, report=revision)
        if form:
            keep = partial(capture.capture_report_request, form, request, revision.document)
            sent = localized_url(language, "report-sent", revision.slug)
            answer = _take(request, form, keep, sent if form.data.get("consent_letter") else f"{sent}?alone=1")
            if answer:
                return answer
    response = render_report(request, revision, revision.live_translations(), form=form)
    # What an open report shows of its edition changes at midnight, and nothing tells the page cache.
    return response if revision.gate_mode == Report.Gate.OPEN else mark_whole(request, response)


def render_report(
    request: HttpRequest,
    revision: ReportRevision,
    translations: dict[str, str],
    preview: bool = False,
    form: PublicForm | None = None,
) -> HttpResponse:
    """Render a revision, live or (for the editors' preview) not saved yet, with the form that was refused, if any."""
    content = revision.content
    url = revision.get_absolute_url()
    site = site_content(revision.language)
    is_open = revision.gate_mode == Report.Gate.OPEN
    form_html = "" if is_open else _form_html(ReportForm, request, form, url, site, report=revision)
    context = {
        "section": "report",
        "report": revision,
        "content": content,
        "chart": _bars(content["chart"]),
        "form": form_html,
        "elsewhere": [] if is_open or form_html else _elsewhere(ReportForm, translations),
        "is_open": is_open,
        "is_exchange": is_exchange(revision, site),
        "edition": revision.document.current_edition if is_open else None,
        "canonical": url,
        "translations": translations,
        "data": [web_page(revision.title, url, site, revision.summary, revision.live_from)],
        "noindex": preview,
        "preview": preview,
        "failed": form is not None,
    }
    return _page_with_form(request, "leads/report.html", context, form)


@require_safe
def report_sent(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that a mail is on its way; the same page for everybody who asked for the same (EML-10)."""
    language = request.LANGUAGE_CODE
    revision = ReportRevision.objects.live().filter(language=language, slug=slug).first()
    if revision is None:
        raise Http404(_("There is no such report."))
    context = {"section": "report", "report": revision, "noindex": True, "days": tokens.CONFIRM_DAYS}
    context["alone"] = "alone" in request.GET  # without the letter: nobody is thanked for what they left out
    return render(request, "leads/report_sent.html", context)


@require_safe
def report_file(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Hand out a report whose gate is open: an address of its own that anybody may use and pass on (CON-10)."""
    revision = ReportRevision.objects.select_related("document").get_live(request.LANGUAGE_CODE, slug)
    edition = revision.document.current_edition if revision and revision.gate_mode == Report.Gate.OPEN else None
    if edition is None:
        raise Http404(_("There is no such report."))
    try:
        return downloads.respond(request, edition)
    except FileNotFoundError:
        raise Http404(_("There is no such report.")) from None


def _bars(chart: list[list[str]]) -> list[dict[str, Any]]:
    """Return the rows of a chart with the length of each bar, in hundredths of the scale."""
    lengths = [_number(value) for _label, value in chart]
    scale = max(lengths, default=0) * 1.09 or 1  # the longest bar leaves some air
    return [
        {"label": label, "value": _grouped(value), "length": round(100 * length / scale)}
        for (label, value), length in zip(chart, lengths, strict=True)
    ]


def _number(value: str) -> int:
    """Return the figure in what an editor wrote, "25,200 PLN" or "25200"; 0 for words."""
    return int("".join(re.findall(r"[0-9]", value))[:12] or 0)


def _grouped(value: str) -> str:
    """Return a bare number in the language's way of writing it, anything else as it was written."""
    return number_format(int(value), force_grouping=True) if re.fullmatch("[0-9]{1,12}", value) else value


# --- the consultation ---


@csrf_exempt
@page_methods
def consultation(request: HttpRequest) -> HttpResponseBase:
    """Show the consultation form; keep an enquiry."""
    form = _bound(ConsultationForm, request) if request.method == "POST" else None
    if form:
        answer = _take(request, form, partial(capture.capture_enquiry, form, request), reverse("consultation-thanks"))
        if answer:
            return answer
    language = request.LANGUAGE_CODE
    url = reverse("consultation")
    form_html = _form_html(ConsultationForm, request, form, url, site_content(language))
    translations = other_languages(language, "consultation")
    context = {
        "section": "consultation",
        "form": form_html,
        "elsewhere": [] if form_html else _elsewhere(ConsultationForm, translations),
        "canonical": url,
        "translations": translations,
        "failed": form is not None,
    }
    return _page_with_form(request, "leads/consultation.html", context, form)


@require_safe
def consultation_thanks(request: HttpRequest) -> HttpResponse:
    """Say who answers, and by when; the same page for everybody."""
    context = {
        "section": "consultation",
        "noindex": True,
        "translations": other_languages(request.LANGUAGE_CODE, "consultation-thanks"),
    }
    return render(request, "leads/consultation_thanks.html", context)


# --- behind the links in mails ---


@csrf_exempt
@page_methods
def confirm(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show a page with one button; the button confirms, and the download is there at once (EML-5, EML-6)."""
    submission = confirmation.find(token)
    asked = confirmation.awaiting(submission) if submission else []
    if submission is None or not (submission.confirmed_at or asked):
        return _neutral(request, 404)
    if request.method == "POST":
        confirmation.confirm(submission)
        return SeeOther(request.path)  # a reload asks for nothing again
    if submission.confirmed_at:
        return _confirmed(request, submission)
    context = {"noindex": True, "asked": asked, "address": masked(submission.lead.email), "submission": submission}
    return render(request, "leads/confirm.html", context)


def _confirmed(request: HttpRequest, submission: Submission) -> HttpResponse:
    edition = submission.report.current_edition if submission.report else None
    ref = tokens.subject_ref(submission.lead.email_normal)
    letter = Purpose.objects.filter(key="letter").first()
    context = {
        "noindex": True,
        "section": "report",
        "submission": submission,
        "name": mails.first_name(submission),
        "edition": edition,
        "report": submission.report and submission.report.live_revision,
        "tip": submission.report.mail_tip if submission.report else "",
        "download_url": reverse("download", args=[tokens.download_token(edition)]) if edition else "",
        "days": tokens.DOWNLOAD_DAYS,
        "letter_url": mails.withdraw_url(submission, "letter") if letter and ledger.is_given(ref, letter) else "",
    }
    return render(request, "leads/confirmed.html", context)


@require_safe
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """Hand out the PDF; an old link leads to a new one (§4.2)."""
    try:
        edition = downloads.find(token)
        return downloads.respond(request, edition) if edition else _neutral(request, 404)
    except tokens.LinkExpiredError as expired:
        edition = Edition.objects.select_related("report").filter(pk=expired.edition).first()
    except FileNotFoundError:
        pass
    revision = edition.report.live_revision if edition else None
    return render(request, "leads/gone.html", {"noindex": True, "expired": True, "report": revision}, status=410)


@csrf_exempt
@page_methods
def withdraw(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show a page with one button that withdraws; take a mail program's one-click post (CON-6, EML-2, RFC 8058)."""
    known = tokens.read_withdraw_token(token)
    lead = Lead.objects.filter(public_id=known[0]).first() if known else None
    purpose = Purpose.objects.filter(key=known[1]).first() if known else None
    one_click = request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click"
    if request.method == "POST" and not one_click and not is_same_origin(request):
        return render(request, "403.html", status=403)  # anything but a mail program's post comes from our own button
    if request.method == "POST" and lead and purpose:
        method = ConsentEvent.Method.ONE_CLICK if one_click else ConsentEvent.Method.MAIL_BUTTON
        withdrawal.withdraw(lead, purpose.key, method)
    if one_click:
        return HttpResponse(_("Done."), content_type="text/plain; charset=utf-8")
    if purpose is None:
        return _neutral(request, 404)
    return _withdraw_page(request, lead, purpose)


# The token is the authority here, and mail programs post from anywhere (RFC 8058).
withdraw.cross_origin_ok = True  # type: ignore[attr-defined]


def _withdraw_page(request: HttpRequest, lead: Lead | None, purpose: Purpose) -> HttpResponse:
    """Show the button while there is something to withdraw, and that it is done when there is not."""
    last = ledger.last_event(tokens.subject_ref(lead.email_normal), purpose) if lead else None
    context: dict[str, Any] = {"noindex": True, "purpose": purpose}
    if lead is None or last is None or last.state not in withdrawal.STANDING:
        return render(request, "leads/withdrawn.html", context)
    context |= {"address": masked(lead.email), "text": last.text}
    return render(request, "leads/withdraw.html", context)


# --- a person's own page ---


@csrf_exempt
@require_safe
def privacy(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show a person all that they agreed to, in the original words, with the ways out (CON-6, CON-12)."""
    return _privacy_page(request, token)


@csrf_exempt
@require_POST
def privacy_withdraw(request: HttpRequest, token: str) -> HttpResponseBase:
    """Withdraw one consent, or all where none is named, at one press."""
    lead = _person(token)
    key = request.POST.get("purpose", "")
    if key and (not re.fullmatch(r"[-\w]{1,40}", key) or not Purpose.objects.filter(key=key).exists()):
        return _neutral(request, 404)
    if lead and key:
        withdrawal.withdraw(lead, key, ConsentEvent.Method.MAIL_BUTTON)
    elif lead:
        withdrawal.withdraw_all(lead, ConsentEvent.Method.MAIL_BUTTON)
    return _privacy_page(request, token, done=_("Your consent is withdrawn, and mail for it has stopped."))


@csrf_exempt
@require_POST
def privacy_copy(request: HttpRequest, token: str) -> HttpResponseBase:
    """Hand a person all that is held about them, as a file (art. 15, 20)."""
    lead = _person(token)
    if lead is None:
        return _privacy_page(request, token)
    held = json.dumps(persons.copy_of_everything(lead), indent=2, ensure_ascii=False)
    response = HttpResponse(held, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="my-data-{timezone.localdate():%Y-%m-%d}.json"'
    return response


@csrf_exempt
@require_POST
def privacy_erase(request: HttpRequest, token: str) -> HttpResponseBase:
    """Erase a person, once they say that they know it is for good (art. 17, CON-13)."""
    lead = _person(token)
    if lead and request.POST.get("understood") != "1":
        return _privacy_page(request, token, problem=_("Tick the box first: an erasure cannot be undone."))
    if lead:
        erasure.erase(lead)
    return _privacy_page(request, token, done=_("Your data is erased."))


def _person(token: str) -> Lead | None:
    public_id = tokens.read_privacy_token(token)
    return Lead.objects.filter(public_id=public_id).first() if public_id else None


def _privacy_page(request: HttpRequest, token: str, **context: Any) -> HttpResponse:
    """Show a person's page; a page that says so where nothing is held any more; the neutral one for no link of ours."""
    if tokens.read_privacy_token(token) is None:
        return _neutral(request, 404)
    context["noindex"] = True
    lead = _person(token)
    if lead is None:
        return render(request, "leads/nothing_held.html", context)
    held = persons.consents(lead)
    several = sum(consent.can_be_withdrawn for consent in held) > 1
    context |= {"token": token, "address": masked(lead.email), "consents": held, "several": several}
    return render(request, "leads/privacy.html", context)


def _neutral(request: HttpRequest, status: int) -> HttpResponse:
    """Answer a link that leads nowhere: the same page whatever the reason, with a way on."""
    return render(request, "leads/gone.html", {"noindex": True, "report": None}, status=status)


# --- forms ---


@require_safe
def form_held(request: HttpRequest) -> HttpResponse:
    """Say that a person looks at a form before it is answered; the same page for everybody."""
    translations = other_languages(request.LANGUAGE_CODE, "form-held")
    return render(request, "leads/held.html", {"noindex": True, "translations": translations})


def _take(request: HttpRequest, form: PublicForm, keep: Callable[[str], Submission], done: str) -> HttpResponse | None:
    """Keep a form and lead to the page that says so; None for one to be shown again, with what is wrong in it."""
    taken = _keep(request, form, keep)
    became = "refused" if taken is None else "held" if taken.state == Submission.State.HELD else "taken"
    metrics.FORMS.labels(form.kind.value, became).inc()
    return None if taken is None else SeeOther(reverse("form-held") if became == "held" else done)


def _keep(request: HttpRequest, form: PublicForm, keep: Callable[[str], Submission]) -> Submission | None:
    """Keep a form; None for one that is refused, which then says why."""
    if not form.is_valid():
        form.renew_ticket()
        return None
    if form.offer_has_changed:
        form.refuse(_another_offer())
        return None
    verdict = spam.judge(form, request)
    if verdict.retry_after:
        form.refuse(_too_many(verdict.retry_after))
        return None
    try:
        return keep(verdict.held_because)
    except capture.AlreadySentError:
        form.refuse(_already_sent())
        return None


def _another_offer() -> Refusal:
    return Refusal(
        409,
        _("The offer has changed since you opened the page"),
        _("What you typed is still here. Please read what the report is given for, and send it once more."),
    )


def _already_sent() -> Refusal:
    return Refusal(
        409,
        _("You sent this form a moment ago"),
        _("We kept your first answers. If you changed one, or this is another request, send it once more."),
    )


def _too_many(seconds: int) -> Refusal:
    words = ngettext(
        "Many forms have come from your network. Nothing is lost: wait %(minutes)d minute, then send it once more.",
        "Many forms have come from your network. Nothing is lost: wait %(minutes)d minutes, then send it once more.",
        seconds // 60,
    )
    return Refusal(429, _("Please wait a little"), words % {"minutes": seconds // 60}, retry_after=seconds)


def _page_with_form(
    request: HttpRequest, template: str, context: dict[str, Any], form: PublicForm | None
) -> HttpResponse:
    """Answer with a page and the status of its form: 200 for a fresh one, 422 for wrong answers, or its refusal's."""
    refusal = form.refusal if form else None
    response = render(request, template, context, status=refusal.status if refusal else 422 if form else 200)
    if refusal and refusal.retry_after:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def _bound(form_class: type[FormT], request: HttpRequest, **about: Any) -> FormT | None:
    """Return the form with what was sent; None where it is not on offer, since words that it needs are missing."""
    site = site_content(request.LANGUAGE_CODE)
    return form_class(site, request.POST, **about) if form_class.is_offered(site) else None


def _elsewhere(form_class: type[PublicForm], translations: dict[str, str]) -> list[dict[str, str]]:
    """Return where a form without words in the page's language is filled in instead: [{"code", "name", "url"}, …]."""
    offered = [code for code in form_class.languages() if code in translations]
    return [{"code": code, "name": language_name(code), "url": translations[code]} for code in offered]


def _form_html(
    form_class: type[PublicForm],
    request: HttpRequest,
    form: PublicForm | None,
    url: str,
    site: SiteContent,
    **about: Any,
) -> str:
    """Return the HTML of a fresh form, or of one with errors; "" where it is not on offer.

    A form with errors is sent again to an address that keeps where the visitor came from: the page's own is lost.
    """
    if form is None:
        return form_class(site, page=url, **about).rendered(site, url) if form_class.is_offered(site) else ""
    query = capture.origin_of(request, form).query()
    return form.rendered(site, f"{url}?{query}" if query else url)
