"""What stands beside the pay on a role's page: what the law asks by country, and the salary table.

Both are read live: a figure or a law that changes shows on every page at once, without publishing.
"""

import datetime as dt
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recruitcms import markup
from recruitcms.translated import Translated
from roles.levels import Level
from roles.pay.places import Country, check_currency

OLD = 18  # months after which figures say that they are old, and stay out of a report


class PayNote(Translated):
    """What the law of a country asks about pay in adverts, in one language: dated, with its source. No legal advice."""

    country = models.CharField(_("country or region"), max_length=60, help_text=_("As readers call it: “Poland”."))
    text = models.TextField(
        _("what the law asks"),
        max_length=600,
        help_text=_("Markdown; two or three sentences. Visitors see it at once."),
    )
    law = models.CharField(
        _("source"), max_length=160, help_text=_("The law, or who explains it: “Directive (EU) 2023/970, article 5”.")
    )
    url = models.URLField(_("address of the source"), max_length=300)
    as_of = models.DateField(_("as of"), help_text=_("When somebody last compared the note with its source."))
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    translated_fields = ["country", "text", "law"]
    markdown_fields = ["text"]

    class Meta(Translated.Meta):
        verbose_name = _("note on pay and the law")
        verbose_name_plural = _("notes on pay and the law")
        ordering = ["language", "position", "country"]

    def __str__(self) -> str:
        return self.country

    @cached_property
    def html(self) -> str:
        return markup.render_markdown(self.text, mark_fill_ins=False)


class SalaryBand(models.Model):
    """One row of the salary table: what one role is paid at one level, in one place, on one kind of contract."""

    class Contract(models.TextChoices):
        EMPLOYMENT = "employment", _("employment contract, gross")
        B2B = "b2b", _("B2B contract, net of VAT")

    class Period(models.TextChoices):
        HOUR = "hour", _("an hour")
        DAY = "day", _("a day")
        MONTH = "month", _("a month")
        YEAR = "year", _("a year")

    class Basis(models.TextChoices):
        ACCEPTED = "accepted", _("accepted offers")
        OFFERS = "offers", _("offers made")
        ADVERTS = "adverts", _("job adverts")
        SURVEY = "survey", _("answers to a survey")
        SAMPLE = "sample", _("sample figures for a demonstration, no real offers")

    role_group = models.UUIDField(
        _("role"), db_index=True, help_text=_("One band serves the role’s pages in all languages.")
    )
    level = models.CharField(_("level"), max_length=20, choices=Level)
    country = models.CharField(_("country"), max_length=2, choices=Country)
    place = models.CharField(
        _("city or area"), max_length=60, blank=True, help_text=_("Empty: the whole country. Shown as it is written.")
    )
    contract = models.CharField(_("employment type"), max_length=12, choices=Contract, default=Contract.EMPLOYMENT)
    currency = models.CharField(
        _("currency"), max_length=3, validators=[check_currency], help_text=_("Its code: PLN, EUR, USD …")
    )
    period = models.CharField(_("period"), max_length=5, choices=Period, default=Period.MONTH)
    low = models.PositiveIntegerField(_("range from"), validators=[MinValueValidator(1)])
    median = models.PositiveIntegerField(_("median"), validators=[MinValueValidator(1)])
    high = models.PositiveIntegerField(_("range to"), validators=[MinValueValidator(1)])
    basis = models.CharField(_("what was counted"), max_length=10, choices=Basis, default=Basis.ACCEPTED)
    sample_size = models.PositiveIntegerField(
        _("sample size"), validators=[MinValueValidator(1)], help_text=_("How many of them. Visitors see the number.")
    )
    source = models.CharField(
        _("source"), max_length=120, help_text=_("A proper name, the same in every language: “Northbeam”, “GUS”.")
    )
    date = models.DateField(
        _("date"),
        help_text=_("Of the figures. After 18 months the page says that they are old; reports leave them out."),
    )
    is_shown = models.BooleanField(
        _("the one on the page"),
        default=False,
        help_text=_(
            "A page shows one band. Where none is marked: fresh figures before old, the senior level, "
            "the country of the page’s language, employment before B2B, the newest."
        ),
    )

    list_name = _("salary table")

    class Meta:
        verbose_name = _("salary band")
        verbose_name_plural = _("salary bands")
        ordering = ["role_group", "level", "country", "place", "contract", "-date"]
        constraints = [
            models.CheckConstraint(
                condition=Q(low__lte=F("median"), median__lte=F("high")), name="roles_salaryband_in_order"
            ),
            models.UniqueConstraint(
                fields=["role_group", "level", "country", "place", "contract", "currency", "period", "date"],
                name="roles_salaryband_once",
                violation_error_message=_("The table has this role, level, place, contract and date already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}, {self.region}, {self.range}"

    def clean_fields(self, exclude: Any = None) -> None:
        """Write the currency's code in capitals before it is looked at."""
        self.currency = (self.currency or "").strip().upper()
        super().clean_fields(exclude)

    def clean(self) -> None:
        """Refuse figures out of their order and dates to come, by the field. Raises ValidationError."""
        wrong = {}
        if self.low is not None and self.median is not None and self.median < self.low:
            wrong["median"] = gettext("The median is below the lower end.")
        if self.median is not None and self.high is not None and self.high < self.median:
            wrong["high"] = gettext("The upper end is below the median.")
        if self.date and self.date > timezone.localdate():
            wrong["date"] = gettext("This day is still to come.")
        if wrong:
            raise ValidationError(wrong)

    @property
    def region(self) -> str:
        """Return where it is paid: “Poland”, “Kraków, Poland”."""
        return ", ".join(filter(None, [self.place, self.get_country_display()]))

    @property
    def range(self) -> str:
        """Return “24,000–31,000 PLN” as the active language writes it."""
        return f"{amount(self.low)}–{amount(self.high)}\u00a0{self.currency}"

    @property
    def middle(self) -> str:
        return f"{amount(self.median)}\u00a0{self.currency}"

    @property
    def is_old(self) -> bool:
        return is_old(self.date, timezone.localdate())

    @property
    def is_sample(self) -> bool:
        return self.basis == self.Basis.SAMPLE


def amount(value: int) -> str:
    """Return a figure with the separators of the active language."""
    return number_format(value, use_l10n=True, force_grouping=True)


def is_old(date: dt.date, today: dt.date) -> bool:
    """Tell whether figures of a date are more than 18 months old."""
    months = (today.year - date.year) * 12 + today.month - date.month
    return months > OLD or (months == OLD and today.day > date.day)
