"""The library, for visitors: the live roles of a language, by category, by words, sorted, ten on a page."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import InvalidPage, Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from leads.counts import is_bot
from recruitcms.languages import codes
from recruitcms.page_cache import mark_whole
from recruitcms.site_content import SiteContent, site_content
from recruitcms.structured_data import breadcrumbs
from recruitcms.translated import localized_url, other_languages
from roles.models import Category, RoleRevision
from roles.search import marks, missed
from roles.search.query import Found, find

PER_PAGE = 10
NEWEST = 3  # offered where nothing is found
MAX_QUERY = 100  # letters
# What a role shows of itself in lists.
OF_A_ROW = ["language", "translation_group", "slug", "title", "summary", "live_from", "reading_minutes", "category_id"]
SORTS = {"newest": ("-live_from", "title"), "title": ("title",)}


@dataclass(frozen=True)
class Asked:
    """What a visitor asks of the library: words, a shelf, an order (of SORTS), and a page as it was spelt."""

    query: str
    category: Category | None
    sort: str
    number: str


@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """List what a visitor asks for, or say that there is none of it and offer what is new."""
    site = site_content(request.LANGUAGE_CODE)
    asked = _asked(request, site)
    page, instead = _page_of(asked, site)
    site.put_on_shelves(page.object_list)
    context = _context(asked, page, site) | {"instead": instead}
    if not page.paginator.count:
        if asked.query and not asked.category:
            _count_missed(request, asked.query)
        return render(request, "roles/library_empty.html", context | {"newest": _newest(site)})
    response = render(request, "roles/library.html", context)
    # A sort and a page that are spelt otherwise than our links do would fill the cache.
    is_linked = request.GET.get("sort", asked.sort) == asked.sort and asked.number == str(page.number)
    return mark_whole(request, response, hangs_on_query=True) if is_linked else response


def _asked(request: HttpRequest, site: SiteContent) -> Asked:
    sort = request.GET.get("sort", "newest")
    return Asked(
        query=request.GET.get("q", "").replace("\0", "").strip()[:MAX_QUERY],
        category=_category(site, request.GET.get("category", "")),
        sort=sort if sort in SORTS else "newest",
        number=request.GET.get("page", "1"),
    )


def _category(site: SiteContent, slug: str) -> Category | None:
    """Return the named category, None for no name; an unknown one is a page that does not exist."""
    if not slug:
        return None
    for category in site.categories:
        if category.slug == slug:
            return category
    raise Http404(_("There is no such category."))


def _live(site: SiteContent) -> QuerySet[RoleRevision]:
    return RoleRevision.objects.live().filter(language=site.language)


def _page_of(asked: Asked, site: SiteContent) -> tuple[Any, str]:
    """Return the page that was asked for, with its rows read, and the words that a search took the typed ones for."""
    live, category = _live(site), asked.category
    matching = live.filter(category=category) if category else live
    if asked.query:
        found = find(matching, asked.query, site.language, site.synonyms)
        return _page_of_found(found, asked.number, site.language), found.instead
    count = site.live_roles.get(category.pk, 0) if category else sum(site.live_roles.values())
    page = _page(matching.order_by(*SORTS[asked.sort]).only(*OF_A_ROW), asked.number, count)
    page.object_list = list(page.object_list)
    return page, ""


def _page_of_found(found: Found, number: str, language: str) -> Any:
    """Return a page of what a search found, with the words marked; only this page's rows are read."""
    page = _page(found.pks, number, len(found.pks))
    rows = RoleRevision.objects.select_related("search_entry").only(*OF_A_ROW, "search_entry__plain")
    by_pk = rows.in_bulk(page.object_list) if page.object_list else {}
    page.object_list = [by_pk[pk] for pk in page.object_list if pk in by_pk]
    marks.show_found(page.object_list, found.words, language)
    return page


def _page(roles: QuerySet[RoleRevision] | list[int], number: str, count: int) -> Any:
    """Return a page of a list, of which is known already how many it has."""
    paginator = Paginator(roles, PER_PAGE)
    paginator.count = count
    try:
        return paginator.page(number)
    except InvalidPage as error:
        raise Http404(_("This list has no such page.")) from error


def _newest(site: SiteContent) -> list[RoleRevision]:
    newest = list(_live(site).only(*OF_A_ROW).order_by("-live_from")[:NEWEST])
    site.put_on_shelves(newest)
    return newest


def _context(asked: Asked, page: Any, site: SiteContent) -> dict[str, Any]:
    query, category, language = asked.query, asked.category, site.language
    total = sum(site.live_roles.values())
    return {
        "section": "library",
        "query": query,
        "sort": asked.sort,
        "category": category,
        "chips": [(shelf, site.live_roles[shelf.pk]) for shelf in site.shelves],
        "total": total,
        "page": page,
        "keep": _kept_query(category, query, asked.sort),
        "lead": site.text.library_lead.replace("{count}", str(total)),
        "pages": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "canonical": _canonical(language, category, page.number),
        "translations": {} if query or page.number > 1 else _other_libraries(language, category),
        "data": [breadcrumbs([crumb(language), (category.name, category.get_absolute_url())])] if category else [],
        "noindex": bool(query),
    }


def _kept_query(category: Category | None, query: str, sort: str) -> str:
    """Return the part of the address that the pager keeps, ending in "&" where there is one."""
    kept = {"category": category.slug if category else "", "q": query, "sort": sort if sort == "title" else ""}
    encoded = urlencode({name: value for name, value in kept.items() if value})
    return f"{encoded}&" if encoded else ""


def crumb(language: str) -> tuple[str, str]:
    """Return the library's name and path, as a trail of pages says them."""
    return _("Templates"), localized_url(language, "library")


def _other_libraries(language: str, category: Category | None) -> dict[str, str]:
    """Return the paths of the library, or of a shelf that is not empty, in the other languages."""
    if category is None:
        return other_languages(language, "library")
    live = RoleRevision.objects.live().filter(category=OuterRef("pk"))
    shelves = category.translations().filter(Exists(live), language__in=codes())
    return {shelf.language: shelf.get_absolute_url() for shelf in shelves}


def _canonical(language: str, category: Category | None, number: int) -> str:
    address = category.get_absolute_url() if category else localized_url(language, "library")
    return address if number == 1 else f"{address}{'&' if category else '?'}page={number}"


def _count_missed(request: HttpRequest, query: str) -> None:
    """Count what a person looked for in vain, once it is written out (static/js/search.js says when it is not)."""
    unfinished = "X-Typing" in request.headers or request.method != "GET"
    if not unfinished and not is_bot(request.headers.get("User-Agent", "")):
        missed.count(query, request.LANGUAGE_CODE)
