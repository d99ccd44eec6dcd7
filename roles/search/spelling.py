"""What a word that stands nowhere may have been meant to be."""

from django.db.models import Q
from django.db.models.functions import Length, Substr
from rapidfuzz.distance import OSA

from roles.search.models import SearchWord

SHORTEST = 4  # letters; shorter words are near to too many others
LONG = 8  # from here on, two errors are let pass
AT_MOST = 2  # words of one query, each of which costs a query


def corrected(words: list[str], language: str) -> list[SearchWord]:
    """Return the words with the unknown ones put right; nothing where none is unknown or one cannot be put right."""
    known = SearchWord.objects.filter(language=language)
    begun = Q()
    for word in words:
        begun |= Q(word__startswith=word)
    beginnings = list(known.filter(begun).values_list("word", flat=True))
    meant: list[SearchWord] = []
    unknown = 0
    for word in words:
        if any(other.startswith(word) for other in beginnings) or len(word) < SHORTEST:
            meant.append(SearchWord(word=word, written=word))
            continue
        unknown += 1
        nearest = _nearest(word, language) if unknown <= AT_MOST else None
        if nearest is None:
            return []
        meant.append(nearest)
    return meant if unknown else []


def _nearest(word: str, language: str) -> SearchWord | None:
    """Return the known word that the fewest errors lead to, one of a title first."""
    errors = 1 if len(word) < LONG else 2
    known = SearchWord.objects.annotate(length=Length("word"), first=Substr("word", 1, 1), second=Substr("word", 2, 1))
    near = known.filter(language=language, length__gte=len(word) - errors, length__lte=len(word) + errors)
    # An error at the beginning leaves one of the first two letters near its place.
    near = near.filter(Q(first__in=word[:2]) | Q(second__in=word[:2]))
    candidates = [
        (distance, not in_title, candidate, written)
        for candidate, written, in_title in near.values_list("word", "written", "in_title")
        if (distance := OSA.distance(word, candidate, score_cutoff=2)) <= errors
        or (distance == 2 and sorted(word) == sorted(candidate))  # all letters, in another order: phyton
    ]
    if not candidates:
        return None
    _distance, _not_in_title, meant, written = min(candidates)
    return SearchWord(word=meant, written=written)
