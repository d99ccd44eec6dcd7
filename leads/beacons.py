"""What a page's scripts tell the server (a cookie choice, one more of something to count), and what they ask it for.

What they tell are posts of our own pages alone (`SameOriginForms`). None reads a session or sets a cookie.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from leads import cookies, counts, spam, tickets
from recruitcms import limits
from recruitcms.middleware import language_of
from recruitcms.models import SiteSettings
from recruitcms.publishing import revision_models
from recruitcms.site_content import site_content

FIXED = {"home", "library", "people", "consultation"}
TOLD = {"view": "views", "copy": "copies", "download": "downloads", "form": "forms_shown"}
CHOICES_A_MINUTE = 600  # of all visitors: a flood must not fill the disk


@csrf_exempt
@require_POST
def cookie_choice(request: HttpRequest) -> HttpResponse:
    """Keep a cookie choice as proof, and answer with the categories that hold (COO-6)."""
    asked = cookies.notice(SiteSettings.get())
    if asked is None or request.POST.get("text") != asked.sha256:
        return HttpResponse(status=409)  # the page is older than the question
    wait = limits.wait_after("cookie-choices", "", CHOICES_A_MINUTE, window=60)
    if wait:
        return HttpResponse(status=503, headers={"Retry-After": str(wait)})
    wanted = request.POST.get("categories", "").split()
    try:
        agreed = cookies.record(
            asked, str(get_language()), request.POST.get("id", ""), wanted, cookies.has_gpc(request)
        )
    except ValueError:
        return HttpResponse(status=400)
    return JsonResponse({"categories": agreed})


@csrf_exempt
@require_POST
def count(request: HttpRequest) -> HttpResponse:
    """Count what a person's browser tells of a public page (COO-14). The answer is the same when nothing is counted."""
    column = TOLD.get(request.POST.get("what", ""))
    page = request.POST.get("page", "")
    if column and not counts.is_bot(request.headers.get("User-Agent", "")) and is_public_page(page):
        counts.add(column, page, _cta_name(request.POST.get("cta", ""), language_of(page)))
    return HttpResponse(status=204)


@require_safe
@never_cache
def ticket(request: HttpRequest) -> HttpResponse:
    """Give a form that somebody begins to fill in its ticket, with work to do where many forms come (SEC-26, SEC-27).

    Nothing is kept. `wait` is how many milliseconds the form must be old when it is sent.
    """
    token = tickets.issue()
    work = tickets.challenge(token) if spam.wants_work(request) else None
    return JsonResponse({"ticket": token, "wait": round(tickets.LEAST * 1000) + 100, "challenge": work})


def is_public_page(path: str) -> bool:
    """Tell whether a path is a page of ours that is live: nobody can fill the table with made-up ones."""
    if not path.startswith("/") or len(path) > 300:
        return False
    language = language_of(path)
    with translation.override(language):
        try:
            match = resolve(path)
        except Resolver404:
            return False
    slug = match.kwargs.get("slug")
    if match.url_name in revision_models():
        return revision_models()[match.url_name].objects.live().filter(language=language, slug=slug).exists()
    if match.url_name == "person":
        return any(person.slug == slug for person in site_content(language).team)
    return match.url_name in FIXED


def _cta_name(number: str, language: str) -> str:
    """Return the name of a call to action that is shown, or ""."""
    shown = site_content(language).ctas.values() if number else []
    return next((cta.name for cta in shown if str(cta.pk) == number), "")
