"""How much of the interface and of the mails is translated: read from the catalogues (.po) beside the code."""

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import to_locale

MAILS = "leads/mails"  # where the words of the mails are: their templates, and the module that writes them
TEXT = re.compile(r'^(msgid|msgid_plural|msgctxt|msgstr(?:\[\d\])?) "(.*)"$|^"(.*)"$')


@cache
def coverage(language: str, part: str) -> tuple[int, int]:
    """Return (missing, all) of the texts of a part, “interface” or “mails”, in a language.

    The texts are written in English. All there are is what the fullest of the catalogues knows.
    """
    wanted = {text for text, is_mail in _all_texts().items() if is_mail == (part == "mails")}
    if language.split("-")[0] == "en":
        return 0, len(wanted)
    return len(wanted - _translated(language)), len(wanted)


@cache
def _all_texts() -> dict[str, bool]:
    """Return every text that any catalogue knows, and whether it belongs to the mails."""
    return {
        text: is_mail
        for folder in settings.LOCALE_PATHS
        for path in sorted(Path(folder).glob("*/LC_MESSAGES/django.po"))
        for text, is_mail, _is_done in read_catalogue(path)
    }


def _translated(language: str) -> set[str]:
    paths = [Path(folder) / to_locale(language) / "LC_MESSAGES" / "django.po" for folder in settings.LOCALE_PATHS]
    return {text for path in paths if path.exists() for text, _mail, is_done in read_catalogue(path) if is_done}


def read_catalogue(path: Path) -> list[tuple[str, bool, bool]]:
    """Return the texts of a catalogue: [(text with its context, belongs to the mails, is translated), …]."""
    entries = [_read_entry(entry) for entry in path.read_text(encoding="utf-8").split("\n\n")]
    return [entry for entry in entries if entry[0]]


def _read_entry(entry: str) -> tuple[str, bool, bool]:
    texts: dict[str, str] = {}
    name = ""
    for line in entry.splitlines():
        found = TEXT.match(line)
        if found:
            name = found[1] or name
            texts[name] = texts.get(name, "") + (found[2] or found[3] or "")
    is_fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in entry.splitlines())
    is_mail = any(line.startswith("#:") and MAILS in line for line in entry.splitlines())
    answers = [text for key, text in texts.items() if key.startswith("msgstr")]
    text = texts.get("msgid", "")
    context = texts.get("msgctxt", "")
    return f"{context}|{text}" if text and context else text, is_mail, bool(answers) and all(answers) and not is_fuzzy
