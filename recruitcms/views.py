"""The pages of the site itself: home, people, plain pages, files, and what is shown when something is wrong."""

import re
import sys
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from recruitcms import logs, outages
from recruitcms.languages import codes
from recruitcms.middleware import is_signed_in
from recruitcms.models import PageRevision
from recruitcms.page_cache import whole
from recruitcms.site_content import site_content
from recruitcms.sitemaps import live_addresses
from recruitcms.structured_data import breadcrumbs, profile, web_page
from recruitcms.translated import localized_url, other_languages
from roles.models import RoleRevision

ON_HOME = 6
GPC_SINCE = "2026-11-23"
MEDIA_TYPES = {"webp": "image/webp", "png": "image/png", "jpg": "image/jpeg"}
PICTURE = re.compile(rf"pictures/[\w/-]{{1,200}}\.({'|'.join(MEDIA_TYPES)})", re.ASCII)


@require_safe
@whole
def home(request: HttpRequest) -> HttpResponse:
    """Show what the agency offers: the search, the shelves, the newest templates, the report, a call."""
    language = request.LANGUAGE_CODE
    live = RoleRevision.objects.live().filter(language=language)
    newest = live.select_related("category").defer("content").order_by("-live_from")
    context = {
        "section": "home",
        "newest": newest[:ON_HOME],
        "total": live.count(),
        "canonical": localized_url(language, "home"),
        "translations": other_languages(language, "home"),
    }
    return render(request, "home.html", context)


@require_safe
@whole
def people(request: HttpRequest) -> HttpResponse:
    """Show the team."""
    language = request.LANGUAGE_CODE
    path = localized_url(language, "people")
    context = {
        "section": "people",
        "canonical": path,
        "data": [web_page(_("People"), path, site_content(language))],
        "translations": other_languages(language, "people"),
    }
    return render(request, "people.html", context)


@require_safe
@whole
def person(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a member of the team and the templates they wrote."""
    language = request.LANGUAGE_CODE
    site = site_content(language)
    found = next((person for person in site.team if person.slug == slug), None)
    if found is None:
        raise Http404(_("There is no such person."))
    written = RoleRevision.objects.live().filter(author=found).select_related("category")
    path = found.get_absolute_url()
    others = found.translations().filter(on_team=True, language__in=codes())
    context = {
        "section": "people",
        "person": found,
        "roles": written.defer("content").order_by("title"),
        "canonical": path,
        "translations": {row.language: row.get_absolute_url() for row in others},
        "data": [
            profile(found, site),
            breadcrumbs([(_("People"), localized_url(language, "people")), (found.name, path)]),
        ],
    }
    return render(request, "person.html", context)


@require_safe
@whole
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a live page."""
    language = request.LANGUAGE_CODE
    revision = PageRevision.objects.get_live(language, slug)
    if revision is None:
        raise Http404(_("There is no such page."))
    return render_page(request, revision, revision.live_translations())


def render_page(
    request: HttpRequest, revision: PageRevision, translations: dict[str, str], preview: bool = False
) -> HttpResponse:
    """Render a page's revision, live or (for the editors' preview) not saved yet."""
    path = revision.get_absolute_url()
    kind = "AboutPage" if revision.purpose == "about" else ""
    site = site_content(revision.language)
    context: dict[str, Any] = {
        "section": revision.purpose,
        "page": revision,
        "content": revision.content,
        "canonical": path,
        "translations": translations,
        "data": [web_page(revision.title, path, site, revision.summary, revision.live_from, kind)],
        "noindex": preview,
        "preview": preview,
    }
    return render(request, "page.html", context)


@require_safe
@whole
def saved(request: HttpRequest) -> HttpResponse:
    """Show the templates that the visitor saved: an empty page that the browser fills from what it keeps itself."""
    translations = other_languages(request.LANGUAGE_CODE, "saved")
    return render(request, "saved.html", {"section": "library", "noindex": True, "translations": translations})


@require_safe
@cache_control(public=True, max_age=86400, immutable=True)
def media(request: HttpRequest, name: str) -> FileResponse:
    """Serve an uploaded picture. Its name is new with each upload; it is kept for a day, since it may be deleted."""
    picture = PICTURE.fullmatch(name)
    if picture is None or not default_storage.exists(name):
        raise Http404
    return FileResponse(default_storage.open(name), content_type=MEDIA_TYPES[picture[1]])


@require_safe
@whole
def robots(request: HttpRequest) -> HttpResponse:
    """Tell robots what not to read.

    A site that is not the live one forbids nothing more: a robot that may not ask never learns of `noindex`, and would
    list an address that others link to.
    """
    sitemap = [f"Sitemap: {settings.SITE_URL}/sitemap.xml"] if settings.PRODUCTION else []
    lines = ["User-agent: *", "Disallow: /admin/", *sitemap, ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def gpc(request: HttpRequest) -> JsonResponse:
    """Say that this site honours Global Privacy Control, and since when (COO-5)."""
    return JsonResponse({"gpc": True, "lastUpdate": GPC_SINCE})


@require_safe
@whole
def sitemap(request: HttpRequest) -> HttpResponse:
    """List every live page with its languages and the day it last changed; none on a site that is not the live one."""
    addresses = live_addresses() if settings.PRODUCTION else []
    return render(request, "sitemap.xml", {"addresses": addresses}, content_type="application/xml")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if request.path.startswith(reverse("admin:index")):
        context = admin.site.each_context(request) | {"title": _("Nothing was saved")}
        return render(request, "admin/session_changed.html", context, status=403)
    return render(request, "403.html", status=403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent) and is_signed_in(request):
        context = admin.site.each_context(request) | {
            "title": _("More than the server takes at once"),
            "megabytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20,
            "fields": settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
        }
        return render(request, "admin/too_much.html", context, status=413)
    return HttpResponse(loader.render_to_string("400.html", {"LANGUAGE_CODE": "en"}), status=400)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", {"noindex": True}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say sorry without asking the database anything: it may be what is broken.

    Where it is, or the disk is full, say that trying again helps (REL-7). Django calls this
    while the error is being handled, wherever it arose: in a view, a middleware or another error page.
    """
    if outages.is_outage(sys.exception()):
        return outages.refusal()
    words = loader.render_to_string("500.html", {"LANGUAGE_CODE": "en", "request_id": logs.owner()})
    headers = {"X-Request-ID": logs.owner()} if logs.owner() else None
    return HttpResponse(words, status=500, headers=headers)
