"""Where a person, a picture, an invitation or a page is used: what would break if it were deleted.

Visitors see frozen revisions, so that more holds a thing than the rows that point to it: the HTML of a live revision
links to a page's address and shows a picture's files. The number of queries is the same however much there is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import CharField, QuerySet, TextField, Value
from django.db.models.functions import Cast, StrIndex
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads.models import Report, ReportRevision
from recruitcms.models import CallToAction, ClientLogo, Page, PageRevision, Person, Picture, SiteText, Testimonial
from recruitcms.publishing import revision_models
from roles.models import Category, Role, RoleRevision, SampleResume, Section

MOST = 500  # uses that are read; a list of more is a list of “everywhere”
# Texts in which editors may link to a page: (model, the field with the text, what owns it, the owner's name).
TEXTS: list[tuple[Any, str, str, str]] = [
    (Section, "body", "role_id", "role__title"),
    (Section, "advice", "role_id", "role__title"),
    (Page, "body", "pk", "title"),
    (Report, "method", "pk", "title"),
    (Person, "bio", "pk", "name"),
    (SiteText, "company", "site_id", "language"),
    (SiteText, "trending_regions", "site_id", "language"),
]
# Rows that visitors see as they are, without a revision.
AT_ONCE = {ClientLogo, Person, SiteText, Testimonial}
# Whose form a part of it is changed in.
OWNERS: dict[Any, Any] = {
    Section: Role,
    SampleResume: Role,
    SiteText: "recruitcms_sitesettings",
    RoleRevision: Role,
    PageRevision: Page,
    ReportRevision: Report,
}


@dataclass(frozen=True)
class Use:
    """One thing that uses another: what it is called, how it uses it, and where to change that."""

    name: str
    how: str
    url: str = ""
    is_live: bool = False
    points: bool = False  # a row that points to it; other uses are words or files in a text


def uses_of(obj: Any) -> list[Use]:
    """Return what uses a person, picture, call to action, category, page, role or report; what visitors see first."""
    finder: Callable[[Any], list[Use]] = FINDERS.get(type(obj), lambda obj: [])
    by_place: dict[str, list[Use]] = {}
    for use in finder(obj):
        by_place.setdefault(use.url or use.name, []).append(use)
    return sorted(map(_together, by_place.values()), key=lambda use: (not use.is_live, use.name))


def _together(uses: list[Use]) -> Use:
    """Return as one what several uses in the same place are, the live page and its working copy among them."""
    hows = dict.fromkeys(use.how for use in uses)
    return Use(
        uses[0].name, ", ".join(hows), uses[0].url, any(use.is_live for use in uses), any(use.points for use in uses)
    )


# --- by kind ---


def _uses_of_picture(picture: Picture) -> list[Use]:
    rows = [
        _rows(Person, {"portrait": picture}, "name", _("its portrait")),
        _rows(ClientLogo, {"picture": picture}, "name", _("its logo")),
        _rows(Role, {"picture": picture}, "title", _("beside its title")),
        _rows(SampleResume, {"picture": picture}, "role__title", _("a sample résumé"), owner="role_id"),
        _rows(Report, {"cover": picture}, "title", _("its cover")),
    ]
    # The folder is the picture's own, so that its name finds every size of it.
    folder = str(picture.files.get("original", "")).rpartition("/")[0]
    shown = [_revisions(model, _("shows it"), folder) for model in revision_models().values()] if folder else []
    return _read([*rows, *shown])


def _uses_of_person(person: Person) -> list[Use]:
    rows = [
        _rows(Role, {"author": person}, "title", _("its author")),
        _rows(RoleRevision, {"author": person}, "title", _("its author"), owner="document_id", live=True),
        _rows(Testimonial, {"person": person}, "quote", _("who said it")),
        _rows(Report, {"sender": person}, "title", _("signs its mail")),
    ]
    uses = _read(rows)
    if person.on_team:  # others have no page of their own
        uses += _links_to(person.get_absolute_url())
        uses.append(Use(_("Team page"), _("shown among the team"), person.get_absolute_url(), is_live=True))
    if person.answers_enquiries:
        uses.append(Use(_("Consultation form"), _("answers enquiries"), is_live=True))
    return uses


def _uses_of_category(category: Category) -> list[Use]:
    rows = [
        _rows(Role, {"category": category}, "title", _("on this shelf")),
        _rows(RoleRevision, {"category": category}, "title", _("on this shelf"), owner="document_id", live=True),
    ]
    return _read(rows) + _links_to(category.get_absolute_url())


def _uses_of_cta(cta: CallToAction) -> list[Use]:
    """Say on how many live pages an invitation stands; one that another one hides stands on none."""
    same_place = CallToAction.objects.filter(language=cta.language, place=cta.place, is_active=True)
    if not cta.is_active or same_place.first() != cta:
        return []
    place = cta.get_place_display()
    if cta.place.startswith("library"):
        return [Use(place, _("stands there now"), is_live=True)]
    number = RoleRevision.objects.live().filter(language=cta.language).count()
    said = ngettext("stands on %(count)d live role page", "stands on %(count)d live role pages", number)
    url = f"{reverse('admin:roles_role_changelist')}?state=live&language__exact={cta.language}"
    return [Use(place, said % {"count": number}, url, is_live=True)]


def _uses_of_document(document: Any) -> list[Use]:
    live = document.live_revision
    paths = {document.get_absolute_url(), *([live.get_absolute_url()] if live else [])}
    uses = _links_to(*sorted(paths), beside=document)
    if isinstance(document, Role):
        uses += _read([_rows(Role, {"related": document}, "title", _("read next after it"))])
    if isinstance(document, Page) and live and live.purpose == Page.Purpose.PRIVACY:
        uses.append(Use(_("Every form"), _("links to it as the privacy policy"), is_live=True))
    elif isinstance(document, Page) and live and (live.purpose or live.footer):
        uses.append(Use(_("Every page"), _("the menu or the footer links to it"), is_live=True))
    return uses


FINDERS: dict[Any, Callable[[Any], list[Use]]] = {
    Picture: _uses_of_picture,
    Person: _uses_of_person,
    Category: _uses_of_category,
    CallToAction: _uses_of_cta,
    Page: _uses_of_document,
    Role: _uses_of_document,
    Report: _uses_of_document,
}


# --- by query: parts of the same five columns, joined into one ---


def _part(rows: QuerySet[Any], owner: str, name: str, how: str, live: bool = False, text: Any = None) -> QuerySet[Any]:
    model = OWNERS.get(rows.model, rows.model)
    label = model if isinstance(model, str) else model._meta.label_lower.replace(".", "_")
    return rows.order_by().values_list(
        Value(label, CharField()),
        owner,
        Cast(name, TextField()),
        Value(how, CharField()),
        Value("live" if live or rows.model in AT_ONCE else "", CharField()),
        Cast(text, TextField()) if text else Value("", TextField()),
    )


def _rows(model: Any, pointing: dict[str, Any], name: str, how: str, owner: str = "pk", live: bool = False) -> Any:
    rows = model.objects.live() | model.objects.scheduled() if live else model.objects.all()
    return _part(rows.filter(**pointing), owner, name, how, live)


def _revisions(model: Any, how: str, words: str) -> Any:
    """Return the live and scheduled revisions whose frozen content holds some words."""
    shown = (model.objects.live() | model.objects.scheduled()).annotate(frozen=Cast("content", TextField()))
    return _part(_holding(shown, "frozen", words), "document_id", "title", how, live=True, text="frozen")


def _holding(rows: Any, field: str, words: str) -> Any:
    """Keep the rows whose text holds some words. Not by LIKE, which is slower and takes “_” for a wildcard."""
    return rows.alias(place=StrIndex(field, Value(words))).filter(place__gt=0)


def _read(parts: list[Any]) -> list[Use]:
    first, *others = parts
    rows = first.union(*others, all=True)[:MOST] if others else first[:MOST]
    return [_use(*row) for row in rows]


def _use(label: str, pk: Any, name: str, how: str, live: str, text: str) -> Use:
    name = str(_("Site settings")) if label == OWNERS[SiteText] else name
    return Use(name, how, _change_url(label, pk), bool(live), points=not text)


def _links_to(*paths: str, beside: Any = None) -> list[Use]:
    """Return what links to an address of ours: texts as they are edited, and live or scheduled pages."""
    parts = []
    for path in paths:
        start = path.rstrip("/")
        for model, field, owner, name in TEXTS:
            rows = _holding(model.objects.all(), field, start)
            parts.append(_part(rows, owner, name, _("links to it"), text=field))
        parts += [_revisions(model, _("links to it"), start) for model in revision_models().values()]
    link = re.compile("|".join(_link(path) for path in paths))
    own = _change_url(beside._meta.label_lower.replace(".", "_"), beside.pk) if beside else ""
    rows = parts[0].union(*parts[1:], all=True)[:MOST]
    uses = [_use(*row) for row in rows if link.search(row[-1])]
    return [use for use in uses if not own or use.url != own]


def _link(path: str) -> str:
    """Return what matches a link to exactly this path: `/roles/x/` is neither `/pl/roles/x/` nor `/roles/x-y/`."""
    start = re.escape(path.rstrip("/"))
    return rf"(?:{re.escape(settings.SITE_URL)}|(?<![\w./:-])){start}(?![\w-])"


def _change_url(label: str, pk: Any) -> str:
    try:
        return reverse(f"admin:{label}_change", args=[pk])
    except NoReverseMatch:
        return ""
