"""The cookie choice: what is asked, how an answer is kept as proof, and what is agreed to (COO-1 to COO-12).

The answer itself lives in the visitor's browser, in one small cookie that static/js/consent.js writes after a press.
The server keeps a copy under the cookie's random id, with the words that were shown: a proof that names nobody (COO-6).
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from leads.models import CookieChoice, CookieWording
from recruitcms.models import SiteSettings

MARKETING = "marketing"
KEPT = timedelta(days=182)  # then we ask again (COO-4)
PROOF_KEPT = timedelta(days=3 * 366)  # as long as somebody may still ask about it (CON-16)
CLOCK_SKEW = timedelta(minutes=10)
# The only vendor there is; exactly these hosts (COO-12).
META_HOSTS = {
    "script-src": ["https://connect.facebook.net"],
    "img-src": ["https://www.facebook.com"],
    "connect-src": ["https://www.facebook.com"],
}
ID = re.compile(r"[0-9a-f]{32}")
COOKIE = re.compile(r"([0-9a-f]{8})\.([a-z+]{0,60})\.([0-9]{10})\.([0-9a-f]{32})")


@dataclass(frozen=True)
class Category:
    """One row of the notice's second layer. Necessary is always on; what is not, is off until ticked (COO-3)."""

    key: str
    name: str
    hint: str


@dataclass(frozen=True)
class Notice:
    """What visitors are asked, in the language that is active."""

    version: str  # changes with the vendors and their purposes: only then is a choice asked for again (COO-4)
    title: str
    text: str
    categories: list[Category]

    @property
    def words(self) -> str:
        """All that is shown, as one text: what a proof points to."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.words.encode()).hexdigest()


@dataclass(frozen=True)
class Choice:
    """What a visitor's cookie says."""

    id: str
    categories: list[str]


def vendors(site: SiteSettings) -> list[str]:
    """Return what needs permission: nothing, the pixel, or the pixel with deliveries by our server."""
    if not site.meta_pixel:
        return []
    return ["marketing:meta-pixel", *(["marketing:meta-conversions"] if settings.META_CAPI_TOKEN else [])]


def version(site: SiteSettings) -> str:
    return hashlib.sha256(" ".join(vendors(site)).encode()).hexdigest()[:8]


def notice(site: SiteSettings) -> Notice | None:
    """Return what to ask, or None where there is nothing to decide."""
    if not site.meta_pixel:
        return None
    text = _(
        "This site works without cookies. If you agree, Meta (Facebook, Instagram) sets its own and learns which of "
        "our pages you open, so that %(name)s sees which adverts work."
    )
    if settings.META_CAPI_TOKEN:
        text += " " + _("With a form that you send, it gets your e-mail address as a hash.")
    text += " " + _("You can change your mind at the foot of any page.")
    return Notice(
        version=version(site),
        title=_("Cookies, your call"),
        text=text % {"name": site.name},
        categories=[
            Category("necessary", _("Necessary"), _("Remembers this choice. Always on.")),
            Category(MARKETING, _("Marketing"), _("Tells Meta and us which advert brought you here.")),
        ],
    )


# --- the proof ---


def record(asked: Notice, language: str, choice_id: str, wanted: list[str], gpc: bool) -> list[str]:
    """Keep a visitor's answer with the words it answers. Return the categories that hold: with GPC never marketing.

    Raises ValueError for an id that consent.js cannot have made, or a category that was not on offer.
    """
    offered = {category.key for category in asked.categories} - {"necessary"}
    if not ID.fullmatch(choice_id) or not set(wanted) <= offered:
        raise ValueError("This is no answer to what was asked.")
    agreed = sorted(set(wanted) - ({MARKETING} if gpc else set()))
    wording, _created = CookieWording.objects.get_or_create(
        sha256=asked.sha256, defaults={"language": language, "words": asked.words}
    )
    CookieChoice.objects.create(
        choice_id=choice_id, categories=" ".join(agreed), version=asked.version, wording=wording, gpc=gpc
    )
    return agreed


def is_agreed(choice_id: str, category: str, site: SiteSettings) -> bool:
    """Tell whether the last answer kept under an id agrees to a category, to today's vendors, and is not too old."""
    last = CookieChoice.objects.filter(choice_id=choice_id).order_by("-pk").first()
    return (
        last is not None
        and category in last.categories.split()
        and last.version == version(site)
        and last.decided_at > timezone.now() - KEPT
    )


def forget_old(now: datetime) -> int:
    """Delete proofs that nobody can ask about any more. Return how many."""
    return CookieChoice.objects.filter(decided_at__lt=now - PROOF_KEPT).delete()[0]


# --- the cookie ---


def cookie_name() -> str:
    return "__Host-cc" if settings.HTTPS else "cc"


def read(request: HttpRequest, site: SiteSettings) -> Choice | None:
    """Return what the visitor's cookie says; None for none, one that is not ours, too old, or for other vendors."""
    match = COOKIE.fullmatch(request.COOKIES.get(cookie_name(), ""))
    if not match:
        return None
    cookie_version, categories, seconds, choice_id = match.groups()
    age = timezone.now().timestamp() - int(seconds)
    if cookie_version != version(site) or not -CLOCK_SKEW.total_seconds() < age < KEPT.total_seconds():
        return None
    return Choice(choice_id, [category for category in categories.split("+") if category])


def has_gpc(request: HttpRequest) -> bool:
    """Tell whether the browser says that its owner does not want data sold or shared (COO-5)."""
    return request.headers.get("Sec-GPC") == "1"


def agreed_id(request: HttpRequest, category: str) -> str:
    """Return the id of the visitor's recorded yes to a category, or "": the cookie alone proves nothing (COO-13)."""
    site = SiteSettings.get()
    choice = read(request, site) if vendors(site) and not has_gpc(request) else None
    if choice is None or category not in choice.categories or not is_agreed(choice.id, category, site):
        return ""
    return choice.id
