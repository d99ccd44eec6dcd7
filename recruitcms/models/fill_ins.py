"""Fill-in words that all templates share: `[Company]` means the same everywhere, and is filled in once."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from recruitcms.translated import Translated


class FillInWord(Translated):
    """One thing that readers fill in, in one language, and all the ways in which templates write it."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        NUMBER = "number", _("Number")
        CHOICE = "choice", _("Choice, or text of their own")

    key = models.SlugField(
        _("key"),
        max_length=40,
        help_text=_("The same in every language (“company”), so that what was filled in goes along."),
    )
    words = models.CharField(
        _("words"),
        max_length=300,
        help_text=_("As they stand in square brackets, with commas between them: “Company, Company name”."),
    )
    label = models.CharField(_("label"), max_length=80, help_text=_("What the field is called: “Company”."))
    example = models.CharField(_("example"), max_length=120, blank=True, help_text=_("Shown under the field’s name."))
    kind = models.CharField(_("type"), max_length=10, choices=Kind, default=Kind.TEXT)
    choices = models.TextField(_("choices"), blank=True, help_text=_("For a choice: one on each line."))
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    translated_fields = ["words", "label", "example", "choices"]

    class Meta(Translated.Meta):
        verbose_name = _("fill-in word")
        verbose_name_plural = _("fill-in words")
        ordering = ["language", "position", "label"]
        constraints = [
            *Translated.Meta.constraints,
            models.UniqueConstraint(
                fields=["language", "key"],
                name="recruitcms_fillinword_key_once",
                violation_error_message=_("There is a fill-in word with this key in this language already."),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def spellings(self) -> list[str]:
        """Return the words one by one, as they were written."""
        return [word.strip() for word in self.words.split(",") if word.strip()]
