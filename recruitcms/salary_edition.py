"""A report's edition made from the salary table. It looks across: the table is of roles, the edition of leads.

An edition holds, of each role and level in each place, the newest figures that were not older than 18 months on its
day. It is a draft until staff hand it out.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction
from django.template.defaultfilters import date as format_date
from django.utils.formats import get_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import override

from leads import salary_report
from leads.models import Edition, Report
from recruitcms import markup
from recruitcms.languages import own_language
from recruitcms.models import SiteSettings
from roles.levels import Level
from roles.models import Role, SalaryBand
from roles.pay.models import is_old

MOST_LETTERS = 44  # of a role's title beside a bar
KINDS = [(contract, figure) for contract in SalaryBand.Contract.values for figure in ("low", "median", "high")]


@dataclass
class Market:
    """What stands in one table: a place, a currency and a period, and the rows of it, as `salary_report` draws them."""

    region: str
    unit: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    half: list[str] = field(default_factory=list)  # roles and levels of which one kind of contract has no figures


@dataclass
class Figures:
    """What the salary table gives for an edition in a language on a day, and what it lacks."""

    language: str
    day: dt.date
    bands: list[SalaryBand]  # that are in it
    old: list[SalaryBand]
    nameless: list[SalaryBand]  # of roles that were deleted
    names: dict[UUID, str]

    @cached_property
    def _markets(self) -> dict[tuple[str, ...], Market]:
        """The tables by country, place, currency and period, each with its rows by role and level."""
        levels = list(Level)
        markets: dict[tuple[str, ...], Market] = {}
        rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        with override(self.language):
            ordered = sorted(
                self.bands, key=lambda band: (band.region, self.names[band.role_group], levels.index(Level(band.level)))
            )
            for band in ordered:
                key = (band.country, band.place, band.currency, band.period)
                market = markets.setdefault(key, Market(band.region, f"{band.currency} {band.get_period_display()}"))
                row = rows.get((*key, band.role_group, band.level))
                if row is None:
                    row = {"role": self.names[band.role_group], "level": band.level}
                    row |= {f"{contract}_{figure}": None for contract, figure in KINDS}
                    rows[(*key, band.role_group, band.level)] = row
                    market.rows.append(row)
                row |= {f"{band.contract}_{figure}": getattr(band, figure) for figure in ("low", "median", "high")}
            for market in markets.values():
                halves = (row for row in market.rows if None in row.values())
                market.half = [f"{row['role']}, {Level(row['level']).label}" for row in halves]
        return markets

    def rows_of(self, country: str, currency: str, period: str) -> list[dict[str, Any]]:
        """Return the rows of one whole country, in a currency and for a period."""
        return self._markets[country, "", currency, period].rows

    @property
    def markets(self) -> list[Market]:
        return list(self._markets.values())

    @property
    def roles(self) -> list[str]:
        return sorted({self.names[band.role_group] for band in self.bands}, key=str.casefold)

    @property
    def levels(self) -> list[str]:
        used = {band.level for band in self.bands}
        return [str(level.label) for level in Level if level.value in used]

    @property
    def missing(self) -> list[str]:
        """The roles in the edition's language without any figures in it."""
        there = {band.role_group for band in self.bands}
        roles = Role.objects.filter(language=self.language).exclude(translation_group__in=there)
        return [title for title in roles.order_by("title").values_list("title", flat=True) if title]


def read(language: str, day: dt.date) -> Figures:
    """Return what the salary table gives for an edition of a day. Two queries, whatever its size."""
    names = _names(language)
    newest: dict[tuple[Any, ...], SalaryBand] = {}
    for band in SalaryBand.objects.filter(date__lte=day).order_by("date", "pk"):
        key = (band.role_group, band.level, band.country, band.place, band.contract, band.currency, band.period)
        newest[key] = band
    good: list[SalaryBand] = []
    old: list[SalaryBand] = []
    nameless: list[SalaryBand] = []
    for band in newest.values():
        wanted = nameless if band.role_group not in names else old if is_old(band.date, day) else good
        wanted.append(band)
    return Figures(language, day, good, old, nameless, names)


def _names(language: str) -> dict[UUID, str]:
    """Return what each group of roles is called: in the language, else in the site's own, else in any."""
    order = [language, own_language()]
    roles = sorted(
        Role.objects.exclude(title="").order_by("pk").values_list("translation_group", "title", "slug", "language"),
        key=lambda role: order.index(role[3]) if role[3] in order else len(order),
    )
    titles: dict[UUID, tuple[str, str]] = {}
    for group, title, slug, _language in roles:
        titles.setdefault(group, (Truncator(title).chars(MOST_LETTERS), slug))
    often = Counter(title for title, _slug in titles.values())
    return {
        group: title if often[title] == 1 else Truncator(f"{title} ({slug})").chars(MOST_LETTERS + 20)
        for group, (title, slug) in titles.items()
    }


def add_edition(report: Report, figures: Figures) -> Edition:
    """Draw the figures as a PDF and keep it as a draft edition of the report; other editions stay as they are.

    All or nothing: raises ValueError where there are no figures, and what the drawing or the storage raises.
    """
    if not figures.bands:
        raise ValueError(_("The salary table has no figures for an edition of this day."))
    with override(report.language):
        data, parts = _data(report, figures)
    pdf, pages = salary_report.make_pdf(data, report.language, parts)
    name = f"{report.slug[:60]}-{figures.day:%Y-%m-%d}"
    edition = Edition(report=report, date=figures.day, is_draft=True, file_name=name, pages=pages, size=len(pdf))
    try:
        with transaction.atomic():
            edition.file.save(f"{name}.pdf", ContentFile(pdf))
    except Exception:
        if edition.file.name and edition.pk is None:
            edition.file.storage.delete(edition.file.name)
        raise
    return edition


def _data(report: Report, figures: Figures) -> tuple[dict[str, Any], list[salary_report.Figures]]:
    """Return what `salary_report` draws, in the active language, and the figures of its chapters."""
    markets = figures.markets
    contents = {"title": _("In this edition"), "paragraphs": [report.summary, _origin(figures.bands)]}
    chapters: list[dict[str, Any]] = [contents]
    parts: list[salary_report.Figures] = [salary_report.contents]
    for market in markets:
        title = _("Pay: %(region)s, %(unit)s") % {"region": market.region, "unit": market.unit}
        text = _("Employment contracts are given gross, B2B contracts net of VAT. A dash: we have no figures.")
        chapters.append({"title": title, "paragraphs": [text]})
        parts.append(_pay_of(market))
    if report.method.strip():
        chapters.append({"title": _("How we count"), "paragraphs": _paragraphs(report.method)})
        parts.append(lambda _source: [])
    part = {
        "title": report.title,
        "summary": report.summary,
        "chart_source": _("Edition of %(month)s. %(origin)s")
        % {"month": format_date(figures.day, "YEAR_MONTH_FORMAT"), "origin": _sources(figures.bands)},
        "chapters": chapters,
    }
    label = f"label_{report.language}"
    return {
        "edition_date": figures.day,
        "author": SiteSettings.get().name,
        "levels": [{"level": level.value, label: str(level.label)} for level in Level],
        "words": {report.language: _words(figures)},
        report.language: part,
    }, parts


def _paragraphs(text: str) -> list[str]:
    plain = (markup.plain_text(markup.render_markdown(part)) for part in text.split("\n\n"))
    return [part for part in plain if part]


def _pay_of(market: Market) -> salary_report.Figures:
    """Return the function that draws a market's table and chart, in the words of the active language."""
    note = _(
        "%(unit)s, at senior level or, where a role has none, at the level under its name. "
        "Dark bars: employment, gross. Amber bars: B2B, net of VAT."
    )
    words = {"unit": market.unit, "medians_note": note % {"unit": market.unit}}
    return lambda source: salary_report.pay(source | {"salary": market.rows, "words": source["words"] | words})


def _sources(bands: Iterable[SalaryBand]) -> str:
    names = sorted({band.source for band in bands})
    return _("Source: %(sources)s.") % {"sources": ", ".join(names)}


def _origin(bands: list[SalaryBand]) -> str:
    """Return what was counted, how many of each, and from which days."""
    counted: Counter[str] = Counter()
    for band in bands:
        counted[band.get_basis_display()] += band.sample_size
    dates = sorted(band.date for band in bands)
    numbers = "; ".join(f"{basis}: {number}" for basis, number in sorted(counted.items()))
    if dates[0] == dates[-1]:
        return _("Figures of %(day)s. Counted: %(numbers)s.") % {"day": format_date(dates[0]), "numbers": numbers}
    span = {"first": format_date(dates[0]), "last": format_date(dates[-1]), "numbers": numbers}
    return _("Figures from %(first)s to %(last)s. Counted: %(numbers)s.") % span


def _words(figures: Figures) -> dict[str, str]:
    is_sample = any(band.is_sample for band in figures.bands)
    return {
        "thousands": get_format("THOUSAND_SEPARATOR", use_l10n=True),
        "region": ", ".join(dict.fromkeys(market.region for market in figures.markets)),
        "sample": _("Sample figures for a demonstration") if is_sample else "",
        "contents": _("Contents"),
        "employment": _("Employment, gross"),
        "b2b": _("B2B, net of VAT"),
        "low": _("Low"),
        "median": _("Median"),
        "high": _("High"),
        "medians": _("Median pay by role"),
    }
