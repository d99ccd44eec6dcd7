"""The cookie notice on public pages: hidden until static/js/consent.js finds that there is something to decide."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from leads import cookies
from recruitcms.middleware import TOKEN_PAGE

register = template.Library()


@register.simple_tag(takes_context=True)
def cookie_notice(context: dict[str, Any]) -> SafeString:
    """Return the notice and its script, and widen this page's policy by the vendor's hosts (COO-7, COO-12).

    Nothing without a vendor, behind a link of a mail, or in the editors' preview: there nothing may be loaded (COO-11).
    """
    request, site = context.get("request"), context.get("site")
    if not asks_about_cookies(context):
        return SafeString("")
    request.vendor_hosts = cookies.META_HOSTS  # type: ignore[union-attr]
    return SafeString(site.render_once("cookie-notice", lambda: _render(site)))  # type: ignore[union-attr]


@register.simple_tag(takes_context=True)
def asks_about_cookies(context: dict[str, Any]) -> bool:
    """Tell whether the page has the notice, so that its foot offers the way back to it (COO-3)."""
    request, site = context.get("request"), context.get("site")
    if site is None or request is None or TOKEN_PAGE.match(request.path_info) or context.get("preview"):
        return False
    return bool(cookies.vendors(site.settings))


def _render(site: Any) -> str:
    context = {"notice": cookies.notice(site.settings), "site": site, "cookie": cookies.cookie_name()}
    return render_to_string("includes/cookies.html", context)
