"""Fill-in words: which ones a template has, and the template with a reader's words in their place.

Nothing that is filled in is stored here. A value stands for all spellings of its word; letters' case does not matter.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape, unescape
from typing import Any

from recruitcms import markup
from recruitcms.models import FillInWord

SLOT = re.compile(r'<mark class="slot">\[([^<\]]*)\]</mark>')
# What Markdown would take for more than the sign itself, and what not all its readers let a backslash keep.
MARKDOWN_SIGNS = re.compile(r"[\\`*_\[\]#]|^[+>-]|^(\d+)(?=[.)])")
ENTITIES = {"&": "&amp;", "<": "&lt;", "=": "&#61;", "|": "&#124;", "~": "&#126;", "\n": "<br>"}
NAMED_SIGNS = re.compile(r"[&<|~\n]|^=")
# What a field shows of the text around its word.
BLOCK = re.compile(r"</?(?:p|li|ul|ol|h\d|blockquote|td|th|tr|br)\b[^>]*>")
TAG = re.compile(r"<[^>]*>")
WORDS_AROUND = 6
# Characters that no XML document, and so no Word file, may hold.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

Values = Mapping[str, str]  # what was filled in, by the normal spelling of the word


@dataclass
class Field:
    """One field of the panel: its name, and each way in which this template writes its word."""

    name: str
    label: str
    example: str = ""
    kind: str = FillInWord.Kind.TEXT
    choices: list[str] = field(default_factory=list)
    is_shared: bool = False
    spellings: list[str] = field(default_factory=list)
    value: str = ""


def normal(word: str) -> str:
    """Return the spelling by which words are compared: small letters, single spaces."""
    return " ".join(word.split()).casefold()


def fields_of(sections: Iterable[Mapping[str, Any]], shared: Sequence[FillInWord]) -> list[Field]:
    """Return the fields of a template: words that all templates share first, then its own, as they come."""
    spelt: dict[str, tuple[str, str]] = {}  # by the normal spelling: the word as written first, and what it stands in
    for html, slot in _slots(sections):
        text = unescape(slot[1])
        spelt.setdefault(normal(text), (text, _around(html, slot)))
    fields = []
    for word in shared:
        found = [spelt.pop(normal(spelling))[0] for spelling in word.spellings if normal(spelling) in spelt]
        if found:
            fields.append(Field(word.key, word.label, word.example, word.kind, word.choices.splitlines(), True, found))
    return fields + [Field(own_name(key), own, around, spellings=[own]) for key, (own, around) in spelt.items()]


def length_in(sections: Iterable[Mapping[str, Any]], values: Values) -> int:
    """Return how many characters values put into a template: each stands wherever its word does."""
    return sum(len(values.get(normal(unescape(slot[1])), "")) for _html, slot in _slots(sections))


def _slots(sections: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield each place of a template that can be filled in, after the HTML that it stands in."""
    for section in sections:
        for html in [section["html"], *(card["html"] for card in section["cards"])]:
            for slot in SLOT.finditer(html):
                yield html, slot


def _around(html: str, slot: re.Match[str]) -> str:
    """Return a few words before and after a fill-in word, so that its field makes sense by itself."""
    before, after = BLOCK.split(html[: slot.start()])[-1], BLOCK.split(html[slot.end() :], maxsplit=1)[0]
    left, _here, right = unescape(TAG.sub("", f"{before}\0{after}")).partition("\0")
    first, last = left.rsplit(" ", WORDS_AROUND), right.split(" ", WORDS_AROUND)
    if len(first) > WORDS_AROUND:
        first[0] = "…"
    if len(last) > WORDS_AROUND:
        last[-1] = "…"
    return f"{' '.join(first)}[{unescape(slot[1])}]{' '.join(last)}"


def own_name(word: str) -> str:
    """Return the name of the field for a word that only one template has."""
    return f"own-{sha256(word.encode()).hexdigest()[:12]}"


def read_values(fields: Iterable[Field], posted: Mapping[str, str]) -> dict[str, str]:
    """Return what was filled in, and leave it in the fields. Spaces around it go, and what no document can hold."""
    values: dict[str, str] = {}
    for item in fields:
        item.value = UNPRINTABLE.sub("", posted.get(item.name, "").replace("\r\n", "\n")).strip()
        if item.value:
            values |= {normal(spelling): item.value for spelling in item.spellings}
    return values


def fill_html(html: str, values: Values, marked: bool = False) -> str:
    """Put values into rendered HTML, escaped; `marked`: keep the marks, for the page, and which word each one is."""

    def filled(slot: re.Match[str]) -> str:
        value = values.get(normal(unescape(slot[1])))
        if value is None:
            return slot[0] if marked else f"[{slot[1]}]"
        text = escape(value)
        return (
            f'<mark class="slot filled" data-slot="{slot[1]}">{text}</mark>' if marked else text.replace("\n", "<br>")
        )

    return SLOT.sub(filled, html)


def fill_markdown(text: str, values: Values) -> str:
    """Put values into Markdown, so that they read as they were typed."""
    parts, end = [], 0
    for slot in markup.typed_fill_ins(text):
        value = values.get(normal(slot[1]))
        parts += [text[end : slot.start()], slot[0] if value is None else as_markdown(value)]
        end = slot.end()
    return "".join([*parts, text[end:]])


def as_markdown(value: str) -> str:
    """Return Markdown that reads as a text was typed. It is one line, so that nothing in it starts or ends a block."""
    escaped = MARKDOWN_SIGNS.sub(lambda sign: f"{sign[1]}\\" if sign[1] else f"\\{sign[0]}", value)
    return NAMED_SIGNS.sub(lambda sign: ENTITIES[sign[0]], escaped)
