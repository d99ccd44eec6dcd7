"""The languages of the site: a setting (LANGUAGES), never a matter of the database.

Models take their choices and their default from here as functions, so that a migration names the function and a new
language needs none.
"""

from django.conf import settings
from django.conf.locale import LANG_INFO

MAX_LENGTH = 10  # of the columns that hold a code


def read_languages(value: str) -> list[tuple[str, str]]:
    """Return Django's LANGUAGES for codes by commas, each with its name in its own words. Raises ValueError."""
    wanted = [code.strip().lower() for code in value.split(",") if code.strip()]
    if not wanted:
        raise ValueError("write codes like en,pl,de")
    unknown = [code for code in wanted if "name_local" not in LANG_INFO.get(code, {}) or len(code) > MAX_LENGTH]
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}. Write codes like en, pl, de, pt-br or zh-hans")
    if len(set(wanted)) < len(wanted):
        raise ValueError("write each language once")
    return [(code, _with_capital(LANG_INFO[code]["name_local"])) for code in wanted]


def _with_capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def language_choices() -> list[tuple[str, str]]:
    """Return the site's languages: [(code, name in its own words), …]."""
    return list(settings.LANGUAGES)


def own_language() -> str:
    """Return the code of the site's own language: its addresses have no prefix, and others fall back to it."""
    return settings.LANGUAGE_CODE


def codes() -> list[str]:
    """Return the codes of the site's languages."""
    return [code for code, _name in settings.LANGUAGES]


def language_name(code: str) -> str:
    """Return a language's name in its own words; the code for one that the site does not have."""
    return dict(settings.LANGUAGES).get(code, code)


def direction(code: str) -> str:
    """Return the value of `dir` for a language."""
    return "rtl" if LANG_INFO.get(code, {}).get("bidi") else "ltr"
