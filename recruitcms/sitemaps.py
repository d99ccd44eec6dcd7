"""What search engines are told of: every live page, in every language, with its translations."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings

from leads.models import ReportRevision
from recruitcms.languages import codes
from recruitcms.models import PageRevision, Person
from recruitcms.translated import localized_url
from roles.models import RoleRevision

FIXED = ["home", "library", "check-text", "people", "consultation"]


def live_addresses() -> list[dict[str, Any]]:
    """Return [{"url", "changed", "alternates": [(language or "x-default", url), …]}, …] with absolute addresses.

    `changed` is None where it is not known. A page in one language alone has no alternates.
    """
    addresses = []
    for name in FIXED:
        addresses += _in_all_languages([(code, localized_url(code, name), None) for code in codes()])
    for model, name in ((RoleRevision, "role"), (ReportRevision, "report"), (PageRevision, "page")):
        addresses += _grouped(name, model.objects.live(), "live_from")
    return addresses + _grouped("person", Person.objects.filter(on_team=True))


def _grouped(name: str, rows: Any, changed: str = "") -> list[dict[str, Any]]:
    groups = defaultdict(list)
    columns = ["translation_group", "language", "slug", *([changed] if changed else [])]
    for group, language, slug, *times in rows.filter(language__in=codes()).order_by("slug").values_list(*columns):
        groups[group].append((language, localized_url(language, name, slug), times[0] if times else None))
    return [address for members in groups.values() for address in _in_all_languages(members)]


def _in_all_languages(members: Iterable[tuple[str, str, datetime | None]]) -> list[dict[str, Any]]:
    """Return one page in its languages: [(language, path, changed), …]. The first of the site's is the default."""
    members = sorted(members, key=lambda member: codes().index(member[0]))
    alternates = [(language, settings.SITE_URL + path) for language, path, _changed in members]
    alternates = [*alternates, ("x-default", alternates[0][1])] if len(alternates) > 1 else []
    return [
        {"url": settings.SITE_URL + path, "changed": changed, "alternates": alternates}
        for _language, path, changed in members
    ]
