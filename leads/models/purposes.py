"""What data is held for, and the exact words that people are asked with. The ids in comments: docs/privacy.md."""

import hashlib
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recruitcms.languages import language_choices, own_language
from recruitcms.models import PageRevision


class PurposeWords(models.Model):
    """What is said of a purpose, in one language."""

    title = models.CharField(_("title"), max_length=120)
    channel = models.CharField(_("channel"), max_length=20, default="e-mail")
    data_types = models.CharField(_("data held"), max_length=300, help_text=_("By commas."))
    recipients = models.CharField(_("recipients"), max_length=300, blank=True, help_text=_("By commas."))
    storage_location = models.CharField(_("where it is stored"), max_length=200, blank=True)
    jurisdiction = models.CharField(
        _("jurisdiction"), max_length=80, default="Poland, European Union", help_text=_("Whose law applies.")
    )
    withdrawal_method = models.CharField(
        _("how to withdraw"), max_length=200, default="One press, through the link in each e-mail"
    )

    class Meta:
        abstract = True


class PurposeQuerySet(models.QuerySet["Purpose"]):
    def with_translations(self) -> "PurposeQuerySet":
        """Read the words of all languages along, so that `words` costs nothing."""
        return self.prefetch_related("translations")


class Purpose(PurposeWords):
    """One reason for holding data, with its legal basis and retention: a row of the register of processing (CON-18).

    Its own words are in the site's language; `translations` has those of the others. How long data is kept are three
    numbers, which retention.py acts on and puts into words.
    """

    class Basis(models.TextChoices):
        CONSENT = "consent", _("Consent (art. 6(1)(a))")
        CONTRACT = "contract", _("Steps before a contract (art. 6(1)(b))")
        INTEREST = "interest", _("Legitimate interest (art. 6(1)(f))")

    key = models.SlugField(
        _("key"), max_length=40, unique=True, help_text=_("report, letter or consultation: used by the forms.")
    )
    legal_basis = models.CharField(_("legal basis"), max_length=20, choices=Basis, default=Basis.CONSENT)
    unconfirmed_days = models.PositiveSmallIntegerField(
        _("days for a request that is not confirmed"), default=30, help_text=_("Then it expires.")
    )
    keep_months = models.PositiveSmallIntegerField(
        _("months after the last contact"), default=24, help_text=_("Then consent expires and the data is deleted.")
    )
    proof_years = models.PositiveSmallIntegerField(
        _("years of proof"), default=3, help_text=_("After consent ended, to the end of that year (CON-16).")
    )
    double_opt_in = models.BooleanField(
        _("confirmed by mail"),
        default=True,
        help_text=_("Consent counts only once the owner of the address has pressed the button in our mail."),
    )
    erased_on_withdrawal = models.BooleanField(
        _("withdrawal erases the data"), default=False, help_text=_("Tick where the wording promises it.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    objects = PurposeQuerySet.as_manager()

    class Meta:
        verbose_name = _("purpose")
        verbose_name_plural = _("purposes")
        ordering = ["position", "key"]

    def __str__(self) -> str:
        return self.title

    def words(self, language: str) -> PurposeWords:
        """Return what is said of it in a language; where nothing is yet, its own words: better than silence."""
        return next((text for text in self.translations.all() if text.language == language), self)


class PurposeText(PurposeWords):
    """The words of a purpose in another language than the site's own."""

    purpose = models.ForeignKey(Purpose, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(_("language"), max_length=10, choices=language_choices)

    class Meta:
        verbose_name = _("translation of a purpose")
        verbose_name_plural = _("translations of a purpose")
        constraints = [models.UniqueConstraint(fields=["purpose", "language"], name="leads_purposetext_language_once")]

    def __str__(self) -> str:
        return f"{self.title} ({self.language})"


class ConsentText(models.Model):
    """One exact wording of a purpose in one language. Once published it never changes (CON-3): write a new version."""

    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="texts", verbose_name=_("purpose"))
    language = models.CharField(_("language"), max_length=10, choices=language_choices)
    version = models.PositiveSmallIntegerField(_("version"), editable=False)
    body = models.TextField(
        _("wording"),
        max_length=600,
        help_text=_("Plain text beside the tick box: who, what for, and the way out. A link to the policy follows it."),
    )
    sha256 = models.CharField(max_length=64, editable=False, db_index=True)
    policy_version = models.CharField(_("privacy policy"), max_length=140, blank=True, editable=False)
    notice_url = models.CharField(_("address of the policy"), max_length=300, blank=True, editable=False)
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("published by"),
    )

    class Meta:
        verbose_name = _("consent wording")
        verbose_name_plural = _("consent wordings")
        ordering = ["purpose", "language", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["purpose", "language", "version"], name="leads_consenttext_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.purpose}, {self.get_language_display()}, {_('version')} {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Number a new wording, and refuse to touch a published one (CON-3)."""
        if self.pk and ConsentText.objects.filter(pk=self.pk, published_at__isnull=False).exists():
            raise ValidationError(_("A published wording cannot be changed. Write a new version."))
        if not self.version:
            versions = ConsentText.objects.filter(purpose=self.purpose, language=self.language)
            self.version = 1 + (versions.aggregate(last=models.Max("version"))["last"] or 0)
        self.sha256 = hashlib.sha256(self.body.encode()).hexdigest()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        if self.published_at:
            raise ValidationError(_("A published wording cannot be deleted: people have agreed to it."))
        return super().delete(*args, **kwargs)

    def publish(self, by: Any = None) -> None:
        """Make this the wording that forms show from now on, with the privacy policy that stands behind it (CON-3)."""
        policy = live_policy(self.language)
        self.policy_version = policy_version(self.language)
        self.notice_url = policy.get_absolute_url() if policy else ""
        self.published_at = timezone.now()
        self.published_by = by
        self.save()

    @classmethod
    def current(cls, purpose: str, language: str) -> "ConsentText | None":
        """Return the wording that forms show for a purpose's key in a language, or None where none is published."""
        texts = cls.objects.filter(purpose__key=purpose, language=language, published_at__isnull=False)
        return texts.select_related("purpose").order_by("-published_at").first()


def live_policy(language: str) -> PageRevision | None:
    """Return the privacy policy that forms in a language lead to, or None where there is none.

    Where it is not translated yet, that is the one in the site's own language: better than nothing (art. 13 GDPR).
    """
    return _live_policies(language).first()


def policy_version(language: str) -> str:
    """Return what names the present state of that policy, "privacy-policy/3"; "" for none."""
    found = _live_policies(language).values_list("slug", "number").first()
    return f"{found[0]}/{found[1]}" if found else ""


def _live_policies(language: str) -> models.QuerySet[PageRevision]:
    policies = PageRevision.objects.live().filter(language__in=[language, own_language()], purpose="privacy")
    is_foreign = models.Case(models.When(language=language, then=0), default=1)
    return policies.order_by(is_foreign, "position", "title")
