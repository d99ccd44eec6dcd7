"""Inclusive wording: lists of words by language, and the sentences in which they stand.

The lists are data, recruitcms/quality/words/<language>.toml; how a pattern is written stands at the head of en.toml.
"""

import re
import tomllib
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from recruitcms.quality.findings import Grade
from recruitcms.quality.reading import sentence_starts, sentences

FOLDER = Path(__file__).parent / "words"
# What a pattern may be made of: nothing here can make the search slow.
ALLOWED = re.compile(r"(?:\w|[ '/,%–-]|\\[dw+.]|[|()?*]|\[\d-\d\])+")
# A word that is denied (“you need not be a …”, „zamiast …”) is worth a note, not a warning.
DENIED = re.compile(
    r"\b(?:not|n't|never|no|without|instead of|rather than|nie|bez|zamiast|kein\w{0,2}|nicht|statt)"
    r"(?:\s+[\w'-]+){0,3}\s+$"
)
QUOTED = re.compile(r"“[^“”\n]{1,200}”|„[^„”\n]{1,200}”|\"[^\"\n]{1,200}\"|«[^«»\n]{1,200}»")


@dataclass(frozen=True)
class Wording:
    """One entry of a list. `unless`: what else in the sentence makes the words fine, such as the other form."""

    grade: Grade
    reason: str
    alternative: str
    unless: re.Pattern[str] | None = None


@dataclass(frozen=True)
class Match:
    wording: Wording
    grade: Grade
    words: str
    sentence: str


@dataclass(frozen=True)
class WordList:
    """A language's entries, and one pattern that finds them all: group `w<n>` is the n-th entry."""

    entries: list[Wording]
    pattern: re.Pattern[str]


def languages() -> list[str]:
    """Return the languages that there is a list for."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@cache
def word_list(language: str) -> WordList | None:
    """Return the list of a language, None where there is none."""
    path = FOLDER / f"{language}.toml"
    if not path.exists():
        return None
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    entries = [
        Wording(
            Grade(word.get("grade", "warns")),
            word.get("reason") or data["reasons"][word["because"]],
            word.get("alternative", ""),
            re.compile(rf"(?<!\w)(?:{'|'.join(map(as_pattern, word['unless']))})(?!\w)") if "unless" in word else None,
        )
        for word in data["word"]
    ]
    groups = (f"(?P<w{number}>{'|'.join(map(as_pattern, word['find']))})" for number, word in enumerate(data["word"]))
    return WordList(entries, re.compile(rf"(?<![\w-])(?=\w)(?:{'|'.join(groups)})(?!\w)"))


def as_pattern(words: str) -> str:
    """Return the regular expression of a pattern as it is written in the lists. Raises ValueError for anything more."""
    if not ALLOWED.fullmatch(words):
        raise ValueError(f"{words!r} holds what no pattern may hold")
    pattern = words.replace("\\w*", "\0").replace("*", r"\w{0,30}").replace("\0", r"\w{1,30}").replace("(", "(?:")
    return pattern.replace(" ?", "\0").replace(" ", "[ -]").replace("\0", "[ -]?")


def lowered(text: str) -> str:
    """Return a text in small letters and with straight apostrophes, of the same length (“İ” would become two)."""
    low = text.lower()
    if len(low) != len(text):
        low = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    return low.replace("’", "'")


def matches(block: str, language: str, fine: re.Pattern[str] | None, skip_quoted: bool = False) -> Iterator[Match]:
    """Yield what a language's list objects to in a block, each word once in a sentence.

    Left out is what touches words that are fine or, if asked, stands in quotation marks.
    """
    words = word_list(language)
    if words is None:
        return
    low = lowered(block)
    for spared in (fine, QUOTED if skip_quoted else None):
        low = spared.sub(_blank, low) if spared else low
    found = list(words.pattern.finditer(low))
    starts = sentence_starts(block) if found else []
    whole = sentences(block) if found else []
    seen = set()
    asked: dict[tuple[re.Pattern[str], int], bool] = {}  # a sentence may be long, and have many words of one entry
    for match in found:
        number = bisect(starts, match.start()) - 1
        if (match[0], number) not in seen:
            seen.add((match[0], number))
            wording = words.entries[int(str(match.lastgroup)[1:])]
            if not _has_other_form(wording.unless, number, whole[number], asked):
                denied = DENIED.search(low[max(0, match.start() - 40) : match.start()])
                grade = Grade.INFORMS if denied else wording.grade
                yield Match(wording, grade, block[match.start() : match.end()], whole[number])


def _has_other_form(
    unless: re.Pattern[str] | None, number: int, sentence: str, asked: dict[tuple[re.Pattern[str], int], bool]
) -> bool:
    """Tell whether a sentence has what makes the words fine; `asked` keeps the answers."""
    if unless is None:
        return False
    if (unless, number) not in asked:
        asked[unless, number] = bool(unless.search(lowered(sentence)))
    return asked[unless, number]


def _blank(spared: re.Match[str]) -> str:
    return "\0" * len(spared[0])


def fine_words(exceptions: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern of the words that somebody found fine here; `*` at the end stands for any ending."""
    patterns = [re.escape(lowered(words)).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for words in exceptions]
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)") if patterns else None
