"""Which kind of section a heading names. The phrases are data: headings.toml beside this file."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from roles.moving.likeness import Likeness

SHORT = 8  # words: a longer heading is a sentence, and a word in it names nothing
OTHER = "other"
ENOUGH, MUCH = 1, 10  # the lead (Like.lead) with which examples decide where no phrase fits, and where one does
LETTERS_COMPARED = 3  # of the first word, before a pattern is tried
MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*_`~]+(?=\S)|(?<=\S)[*_`~]+|</?[a-z][^>]*>", re.IGNORECASE)
NUMBERING = re.compile(r"^(?:(?:section|part|step)?\s*(?:\d+|[ivx]+|[a-h])\s*[.):]+)+\s+", re.IGNORECASE)
APOSTROPHES = dict.fromkeys(map(ord, "'’‘ʼ´`"), None)
LETTERS = str.maketrans({"ł": "l", "ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "&": " and ", "+": " and "})
ARTICLES = {"a", "an", "the", "der", "die", "das", "ein", "eine", "einen", "einer"}
FILLERS = ARTICLES | {
    "and", "or", "of", "for", "in", "to", "at", "with", "our", "your", "key", "main", "i", "oraz", "und", "w", "na",
    "ze", "dla", "fur", "typical", "general", "core", "primary", "job", "role", "position", "this", "we", "you",
    "are", "is", "twoje", "twoj", "nasze", "glowne", "ihre", "ihr", "deine", "dein", "unsere", "also", "other",
}  # fmt: skip

# One way of saying you and we: contractions written out, German's du and Sie alike.
SAME = {
    "youll": "you will", "youd": "you would", "youve": "you have", "youre": "you are", "whats": "what is",
    "well": "we will", "wed": "we would", "weve": "we have", "were": "we are", "whos": "who is",
    "sie": "du", "ihnen": "dir", "ihr": "dein", "ihre": "dein", "ihren": "dein", "ihrem": "dein", "ihrer": "dein",
    "deine": "dein", "deinen": "dein", "deinem": "dein", "deiner": "dein", "mein": "dein", "meine": "dein",
    "my": "your", "me": "you", "im": "you are", "ill": "you will",
}  # fmt: skip
ASKED_BY_ONESELF = re.compile(r"\b(am|can|could|do|must|should|will|would) i\b")  # "i" alone is Polish for "and"
ASKED = re.compile(r"\b(can|could|do|should|will|would) (you|we)\b")

# Long words that are often misspelt.
SPELLINGS = [
    "responsibilities", "responsibility", "requirements", "qualifications", "competencies", "benefits", "experience",
    "education", "description", "introduction", "compensation", "opportunity", "preferred", "desirable", "challenges",
    "mistakes", "location", "summary", "overview", "obowiazkow", "obowiazki", "wymagania", "oferujemy",
    "umiejetnosci", "wynagrodzenie", "widziane", "aufgaben", "anforderungen", "qualifikationen", "voraussetzungen",
]  # fmt: skip


class Phrase(NamedTuple):
    kind: str
    how: str
    pattern: re.Pattern[str]
    begins: str
    length: int  # letters: the longer says more


@lru_cache(4096)
def kind_of(heading: str, title: str = "") -> str:
    """Return the kind of section that a heading names, or "other"; `title`: of the role, which headings repeat.

    A phrase that is all it says decides. Elsewhere the examples do: alone where they say enough, against a phrase that
    is only a part of the heading where they say much.
    """
    words = plain_words(heading)
    bare = _without(words, plain_words(title))
    found = [match for text in {_same(_mended(words)), _same(_mended(bare))} for match in _matches(text)]
    (all_it_says, _length), kind = max(found, default=((False, 0), OTHER))
    if kind == "required" and any(other == "nice" for _how, other in found):
        kind = "nice"
    like = _likeness().of(_same(_mended(bare)))
    if all_it_says or like.lead < (MUCH if found else ENOUGH):
        return kind
    return like.kind


@lru_cache(4096)
def names_a_kind(line: str) -> bool:
    """Tell whether a line says nothing but the name of a kind of section, as headings without markup do."""
    words = rest = _same(plain_words(line))
    for phrase in sorted(_possible(words), key=lambda phrase: -phrase.length):
        if phrase.kind != OTHER and (phrase.how != "whole" or rest != words or _says_only(words, phrase)):
            rest = phrase.pattern.sub(" ", rest)
    return rest != words and not set(rest.split()) - FILLERS


def plain_words(text: str) -> str:
    """Return a heading's words: no case, accents, punctuation, numbering, emoji or markup."""
    text = MARKUP.sub(lambda found: found[1] or "", text).strip()
    text = NUMBERING.sub("", text).casefold().translate(APOSTROPHES).translate(LETTERS)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(word for word in re.findall(r"[^\W_]+", text) if not word.isdigit())


def _same(words: str) -> str:
    """Return plain words, or a pattern of them, with the many forms of you and we made one."""
    said = ASKED_BY_ONESELF.sub(r"\1 you", " ".join(SAME.get(word, word) for word in words.split()))
    return ASKED.sub(lambda found: found[2] if found[1] == "do" else f"{found[2]} {found[1]}", said)


@cache
def phrases() -> list[Phrase]:
    """Return what the table of headings says, ready to be compared."""
    return [
        Phrase(kind, how, re.compile(_pattern(text)), text.split()[0][:LETTERS_COMPARED], len(text))
        for kind, lists in _table().items()
        for how in ("words", "phrases", "whole")
        for text in map(_same, lists.get(how, []))
    ]


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((Path(__file__).parent / "headings.toml").read_text(encoding="utf-8"))


@cache
def _likeness() -> Likeness:
    lists = ((kind, text) for kind, by_use in _table().items() for listed in by_use.values() for text in listed)
    return Likeness(((kind, _same(plain_words(text.replace("*", "")))) for kind, text in lists), OTHER)


@cache
def _by_beginning() -> dict[str, list[Phrase]]:
    index: dict[str, list[Phrase]] = {}
    for phrase in phrases():
        index.setdefault(phrase.begins, []).append(phrase)
    return index


def _possible(words: str) -> Iterator[Phrase]:
    """Yield the phrases whose first word may be one of these words."""
    for beginning in {word[:LETTERS_COMPARED] for word in words.split()}:
        yield from _by_beginning().get(beginning, [])


def _pattern(text: str) -> str:
    text = text.replace(" * ", " .+ ").replace("*", "[^ ]*")
    return rf"\b{text}\b"


def _matches(words: str) -> Iterator[tuple[tuple[bool, int], str]]:
    """Yield ((says nothing else, length), kind) for each phrase that a heading has."""
    text = words
    short = len(text.split()) <= SHORT
    for phrase in _possible(text):
        if phrase.how == "whole":
            if _says_only(text, phrase):
                yield (True, phrase.length), phrase.kind
        elif (short or phrase.how == "phrases") and phrase.pattern.search(text):
            yield (_says_only(text, phrase), phrase.length), phrase.kind


def _says_only(words: str, phrase: Phrase) -> bool:
    """Tell whether a heading has no words but a phrase's, articles and the like aside."""
    found = phrase.pattern.search(words)
    if not found:
        return False
    rest = (words[: found.start()] + words[found.end() :]).split()
    return not set(rest) - FILLERS


def _without(words: str, title: str) -> str:
    """Return words without those of the role's title, which stand in many headings, and the article before them."""
    return " ".join(re.sub(rf"\b(?:an? )?{re.escape(title)}s?\b", " ", words).split()) if title else words


def _mended(words: str) -> str:
    """Return words with slips of the pen in long ones put right: `responsibilites`."""
    return " ".join(_mend(word) for word in words.split())


@cache
def _mend(word: str) -> str:
    close = get_close_matches(word, SPELLINGS, n=1, cutoff=0.86) if len(word) > 6 else []
    return close[0] if close else word
