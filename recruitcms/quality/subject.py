"""The thing that is checked: a document's texts with their places, read once for all checks."""

from collections.abc import Callable, Iterable
from functools import cached_property, singledispatch
from typing import Any

from django.utils.text import capfirst

from recruitcms.publishing import Publishable
from recruitcms.quality.findings import Finding, Place, Text
from recruitcms.quality.reading import blocks
from recruitcms.quality.surroundings import Surroundings, surroundings
from recruitcms.translating import Passage, passages_of

Check = Callable[[Any], Iterable[Finding]]


class Subject:
    """A document under the checks. Subclasses say what their kind of document has; `subject_of` picks the class.

    Reads fields and `….all()` alone, so that a document filled from an unsaved form works as a saved one does.
    """

    unread: frozenset[str] = frozenset()  # fields that hold no sentences
    checks: tuple[Check, ...] = ()  # beside those that every document has
    anchors: frozenset[str] = frozenset({"main"})  # ids on the page that links may name
    is_advert = False  # an advert, which readers make their own

    def __init__(self, document: Any) -> None:
        self.document = document
        self.language: str = document.language

    @cached_property
    def around(self) -> Surroundings:
        return surroundings(self.language)

    @cached_property
    def rows(self) -> dict[str, list[Any]]:
        return self.document.rows()

    @cached_property
    def texts(self) -> list[Text]:
        """The document's texts that are not empty, in the order of the form."""
        passages = passages_of(type(self.document), self.document, self.rows)
        return [self._text(each) for each in passages if each.text.strip() and each.field not in self.unread]

    def _text(self, passage: Passage) -> Text:
        place = Place(passage.field, passage.relation, passage.number)
        name = passage.row.name if passage.relation else capfirst(passage.label)
        return Text(passage.text, place, name, passage.is_markdown, self.in_advert(passage))

    def in_advert(self, passage: Passage) -> bool:
        """Tell whether a text is part of what readers make their own."""
        return self.is_advert

    @cached_property
    def prose(self) -> list[tuple[Text, list[str]]]:
        """Each text with its blocks, free of Markdown."""
        return [(text, blocks(text.typed, text.markdown)) for text in self.texts]

    @cached_property
    def long_texts(self) -> list[tuple[Text, list[str]]]:
        """The Markdown texts with their blocks: what people read, without titles and summaries."""
        return [(text, found) for text, found in self.prose if text.markdown]

    def label(self, name: str) -> str:
        return capfirst(str(self.document._meta.get_field(name).verbose_name))

    def place_of_problem(self, name: str) -> tuple[Place, str]:
        """Return the place, and what it is called, of a field or of rows that `problems()` names."""
        field = self.document._meta.get_field(name)
        if field.one_to_many:
            return Place("", name), capfirst(str(field.related_model._meta.verbose_name_plural))
        return Place(name), self.label(name)

    @property
    def search_title(self) -> str:
        """The title that search engines are given, as the page's template makes it."""
        return self.document.search_title or self.document.title


@singledispatch
def subject_of(document: Any) -> Subject:
    """Return the subject of a document. Kinds with more than plain fields register theirs."""
    raise TypeError(f"{type(document).__name__} is no document")


@subject_of.register
def _(document: Publishable) -> Subject:
    return Subject(document)
