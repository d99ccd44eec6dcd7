"""What the checklist asks about the rest of the site, kept in the process until shared content changes.

One query, the content version, tells whether the kept copy still holds; the paths that answer are asked again after a
minute, since a scheduled page may have appeared meanwhile.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from re import Pattern
from typing import Any

from django.conf import settings
from django.db.models import CharField, QuerySet, Value
from django.urls import Resolver404, resolve
from django.utils import translation

from recruitcms.addresses import normal
from recruitcms.models import CallToAction, FillInWord, Person, Redirect, SiteSettings, WordingException
from recruitcms.publishing import revision_models
from recruitcms.quality.wording import fine_words

KEEP_PATHS = 60  # seconds

_kept: dict[str, "Surroundings"] = {}


def surroundings(language: str) -> "Surroundings":
    """Return what a language's documents stand among. Costs one query when kept."""
    site = SiteSettings.get()
    kept = _kept.get(language)
    if kept is None or kept.site.content_version != site.content_version:
        kept = _kept[language] = Surroundings(language, site)
    return kept


@dataclass
class Surroundings:
    """What the checks of a language's documents ask beyond the document, looked up once until content changes."""

    language: str
    site: SiteSettings
    _paths: dict[str, tuple[float, bool]] = field(default_factory=dict)

    @cached_property
    def places(self) -> frozenset[str]:
        """The places in which a call to action is shown."""
        shown = CallToAction.objects.filter(language=self.language, is_active=True)
        return frozenset(shown.values_list("place", flat=True))

    @cached_property
    def fine(self) -> Pattern[str] | None:
        """The words that somebody found fine on this site."""
        return fine_words(WordingException.objects.filter(language=self.language).values_list("words", flat=True))

    @cached_property
    def fill_ins(self) -> frozenset[str]:
        """The fill-in words that all templates share, in every spelling."""
        words = FillInWord.objects.filter(language=self.language)
        return frozenset(spelling for word in words for spelling in word.spellings)

    def dead(self, paths: Iterable[str]) -> set[str]:
        """Return those of the site's own paths at which no page answers visitors now. One query, or none when kept."""
        now = time.monotonic()
        wanted = set(paths)
        unknown = {path for path in wanted if now - self._paths.get(path, (-KEEP_PATHS, False))[0] >= KEEP_PATHS}
        if unknown:
            answering = _answering(unknown)
            self._paths |= {path: (now, path in answering) for path in unknown}
        return {path for path in wanted if not self._paths[path][1]}


def _answering(paths: set[str]) -> set[str]:
    """Return the paths that lead to a page: one that is always there, or a live one, or one that forwards to it."""
    answering, asked = set(), {}
    for path in paths:
        language, name, slug = _route(path)
        if name in revision_models() or name == "person":
            asked[path] = (name, language, slug)
        elif name:
            answering.add(path)
    live = _live(set(asked.values())) if asked else set()
    answering |= {path for path, address in asked.items() if address in live}
    return answering | _forwarding(paths - answering)


def _forwarding(paths: set[str]) -> set[str]:
    """Return those of the paths that lead to where something is now."""
    old = {path: normal(path) for path in paths}
    rows = Redirect.objects.filter(old_path__in=old.values()).exclude(status=Redirect.Status.GONE)
    forwarding = set(rows.values_list("old_path", flat=True)) if paths else set()
    return {path for path in paths if old[path] in forwarding}


def _route(path: str) -> tuple[str, str, str]:
    """Return the language, the URL's name and the slug of a path; an empty name where the site has no such address."""
    language = translation.get_language_from_path(path) or settings.LANGUAGE_CODE
    path = path if path.endswith("/") else f"{path}/"  # as the site forwards it
    with translation.override(language):
        try:
            match = resolve(path)
        except Resolver404:
            return language, "", ""
    name = "" if match.namespace == "admin" else (match.url_name or "").removesuffix("-level")  # part of its role
    return language, name, match.kwargs.get("slug", "")


def _live(addresses: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Return those of (name, language, slug) at which a live document answers."""
    by_name = {name: {slug for kind, _, slug in addresses if kind == name} for name, _, _ in addresses}
    queries = [_rows(name, slugs) for name, slugs in by_name.items()]
    return set(queries[0].union(*queries[1:], all=True) if len(queries) > 1 else queries[0])


def _rows(name: str, slugs: set[str]) -> QuerySet[Any, Any]:
    if name == "person":
        rows: QuerySet[Any, Any] = Person.objects.filter(slug__in=slugs)
    else:
        rows = revision_models()[name].objects.live().filter(slug__in=slugs)
    return rows.order_by().values_list(Value(name, output_field=CharField()), "language", "slug")
