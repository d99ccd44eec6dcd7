"""What editors decided about the checklist's warnings: words that are fine here, and lines that were waved through."""

from typing import Any

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from recruitcms.languages import language_choices, own_language


class WordingException(models.Model):
    """Words that a wording list objects to and that are fine on this site: a product’s name, a term of the trade."""

    language = models.CharField(_("language"), max_length=10, choices=language_choices, default=own_language)
    words = models.CharField(
        _("words"),
        max_length=80,
        validators=[
            RegexValidator(r"\A[^*]*\w\w[^*]*\*?\Z", _("Write the words themselves; a * may stand at the end alone."))
        ],
        help_text=_("As they stand in the text: “Ninja Van”. A * at the end stands for any ending: “kandydat*”."),
    )
    reason = models.CharField(_("reason"), max_length=300, help_text=_("For colleagues who wonder."))
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("added by"),
    )

    open_forms = GenericRelation("recruitcms.OpenForm")

    class Meta:
        verbose_name = verbose_name_plural = _("allowed words")
        ordering = ["language", "words"]
        constraints = [
            models.UniqueConstraint(
                fields=["language", "words"],
                name="recruitcms_wordingexception_once",
                violation_error_message=_("These words are fine in this language already."),
            )
        ]

    def __str__(self) -> str:
        return self.words


class WavedThrough(models.Model):
    """A warning about one document that somebody waved through, with the reason.

    The fingerprint tells what was waved through: a text that makes a different finding shows its warning again.
    """

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField()
    document: Any = GenericForeignKey()
    key = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=20)
    sentence = models.CharField(max_length=300)
    quote = models.CharField(max_length=300, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("warning waved through")
        verbose_name_plural = _("warnings waved through")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "object_id", "fingerprint"], name="recruitcms_wavedthrough_once"
            )
        ]

    def __str__(self) -> str:
        return self.sentence
