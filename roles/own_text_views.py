"""“Check your own text”: a page that answers one request, and keeps nothing of it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from leads.views import page_methods
from recruitcms import limits
from recruitcms.networks import network_of
from recruitcms.quality import wording
from recruitcms.quality.reading import count_words
from recruitcms.site_content import site_content
from recruitcms.structured_data import web_page
from recruitcms.translated import localized_url, other_languages
from roles.own_text import MOST_CHARACTERS, Report, highlighted, report_on

CHECKS_AT_ONCE = 30  # that one network may ask for in ten minutes
# What the form may weigh. Each character may take twelve bytes on the way, as emoji do; a text that is somewhat longer
# than we check comes back in its field, so that it can be shortened.
MAX_BYTES = 640 * 1024


@csrf_exempt
@page_methods
@sensitive_post_parameters("text")
def check_text(request: HttpRequest) -> HttpResponse:
    """Show the page. A POST checks a job description: it is answered, and then forgotten."""
    path = localized_url(request.LANGUAGE_CODE, "check-text")
    context = {
        "section": "library",
        "canonical": path,
        "translations": other_languages(request.LANGUAGE_CODE, "check-text"),
        "data": [web_page(_("Check your own job description"), path, site_content(request.LANGUAGE_CODE))],
        "text_languages": [(code, get_language_info(code)["name_translated"]) for code in wording.languages()],
        "chosen": _language(request),
        "most": MOST_CHARACTERS,
    }
    if request.method != "POST":
        return render(request, "roles/check_text.html", context)
    answer, status, seconds = _answer(request)
    response = render(request, "roles/check_text.html", context | {"noindex": True, **answer}, status=status)
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    if seconds:
        response["Retry-After"] = str(seconds)
    return response


check_text.max_bytes = MAX_BYTES  # type: ignore[attr-defined]


def _answer(request: HttpRequest) -> tuple[dict[str, Any], int, int]:
    """Return what the page says about the text, the status, and for how many seconds the visitor has to wait."""
    text = request.POST.get("text", "").replace("\r\n", "\n").replace("\0", "")
    seconds = limits.wait_after("check", network_of(request), CHECKS_AT_ONCE)
    if seconds:
        return {"text": text, "problem": _wait(seconds // 60)}, 429, seconds
    problem = _problem(text)
    if problem:
        return {"text": text, "problem": problem}, 422, 0
    report = report_on(text, _language(request))
    return {"text": text, "report": report, "groups": _groups(report)}, 200, 0


def _language(request: HttpRequest) -> str:
    """Return the language of the text: as chosen, else the page's, else the first that there are lists for."""
    known = wording.languages()
    wanted = [request.POST.get("language", ""), request.LANGUAGE_CODE]
    return next((code for code in wanted if code in known), known[0])


def _problem(text: str) -> str:
    if not text.strip():
        return _("Paste your job description into the field first.")
    if not count_words(text):
        return _("There are no words in this text. Paste your job description into the field.")
    if len(text) > MOST_CHARACTERS:
        sentence = _(
            "The text has %(count)s characters, and %(most)s can be checked. Leave out what is no part of the advert."
        )
        return sentence % {"count": _grouped(len(text)), "most": _grouped(MOST_CHARACTERS)}
    return ""


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)


def _wait(minutes: int) -> str:
    sentence = ngettext(
        "Many texts came from your network in a short time. Your text is still here: try again in %(minutes)d minute.",
        "Many texts came from your network in a short time. Your text is still here: try again in %(minutes)d minutes.",
        minutes,
    )
    return sentence % {"minutes": minutes}


def _groups(report: Report) -> list[dict[str, Any]]:
    """Return what is to be changed and what is to be considered, each finding with its sentence marked."""
    groups = [("change", _("To change"), report.change), ("consider", _("To consider"), report.consider)]
    return [
        {"id": name, "title": title, "lines": [(finding, highlighted(finding)) for finding in found]}
        for name, title, found in groups
        if found
    ]
