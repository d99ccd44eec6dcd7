"""What search engines are told of: every live page, in every language, with its translations."""

from collections import defaultdict
from typing import Any

from django.conf import settings

from leads.models import ReportRevision
from recruitcms.languages import codes
from recruitcms.models import PageRevision
from recruitcms.translated import localized_url
from roles.models import RoleRevision

FIXED = ["home", "library", "people", "consultation"]


def live_addresses() -> list[dict[str, Any]]:
    """Return [{"url", "changed", "alternates": [(language, url), …]}, …] with absolute addresses."""
    addresses = []
    for name in FIXED:
        alternates = [(code, settings.SITE_URL + localized_url(code, name)) for code in codes()]
        addresses += [{"url": url, "changed": None, "alternates": alternates} for _code, url in alternates]
    for model, name in ((RoleRevision, "role"), (ReportRevision, "report"), (PageRevision, "page")):
        addresses += _documents(model, name)
    return addresses


def _documents(model: Any, name: str) -> list[dict[str, Any]]:
    groups = defaultdict(list)
    rows = (
        model.objects.live()
        .filter(language__in=codes())
        .order_by("slug")
        .values_list("translation_group", "language", "slug", "live_from")
    )
    for group, language, slug, changed in rows:
        groups[group].append((language, settings.SITE_URL + localized_url(language, name, slug), changed))
    return [
        {"url": url, "changed": changed, "alternates": [(code, other) for code, other, _changed in members]}
        for members in groups.values()
        for _language, url, changed in members
    ]
