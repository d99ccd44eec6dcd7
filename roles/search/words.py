"""Words as the search compares them: lower case, without accents, the same for what is written and what is typed."""

import re
import unicodedata
from functools import lru_cache

MAX_WORDS = 8
# Letters that Unicode does not take apart into a letter and an accent.
UNACCENTED = str.maketrans({"ł": "l", "Ø": "o", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe"})
# Names that are nothing without their signs.
NAMED = [(re.compile(r"(?<!\w)c\+\+(?!\w)"), "cplusplus"), (re.compile(r"(?<!\w)([cf])#(?!\w)"), r"\1sharp")]
NAMED += [(re.compile(r"(?<!\w)\.net(?!\w)"), "dotnet")]
SIGNS = {"cplusplus": r"c\+\+", "csharp": "c#", "fsharp": "f#", "dotnet": r"\.net"}
UMLAUT = re.compile("([aou])e")
WORD = re.compile(r"[^\W_]+")
PART = 5  # letters; shorter ends of a compound say nothing


def folded(text: str, language: str = "") -> str:
    """Return a text's words with one space between them; in German “ae” is “ä” and therefore “a”."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(UNACCENTED))
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    for written, name in NAMED:
        plain = written.sub(name, plain)
    if language == "de":
        plain = UMLAUT.sub(r"\1", plain)
    return " ".join(WORD.findall(plain))


def words_of(query: str, language: str) -> list[str]:
    """Return the words of a query that are looked for: the first few."""
    return folded(query, language).split()[:MAX_WORDS]


def parts(title: str, language: str) -> str:
    """Return the ends of the long words of a folded title, since German puts what counts last: Softwareentwickler."""
    if language != "de":
        return ""
    long = [word for word in title.split() if len(word) >= 2 * PART - 1]
    return " ".join(word[start:] for word in long for start in range(3, len(word) - PART + 1))


@lru_cache
def _letter_classes() -> dict[str, str]:
    """Return each plain letter with all its accented forms, small and capital, for a regular expression."""
    classes: dict[str, str] = {}
    for code in range(0xC0, 0x250):
        plain = folded(chr(code))
        if len(plain) == 1 and plain.isascii():
            classes[plain] = classes.get(plain, plain) + chr(code)
    return classes


def _letters(word: str, language: str) -> str:
    if word in SIGNS:
        return SIGNS[word]
    classes = _letter_classes()
    made = "".join(
        f"[{classes.get(letter, letter)}]{'e?' if language == 'de' and letter in 'aou' else ''}" for letter in word
    )
    sharp = f"[{classes['s']}][{classes['s']}]"
    return made.replace(sharp, f"(?:ß|{sharp})")


def pattern(words: list[str], language: str) -> re.Pattern[str]:
    """Return what finds folded words in a text as it was written, where a word begins.

    A long German word may stand at the end of another one.
    """
    return re.compile(
        "|".join(
            ("" if language == "de" and len(word) >= PART else r"(?<!\w)") + _letters(word, language)
            for word in sorted(words, key=len, reverse=True)
        ),
        re.IGNORECASE,
    )
