"""What a page's head says to machines beside its words."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from recruitcms.languages import codes
from recruitcms.site_content import SiteContent
from recruitcms.structured_data import Thing, organization, script_of

register = template.Library()


@register.simple_tag
def structured_data(site: SiteContent, data: Any) -> SafeString:
    """Return the agency and what the view says of its page (`recruitcms.structured_data`) as JSON-LD."""
    things: list[Thing] = data or []
    return script_of([organization(site), *things])


@register.simple_tag
def default_address(language: str, canonical: str, translations: dict[str, str]) -> str:
    """Return the path for readers of none of our languages, the same on each translation of a page.

    It is the page in the first of the site's languages that has it.
    """
    there = {**translations, language: canonical}
    return next((there[code] for code in codes() if code in there), canonical)
