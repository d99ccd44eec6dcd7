"""The library for programs: pictures for social networks, the feed, the list for language models, the list of names."""

import re
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.core.files.storage import default_storage
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.templatetags.static import static
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from recruitcms.languages import language_choices
from recruitcms.page_cache import whole
from recruitcms.site_content import site_content
from recruitcms.translated import localized_url
from roles import cards
from roles.models import RoleRevision

IN_FEED = 30


def live_roles(language: str) -> QuerySet[RoleRevision]:
    """Return the live roles of a language, the last changed first; `published` is when each first went live."""
    first = RoleRevision.objects.filter(document=OuterRef("document"), live_from__isnull=False).order_by("live_from")
    live = RoleRevision.objects.live().filter(language=language).select_related("category", "author")
    live = live.defer("content").annotate(published=Subquery(first.values("live_from")[:1]))
    return live.order_by("-live_from", "title")


@require_safe
@cache_control(public=True, max_age=31536000, immutable=True)
def card(request: HttpRequest, pk: int, mark: str) -> HttpResponseBase:
    """Serve the picture of a live role. Its address changes with its words, so that it may be kept for good."""
    revision = RoleRevision.objects.live().select_related("category").defer("content").filter(pk=pk).first()
    company = site_content(request.LANGUAGE_CODE).settings.name
    if revision is None or mark != cards.mark_of(cards.words_of(revision, company)):
        raise Http404
    name = cards.stored_card(revision, company)
    if not name:
        return HttpResponseRedirect(static("img/share-card.png"))
    response = FileResponse(default_storage.open(name), content_type="image/png")
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # other sites are what it is for
    return response


@require_safe
@whole
@cache_control(public=True, max_age=300)
def index(request: HttpRequest) -> JsonResponse:
    """Name the live templates of a language by their ids: {id: [path, title]}.

    The page of saved templates asks for all of them, so that it need not tell which ones were saved.
    """
    language = request.LANGUAGE_CODE
    rows = RoleRevision.objects.live().filter(language=language).values_list("translation_group", "slug", "title")
    return JsonResponse({str(key): [localized_url(language, "role", slug), title] for key, slug, title in rows})


@require_safe
@whole
@cache_control(public=True, max_age=300)
def llms(request: HttpRequest) -> HttpResponse:
    """List the live templates by language as Markdown, with the addresses of their Markdown (https://llmstxt.org)."""
    site = site_content(request.LANGUAGE_CODE)
    lead = site.text.home_lead or site.text.tagline
    parts = [f"# {_markdown(site.settings.name)}"]
    parts += [f"> {_markdown(lead)}"] if lead else []
    for code, name in language_choices():
        with override(code):
            lines = [_line(revision) for revision in live_roles(code).order_by("title")]
            parts += [f"## {_('Job description templates')} ({name})", "\n".join(lines)] if lines else []
    return HttpResponse("\n\n".join(parts) + "\n", content_type="text/plain; charset=utf-8")


def _line(revision: RoleRevision) -> str:
    path = localized_url(revision.language, "role-file", revision.slug, "md")
    return f"- [{_markdown(revision.title)}]({settings.SITE_URL}{path}): {_markdown(revision.summary)}"


def _markdown(text: str) -> str:
    """Return a text on one line, with nothing that Markdown takes for more than letters."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split()))


class RoleFeed(Feed):
    """The newest and last changed templates of a language, as Atom."""

    feed_type = Atom1Feed

    def get_object(self, request: HttpRequest) -> str:  # type: ignore[override]
        return str(get_language())

    def title(self, language: str) -> str:
        return f"{_('Job description templates')} | {site_content(language).settings.name}"

    def subtitle(self, language: str) -> str:
        return site_content(language).text.home_lead

    def link(self, language: str) -> str:
        return settings.SITE_URL + localized_url(language, "library")

    def feed_url(self, language: str) -> str:
        return settings.SITE_URL + localized_url(language, "role-feed")

    feed_guid = feed_url

    def items(self, language: str) -> QuerySet[RoleRevision]:
        return live_roles(language)[:IN_FEED]

    def item_title(self, item: Any) -> str:
        return str(item.title)

    def item_description(self, item: Any) -> str:
        """Return the summary as HTML, which readers take it for."""
        return escape(item.summary)

    def item_link(self, item: Any) -> str:
        return settings.SITE_URL + item.get_absolute_url()

    def item_guid(self, item: Any) -> str:
        """Return an id that stays when the template gets another address."""
        return uuid.uuid5(item.translation_group, item.language).urn

    def item_pubdate(self, item: Any) -> datetime:
        return item.published

    def item_updateddate(self, item: Any) -> datetime:
        return item.live_from

    def item_author_name(self, item: Any) -> str:
        return str(item.author.name)

    def item_categories(self, item: Any) -> list[str]:
        return [item.category.name]


feed = require_safe(cache_control(public=True, max_age=300)(conditional_page(RoleFeed())))
