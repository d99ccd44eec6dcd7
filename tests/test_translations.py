"""The interface is wholly in Polish: nothing untranslated, nothing fuzzy."""

import re
from pathlib import Path

from django.utils.translation import gettext, ngettext, override

CATALOGUE = Path(__file__).parent.parent / "recruitcms" / "locale" / "pl" / "LC_MESSAGES" / "django.po"


def test_every_text_is_translated():
    entries = CATALOGUE.read_text().split("\n\n")[1:]

    untranslated = [entry for entry in entries if re.search(r'msgstr(\[\d\])? ""\n?$', entry, re.MULTILINE)]
    empty = [entry for entry in untranslated if not re.search(r'msgstr(\[\d\])? ""\n"', entry)]
    assert empty == []
    assert [entry for entry in entries if re.search(r"^#,.*fuzzy", entry, re.MULTILINE)] == []


def test_polish_numbers_take_their_forms():
    with override("pl"):
        minutes = [ngettext("%(minutes)s min read", "%(minutes)s min read", number) for number in (1, 3, 7)]
        templates = [ngettext("%(number)s template", "%(number)s templates", number) for number in (1, 3, 7)]

        assert gettext("Book a call") == "Umów rozmowę"
    assert "" not in minutes
    assert len(set(templates)) == 3
