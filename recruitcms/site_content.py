"""What every page shares (settings, invitations, people, logos, footer), read once and kept until it changes.

Each request asks for the content state, so that an edit shows on the very next request in every process. A scheduled
page makes the kept copy stale at its time.
"""

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from leads import records
from leads.models import ConsentText, ReportRevision, live_policy
from recruitcms.content_state import content_state
from recruitcms.models import (
    CallToAction,
    ClientLogo,
    FillInWord,
    PageRevision,
    Person,
    SiteSettings,
    SiteText,
    Testimonial,
)
from roles.models import Category, PayNote, RoleRevision, SalaryBand, Synonyms

HOUR = 60 * 60  # that a copy is kept at most: some of it says how old something is
# By language and transaction: what one sees may be taken back, and the next would have the same version.
_kept: dict[tuple[str, bool], tuple[Any, "SiteContent"]] = {}


def site_content(language: str) -> "SiteContent":
    """Return what all pages share in a language, never older than the last commit."""
    state, now = content_state(), time.time()
    transaction = connection.atomic_blocks[0] if connection.atomic_blocks else None
    place = language, bool(transaction)
    of, kept = _kept.get(place, (None, None))
    if kept is None or of is not transaction or kept.version != state.version or kept.ends_at <= now:
        kept = SiteContent(language, state.version, min(state.changes_at, now + HOUR))
        _kept[place] = transaction, kept
    return kept


@dataclass
class SiteContent:
    """One language's shared content; each part is read when a page first needs it."""

    language: str
    version: int
    ends_at: float  # in seconds since 1970
    rendered: dict[Hashable, str] = field(default_factory=dict)

    def render_once(self, key: Hashable, render: Callable[[], str]) -> str:
        """Return a piece of HTML that is the same on many pages, rendered once for as long as this copy is kept."""
        if key not in self.rendered:
            self.rendered[key] = render()
        return self.rendered[key]

    @cached_property
    def settings(self) -> SiteSettings:
        return SiteSettings.get()

    @cached_property
    def text(self) -> SiteText:
        return SiteText.objects.filter(language=self.language).first() or SiteText(language=self.language)

    @cached_property
    def ctas(self) -> dict[str, CallToAction]:
        """The shown call to action of each place, the first by position."""
        found: dict[str, CallToAction] = {}
        for cta in CallToAction.objects.filter(language=self.language, is_active=True):
            found.setdefault(cta.place, cta)
        return found

    @cached_property
    def people(self) -> list[Person]:
        return list(Person.objects.filter(language=self.language).select_related("portrait"))

    @cached_property
    def team(self) -> list[Person]:
        return [person for person in self.people if person.on_team]

    @cached_property
    def answering(self) -> list[Person]:
        """The two people who answer enquiries."""
        return [person for person in self.people if person.answers_enquiries][:2]

    @cached_property
    def testimonials(self) -> list[Testimonial]:
        quotes = Testimonial.objects.filter(language=self.language)
        return list(quotes.select_related("person__portrait"))

    @cached_property
    def role_testimonial(self) -> Testimonial | None:
        return next((quote for quote in self.testimonials if quote.on_roles), None)

    @cached_property
    def report_testimonial(self) -> Testimonial | None:
        return next((quote for quote in self.testimonials if quote.on_report), self.role_testimonial)

    @cached_property
    def logos(self) -> dict[str, list[ClientLogo]]:
        """Logos by group: {"client": […], "press": […], "badge": […]}."""
        groups: dict[str, list[ClientLogo]] = {}
        for logo in ClientLogo.objects.select_related("picture"):
            groups.setdefault(logo.group, []).append(logo)
        return groups

    @cached_property
    def pages(self) -> list[PageRevision]:
        live = PageRevision.objects.live().filter(Q(footer__gt="") | Q(purpose__gt=""), language=self.language)
        return list(live.defer("content").order_by("position", "title"))

    @property
    def policies(self) -> list[PageRevision]:
        return [page for page in self.pages if page.footer == "policies"]

    @property
    def company_pages(self) -> list[PageRevision]:
        return [page for page in self.pages if page.footer == "company"]

    @cached_property
    def privacy_page(self) -> PageRevision | None:
        """The privacy policy; the one in the site's own language where this one has none."""
        return next((page for page in self.pages if page.purpose == "privacy"), None) or live_policy(self.language)

    @cached_property
    def cookie_page(self) -> PageRevision | None:
        return next((page for page in self.pages if page.purpose == "cookies"), None)

    @cached_property
    def about_page(self) -> PageRevision | None:
        return next((page for page in self.pages if page.purpose == "about"), None)

    @cached_property
    def categories(self) -> list[Category]:
        return list(Category.objects.filter(language=self.language))

    @cached_property
    def live_roles(self) -> dict[int, int]:
        """How many roles are live on each shelf, by the category's pk."""
        live = RoleRevision.objects.live().filter(language=self.language)
        return dict(live.values_list("category").annotate(Count("pk")).order_by())

    @property
    def shelves(self) -> list[Category]:
        """The categories in which something is live: a link to an empty one leads nowhere."""
        return [category for category in self.categories if category.pk in self.live_roles]

    def put_on_shelves(self, roles: Iterable[RoleRevision]) -> None:
        """Give roles of this language their category from here, which costs them no join."""
        shelves = {category.pk: category for category in self.categories}
        for role in roles:
            if role.category_id in shelves:
                role.category = shelves[role.category_id]

    @cached_property
    def fill_in_words(self) -> list[FillInWord]:
        """The fill-in words that all templates share, in the order of the panel."""
        return list(FillInWord.objects.filter(language=self.language))

    @cached_property
    def pay_notes(self) -> list[PayNote]:
        """What the law of each country asks about pay in adverts."""
        return list(PayNote.objects.filter(language=self.language))

    @cached_property
    def salary_bands(self) -> dict[UUID, list[SalaryBand]]:
        """The salary table by role, which is named by the group of its translations."""
        bands: dict[UUID, list[SalaryBand]] = {}
        for band in SalaryBand.objects.all():
            bands.setdefault(band.role_group, []).append(band)
        return bands

    @cached_property
    def synonyms(self) -> list[list[list[str]]]:
        """The groups of words that mean the same, for the search."""
        return [row.phrases for row in Synonyms.objects.filter(language=self.language)]

    @cached_property
    def report(self) -> ReportRevision | None:
        """The newest live report: the one that the menu, the cards and the library offer."""
        live = ReportRevision.objects.live().filter(language=self.language)
        return live.select_related("document").order_by("-live_from").first()

    @cached_property
    def wordings(self) -> dict[str, ConsentText]:
        """The current consent wording of each purpose's key."""
        texts = ConsentText.objects.filter(language=self.language, published_at__isnull=False)
        return {text.purpose.key: text for text in texts.select_related("purpose").order_by("published_at")}

    @cached_property
    def register(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The register of processing, for the privacy policy (CON-18)."""
        return records.register(self.language)
