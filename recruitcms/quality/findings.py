"""The words of the checklist: a place in the form, a text that stands there, and a finding about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256


class Grade(StrEnum):
    STOPS = "stops"
    WARNS = "warns"
    INFORMS = "informs"


Prefixes = Mapping[str, Sequence[str]]  # {"sections": ["sections-0", "sections-2", …]}


@dataclass(frozen=True)
class Place:
    """A field of the form: of the document itself, or of one of its rows (`rows`: "sections", `row`: its index)."""

    field: str
    rows: str = ""
    row: int | None = None


@dataclass(frozen=True)
class Text:
    """A text of the document as it was typed. `name`: what the editor calls the place.

    Texts outside the advert talk to the reader of our page and may quote what one should not write.
    """

    typed: str
    place: Place
    name: str
    markdown: bool = False
    in_advert: bool = True


@dataclass(frozen=True)
class Finding:
    """One line of the checklist.

    `found` is what the finding is about, in no language: with the key it makes the fingerprint, so that what was waved
    through stays so until the text says something else. `words` are the words that a wording list objects to. `url` is
    for what is mended elsewhere than in this form.
    """

    key: str
    grade: Grade
    sentence: str
    place: Place | None = None
    name: str = ""
    quote: str = ""
    reason: str = ""
    alternative: str = ""
    words: str = ""
    url: str = ""
    found: str = ""

    @property
    def fingerprint(self) -> str:
        return sha256(f"{self.key}\0{self.words}\0{self.found or self.quote}".encode()).hexdigest()[:20]


def field_id(finding: Finding, prefixes: Prefixes | None = None) -> str:
    """Return the id of the element of the form that a finding leads to, "" where it has none.

    `prefixes` gives the prefix of each row's form where the rows do not stand in the order of their forms.
    """
    place = finding.place
    if place is None:
        return ""
    if not place.rows:
        return f"id_{place.field}"
    if place.row is None:
        return f"{place.rows}-group"
    prefix = prefixes[place.rows][place.row] if prefixes else f"{place.rows}-{place.row}"
    return f"id_{prefix}-{place.field}"
