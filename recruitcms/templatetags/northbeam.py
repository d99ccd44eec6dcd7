"""Small pieces of markup that every page uses: icons, pictures, titles in calls to action."""

from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.template.defaultfilters import date as format_date
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language

from recruitcms.languages import language_name
from recruitcms.translated import localized_url

register = template.Library()
register.filter(language_name)
# Pages that every language has, so that the switch can always lead to them.
ALIKE = {"home", "library", "people", "consultation", "saved"}
ROLES = {"role", "role-level"}


@register.filter
def list_name(opts: Any) -> str:
    """Return what the list of a model is called: what its class says (“Salary table”), else by what it lists."""
    return capfirst(getattr(opts.model, "list_name", opts.verbose_name_plural))


@register.simple_tag
@cache  # a page has dozens, of a few kinds
def icon(name: str, extra: str = "") -> SafeString:
    """Return a drawing of static/img/icons.svg, silent for screen readers."""
    css = f"i {extra}".strip()
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', css, static("img/icons.svg"), name
    )


@register.simple_tag
def picture(frozen: dict[str, Any], sizes: str, css: str = "", eager: bool = False) -> SafeString:
    """Return `<picture>` with the WebP copies, the original as fallback, and the size, so that nothing jumps."""
    return format_html(
        '<picture><source type="image/webp" srcset="{}" sizes="{}">'
        '<img src="{}" width="{}" height="{}" alt="{}"{}{}></picture>',
        frozen["srcset"],
        sizes,
        frozen["src"],
        frozen["width"],
        frozen["height"],
        frozen["alt"],
        format_html(' class="{}"', css) if css else "",
        mark_safe("" if eager else ' loading="lazy" decoding="async"'),
    )


@register.filter
def clock(moment: datetime | None) -> str:
    """Return a time of today as “12:04”, another one with its day; "" for none."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    is_today = local.date() == timezone.localdate()
    return format_date(local, "H:i" if is_today else "SHORT_DATETIME_FORMAT")


@register.filter
def for_role(text: str, title: str) -> str:
    """Put a role's title in the place of `{role}`."""
    return text.replace("{role}", title)


@register.inclusion_tag("includes/languages.html", takes_context=True)
def languages(context: dict[str, Any], label: str, css: str = "") -> dict[str, Any]:
    """Show the language switch: the page's translation where there is one, else the nearest page in that language."""
    if len(settings.LANGUAGES) == 1:
        return {"links": []}
    here = context.get("LANGUAGE_CODE") or get_language()
    translations = context.get("languages") or context.get("translations") or {}
    links = [
        {
            "code": code,
            "name": name,
            "current": code == here,
            "url": "/" + context["request"].path.lstrip("/")
            if code == here
            else translations.get(code) or _nearest(context, code),
        }
        for code, name in settings.LANGUAGES
    ]
    return {"links": links, "label": label, "css": css}


def _nearest(context: dict[str, Any], language: str) -> str:
    """Return the same page where its address takes no part of its own, else the library or the home page."""
    match = getattr(context["request"], "resolver_match", None)
    if match and match.url_name in ALIKE and not match.kwargs:
        return localized_url(language, match.url_name)
    return localized_url(language, "library" if match and match.url_name in ROLES else "home")
