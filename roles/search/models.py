"""What the search keeps: the words of each revision that is or will be live, which words there are, and which mean the
same; and what was looked for in vain."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recruitcms.languages import language_choices
from recruitcms.translated import Translated
from roles.search.words import MAX_WORDS, folded


class SearchEntry(models.Model):
    """The words of one revision, folded, by where they stand. The database's own index is over this (engine.py)."""

    revision = models.OneToOneField(
        "roles.RoleRevision", on_delete=models.CASCADE, primary_key=True, related_name="search_entry"
    )
    title = models.TextField()
    headings = models.TextField()
    text = models.TextField()
    plain = models.TextField()  # the text as it was written, to quote from

    def __str__(self) -> str:
        return self.title


class SearchWord(models.Model):
    """A word that some revision holds or held: what a word typed wrongly may have meant."""

    language = models.CharField(max_length=10)
    word = models.CharField(max_length=40)  # folded
    written = models.CharField(max_length=40)
    in_title = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["language", "word"], name="roles_searchword_once")]

    def __str__(self) -> str:
        return self.written


class Synonyms(Translated):
    """Words that mean the same, in one language: who looks for one of them finds all of them."""

    words = models.CharField(
        _("words"), max_length=300, help_text=_("With commas between them: “ML, machine learning”.")
    )

    translated_fields = ["words"]

    class Meta(Translated.Meta):
        verbose_name = _("words that mean the same")
        verbose_name_plural = _("words that mean the same")
        ordering = ["language", "words"]

    def __str__(self) -> str:
        return self.words

    def clean(self) -> None:
        if len(self.phrases) < 2:
            raise ValidationError({"words": gettext("Write two words or more, with commas between them.")})

    @property
    def phrases(self) -> list[list[str]]:
        """Return the words one by one, folded, each as a list of its words."""
        each = (folded(words, self.language).split()[:MAX_WORDS] for words in self.words.split(","))
        return [words for words in each if words]


class MissedSearch(models.Model):
    """What visitors looked for and did not find; how often, never who."""

    language = models.CharField(_("language"), max_length=10, choices=language_choices)
    words = models.CharField(_("words"), max_length=60)
    searches = models.PositiveIntegerField(_("searches"), default=0)
    last_seen = models.DateField(_("last"))

    class Meta:
        verbose_name = _("search without result")
        verbose_name_plural = _("searches without result")
        ordering = ["-searches", "-last_seen"]
        constraints = [models.UniqueConstraint(fields=["language", "words"], name="roles_missedsearch_once")]

    def __str__(self) -> str:
        return self.words
