"""A role's page and its files, for visitors."""

from functools import partial
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db.models import Case, OuterRef, Q, Subquery, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from leads.forms import render_consultation_form, render_report_form
from leads.views import page_methods
from recruitcms import limits
from recruitcms.networks import network_of
from recruitcms.page_cache import whole
from recruitcms.site_content import SiteContent, site_content
from recruitcms.structured_data import Thing, article, breadcrumbs, person
from roles.at_level import at_level, mark_changes
from roles.cards import card_path
from roles.description import Extent, describe, extents
from roles.documents import FORMATS, formats
from roles.fill_in import Field, Values, fields_of, fill_html, length_in, read_values
from roles.kit import must_haves
from roles.levels import Level
from roles.library_views import OF_A_ROW, crumb
from roles.models import RoleRevision, Section
from roles.pay.slot import band_to_show
from roles.pdf import CannotPrintError

FILES_AT_ONCE = 30  # that one network may have made of what it filled in, in ten minutes
KEEP_FILES = 24 * 60 * 60  # seconds
# What was filled in may weigh: forty fields of ten thousand letters, some of which take more than a byte on the way.
MAX_BYTES = 640 * 1024
MOST_FILLED_IN = 640_000  # characters, in all places together: a word may stand in very many, and a PDF takes long
RELATED = 3


@csrf_exempt
@page_methods
@whole
def role(request: HttpRequest, slug: str, level: str = "") -> HttpResponse:
    """Show a live role, or one level of it.

    A POST shows it with what was filled in, for readers without scripting; nothing is kept.
    """
    revision = _live_role(request, slug, level)
    return render_role(request, revision, revision.live_translations())


@csrf_exempt
@page_methods
def role_file(request: HttpRequest, slug: str, kind: str, level: str = "") -> HttpResponse:
    """Give a live role, or one level of it, as a file. A POST gives it with what was filled in; nothing is kept."""
    if kind not in formats():
        raise Http404(_("There is no such file."))
    revision = _live_role(request, slug, level)
    posted = request.POST if request.method == "POST" else None
    extent = Extent.named((request.GET if posted is None else posted).get("with", ""))
    values: Values = {}
    if posted is not None:
        seconds = limits.wait_after("file", network_of(request), FILES_AT_ONCE)
        if seconds:
            return _wait(request, seconds)
        values = read_values(_fields(revision, site_content(revision.language)), posted)
        if length_in(revision.content["sections"], values) > MOST_FILLED_IN:
            return _too_long(request)
    try:
        body = _kept_file(revision, kind, extent) if posted is None else write_file(revision, kind, values, extent)
    except CannotPrintError as reason:
        response = render(request, "roles/no_pdf.html", {"reason": reason, "role": revision}, status=422)
        response["Cache-Control"] = "private, no-store"
        return response
    response = HttpResponse(body, content_type=FORMATS[kind][1])
    name = "-".join(filter(None, [revision.slug, level]))
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response["X-Robots-Tag"] = "noindex"
    if posted is not None:
        response["Cache-Control"] = "private, no-store"
    return response


role.max_bytes = role_file.max_bytes = MAX_BYTES  # type: ignore[attr-defined]


def write_file(revision: RoleRevision, kind: str, values: Values, extent: Extent) -> bytes:
    """Return a role as a file of a kind, filled in."""
    _name, _type, write = FORMATS[kind]
    return write(describe(revision, values, extent))


def _kept_file(revision: RoleRevision, kind: str, extent: Extent) -> bytes:
    """Return a file in which nothing is filled in, made once for each revision, which never changes."""
    key = f"role-file:{revision.pk}:{revision.level}:{kind}:{extent}"
    kept = caches["files"].get(key)
    if kept is None:
        kept = write_file(revision, kind, {}, extent)
        caches["files"].set(key, kept, KEEP_FILES)
    return kept


def _too_long(request: HttpRequest) -> HttpResponse:
    response = render(request, "413.html", status=413)
    response["Cache-Control"] = "private, no-store"
    return response


def _wait(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(request, "429.html", {"minutes": seconds // 60}, status=429)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "private, no-store"
    return response


def _live_role(request: HttpRequest, slug: str, level: str) -> RoleRevision:
    first = RoleRevision.objects.filter(document=OuterRef("document"), live_from__isnull=False).order_by("live_from")
    live = RoleRevision.objects.annotate(published=Subquery(first.values("live_from")[:1]))
    revision = live.get_live(request.LANGUAGE_CODE, slug)
    if revision is None:
        raise Http404(_("There is no such role."))
    found = at_level(revision, level) if level else revision
    if found is None:
        raise Http404(_("The role has no such level."))
    return found


def _fields(revision: RoleRevision, site: SiteContent) -> list[Field]:
    return fields_of(revision.content["sections"], site.fill_in_words)


def fill(content: dict[str, Any], values: Values) -> dict[str, Any]:
    """Return a frozen role's content with what was filled in, marked."""
    sections = []
    for section in content["sections"]:
        cards = [card | {"html": fill_html(card["html"], values, marked=True)} for card in section["cards"]]
        sections.append(section | {"html": fill_html(section["html"], values, marked=True), "cards": cards})
    return content | {"sections": sections}


def render_role(
    request: HttpRequest, revision: RoleRevision, translations: dict[str, str], preview: bool = False
) -> HttpResponse:
    """Render a revision, live or (for the editors' preview) not saved yet, through the role page's one template.

    What a POST of the panel brings is put in; the answer then stays out of caches and search engines. A level has an
    address of its own and what differs marked, but is to search engines a part of the page for all levels. A preview
    is asked for one by `?level=`.
    """
    if preview:
        revision = at_level(revision, request.GET.get("level", "")) or revision
    site = site_content(revision.language)
    fields = [] if preview else _fields(revision, site)  # editors have nothing to fill in
    values = read_values(fields, request.POST) if request.method == "POST" else {}
    if length_in(revision.content["sections"], values) > MOST_FILLED_IN:
        return _too_long(request)
    context = {
        "translations": {} if revision.level else translations,
        "languages": translations,
        "noindex": preview or request.method == "POST",
        "preview": preview,
        **_around(revision, site, preview),
        **_article(revision, site, values, preview),
        **_panel(revision, fields, preview),
    }
    response = render(request, "roles/role.html", context)
    if request.method == "POST":
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response


def _around(revision: RoleRevision, site: SiteContent, preview: bool) -> dict[str, Any]:
    """Return what stands around the article: what machines read of it, related roles, and the forms."""
    base = revision.base or revision
    related = related_roles(revision)
    site.put_on_shelves([revision, base, *related])
    # The one of the page's shared content, whose Markdown is rendered once.
    author = next((one for one in site.people if one.pk == revision.author_id), None) or revision.author
    revision.author = base.author = author
    path = base.get_absolute_url()
    card = "" if preview else card_path(base, site.settings.name)
    return {
        "section": "library",
        "base": base,
        "author": author,
        "related": related,
        "canonical": path,
        "page_url": settings.SITE_URL + revision.get_absolute_url(),
        "card": card,
        "data": [] if preview else role_data(base, site, card),
        "report_form": render_report_form(site, path, site.ctas.get("role_report")),
        "consultation_form": render_consultation_form(site, path),
    }


def _article(revision: RoleRevision, site: SiteContent, values: Values, preview: bool) -> dict[str, Any]:
    """Return the text, filled in and with what differs at this level marked, and what stands between its sections."""
    base = revision.base or revision
    shown = mark_changes(revision.content, base.content) if revision.level else revision.content
    content = fill(shown, values) if values else shown
    sections = content["sections"]
    return {
        "role": revision,
        "content": content,
        "band_after": _place_after(sections, ["required", "duties", "what", "introduction"]),
        "report_after": _place_after(sections, ["mistakes", "good", "where", "challenges", "nice"]),
        "pay": _pay(site, revision, sections),
        "must_haves": must_haves(sections),
        "levels": levels_of(revision, preview),
        "updated": revision.live_from or timezone.now(),
    }


def _panel(revision: RoleRevision, fields: list[Field], preview: bool) -> dict[str, Any]:
    """Return what the panel offers: the words to fill in, and the files to take away."""
    filled = len({field.name for field in fields if field.value})
    return {
        "fields": fields,
        "filled": filled,
        "files": formats(),
        "extents": extents(revision.content["sections"]),
        # How long pieces that hang on the revision alone are kept: for good, unless it has no number or is filled in.
        "keep_for": 0 if preview or filled else None,
    }


def levels_of(revision: RoleRevision, preview: bool = False) -> list[dict[str, Any]]:
    """Return the links between the levels of a role: [{"level", "name", "url", "current"}, …]; [] where it has none."""
    levels = [Level(each["level"]) for each in revision.content.get("levels", [])]
    if not levels:
        return []
    address = partial(RoleRevision.address_at, revision.language, revision.slug)
    named = [("", _("All levels")), *((level.value, level.label) for level in levels)]
    return [
        {
            "level": level,
            "name": name,
            "url": f"?level={level}" if preview else address(level),
            "current": level == revision.level,
        }
        for level, name in named
    ]


def role_data(revision: RoleRevision, site: SiteContent, card: str) -> list[Thing]:
    """Return a live role in schema.org's words; `card`: the path of its picture for social networks."""
    path = revision.get_absolute_url()
    picture = revision.content["picture"]
    changed = revision.live_from or timezone.now()
    trail = [(revision.category.name, revision.category.get_absolute_url()), (revision.title, path)]
    return [
        article(
            f"{revision.title} {_('job description template')}",
            path,
            site,
            description=revision.content["search_description"] or revision.summary,
            images=[card, picture["src"]] if picture else [card],
            author=person(revision.author, site),
            published=getattr(revision, "published", None) or changed,
            changed=changed,
        ),
        breadcrumbs([crumb(revision.language), *trail]),
    ]


def related_roles(revision: RoleRevision) -> list[RoleRevision]:
    """Return up to three live roles to read next: chosen by hand, then of the same category, then the newest."""
    chosen = revision.content["related"]
    live = RoleRevision.objects.live().filter(language=revision.language).only(*OF_A_ROW)
    others = live.exclude(translation_group=revision.translation_group)
    near = others.filter(category=revision.category_id).order_by("-live_from")
    if chosen:
        by_hand = Q(translation_group__in=chosen)
        by_hand_first = Case(When(by_hand, Value(0)), default=Value(1))
        near = others.filter(by_hand | Q(category=revision.category_id)).order_by(by_hand_first, "-live_from")
    found = list(near[:RELATED])
    if len(found) < RELATED:
        rest = others.exclude(pk__in=[role.pk for role in found]).order_by("-live_from")
        found += rest[: RELATED - len(found)]
    return found


def _pay(site: SiteContent, revision: RoleRevision, sections: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what stands beside the pay: the market's band, the notes on the law, and the section it stands at."""
    bands = site.salary_bands.get(revision.translation_group, [])
    if revision.level:  # the figures of another level would mislead
        bands = [band for band in bands if band.level == revision.level]
    band = band_to_show(bands, revision.language)
    if not (band or site.pay_notes):
        return {}
    advert = [section for section in sections if section["in_copy"] or section["kind"] == Section.Kind.PAY]
    return {"band": band, "notes": site.pay_notes, "place": _place_after(advert or sections, ["pay", "offer"])}


def _place_after(sections: list[dict[str, Any]], kinds: list[str]) -> str:
    """Return the id of the section after which a call to action stands: the first of these kinds, else the last one."""
    by_kind = {section["kind"]: section["id"] for section in reversed(sections)}
    return next((by_kind[kind] for kind in kinds if kind in by_kind), sections[-1]["id"] if sections else "")
