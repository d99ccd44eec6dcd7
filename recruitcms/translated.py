"""Rows in one language: their translations, and the addresses of pages in each language."""

import copy
import uuid
from functools import lru_cache
from typing import Any, ClassVar, Self

from django.contrib.contenttypes.fields import GenericRelation
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from recruitcms import translating
from recruitcms.languages import codes, language_choices, own_language


@lru_cache(maxsize=4096)  # a page asks for dozens, most of them on every page
def localized_url(language: str, name: str, *args: object, **kwargs: object) -> str:
    """Return the path of a named URL in a language."""
    with translation.override(language):
        return reverse(name, args=args or None, kwargs=kwargs or None)


def other_languages(language: str, name: str) -> dict[str, str]:
    """Return the paths of a page that every language has, in the other languages."""
    return {code: localized_url(code, name) for code in codes() if code != language}


def copy_of(row: Any) -> Any:
    """Return an unsaved copy of a row."""
    row = copy.copy(row)
    row.pk = None
    row._state = type(row._state)()
    row._state.adding = True
    return row


def hold(row: models.Model, name: str, rows: list[Any]) -> None:
    """Let a row's related manager (`row.sections`) answer `.all()` from memory: for a form that is not saved.

    Whoever filters or counts still asks the database.
    """
    held = getattr(row, name).all()
    held._result_cache = rows
    row.__dict__.setdefault("_prefetched_objects_cache", {})[name] = held


class Translated(models.Model):
    """A row in one language. Rows that say the same thing in other languages share its `translation_group`."""

    language = models.CharField(_("language"), max_length=10, choices=language_choices, default=own_language)
    translation_group = models.UUIDField(default=uuid.uuid4, editable=False, db_index=True)
    # What it was translated from (translating.py): empty for an original.
    source_language = models.CharField(max_length=10, blank=True, editable=False)
    source_hash = models.CharField(max_length=64, blank=True, editable=False)
    source_at = models.DateTimeField(null=True, editable=False)
    source_texts = models.JSONField(default=list, editable=False)

    # Which fields there are to translate, in the order of the page, and which of them are written in Markdown.
    open_forms = GenericRelation("recruitcms.OpenForm")  # deleted with the row
    translated_fields: ClassVar[list[str]]
    markdown_fields: ClassVar[list[str]] = []
    # What belongs to the row and goes with it: name of the reverse side to the fields that tell its rows apart.
    ROWS: ClassVar[dict[str, tuple[str, ...]]] = {}

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["translation_group", "language"],
                name="%(app_label)s_%(class)s_one_per_language",
                violation_error_message=_("There is a translation into this language already."),
            )
        ]

    def rows(self) -> dict[str, list[Any]]:
        """Return what belongs to this row, by relation."""
        return {name: list(getattr(self, name).all()) for name in self.ROWS}

    def passages(self) -> list[translating.Passage]:
        """Return each text there is to translate, of this row and of those that belong to it."""
        return translating.passages_of(type(self), self, self.rows())

    def texts(self) -> translating.Texts:
        """Return what there is to translate."""
        return translating.texts_of(self.passages())

    def translations(self) -> models.QuerySet[Any]:
        """Return the rows of the same group in other languages."""
        others = type(self)._default_manager.filter(translation_group=self.translation_group)
        return others.exclude(pk=self.pk)

    def copied(self) -> Self:
        """Return an unsaved copy of this row alone."""
        return copy_of(self)

    @transaction.atomic
    def copy_into(self, language: str) -> Self:
        """Return a saved copy of this row in another language, to be translated.

        What it points to (category, author …) becomes that thing's translation. It counts as up to date with what is
        copied. Raises ValidationError where something that it points to has no translation yet.
        """
        translation = self.copied()
        translation.language = language
        for field in self._meta.concrete_fields:
            value = getattr(self, field.name) if field.is_relation else None
            if isinstance(value, Translated):
                translated = value.translations().filter(language=language).first()
                if translated is None:
                    raise ValidationError(_("First translate “%(name)s” into this language.") % {"name": value})
                setattr(translation, field.name, translated)
        translating.remember_source(translation, self.language, self.texts())
        translation.validate_constraints()
        translation.save()
        return translation
