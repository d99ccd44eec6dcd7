"""The interface is wholly in every language of the site: nothing untranslated, nothing fuzzy, nothing out of step."""

import gettext as catalogues
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import gettext, ngettext, override

LOCALE = Path(__file__).parent.parent / "recruitcms" / "locale"
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
each_language = pytest.mark.parametrize("language", LANGUAGES)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|</?\w[^>]*>")


def entries(language: str) -> list[str]:
    """Return the entries of a catalogue, without its header."""
    return (LOCALE / language / "LC_MESSAGES" / "django.po").read_text().strip().split("\n\n")[1:]


def texts(entry: str, name: str) -> list[str]:
    """Return an entry's texts under a keyword: one, or for msgstr of a plural one for each form."""
    found = re.findall(rf'^{name}(?:\[\d\])? ((?:"(?:[^"\\]|\\.)*"\n?)+)', entry, re.MULTILINE)
    lines = [re.findall(r'^"(.*)"$', text, re.MULTILINE) for text in found]
    return [re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), "".join(line)) for line in lines]


@each_language
def test_every_text_is_translated(language):
    untranslated = [entry for entry in entries(language) if "" in texts(entry, "msgstr")]

    assert untranslated == []
    assert [entry for entry in entries(language) if re.search(r"^#,.*fuzzy", entry, re.MULTILINE)] == []


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_the_languages_translate_the_same_texts(language):
    first, other = (sorted(texts(entry, "msgid") for entry in entries(code)) for code in (LANGUAGES[0], language))

    assert other == first


@each_language
def test_a_translation_keeps_what_is_filled_in(language):
    """A singular may say the number in words; no form may ask for what the code does not give."""
    astray = []
    for entry in entries(language):
        source = [set(PLACEHOLDER.findall(text)) for text in texts(entry, "msgid") + texts(entry, "msgid_plural")]
        for text in texts(entry, "msgstr"):
            # The role's title stands without an English article in other languages.
            found = {
                "%(a_role)s" if name == "%(role)s" and {"%(a_role)s"} in source else name
                for name in PLACEHOLDER.findall(text)
            }
            if found not in source:
                astray.append((text, found))

    assert astray == []


@each_language
def test_the_compiled_catalogue_is_fresh(language):
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = catalogues.GNUTranslations(file)

    for entry in entries(language):
        (source,) = texts(entry, "msgid")
        if plural := texts(entry, "msgid_plural"):
            forms = {compiled.ngettext(source, plural[0], number) for number in range(200)}
            assert forms == {*texts(entry, "msgstr")} & forms
            assert source not in forms or source in texts(entry, "msgstr")
        else:
            assert [compiled.gettext(source)] == texts(entry, "msgstr")


def test_polish_numbers_take_their_forms():
    with override("pl"):
        minutes = [ngettext("%(minutes)s min read", "%(minutes)s min read", number) for number in (1, 3, 7)]
        templates = [ngettext("%(number)s template", "%(number)s templates", number) for number in (1, 3, 7)]

        assert gettext("Book a call") == "Umów rozmowę"
    assert "" not in minutes
    assert len(set(templates)) == 3


def test_german_numbers_take_their_forms():
    with override("de"):
        templates = [ngettext("%(number)s template", "%(number)s templates", number) for number in (1, 3, 7)]

        assert gettext("Book a call") == "Gespräch buchen"
    assert templates == ["%(number)s Vorlage", "%(number)s Vorlagen", "%(number)s Vorlagen"]


def test_polish_calls_a_template_by_one_word():
    said = [text for entry in entries("pl") for text in texts(entry, "msgstr") if "szablon" in text.lower()]

    assert said == []
