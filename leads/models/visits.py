"""What visitors did, without who: answers to the cookie notice, and counts."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from recruitcms.languages import language_choices


class CookieWording(models.Model):
    """The exact words of a cookie notice, kept when somebody first answers them. Never changed (COO-6, CON-3)."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    language = models.CharField(_("language"), max_length=10, choices=language_choices)
    words = models.TextField(_("wording"))

    def __str__(self) -> str:
        return self.sha256[:8]


class CookieChoice(models.Model):
    """One answer to the cookie notice: proof without a person (COO-6). The last one of an id is what holds.

    The id is random, made by the browser at the first press; no address, no network, no browser's name.
    """

    choice_id = models.CharField(_("random id"), max_length=32, db_index=True)
    categories = models.CharField(_("agreed to"), max_length=60, blank=True, help_text=_("Empty: all refused."))
    version = models.CharField(_("vendors"), max_length=8)
    wording = models.ForeignKey(CookieWording, on_delete=models.PROTECT, related_name="+", verbose_name=_("wording"))
    gpc = models.BooleanField(_("Global Privacy Control"), default=False)
    decided_at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("cookie choice")
        verbose_name_plural = _("cookie choices")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.choice_id[:8]


class PageCount(models.Model):
    """How often things happened on a page in a day; with the name of the call to action where one was part of it."""

    day = models.DateField(_("day"))
    page = models.CharField(_("page"), max_length=300)
    cta = models.CharField(_("call to action"), max_length=80, blank=True)
    views = models.PositiveIntegerField(_("views"), default=0)
    copies = models.PositiveIntegerField(_("copies"), default=0)
    downloads = models.PositiveIntegerField(_("downloads"), default=0)
    forms_shown = models.PositiveIntegerField(_("forms seen"), default=0)
    submitted = models.PositiveIntegerField(_("forms sent"), default=0)
    confirmed = models.PositiveIntegerField(_("confirmed"), default=0)

    class Meta:
        verbose_name = _("page count")
        verbose_name_plural = _("page counts")
        ordering = ["-day", "-views", "page"]
        constraints = [models.UniqueConstraint(fields=["day", "page", "cta"], name="leads_pagecount_row_once")]

    def __str__(self) -> str:
        return f"{self.page}, {self.day}"
