"""What of a role to show in a list of results: its title and a piece of its text, with what was found marked."""

import re
from html import escape
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from roles.search.words import pattern

BEFORE, LENGTH = 60, 180  # letters of a piece of text


def marked(text: str, found: re.Pattern[str]) -> SafeString:
    """Return a text as HTML with what was found in <mark>."""
    pieces, end = [], 0
    for match in found.finditer(text):
        if match.end() > match.start():
            pieces += [escape(text[end : match.start()]), f'<mark class="slot">{escape(match[0])}</mark>']
            end = match.end()
    return mark_safe("".join([*pieces, escape(text[end:])]))


def piece(text: str, found: re.Pattern[str]) -> str:
    """Return the piece of a text around what was found, cut between words; "" where nothing was."""
    match = found.search(text)
    if match is None:
        return ""
    start = text.find(" ", match.start() - BEFORE) + 1 if match.start() > BEFORE else 0
    start = min(start, match.start())
    end = text.rfind(" ", match.end(), start + LENGTH) if start + LENGTH < len(text) else len(text)
    end = max(end, match.end())
    return f"{'… ' if start else ''}{text[start:end].strip()}{' …' if end < len(text) else ''}"


def show_found(roles: list[Any], words: list[str], language: str) -> None:
    """Give each role `marked_title` and `marked_summary`: the summary, or the text where that alone has the words."""
    if not words:
        return
    found = pattern(words, language)
    for role in roles:
        role.marked_title = marked(role.title, found)
        named = bool(found.search(role.title) or found.search(role.summary))
        text = role.summary if named else piece(role.search_entry.plain, found) or role.summary
        role.marked_summary = marked(text, found)
