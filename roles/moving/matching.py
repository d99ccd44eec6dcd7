"""Which kind of section a heading names. The phrases are data: headings.toml beside this file."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from roles.moving.likeness import Likeness

LETTERS_READ = 400  # of a heading: what is longer is a text made to be slow
SHORT = 8  # words: a longer heading is a sentence, and a word in it names nothing
FEW = 3  # words: each counts
OTHER = "other"
ENOUGH = 2  # the lead that examples need to decide where no phrase stands in the heading
WORD = 10  # letters more: a word that names a kind by itself says more than its length
BY_LETTER = 0.3  # what a letter of a phrase counts beside the examples
FRAMING = {"introduction", "what"}  # kinds that frame words name when they stand alone
SISTERS = [{"introduction", "what"}, {"required", "nice"}, {"pay", "offer"}]  # kinds so close that either tells enough
SHORTEST_MENDED, ALIKE = 4, 0.85  # letters of a word that may be misspelt; how near a known one is (difflib)
SOMEBODY = "specialist"  # who stands in the examples for the title of the role
ITEMS_READ, MOST = 30, 0.6  # lines of a text, and the share of them that have to speak of one kind
LONGEST_END = 4  # letters that inflection adds
LETTERS_COMPARED = 3  # of the first word, before a pattern is tried
MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*_`~]+(?=\S)|(?<=\S)[*_`~]+|</?[a-z][^>]*>", re.IGNORECASE)
NUMBERING = re.compile(r"^(?:(?:section|part|step)?\s*(?:\d+|[ivx]+|[a-h])\s*[.):]+)+\s+", re.IGNORECASE)
NICE_FIRST = "nice".__ne__  # as a key to sort by: what is called nice and required ("Skills: desirable") is nice
PARTS = re.compile(r"\s*(?:[:|–—()/]|,? \bczyli\b|,? \bd\.h\.)\s*")
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
    "specjalista": SOMEBODY, "specjalisty": SOMEBODY, "specjalistow": SOMEBODY, "specjaliste": SOMEBODY,
    "specialists": SOMEBODY, "my": "your", "me": "you", "im": "you are", "ill": "you will",
}  # fmt: skip
ASKED_BY_ONESELF = re.compile(r"\b(am|can|could|do|must|should|will|would) i\b")  # "i" alone is Polish for "and"
ASKED = re.compile(r"\b(are|can|could|do|have|must|should|will|would) (you|we|specialist)\b")


Match = tuple[tuple[bool, int], str]  # (says nothing else, letters), kind


class Phrase(NamedTuple):
    kind: str
    how: str
    pattern: re.Pattern[str]
    begins: str
    length: int  # letters: the longer says more


def kind_of(heading: str, title: str = "", text: str = "") -> str:
    """Return the kind of section that a heading names, or "other".

    `title`: of the role, which headings repeat. `text`: below the heading, which tells where the heading does not.
    """
    kind, told = _named(heading[:LETTERS_READ], title)
    return kind if told or not text else kind_of_items(text)


@lru_cache(4096)
def _named(heading: str, title: str) -> tuple[str, bool]:
    """Return (kind, does the heading tell).

    An example or a phrase that is all it says decides, or all that a part of it says ("Fly high: your tasks").
    Elsewhere the kind is the one whose examples it is most like, and the more so for each phrase of the kind in it.
    """
    if kind := _said_by_all(heading, title):
        return kind, True
    kinds = [kind for part in _parts(heading) if (kind := _said_by_all(part, title))]
    if kinds:
        return next((kind for kind in sorted(kinds, key=NICE_FIRST) if kind not in FRAMING), kinds[0]), True
    bare, said, texts = _texts(heading, title)
    return _likeliest(said if bare else "", _found(texts))


def _parts(heading: str) -> list[str]:
    parts = [part for part in PARTS.split(heading) if part.strip()]
    return parts if len(parts) > 1 else []


def _texts(heading: str, title: str) -> tuple[str, str, set[str]]:
    """Return the heading's words without the role's title, with somebody for it, and (with and without) to search."""
    words, named = plain_words(heading), plain_words(title)
    bare = _same(_mended(_without(words, named)))
    return bare, _same(_mended(_without(words, named, SOMEBODY))), {_same(_mended(words)), bare}


def _said_by_all(heading: str, title: str) -> str:
    """Return the kind of an example or a phrase that is all a heading says, or ""."""
    bare, said, texts = _texts(heading, title)
    for text in (bare, said):
        if text in _known():
            return _known()[text]
    (all_it_says, _length), kind = max(_found(texts), default=((False, 0), OTHER))
    return kind if all_it_says else ""


def _found(texts: set[str]) -> list[Match]:
    found = _framed(texts) or [match for text in texts for match in _matches(text)]
    if any(kind == "nice" for _how, kind in found):
        found = [match for match in found if match[1] != "required"]
    return found


def _likeliest(words: str, found: list[Match]) -> tuple[str, bool]:
    scores = _likeness().scores(words)
    longest = {kind: letters for (_all, letters), kind in sorted(found)}
    for kind, letters in longest.items():
        scores[kind] += BY_LETTER * letters
    first, *rest = sorted(scores, key=scores.__getitem__, reverse=True)
    second = next(kind for kind in rest if {first, kind} not in SISTERS)
    if first == "required" and "nice" in longest and len(words.split()) <= FEW:
        return "nice", True  # "Wünschenswerte Kenntnisse": of few words, both are meant
    told = bool(found) or scores[first] - scores[second] >= ENOUGH
    return (first if told else OTHER), told


def kind_of_items(text: str) -> str:
    """Return the kind that most of the lines of a section's text speak of, or "other"."""
    items = [words for line in text.splitlines() if (words := plain_words(line))][:ITEMS_READ]
    counts = {kind: sum(bool(said.search(item)) for item in items) for kind, said in _said_in_items().items()}
    first, second = sorted(counts, key=counts.__getitem__, reverse=True)[:2]
    clear = counts[first] >= max(2, MOST * len(items)) and counts[first] > counts[second]
    return first if clear else OTHER


@lru_cache(4096)
def names_a_kind(line: str, marked: bool = False) -> bool:
    """Tell whether a line says nothing but the name of a kind of section, as headings without markup do.

    `marked`: it is bold, or something stands below it; then to be an example of a heading is enough, as with a colon.
    """
    words = rest = _same(plain_words(line))
    if (marked or line.rstrip().endswith(":")) and _known().get(words, OTHER) != OTHER:
        return True
    for phrase in sorted(_possible(words), key=lambda phrase: -len(phrase.pattern.pattern)):
        if phrase.kind != OTHER and (phrase.how != "whole" or rest != words or _says_only(words, phrase)):
            rest = phrase.pattern.sub(" ", rest)
    return rest != words and not set(rest.split()) - FILLERS


def forget() -> None:
    """Forget the headings compared so far: those of a visitor's text must not stay in memory."""
    for kept in (_named, names_a_kind, _mend):
        kept.cache_clear()


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
        Phrase(
            kind,
            how,
            re.compile(_pattern(text)),
            text.split()[0][:LETTERS_COMPARED],
            len(text) + (WORD if how == "words" else 0),
        )
        for kind, lists in _table().items()
        for how in ("words", "phrases", "whole")
        for text in map(_same, lists.get(how, []))
    ]


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    return {kind: lists for kind, lists in _file().items() if kind != "frames"}


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "headings.toml").read_text(encoding="utf-8"))


@cache
def _frames() -> re.Pattern[str]:
    return re.compile("|".join(_pattern(_same(frame)) for frame in _file()["frames"]))


def _framed(texts: set[str]) -> list[Match]:
    """Return what phrases say of headings once words like "at a glance" are taken out."""
    rests = {" ".join(_frames().sub(" ", text).split()) for text in texts}
    return [match for rest in rests - texts for match in _matches(rest) if match[1] not in FRAMING]


@cache
def _said_in_items() -> dict[str, re.Pattern[str]]:
    return {
        kind: re.compile("|".join(map(_pattern, lists["items"])))
        for kind, lists in _table().items()
        if "items" in lists
    }


@cache
def _known() -> dict[str, str]:
    """Return the kind of each heading that is an example of one kind alone."""
    kinds: dict[str, set[str]] = {}
    for kind, lists in _table().items():
        for text in lists.get("examples", []):
            kinds.setdefault(_same(plain_words(text)), set()).add(kind)
    return {words: one.pop() for words, one in kinds.items() if len(one) == 1}


@cache
def _examples() -> list[tuple[str, str]]:
    """Return every (kind, words as headings have them) of the table."""
    return [
        (kind, _same(plain_words(text.replace("*", ""))))
        for kind, lists in _table().items()
        for use, listed in lists.items()
        if use != "items"
        for text in listed
    ]


@cache
def _likeness() -> Likeness:
    return Likeness(_examples(), OTHER)


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
    start = "^" if text.startswith("^") else r"\b"
    text = text.removeprefix("^").replace(" * ", " .+ ").replace("*", "[^ ]*")
    return rf"{start}{text}\b".replace(" the ", " (?:the )?")


def _matches(words: str) -> Iterator[Match]:
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


def _without(words: str, title: str, instead: str = "") -> str:
    """Return words without those of the role's title, which stand in many headings, and the article before them."""
    rest, named = words.split(), title.split()
    for start in range(len(rest) - len(named), -1, -1) if named else ():
        end = start + len(named)
        if all(map(_inflected, rest[start:end], named)):
            rest[start - (start > 0 and rest[start - 1] in ARTICLES) : end] = instead.split()
    return " ".join(rest)


def _inflected(word: str, base: str) -> bool:
    """Tell whether a word is another form of a word: `inżyniera`, `engineers`."""
    return word[: max(3, len(base) - 2)] == base[: max(3, len(base) - 2)] and abs(len(word) - len(base)) <= LONGEST_END


def _mended(words: str) -> str:
    """Return words with slips of the pen put right: `responsibilites`, `ueber`."""
    return " ".join(_mend(word) for word in words.split())


@lru_cache(4096)
def _mend(word: str) -> str:
    known = _vocabulary()
    if word in known or len(word) < SHORTEST_MENDED:
        return word
    plain = re.sub("([aou])e", r"\1", word)  # as keyboards without umlauts have it
    if plain in known:
        return plain
    near = [other for length in (-1, 0, 1) for other in _by_look().get((word[0], len(word) + length), [])]
    return (get_close_matches(word, near, n=1, cutoff=ALIKE) or [word])[0]


@cache
def _by_look() -> dict[tuple[str, int], list[str]]:
    """Return the known words by first letter and length, which slips of the pen seldom change much."""
    index: dict[tuple[str, int], list[str]] = {}
    for word in sorted(_vocabulary()):
        index.setdefault((word[0], len(word)), []).append(word)
    return index


@cache
def _vocabulary() -> set[str]:
    return {word for _kind, words in _examples() for word in words.split()} | set(SAME)
