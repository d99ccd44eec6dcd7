"""Reading a text as people do: its blocks, sentences and words, and how hard it is to read.

Every pattern here is linear in the length of the text: a pasted 200 kB section must not hold the form up.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MARKED = re.compile(
    r"!\[(?P<alt>[^\[\]\n]{0,300})\]\([^()\n]{0,500}\)"  # a picture
    r"|\[(?P<label>[^\[\]\n]{0,300})\]\([^()\n]{0,500}\)"  # a link
    r"|\[(?P<fill>[^\[\]<>\n]{1,80})\]"  # a fill-in word
    r"|<[^<>\n]{1,300}>"
    r"|[*`]+|(?<!\w)_+|_+(?!\w)"
)
BLOCK = re.compile(r"[ \t]{0,12}(?:#{1,6}[ \t]*|[-*+][ \t]+|\d{1,3}[.)][ \t]+|>[ \t]?|\|)")
# A sentence ends at a full stop, a question or exclamation mark or a colon that no small letter follows: that spares
# most abbreviations (“e.g. two”, „np. dwa”). A heading, a list item and a paragraph end one as well.
SENTENCE_END = re.compile(r"[.!?…:][”\"’)\]]{0,3}\s+(?=\S)")
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
LONG = 6


def blocks(text: str, markdown: bool = True) -> list[str]:
    """Return the paragraphs, headings and list items of a text, each on one line and without its marks."""
    if not markdown:
        return [" ".join(text.split())] if text.strip() else []
    found: list[list[str]] = []
    open_block = False
    for line in text.splitlines():
        start = BLOCK.match(line)
        words = line[start.end() :] if start else line
        if not words.strip(" \t=-|"):
            open_block = False
        elif start or not open_block:
            found.append([words.strip()])
            open_block = not (start and start[0].lstrip().startswith("#"))
        else:
            found[-1].append(words.strip())
    return [" ".join(MARKED.sub(_unmarked, " ".join(lines)).split()) for lines in found]


def _unmarked(mark: re.Match[str]) -> str:
    return mark["alt"] or mark["label"] or mark["fill"] or ""


def sentence_starts(block: str) -> list[int]:
    """Return where the sentences of a block begin."""
    ends = (end.end() for end in SENTENCE_END.finditer(block))
    return [0, *(end for end in ends if not block[end].islower())]


def sentences(block: str) -> list[str]:
    """Return the sentences of a block."""
    starts = sentence_starts(block)
    return [block[start:end].strip() for start, end in zip(starts, [*starts[1:], len(block)], strict=True)]


def count_words(text: str) -> int:
    return sum(1 for _word in WORD.finditer(text))


@dataclass
class Readability:
    """The counts of a text from which LIX is made: A words, B sentences, C words of more than six letters."""

    words: int = 0
    sentences: int = 0
    long_words: int = 0

    @property
    def lix(self) -> float:
        """Return A/B + 100·C/A (C. H. Björnsson, Läsbarhet, 1968); 0 for a text without words."""
        return self.words / self.sentences + 100 * self.long_words / self.words if self.words else 0.0


def readability(texts: Iterable[str]) -> Readability:
    """Count the words, sentences and long words of blocks."""
    counted = Readability()
    for block in texts:
        lengths = [len(word) - word.count("-") - word.count("’") - word.count("'") for word in WORD.findall(block)]
        if lengths:
            counted.words += len(lengths)
            counted.sentences += len(sentences(block))
            counted.long_words += sum(length > LONG for length in lengths)
    return counted
