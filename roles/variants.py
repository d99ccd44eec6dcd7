"""A new role from another one: a copy in which words give way to others, each change listed before it is made.

Whole words alone, in the capitals that stand there, never in the address of a link. In English the article in front
follows: "a Data Engineer" becomes "an ML Engineer".
"""

import hashlib
import re
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from recruitcms.changes import version_of
from recruitcms.translated import copy_of
from recruitcms.translating import Passage
from roles.headings import with_article
from roles.models import Role

MOST_CHANGES = 1000
CONTEXT = 160  # characters before and after, where a sentence is longer
ARROW = re.compile(r"→|->|=>")
# What is an address and no text: a link's target, a definition of one, and addresses as they stand.
ADDRESSES = re.compile(
    r"\]\(\s*<?[^\s)>]*|^[ \t]*\[[^\]\n]+\]:[ \t]*\S+|<[a-z][a-z0-9+.-]*:[^>\s]*>"
    r"|\b(?:https?|ftp)://\S+|\b(?:mailto|tel):\S+|\bwww\.\S+|[\w.+-]+@[\w-]+\.[\w.-]+",
    re.IGNORECASE | re.MULTILINE,
)
# An underscore is Markdown's, no letter. "C" is no part of "C++", and "Node" none of "Node.js".
BEFORE = r"(?<![^\W_])"
AFTER = r"(?![^\W_]|[+#\u0300-\u036f]|\.\w)"
ARTICLE = r"(?:(?<![^\W_])(?P<article>[Aa]n?)(?P<gap>\s+[*_“\"‘'(\[]*))?"
SPACE = r"(?:[^\S\n]+|[^\S\n]*\n[^\S\n]*)"  # a line may end in it, a paragraph not
SENTENCE_END = re.compile(r"[.!?…][\"”’)]*\s+|\n")


class Pair(NamedTuple):
    """Words, and what takes their place; `any_case`: also where they stand in other capitals."""

    old: str
    new: str
    any_case: bool


class Change(NamedTuple):
    """One replacement: at `start` of a text `old` becomes `new`; the sentence around it."""

    key: str
    place: str
    start: int
    old: str
    new: str
    before: str
    after: str


# --- the words ---


def pairs_of(role: Role, title: str, plural: str, own: list[tuple[str, str]]) -> list[Pair]:
    """Return all replacements: the title, its plural, and the editor's own, longer words first."""
    titles = [Pair(old, new, True) for old, new in ((role.title, title), (role.title_plural, plural)) if old and new]
    # "Go → Rust" must not change the verb: a single word with a capital is a name, and needs it.
    pairs = titles + [Pair(old, new, old == old.lower() or " " in old) for old, new in own]
    return sorted((pair for pair in pairs if pair.old != pair.new), key=lambda pair: -len(pair.old))


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Read replacements, one on each line: "Python → Java". Raises ValidationError naming the line."""
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        parts = [" ".join(part.split()) for part in ARROW.split(line)]
        if len(parts) != 2 or not all(parts):
            words = _("Line %(line)d: write what is replaced, an arrow and what takes its place: Python → Java")
            raise ValidationError(words % {"line": number})
        if parts[0] in [old for old, _new in pairs]:
            raise ValidationError(_("Line %(line)d: these words are replaced above already.") % {"line": number})
        pairs.append((parts[0], parts[1]))
    return pairs


def pattern_of(pairs: list[Pair], language: str) -> re.Pattern[str]:
    """Return what finds the words of all pairs at once, so that what one puts in no other changes."""
    words = "|".join(f"(?P<p{number}>{_spelt(pair)})" for number, pair in enumerate(pairs))
    return re.compile(f"{ARTICLE if language == 'en' else ''}{BEFORE}(?:{words}){AFTER}")


def _spelt(pair: Pair) -> str:
    phrase = SPACE.join(re.escape(word) for word in pair.old.split())
    if pair.any_case:
        return f"(?i:{phrase})"
    return f"{phrase}|{SPACE.join(re.escape(word) for word in pair.old.upper().split())}"


def in_capitals_of(found: str, pair: Pair) -> str:
    """Return the new words in the capitals in which the old ones stand: "data engineer", "DATA ENGINEER"."""
    found = " ".join(found.split())
    if found == pair.old or not found[:1].isalpha():
        return pair.new
    letters = [char for char in found if char.isalpha()]
    if found.isupper() and len(letters) > 1:
        return pair.new.upper()
    if found == found.lower():
        return _lower(pair.new)
    if found[0].isupper() and found[1:] == found[1:].lower():
        lower = _lower(pair.new)
        return lower if _is_name(lower.split()[0]) else lower[:1].upper() + lower[1:]  # iOS begins a sentence as iOS
    return pair.new


def _lower(words: str) -> str:
    """Return words in small letters, but for names that have their own: ML, DevOps, C++."""
    return " ".join(word if _is_name(word) else word.lower() for word in words.split())


def _is_name(word: str) -> bool:
    return word[1:] != word[1:].lower() or sum(char.isalpha() for char in word) == 1


# --- the changes ---


def passages_of(role: Role) -> list[Passage]:
    """Return the texts of a role as its page shows them, but for the titles, which are asked for."""
    passages = [passage for passage in role.passages() if passage.key not in ("title", "title_plural")]
    return sorted(passages, key=lambda passage: passage.field.startswith("search_"))


def _place(passage: Passage) -> str:
    return f"{passage.row} · {passage.label}" if passage.relation else passage.label.capitalize()


def changes_of(role: Role, pairs: list[Pair]) -> list[Change]:
    """Return every change that the pairs make in a role's texts. Raises ValidationError where they are too many."""
    if not pairs:
        return []
    pattern = pattern_of(pairs, role.language)
    changes = [change for passage in passages_of(role) for change in _changes_in(passage, pattern, pairs)]
    if len(changes) > MOST_CHANGES:
        words = _("These words occur %(count)d times, too often to look through (%(most)d). Replace fewer.")
        raise ValidationError(words % {"count": len(changes), "most": MOST_CHANGES})
    return changes


def _changes_in(passage: Passage, pattern: re.Pattern[str], pairs: list[Pair]) -> Iterator[Change]:
    words, place = passage.text, _place(passage)
    addresses = [match.span() for match in ADDRESSES.finditer(words)]
    for match in pattern.finditer(words):
        if any(start < match.end() and match.start() < end for start, end in addresses):
            continue
        old, new = match[0], _replacement(match, pairs)
        if old == new:
            continue
        before, after = _sentence_around(words, match.start(), match.end())
        yield Change(f"{passage.key}.{match.start()}", place, match.start(), old, new, before, after)


def _replacement(match: re.Match[str], pairs: list[Pair]) -> str:
    number, found = next((number, match[f"p{number}"]) for number in range(len(pairs)) if match[f"p{number}"])
    new = in_capitals_of(found, pairs[number])
    article = match.groupdict().get("article")
    if not article:
        return new
    right = with_article(new).split()[0]
    return f"{right.capitalize() if article[0].isupper() else right}{match['gap']}{new}"


def _sentence_around(words: str, start: int, end: int) -> tuple[str, str]:
    """Return what stands before and after in the same sentence, cut where it is long."""
    first, last = max(0, start - CONTEXT), min(len(words), end + CONTEXT)
    begins = max((match.end() for match in SENTENCE_END.finditer(words, first, start)), default=first)
    stop = SENTENCE_END.search(words, end, last)
    before, after = words[begins:start], words[end : stop.start() + 1 if stop else last].rstrip()
    return f"…{before}" if begins == first > 0 else before, after if stop or last == len(words) else f"{after}…"


def seal_of(role: Role, changes: list[Change]) -> str:
    """Return a token of what was shown: it differs once the role or a change does."""
    shown = "\n".join(f"{change.key}\t{change.old}\t{change.new}" for change in changes)
    return hashlib.sha256(f"{version_of(role)}\n{shown}".encode()).hexdigest()


# --- the copy ---


def new_variant(role: Role) -> Role:
    """Return an unsaved copy of a role, of a group of its own: a translation of nothing."""
    variant = role.copied()
    variant.translation_group = uuid.uuid4()
    variant.source_language, variant.source_hash, variant.source_at, variant.source_texts = "", "", None, []
    return variant


@transaction.atomic
def make_variant(role: Role, variant: Role, changes: list[Change], by: Any) -> Role:
    """Save a copy of a role as a draft with these changes, its sections, levels, résumés and related roles; return it.

    `variant` comes from `new_variant`, with its title, address, category and author set. Raises ValidationError, a
    sentence for each text that would be too long; nothing is saved then.
    """
    parts = role.own_rows()
    written: dict[Any, Any] = {(type(part), part.pk): copy_of(part) for part in parts} | {(Role, role.pk): variant}
    problems = []
    for passage in passages_of(role):
        words = _changed(passage, changes)
        row, field = passage.row, passage.row._meta.get_field(passage.field)
        setattr(written[type(row), row.pk], passage.field, words)
        if field.max_length and len(words) > field.max_length:
            sentence = _("%(place)s: “%(words)s” has %(count)d characters, and %(most)d fit. Leave a change out.")
            counted = {"place": _place(passage), "words": words, "count": len(words), "most": field.max_length}
            problems.append(sentence % counted)
    if problems:
        raise ValidationError(problems)
    variant.created_by = variant.updated_by = by
    variant.save()
    variant.related.set(role.related.all())
    for part in parts:
        copy = written[type(part), part.pk]
        copy.role = variant
        copy.save()
    return variant


def _changed(passage: Passage, changes: list[Change]) -> str:
    """Return a text with its changes, made from the end so that the places before stay."""
    words = passage.text
    mine = [change for change in changes if change.key.rpartition(".")[0] == passage.key]
    for change in sorted(mine, key=lambda change: -change.start):
        words = words[: change.start] + change.new + words[change.start + len(change.old) :]
    return words
