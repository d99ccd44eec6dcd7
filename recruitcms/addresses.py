"""Old addresses lead to where a page is now: always in one step, never in a circle.

A page that is live at an address wins over whatever was to be forwarded from there. What leads to a document follows
the document, so that its moves make no chain. What leads to a typed address was looked through when it was saved.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.translation import gettext as _

from recruitcms.middleware import TOKEN_PAGE, language_of
from recruitcms.models import Person, Redirect
from recruitcms.models.addresses import LONGEST
from recruitcms.publishing import Publishable, publishable_models
from recruitcms.translated import localized_url

# Control characters, blanks and backslashes: no address holds them, and some programs read addresses with them anew.
NO_ADDRESS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\\]")
# The site's own pages that stay where they are, and may be forwarded to.
LEVEL = "role-level"  # the address of a role at a level, a part of its own
FIXED = {"home", "library", "people", "person", "consultation", "media", "saved"}
SAFE = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True)
class Destination:
    """Where an old address is to lead: to a document, or to `target`; `target` alone says what follows its address."""

    document: Any = None
    target: str = ""

    def __bool__(self) -> bool:
        return self.document is not None or bool(self.target)


# --- how addresses are written ---


def normal(path: str) -> str:
    """Return a path as it is compared: lower case, single slashes, one at the end unless it names a file."""
    path = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).lower())
    path = re.sub(r"/{2,}", "/", path)
    return path if path.endswith("/") or "." in path.rpartition("/")[2] else f"{path}/"


def read_old(text: str) -> str:
    """Return an old address as it is stored, from what somebody typed or pasted: a path, or an address of this site.

    Raises ValidationError with what to do.
    """
    path = _on_this_site(text)
    if not path.startswith("/") or path.startswith("//"):
        raise ValidationError(_("Write the old address from its first “/” on, like /roles/data-engineer/."))
    if "?" in path or "#" in path:
        raise ValidationError(_("Leave out what follows “?” or “#”: the old address forwards whatever follows it."))
    try:
        path = normal(unquote(path, errors="strict"))
    except UnicodeDecodeError:
        path = ""
    if not path or NO_ADDRESS.search(path):
        raise ValidationError(_("This holds characters that no address holds."))
    if len(path) > LONGEST:
        raise ValidationError(_("This is longer than %(limit)d characters.") % {"limit": LONGEST})
    return path


def read_target(text: str) -> str:
    """Return where to lead to, from what somebody typed: a path of this site, or another site's https:// address.

    Raises ValidationError with what to do.
    """
    target = _on_this_site(text)
    if len(target) > 500:
        raise ValidationError(_("This is longer than %(limit)d characters.") % {"limit": 500})
    if target.startswith("/") and not target.startswith("//"):
        return target
    if target.startswith("https://"):
        URLValidator(schemes=["https"])(target)
        if "@" not in urlsplit(target).netloc:
            return target
    raise ValidationError(_("Write an address of this site, from its “/” on, or another site’s, from “https://” on."))


def _on_this_site(text: str) -> str:
    """Return an address without the scheme and host where they are ours. Raises ValidationError."""
    text = text.strip()
    if NO_ADDRESS.search(text):
        raise ValidationError(_("This holds characters that no address holds."))
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise ValidationError(_("This is not an address.")) from None
    if parts.scheme in {"http", "https"} and host in _own_hosts():
        return parts._replace(scheme="", netloc="", path=parts.path or "/").geturl()
    return text


def _own_hosts() -> set[str]:
    return {str(urlsplit(settings.SITE_URL).hostname), *(host.lstrip(".").lower() for host in settings.ALLOWED_HOSTS)}


# --- what is where ---


@dataclass(frozen=True)
class Resident:
    """A document at an address, as it is written there."""

    model: Any
    pk: int
    title: str
    path: str


class AddressBook:
    """What lives at which address, read once: to look up many addresses without asking the database for each."""

    @cached_property
    def live(self) -> dict[str, Resident]:
        """What visitors find now, by normal path."""
        found: dict[str, Resident] = {}
        for model in publishable_models():
            revisions: Any = model.revision_model()
            rows = revisions.objects.live().values_list("language", "slug", "document_id", "title")
            found |= _by_path(revisions.url_name, model, rows)
        return found

    @cached_property
    def drafts(self) -> dict[str, Resident]:
        """Every document's working copy, by the path that it will have."""
        found: dict[str, Resident] = {}
        for model in publishable_models():
            rows = model._default_manager.values_list("language", "slug", "pk", "title")
            found |= _by_path(model.revision_model().url_name, model, rows)
        return found

    @cached_property
    def documents(self) -> set[tuple[Any, int]]:
        return {(found.model, found.pk) for found in self.drafts.values()}

    @cached_property
    def redirects(self) -> dict[str, Redirect]:
        return {row.old_path: row for row in Redirect.objects.all()}

    def destination(self, text: str) -> Destination:
        """Return where a typed address leads to in the end. Raises ValidationError where that is nowhere."""
        target = read_target(text)
        if not target.startswith("/"):
            return Destination(target=target)
        path = re.split(r"[?#]", target)[0]
        rest, key = target[len(path) :], key_of(path)
        row = self.redirects.get(key)
        if found := self.live.get(key):
            return Destination(_stand_in(found.model, found.pk), rest)
        if row and (further := self._destination_of(row)):
            return further
        if found := self.drafts.get(key):
            return Destination(_stand_in(found.model, found.pk), rest)
        if url_name(path) in FIXED:
            return Destination(target=target)
        raise ValidationError(_("There is no page at %(path)s.") % {"path": path})

    def _destination_of(self, row: Redirect) -> Destination:
        if row.content_type_id is None:
            return Destination(target=row.target)
        model: Any = ContentType.objects.get_for_id(row.content_type_id).model_class()
        exists = (model, row.object_id) in self.documents
        return Destination(_stand_in(model, row.object_id), row.target) if exists else Destination()

    def check(self, old_path: str, destination: Destination) -> None:
        """Raise ValidationError, by field, where the site answers at an address, or it would lead to itself."""
        if found := self.live.get(old_path):
            sentence = _("“%(title)s” is live at this address. Take it offline or move it first.")
            raise ValidationError({"old_path": sentence % {"title": found.title}})
        if url_name(old_path) is not None:
            raise ValidationError({"old_path": _("The site itself uses this address.")})
        if destination.target and key_of(destination.target) == old_path:
            raise ValidationError({"to": _("This would lead in a circle.")})

    def near(self, path: str, limit: int = 6) -> list[Resident]:
        """Return what is live at addresses like one that is not there, the likest first, of its language first."""
        language, words = language_of(path), path.rstrip("/").rpartition("/")[2].partition(".")[0]
        by_end: dict[str, list[Resident]] = {}
        for found in self.live.values():
            by_end.setdefault(found.path.rstrip("/").rpartition("/")[2], []).append(found)
        ends = difflib.get_close_matches(words, by_end, n=limit, cutoff=0.5)
        alike = [found for end in ends for found in by_end[end]]
        return sorted(alike, key=lambda found: language_of(found.path) != language)[:limit]

    def search(self, words: str, limit: int = 12) -> list[Resident]:
        """Return what is live whose title or address holds every word."""
        wanted = words.lower().split()[:8]
        texts = ((f"{found.title} {found.path}".lower(), found) for found in self.live.values())
        matching = [found for text, found in texts if all(word in text for word in wanted)]
        return sorted(matching, key=lambda found: found.title)[:limit]


def _by_path(name: str, model: Any, rows: Iterable[tuple[str, str, int, str]]) -> dict[str, Resident]:
    start = {code: localized_url(code, name, "x")[:-2] for code, _name in settings.LANGUAGES}
    residents = [
        Resident(model, pk, title, f"{start[language]}{slug}/")
        for language, slug, pk, title in rows
        if language in start
    ]
    return {normal(resident.path): resident for resident in residents}


def key_of(target: str) -> str:
    """Return the path of a typed destination as it is compared."""
    return normal(unquote(re.split(r"[?#]", target)[0]))


def _stand_in(model: Any, pk: int | None) -> Any:
    """Return a document of which only the kind and the key are known, and needed."""
    return model(pk=pk)


def url_name(path: str) -> str | None:
    """Return the name of the page that the site itself has at a path; None for documents' addresses, and for none."""
    with translation.override(language_of(path)):
        match = None
        for written in (path, f"{path}/"):
            try:
                match = match or resolve(written)
            except Resolver404:
                continue
    documents = {LEVEL, *(model.revision_model().url_name for model in publishable_models())}
    if match is None or match.url_name in documents:
        return None
    if match.url_name == "person":
        people = Person.objects.filter(language=language_of(path), **match.kwargs)
        return "person" if people.exists() else None
    return match.url_name or ""


# --- acts ---


@transaction.atomic
def lead(old_path: str, to: Any, by: Any = None, *, automatic: bool = True, status: int = Redirect.Status.MOVED) -> Any:
    """Let an old address lead to a document or a `Destination` from now on, whatever it led to. Return its row."""
    destination = to if isinstance(to, Destination) else Destination(to)
    fields = {
        "document": destination.document,
        "target": destination.target,
        "status": status,
        "is_automatic": automatic,
        "created_by": by,
    }
    row, _made = Redirect.objects.update_or_create(old_path=normal(old_path), defaults=fields)
    look_through([row])
    return row


def look_through(rows: Iterable[Redirect]) -> None:
    """Let what was typed to lead to addresses that now forward themselves lead where those do."""
    new = {row.old_path: row for row in rows}
    for earlier in Redirect.objects.filter(content_type=None, target__startswith="/"):
        row = new.get(key_of(earlier.target))
        if row:
            earlier.content_type_id, earlier.object_id = row.content_type_id, row.object_id
            earlier.target, earlier.status = row.target, max(earlier.status, row.status)  # “gone” is the largest
            earlier.save()


def settle(document: Publishable) -> None:
    """Forget what publishing made of an address that a document now keeps for good: its plan to move was cancelled."""
    live = document.live_revision
    if live and live.live_until is None:
        rows = Redirect.objects.to(document)
        rows.filter(old_path=normal(live.get_absolute_url()), is_automatic=True).delete()


@transaction.atomic
def delete_forwarding(document: Any, to: Destination | None = None, by: Any = None) -> None:
    """Delete a document; where `to` is given, let its address and those that forward to it lead there."""
    live = document.live_revision
    old_paths = [row.old_path for row in Redirect.objects.to(document)]
    Redirect.objects.to(document).delete()
    document.delete()
    if to:
        for old_path in {*old_paths, *([normal(live.get_absolute_url())] if live else [])}:
            lead(old_path, to, by, automatic=False)


# --- answers ---


def is_forwardable(path: str) -> bool:
    """Tell whether a path may be asked for by anybody: not the admin's, and not one that holds a token."""
    is_whole = len(path) <= LONGEST and not NO_ADDRESS.search(path.replace(" ", ""))
    token = TOKEN_PAGE.match(normal(path))
    return is_whole and not path.startswith("/admin/") and not (token and path[token.end() :])


def _leading(path: str) -> Redirect | None:
    return Redirect.objects.leading().filter(old_path=normal(path)).first()


def forward(request: HttpRequest) -> HttpResponse | None:
    """Return the answer of an old address for a request that found no page; None where there is none.

    Browsers must ask again each time: an address that is given up today may be taken back tomorrow.
    """
    if not is_forwardable(request.path_info):
        return None
    row, level = _leading(request.path_info), ""
    match = request.resolver_match
    if row is None and match and match.url_name == LEVEL:  # of a role that has moved, perhaps
        level = f"{match.kwargs['level']}/"
        row = _leading(request.path_info.removesuffix(level))
    if row is None:
        return None
    if row.status == Redirect.Status.GONE:
        return render(request, "404.html", {"noindex": True}, status=410)
    location = row.location
    if location and row.content_type_id and not row.target:
        location += level
    if not location or location == request.path_info:
        return None
    if request.META.get("QUERY_STRING") and location.startswith("/") and not re.search(r"[?#]", location):
        location = f"{location}?{request.META['QUERY_STRING']}"
    kind = HttpResponsePermanentRedirect if row.status == Redirect.Status.MOVED else HttpResponseRedirect
    response: HttpResponse = kind(location)
    if request.method not in SAFE:
        response.status_code = 303
    response["Cache-Control"] = "no-cache"
    return response
