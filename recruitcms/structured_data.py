"""Pages in schema.org's words, for machines: https://developers.google.com/search/docs/appearance/structured-data.

A template is an Article. It is never a JobPosting: nobody can apply for it, and search engines punish such a claim.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from recruitcms.models import Person
from recruitcms.site_content import SiteContent

Thing = dict[str, Any]
# So that no text can end the element, whatever an editor wrote.
ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def script_of(things: Iterable[Thing]) -> SafeString:
    """Return a data block for the page's head. It is no code: the content policy has nothing to say about it."""
    graph = {"@context": "https://schema.org", "@graph": [*things]}
    text = json.dumps(graph, ensure_ascii=False).translate(ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))


def address(path: str) -> str:
    """Return the whole address of a path of ours; of a file that is kept elsewhere, its own."""
    return path if "://" in path else settings.SITE_URL + path


def organization(site: SiteContent) -> Thing:
    """Return the agency."""
    facts = site.settings
    return _without_gaps(
        {
            "@type": "Organization",
            "@id": f"{settings.SITE_URL}/#organization",
            "name": facts.name,
            "legalName": facts.legal_name,
            "url": f"{settings.SITE_URL}/",
            "logo": address(static("img/apple-touch-icon.png")),
            "email": facts.email,
            "telephone": facts.phone,
            "sameAs": [url for _name, url in facts.social_links],
        }
    )


def publisher(site: SiteContent) -> Thing:
    """Return the agency in short; the page has the whole of it under the same id."""
    return {
        "@type": "Organization",
        "@id": f"{settings.SITE_URL}/#organization",
        "name": site.settings.name,
        "url": f"{settings.SITE_URL}/",
    }


def person(someone: Person, site: SiteContent) -> Thing:
    """Return an author or a member of the team. Only those on the team have a page of their own."""
    page = address(someone.get_absolute_url()) if someone.on_team else ""
    return _without_gaps(
        {
            "@type": "Person",
            "name": someone.name,
            "url": page or someone.social_url,
            "jobTitle": someone.job_title,
            "image": address(someone.face["src"]) if someone.face else "",
            "sameAs": [someone.social_url] if someone.social_url else [],
            "worksFor": publisher(site) if someone.on_team else {},
        }
    )


def profile(someone: Person, site: SiteContent) -> Thing:
    """Return the page of a member of the team."""
    return {"@type": "ProfilePage", "mainEntity": person(someone, site)}


def breadcrumbs(trail: Iterable[tuple[str, str]]) -> Thing:
    """Return the way to a page: [(name, path), …], the page itself last."""
    items = [
        {"@type": "ListItem", "position": position, "name": name, "item": address(path)}
        for position, (name, path) in enumerate(trail, 1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def web_page(
    name: str, path: str, site: SiteContent, description: str = "", changed: datetime | None = None, kind: str = ""
) -> Thing:
    """Return a page that is no article; `kind` is one of schema.org's more exact names for it."""
    return _without_gaps(
        {
            "@type": kind or "WebPage",
            "name": name,
            "description": description,
            "url": address(path),
            "inLanguage": site.language,
            "dateModified": changed.isoformat() if changed else "",
            "publisher": publisher(site),
        }
    )


def article(
    headline: str,
    path: str,
    site: SiteContent,
    *,
    description: str,
    images: Iterable[str],
    author: Thing,
    published: datetime,
    changed: datetime,
) -> Thing:
    """Return a page that somebody wrote; `images` are paths."""
    return {
        "@type": "Article",
        "headline": headline,
        "description": description,
        "image": [address(image) for image in images],
        "datePublished": published.isoformat(),
        "dateModified": changed.isoformat(),
        "author": author,
        "publisher": publisher(site),
        "inLanguage": site.language,
        "mainEntityOfPage": address(path),
    }


def _without_gaps(thing: Thing) -> Thing:
    return {name: value for name, value in thing.items() if value}
