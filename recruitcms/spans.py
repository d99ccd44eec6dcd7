"""Two texts compared word by word, in bounded time: for revisions, for translations, and for two people's versions."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# Passages with more pairs of like words than this would take too long to compare, and count as replaced whole.
LIKENESSES = 200_000
WORD = re.compile(r"\S+\s*|\s+")  # with the spaces after it
WORD_OR_SPACE = re.compile(r"\S+|\s+")
TAGS = {"added": "<ins>{}</ins>", "removed": "<del>{}</del>", "same": "{}"}


@dataclass
class Span:
    """A piece of a text: `kind` is "same", "added" or "removed"."""

    kind: str
    text: str

    @property
    def words(self) -> int:
        return len(self.text.split())


def spans_of(old: str, new: str) -> list[Span]:
    """Compare two texts: first by lines, then, within the lines that differ, by words."""
    spans: list[Span] = []
    for kind, before, after in _blocks(old.splitlines(keepends=True), new.splitlines(keepends=True)):
        if kind == "equal":
            _append(spans, "same", "".join(before))
        else:
            _append_words(spans, "".join(before), "".join(after))
    return spans


def _append_words(spans: list[Span], old: str, new: str) -> None:
    for kind, before, after in _blocks(WORD.findall(old), WORD.findall(new)):
        if kind == "equal":
            _append(spans, "same", "".join(before))
        else:
            _append_change(spans, "".join(before), "".join(after))


def _append_change(spans: list[Span], removed: str, added: str) -> None:
    """Append a change. Words and spaces that both sides begin or end with are no part of it."""
    old, new = WORD_OR_SPACE.findall(removed), WORD_OR_SPACE.findall(added)
    start, end = _alike(old, new)
    _append(spans, "same", "".join(old[:start]))
    _append(spans, "removed", "".join(old[start : len(old) - end]))
    _append(spans, "added", "".join(new[start : len(new) - end]))
    _append(spans, "same", "".join(old[len(old) - end :]))


def _append(spans: list[Span], kind: str, text: str) -> None:
    if spans and spans[-1].kind == kind:
        spans[-1].text += text
    elif text:
        spans.append(Span(kind, text))


def marked(before: str, now: str) -> SafeString:
    """Return a text as HTML, with <ins> and <del> around the words that changed."""
    return format_html_join("", "{}", [[format_html(TAGS[span.kind], span.text)] for span in spans_of(before, now)])


def _blocks(old: list[str], new: list[str]) -> Iterable[tuple[str, list[str], list[str]]]:
    """Split two lists into pieces that are equal and pieces that differ: ("equal" or "replace", old, new)."""
    start, end = _alike(old, new)
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    yield "equal", old[:start], new[:start]
    if _likenesses(before, after) > LIKENESSES:
        yield "replace", before, after
    else:
        for kind, a1, a2, b1, b2 in SequenceMatcher(None, before, after).get_opcodes():
            yield kind, before[a1:a2], after[b1:b2]
    yield "equal", old[len(old) - end :], new[len(new) - end :]


def _alike(old: list[str], new: list[str]) -> tuple[int, int]:
    """Return how many pieces two lists have in common at their beginning, and how many of the others at their end."""
    shorter = min(len(old), len(new))
    start = next((number for number in range(shorter) if old[number] != new[number]), shorter)
    left = shorter - start
    end = next((number for number in range(left) if old[-1 - number] != new[-1 - number]), left)
    return start, end


def _likenesses(old: list[str], new: list[str]) -> int:
    """Return how many pairs of like words there are: what a comparison's time depends on.

    Words that make up more than a hundredth of a long text do not count: `SequenceMatcher` skips them.
    """
    before, after = Counter(old), Counter(new)
    popular = len(new) // 100 + 1 if len(new) >= 200 else len(new)
    return sum(number * after[word] for word, number in before.items() if after[word] <= popular)
