"""The facts and texts that hold for the whole site."""

from functools import cached_property

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from recruitcms import markup
from recruitcms.languages import language_choices


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
    language = models.CharField(_("language"), max_length=10, choices=language_choices, unique=True)
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

    @cached_property
    def company_html(self) -> str:
        return markup.render_markdown(self.company, mark_fill_ins=False)

    @cached_property
    def trending_regions_html(self) -> str:
        return markup.render_markdown(self.trending_regions, mark_fill_ins=False)

    @property
    def often_searched_list(self) -> list[str]:
        return [words.strip() for words in self.often_searched.split(",") if words.strip()][:4]
