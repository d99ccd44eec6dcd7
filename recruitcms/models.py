"""What the whole site shares: settings, pictures, people, invitations, and pages such as the policies."""

from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.validators import RegexValidator
from django.db import models
from django.urls import resolve
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from recruitcms import markup
from recruitcms.publishing import Publishable, Revision, Translated, localized_url


class SiteSettings(models.Model):
    """The one row of facts about the agency that hold in every language; texts by language are its `SiteText`s."""

    name = models.CharField(_("company name"), max_length=80, default="Northbeam", help_text=_("As in the logo."))
    legal_name = models.CharField(_("full legal name"), max_length=120, default="Northbeam Talent")
    licence = models.CharField(
        _("licence"), max_length=120, blank=True, help_text=_("Number in the register of agencies.")
    )
    email = models.EmailField(_("e-mail"), default="hello@northbeam.example")
    privacy_email = models.EmailField(_("e-mail for privacy questions"), default="privacy@northbeam.example")
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    whatsapp = models.CharField(
        _("WhatsApp number"), max_length=20, blank=True, help_text=_("Digits with the country code: 48123456789.")
    )
    linkedin = models.URLField(_("LinkedIn"), blank=True)
    mastodon = models.URLField(_("Mastodon"), blank=True)
    github = models.URLField(_("GitHub"), blank=True)
    answers_within_days = models.PositiveSmallIntegerField(
        _("answers within"), default=1, help_text=_("Business days. The site and the mails promise this to visitors.")
    )
    meta_pixel = models.CharField(
        _("Meta pixel"),
        max_length=20,
        blank=True,
        validators=[RegexValidator(r"\A[0-9]{5,20}\Z", _("Write the pixel’s number: digits alone."))],
        help_text=_(
            "Its number. Visitors are asked first, and it is loaded only for those who agree. Empty: no question."
        ),
    )
    content_version = models.PositiveBigIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("site settings")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="recruitcms_sitesettings_one_row")]

    def __str__(self) -> str:
        return str(_("Site settings"))

    @classmethod
    def get(cls) -> "SiteSettings":
        """Return the one row, which a migration makes; without it, its defaults, unsaved."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def whatsapp_url(self) -> str:
        return f"https://wa.me/{self.whatsapp}" if self.whatsapp else ""

    @property
    def social_links(self) -> list[tuple[str, str]]:
        links = [("LinkedIn", self.linkedin), ("Mastodon", self.mastodon), ("GitHub", self.github)]
        return [(name, url) for name, url in links if url]


class SiteText(models.Model):
    """The texts of the site settings in one language."""

    site = models.ForeignKey(SiteSettings, on_delete=models.CASCADE, related_name="texts", default=1)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, unique=True)
    address = models.CharField(
        _("postal address"), max_length=200, blank=True, help_text=_("On one line. Stands at the foot of every mail.")
    )
    tagline = models.CharField(_("tagline"), max_length=120, blank=True, help_text=_("Under the logo in the footer."))
    legal_line = models.CharField(_("legal line"), max_length=200, blank=True)
    opening_hours = models.CharField(_("opening hours"), max_length=120, blank=True)
    minimum_engagement = models.CharField(
        _("minimum engagement"), max_length=200, blank=True, help_text=_("A note by the consultation form.")
    )
    home_title = models.CharField(_("title of the home page"), max_length=120, blank=True)
    home_lead = models.CharField(_("first sentence of the home page"), max_length=300, blank=True)
    library_title = models.CharField(_("title of the library"), max_length=120, blank=True)
    library_lead = models.CharField(_("first sentence of the library"), max_length=300, blank=True)
    often_searched = models.CharField(
        _("often searched"), max_length=200, blank=True, help_text=_("Up to four, by commas.")
    )
    company = models.TextField(_("the company in two sentences"), blank=True, help_text=_("Markdown."))
    questions = models.CharField(
        _("questions or comments"),
        max_length=200,
        blank=True,
        help_text=_("Before the author's link. Words for: ask away."),
    )
    trending_regions = models.TextField(
        _("trending regions"), blank=True, help_text=_("Markdown, with links. Closes every role page.")
    )

    class Meta:
        verbose_name = _("texts in one language")
        verbose_name_plural = _("texts by language")

    def __str__(self) -> str:
        return self.get_language_display()

    @property
    def company_html(self) -> str:
        return markup.render_markdown(self.company, mark_fill_ins=False)

    @property
    def trending_regions_html(self) -> str:
        return markup.render_markdown(self.trending_regions, mark_fill_ins=False)

    @property
    def often_searched_list(self) -> list[str]:
        return [words.strip() for words in self.often_searched.split(",") if words.strip()][:4]


class Picture(models.Model):
    """An uploaded picture with its smaller copies; made by `pictures.store_renditions`."""

    name = models.CharField(_("name"), max_length=80, unique=True, help_text=_("For the team; visitors do not see it."))
    alt = models.CharField(
        _("alternative text"),
        max_length=200,
        help_text=_("What the picture shows, for people who cannot see it. Read aloud by screen readers."),
    )
    files = models.JSONField(editable=False, default=dict)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def freeze(self, alt: str = "") -> dict[str, Any]:
        """Return what a template needs to show the picture: {"alt", "src", "srcset", "width", "height"}."""
        copies = self.files["webp"]
        return {
            "alt": alt or self.alt,
            "src": default_storage.url(self.files["original"]),
            "srcset": ", ".join(f"{default_storage.url(copy['name'])} {copy['width']}w" for copy in copies),
            "small": default_storage.url(copies[0]["name"]),
            "width": self.files["width"],
            "height": self.files["height"],
        }


class Person(Translated):
    """An author, a team member, or the speaker of a testimonial."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("address"), max_length=80)
    job_title = models.CharField(
        _("job title"), max_length=120, help_text=_("With the company, for people from outside.")
    )
    bio = models.TextField(_("biography"), blank=True, help_text=_("Markdown. Two or three sentences."))
    portrait = models.ForeignKey(Picture, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    languages = models.CharField(_("speaks"), max_length=120, blank=True, help_text=_("“English, Polish”"))
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("Shown to visitors."))
    social_url = models.URLField(_("social profile"), blank=True)
    on_team = models.BooleanField(_("on the team page"), default=False)
    answers_enquiries = models.BooleanField(
        _("answers enquiries"), default=False, help_text=_("Shown beside the consultation form, the first two of them.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta(Translated.Meta):
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["position", "name"]
        constraints = [
            *Translated.Meta.constraints,
            models.UniqueConstraint(fields=["language", "slug"], name="recruitcms_person_address_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return localized_url(self.language, "person", self.slug)

    @property
    def bio_html(self) -> str:
        return markup.render_markdown(self.bio, mark_fill_ins=False)

    @property
    def face(self) -> dict[str, Any] | None:
        """The portrait, silent: it always stands beside the name."""
        return self.portrait.freeze() | {"alt": ""} if self.portrait else None


class Testimonial(Translated):
    """What a client said of the agency."""

    quote = models.CharField(_("quotation"), max_length=400, help_text=_("Without quotation marks."))
    person = models.ForeignKey(Person, on_delete=models.PROTECT, verbose_name=_("who said it"))
    on_roles = models.BooleanField(_("on role pages"), default=True)
    on_report = models.BooleanField(_("on the salary report page"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta(Translated.Meta):
        verbose_name = _("testimonial")
        verbose_name_plural = _("testimonials")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.quote[:60]


class ClientLogo(models.Model):
    """A client's or newspaper's logo, or a review badge: a word mark of ours by its id, or an uploaded picture."""

    class Group(models.TextChoices):
        CLIENT = "client", _("Hiring with us")
        PRESS = "press", _("Quoted in")
        BADGE = "badge", _("Review badge")

    name = models.CharField(_("name"), max_length=80, help_text=_("Read aloud by screen readers."))
    group = models.CharField(_("group"), max_length=10, choices=Group, default=Group.CLIENT)
    mark = models.SlugField(
        _("drawn word mark"),
        max_length=60,
        blank=True,
        help_text=_("A drawing of static/img/logos.svg: logo-fernhill."),
    )
    picture = models.ForeignKey(Picture, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    url = models.URLField(_("link"), blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("logo")
        verbose_name_plural = _("logos")
        ordering = ["group", "position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(mark="") | models.Q(picture__isnull=False),
                name="recruitcms_clientlogo_has_a_drawing",
                violation_error_message=_("Name a drawn word mark or choose a picture."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def image(self) -> dict[str, Any] | None:
        return self.picture.freeze(alt=self.name) if self.picture else None


class CallToAction(Translated):
    """One invitation that staff write once; it stands on every page that has its place."""

    class Place(models.TextChoices):
        ROLE_BAND = "role_band", _("Role page: band after the required skills")
        ROLE_CHALLENGES = "role_challenges", _("Role page: last card of the challenges")
        ROLE_REPORT = "role_report", _("Role page: salary-report card with the form")
        BOOKING = "booking", _("Booking band at the end of a page")
        LIBRARY_REPORT = "library_report", _("Library: card about the salary report")
        LIBRARY_MISSING = "library_missing", _("Library: “role not listed” card")

    class Target(models.TextChoices):
        CONSULTATION = "consultation", _("Consultation form")
        REPORT = "report", _("Salary report")
        LIBRARY = "library", _("Library")

    name = models.CharField(_("name"), max_length=80, help_text=_("For the team; also names it in the leads list."))
    place = models.CharField(_("place"), max_length=20, choices=Place)
    is_active = models.BooleanField(_("shown"), default=True)
    heading = models.CharField(_("heading"), max_length=120, help_text=_("{role} becomes the title of the role."))
    text = models.CharField(_("text"), max_length=300, blank=True, help_text=_("{role} becomes the title of the role."))
    reasons = models.TextField(_("reasons"), blank=True, help_text=_("One on each line. For the booking band."))
    button = models.CharField(_("words on the button"), max_length=60, blank=True)
    target = models.CharField(_("leads to"), max_length=20, choices=Target, default=Target.CONSULTATION)
    fine_print = models.CharField(_("small print"), max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta(Translated.Meta):
        verbose_name = _("call to action")
        verbose_name_plural = _("calls to action")
        ordering = ["place", "position", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def reason_list(self) -> list[str]:
        return [line.strip() for line in self.reasons.splitlines() if line.strip()]


class Page(Publishable):
    """A page of plain text: a policy, the company's own story."""

    class Footer(models.TextChoices):
        NOWHERE = "", _("Nowhere")
        COMPANY = "company", _("Footer, under the company")
        POLICIES = "policies", _("Footer, under policies")

    class Purpose(models.TextChoices):
        NONE = "", _("An ordinary page")
        PRIVACY = "privacy", _("Privacy policy")
        COOKIES = "cookies", _("Cookie policy")
        ABOUT = "about", _("About us (in the main menu)")

    body = models.TextField(_("text"), blank=True, help_text=_("Markdown; ### makes a heading."))
    footer = models.CharField(
        _("place in the footer"), max_length=10, choices=Footer, blank=True, default=Footer.NOWHERE
    )
    purpose = models.CharField(
        _("purpose"), max_length=10, choices=Purpose, blank=True, help_text=_("Forms link to the privacy policy.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta(Publishable.Meta):
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        ordering = ["language", "position", "title"]

    def get_absolute_url(self) -> str:
        return localized_url(self.language, "page", self.slug)

    def problems(self) -> dict[str, Any]:
        found = super().problems()
        if not self.body.strip():
            found["body"] = _("Write the text of the page.")
        with override(self.language):
            taken = resolve(self.get_absolute_url()).url_name != "page"
        if taken:
            found["slug"] = _("The site itself uses this address. Choose another.")
        return found

    def freeze(self) -> dict[str, Any]:
        return {
            "html": markup.render_markdown(self.body, mark_fill_ins=False, heading=2),
            "body": self.body,
            "search_title": self.search_title,
            "search_description": self.search_description,
        }

    def revision_columns(self) -> dict[str, Any]:
        return {"footer": self.footer, "purpose": self.purpose, "position": self.position}


class PageRevision(Revision):
    document = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="revisions")
    footer = models.CharField(max_length=10, blank=True)
    purpose = models.CharField(max_length=10, blank=True)
    position = models.PositiveSmallIntegerField(default=100)

    url_name = "page"

    class Meta(Revision.Meta):
        verbose_name = _("revision of a page")
        verbose_name_plural = _("revisions of pages")
