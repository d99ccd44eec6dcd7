"""What a reader of any format finds: a document on its way in, and what was seen beside it."""

import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.utils.text import slugify

from roles.moving.matching import LETTERS

# Sections that hardly any page has but a job description.
TELLING = {"duties", "required"}
MOST_SECTIONS = 100  # what the form of a role bears, and more than any page has
TITLE, SLUG, SUMMARY, SEARCH_TITLE, SEARCH_DESCRIPTION = 120, 120, 300, 70, 170


class UnreadableError(ValueError):
    """Says in words for the editor why a file cannot be read."""


@dataclass
class Incoming:
    """A document on its way in. `source` and `key` say for good where it came from; `target` is where it goes."""

    source: str
    key: str
    title: str
    type: str
    sections: list[dict[str, Any]] = field(default_factory=list)
    target: str = ""
    language: str = ""
    slug: str = ""
    fields: dict[str, str] = field(default_factory=dict)  # title_plural, summary, search_title, search_description
    author: str = ""
    category: str = ""
    group: str = ""  # what its translations share
    picture: str = ""
    resumes: list[dict[str, str]] = field(default_factory=list)
    related: list[str] = field(default_factory=list)
    levels: list[dict[str, str]] = field(default_factory=list)
    old_paths: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Seen:
    """What a reader counts on its way."""

    authors: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    shortcodes: Counter[str] = field(default_factory=Counter)
    media: Counter[str] = field(default_factory=Counter)

    def count(self, item: Incoming) -> None:
        self.types[item.type] += 1
        if item.target != "leave":
            for counter, word in ((self.authors, item.author), (self.categories, item.category)):
                counter[word] += 1
            self.languages[item.language] += 1

    def as_dict(self) -> dict[str, dict[str, int]]:
        return {name: dict(counter.most_common(1000)) for name, counter in vars(self).items()}


def completed(item: Incoming) -> Incoming:
    """Return a document with what its reader left open, made to fit the fields. What is cut is kept in the text."""
    item.language = known_language(item.language)
    item.title = _fitted(item, " ".join(item.title.split()), TITLE)
    item.slug = address(item.slug) or address(item.title)
    limits = {"title_plural": TITLE, "search_title": SEARCH_TITLE, "search_description": SEARCH_DESCRIPTION}
    for name, limit in limits.items():
        if name in item.fields:
            item.fields[name] = _fitted(item, item.fields[name].strip(), limit)
    if item.fields.get("summary", "").strip():
        item.fields["summary"] = _fitted(item, " ".join(item.fields["summary"].split()), SUMMARY)
    else:
        item.fields["summary"] = first_sentence(item.sections)
    item.target = item.target or guessed_target(item)
    return item


def _fitted(item: Incoming, words: str, limit: int) -> str:
    """Return words cut to a field's length. The whole of them goes before the text."""
    if len(words) <= limit:
        return words
    item.notes.append(f"Shortened to {limit} characters, whole at the start of the text: “{words}”")
    if not item.sections or item.sections[0]["heading"]:
        item.sections.insert(0, {"kind": "introduction", "heading": "", "body": ""})
    first = item.sections[0]
    first["body"] = f"{words}\n\n{first['body']}".strip()
    return words[: limit - 1].rsplit(" ", 1)[0] + "…"


def bounded(item: Incoming) -> Incoming:
    """Return a document with at most MOST_SECTIONS sections: the rest goes, whole, into the last of them."""
    kept, rest = item.sections[: MOST_SECTIONS - 1], item.sections[MOST_SECTIONS - 1 :]
    if len(rest) < 2:
        return item
    parts = [[section["heading"] and f"### {section['heading']}", *_texts(section)] for section in rest[1:]]
    body = "\n\n".join([*_texts(rest[0]), *(text for part in parts for text in part if text)])
    item.sections = [*kept, {**rest[0], "body": body, "advice": "", "note": ""}]
    joined = f"The text has {len(kept) + len(rest)} sections, more than the {MOST_SECTIONS} that can be edited"
    item.notes.append(f"{joined}: the last {len(rest)} are joined in section {MOST_SECTIONS}. Nothing is lost.")
    return item


def _texts(section: dict[str, Any]) -> list[str]:
    return [text for name in ("advice", "body", "note") if (text := section.get(name) or "")]


def guessed_target(item: Incoming) -> str:
    """Return "role" for what reads like a job description, else "page"."""
    kinds = {section["kind"] for section in item.sections if section["heading"]} - {"other"}
    return "role" if (kinds & TELLING and len(kinds) > 1) or len(kinds) > 3 else "page"


def known_language(code: str) -> str:
    """Return one of the site's languages for a code such as pl-PL; the site's first where it has none like it."""
    short = re.split(r"[-_]", code.strip().lower())[0]
    return short if short in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def address(text: str) -> str:
    """Return the last part of an address made from a title or another system's address."""
    plain = unquote(text).casefold().translate(LETTERS)
    return slugify(plain)[:SLUG].strip("-_")


def first_sentence(sections: list[dict[str, Any]]) -> str:
    """Return the first sentence of a text, where it is one and fits a summary; else ""."""
    body = sections[0]["body"] if sections else ""
    words = " ".join(body.split("\n\n")[0].split())
    found = re.match(r"[^#\-|>*\[\d`].{20,}?[.!?](?=\s|$)", words)
    return found[0] if found and len(found[0]) <= SUMMARY and not re.search(r"[\[\]*_`<&\\]", found[0]) else ""
