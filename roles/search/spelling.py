"""What a word that stands nowhere may have been meant to be."""

from django.db.models import Q
from django.db.models.functions import Length, Substr

from roles.search.models import SearchWord

SHORTEST = 4  # letters; shorter words are near to too many others
LONG = 8  # from here on, two errors are let pass
AT_MOST = 2  # words of one query: more of them are no typing errors


def corrected(words: list[str], language: str) -> list[SearchWord]:
    """Return the words with the unknown ones put right; nothing where none is unknown or one cannot be put right."""
    known = SearchWord.objects.filter(language=language).annotate(
        length=Length("word"), first=Substr("word", 1, 1), second=Substr("word", 2, 1)
    )
    begun = Q()
    for word in words:
        begun |= Q(word__startswith=word)
    beginnings = list(known.filter(begun).values_list("word", flat=True))
    unknown = [word for word in words if not any(other.startswith(word) for other in beginnings)]
    unknown = [word for word in unknown if len(word) >= SHORTEST]
    if not unknown or len(unknown) > AT_MOST:
        return []
    candidates = list(known.filter(_near(unknown)).values_list("word", "written", "in_title"))
    meant = {word: _nearest(word, candidates) for word in unknown}
    found = [meant.get(word, SearchWord(word=word, written=word)) for word in words]
    return [word for word in found if word] if all(found) else []


def _errors(word: str) -> int:
    return 1 if len(word) < LONG else 2


def _near(words: list[str]) -> Q:
    """Return what keeps the words that a typed one may have been: as long, and hardly other at the beginning.

    An error at the beginning leaves one of the first two letters near its place.
    """
    near = Q()
    for word in words:
        start = Q(first__in=word[:2]) | Q(second__in=word[:2])
        near |= start & Q(length__gte=len(word) - _errors(word), length__lte=len(word) + _errors(word))
    return near


def _nearest(word: str, candidates: list[tuple[str, str, bool]]) -> SearchWord | None:
    """Return the word that the fewest errors lead to, one of a title first."""
    from rapidfuzz.distance import OSA  # three megabytes, which a process needs once something is not found

    near = [
        (distance, not in_title, candidate, written)
        for candidate, written, in_title in candidates
        if (distance := OSA.distance(word, candidate, score_cutoff=2)) <= _errors(word)
        or (distance == 2 and sorted(word) == sorted(candidate))  # all letters, in another order: phyton
    ]
    if not near:
        return None
    _distance, _not_in_title, meant, written = min(near)
    return SearchWord(word=meant, written=written)
