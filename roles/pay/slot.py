"""The pay on a role's page: the words of an empty pay section, and the one salary band that is shown."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import override

from recruitcms.models import FillInWord
from roles.levels import Level
from roles.pay.models import SalaryBand

# The level that a role is hired at most, first; of those who lead, that of the smaller scope.
USUAL = [
    *(Level.SENIOR, Level.MID, Level.LEAD, Level.PRINCIPAL, Level.JUNIOR),
    *(Level.ONE_TEAM, Level.SEVERAL_TEAMS, Level.SMALL_COMPANY, Level.LARGE_COMPANY),
]


def standard_text(language: str) -> str:
    """Return what a pay section without a text says: the shared fill-in word “pay” of the language, to be replaced."""
    word = FillInWord.objects.filter(language=language, key="pay").first()
    with override(language):
        spelling = word.spellings[0] if word and word.spellings else _("Pay range")
        return _("[%(pay)s] gross a month") % {"pay": spelling}


def band_to_show(bands: Iterable[SalaryBand], language: str) -> SalaryBand | None:
    """Return the one band of a role that its page shows, None where there is none: no figure is ever made up.

    Of several: the band that staff marked; fresh figures before old; the usual level; the country of the page's
    language; employment before B2B; a country before a part of it; the newest; the largest sample.
    """

    def rank(band: SalaryBand) -> tuple[object, ...]:
        return (
            not band.is_shown,
            band.is_old,
            USUAL.index(Level(band.level)),
            band.country != language[:2].upper(),
            band.contract != SalaryBand.Contract.EMPLOYMENT,
            bool(band.place),
            -band.date.toordinal(),
            -band.sample_size,
            band.pk,
        )

    return min(bands, key=rank, default=None)
