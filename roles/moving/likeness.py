"""Which kind of section a heading is most like, by the words of the headings that are known (naive Bayes)."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from math import log, sqrt

STEM = 7  # letters: "kwalifikacje" and "kwalifikacjami" are one word
SMALL = {"a", "an", "the", "der", "die", "das", "ein", "eine"}
SMOOTHING = 1.0  # as if each kind had been seen once with every clue
BY_NUMBER = 0.3  # how much it counts that a kind has many examples: less than in full, they are a list and no census
STRANGE = 2.0  # what a word that no example has says for no kind


class Likeness:
    """What examples say: [(kind, words)]. `other` is the kind of those that name none."""

    def __init__(self, examples: Iterable[tuple[str, str]], other: str):
        """Count in how many examples of each kind a clue stands."""
        self.other = other
        self.kinds: Counter[str] = Counter()
        self.clues: dict[str, Counter[str]] = {}
        for kind, words in dict.fromkeys(examples):
            self.kinds[kind] += 1
            for clue in _clues(words):
                self.clues.setdefault(clue, Counter())[kind] += 1

    def scores(self, words: str) -> dict[str, float]:
        """Return how much plain words are like each kind (logarithms, to be compared); all 0 where none is known."""
        stems = _stems(words)
        known = [self.clues[clue] for clue in _clues(words) if clue in self.clues]
        if not known:
            return dict.fromkeys(self.kinds, 0.0)
        # The clues of a heading depend on each other: each further word says less.
        scores = {kind: self._score(kind, known) / sqrt(len(stems)) for kind in self.kinds}
        scores[self.other] += STRANGE * sum(stem not in self.clues for stem in stems)
        return scores

    def _score(self, kind: str, clues: list[Counter[str]]) -> float:
        number, total = self.kinds[kind], self.kinds.total()
        expected = (SMOOTHING * clue.total() / total for clue in clues)
        seen = ((clue[kind] + few) / (number + SMOOTHING) for clue, few in zip(clues, expected, strict=True))
        return BY_NUMBER * log(number / total) + sum(map(log, seen))


def _stems(words: str) -> list[str]:
    """Return the beginnings of the words that say something, or of all where none does."""
    return [word[:STEM] for word in words.split() if word not in SMALL] or words.split()


def _clues(words: str) -> set[str]:
    """Return what tells kinds apart: words, pairs of neighbours, the first and the last word."""
    stems = _stems(words)
    pairs = {f"{one} {two}" for one, two in pairwise(stems)}
    return {*stems, *pairs, f"^{stems[0]}", f"{stems[-1]}$"} if stems else set()
