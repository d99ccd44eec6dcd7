"""Finding a role: every word must occur, accents and capitals do not matter, titles come first."""

import unicodedata

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

MAX_WORDS = 8
# Letters that Unicode does not take apart into a letter and an accent.
UNACCENTED = str.maketrans("łØøđß", "lOods")


def searchable(text: str) -> str:
    """Return a text as it is stored for and compared by the search: lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.translate(UNACCENTED))
    return " ".join("".join(char for char in decomposed if not unicodedata.combining(char)).lower().split())


def search(revisions: QuerySet, query: str) -> QuerySet:
    """Keep the revisions that hold every word of a query, those with the words in the title first."""
    words = searchable(query).split()[:MAX_WORDS]
    in_title = Q()
    for word in words:
        in_title &= Q(search_title__contains=word)
        revisions = revisions.filter(Q(search_title__contains=word) | Q(search_text__contains=word))
    if not words:
        return revisions
    starts = Q(search_title__startswith=words[0])
    rank = Case(
        When(in_title & starts, Value(0)), When(in_title, Value(1)), default=Value(2), output_field=IntegerField()
    )
    return revisions.annotate(rank=rank).order_by("rank", "title")
