"""Finding a role: every word must occur, or what means the same. Titles come before headings before the text."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import BooleanField, Case, F, QuerySet, Value, When

from roles.search import spelling
from roles.search.engine import ANYWHERE, HEADINGS, TITLE, Query, Term, holding, rank
from roles.search.words import words_of

SHORT = 4  # letters; a shorter synonym does not go on: “ml” is no “mlops”
# What every page here is. Said by many who search, and no help in finding one.
PAGE_WORDS = {
    "en": {"job", "jobs", "description", "descriptions", "template", "templates"},
    "pl": {"opis", "opisy", "stanowiska", "stanowisk", "wzor", "szablon", "szablony"},
    "de": {"stellenbeschreibung", "stellenbeschreibungen", "vorlage", "vorlagen", "muster"},
}
Groups = Sequence[list[list[str]]]  # of phrases that mean the same


@dataclass
class Found:
    """What a search found: the pks in order, the words that were found, and those it took typed ones for."""

    pks: list[int]
    words: list[str]
    instead: str = ""


def find(live: QuerySet, query: str, language: str, groups: Groups) -> Found:
    """Search live revisions of one language. A word that stands nowhere is taken for the nearest one that does."""
    words = words_of(query, language)
    words = [word for word in words if word not in PAGE_WORDS.get(language, ())] or words
    if not words:
        return Found([], [])
    units = understood(words, groups)
    pks = _ranked(live, units, " ".join(words))
    if pks:
        return Found(pks, _all_words(units))
    corrected = spelling.corrected(words, language)
    if not corrected:
        return Found([], [])
    words = [row.word for row in corrected]
    units = understood(words, groups)
    pks = _ranked(live, units, " ".join(words))
    return Found(pks, _all_words(units), " ".join(row.written for row in corrected) if pks else "")


def understood(words: list[str], groups: Groups) -> Query:
    """Return what must be found for each word, or for words that mean something together."""
    units: Query = []
    place = 0
    while place < len(words):
        length, others = _meaning(words[place:], groups)
        typed = Term(words[place : place + length], begun=True, loose=True)
        units.append([typed, *(Term(phrase, begun=len(phrase[-1]) >= SHORT) for phrase in others)])
        place += length
    return units


def _meaning(words: list[str], groups: Groups) -> tuple[int, list[list[str]]]:
    """Return how many of the next words are a known phrase, the longest one, and what means the same."""
    for length in range(len(words), 0, -1):
        others = [phrase for group in groups if words[:length] in group for phrase in group if phrase != words[:length]]
        if others:
            return length, others
    return 1, []


def _whole(units: Query) -> Query:
    return [[term._replace(begun=False) for term in unit] for unit in units]


def _all_words(units: Query) -> list[str]:
    return list(dict.fromkeys(word for unit in units for term in unit for word in term.words))


def _ranked(live: QuerySet, units: Query, typed: str) -> list[int]:
    """Return the pks of all that matches, the best first."""
    # Not `pk` itself: SQLite would read each row for its dates, where the index holds them.
    keyed = live.annotate(key=F("pk") + 0).filter(key__in=holding(units, ANYWHERE))
    typed_alone = [unit[:1] for unit in units]  # before what merely means the same
    places = [
        (_whole(typed_alone), TITLE),
        (_whole(units), TITLE),
        (units, TITLE),
        (units, HEADINGS),
        (_whole(units), ANYWHERE),
    ]
    different = [asked for number, asked in enumerate(places) if asked not in places[:number]]
    begins = Case(
        When(search_entry__title__startswith=typed, then=Value(False)), default=Value(True), output_field=BooleanField()
    )
    return list(keyed.order_by(rank(different), begins, "title", "pk").values_list("pk", flat=True))
