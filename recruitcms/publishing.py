"""Publishing by revision: what visitors see is a frozen copy, never the rows that editors change.

A document (a role, a page, a report) holds the working copy. Publishing freezes it into a revision that is live in the
interval from `live_from` up to, and not including, `live_until` (none: open end). "Is it live?" is therefore a question
to the clock, asked in one place, `RevisionQuerySet.live()`; no job has to run for a page to appear or to go.

The intervals of one document never overlap, and at most one of them lies in the future: the plan.
"""

import copy
import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

SCHEMA_VERSION = 1


def localized_url(language: str, name: str, *args: object, **kwargs: object) -> str:
    """Return the path of a named URL in a language."""
    with translation.override(language):
        return reverse(name, args=args or None, kwargs=kwargs or None)


def other_languages(language: str, name: str) -> dict[str, str]:
    """Return the paths of a page that every language has, in the other languages."""
    return {code: localized_url(code, name) for code, _name in settings.LANGUAGES if code != language}


def copy_of(row: Any) -> Any:
    """Return an unsaved copy of a row."""
    row = copy.copy(row)
    row.pk = None
    row._state = type(row._state)()
    row._state.adding = True
    return row


class Translated(models.Model):
    """A row in one language. Rows that say the same thing in other languages share its `translation_group`."""

    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    translation_group = models.UUIDField(default=uuid.uuid4, editable=False, db_index=True)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["translation_group", "language"],
                name="%(app_label)s_%(class)s_one_per_language",
                violation_error_message=_("There is a translation into this language already."),
            )
        ]

    def translations(self) -> models.QuerySet[Any]:
        """Return the rows of the same group in other languages."""
        others = type(self)._default_manager.filter(translation_group=self.translation_group)
        return others.exclude(pk=self.pk)

    @transaction.atomic
    def copy_into(self, language: str) -> Self:
        """Return a saved copy of this row in another language, to be translated.

        What it points to (category, author …) becomes that thing's translation. Raises ValidationError where one of
        them has none yet.
        """
        translation = copy_of(self)
        translation.language = language
        for field in self._meta.concrete_fields:
            value = getattr(self, field.name) if field.is_relation else None
            if isinstance(value, Translated):
                translated = value.translations().filter(language=language).first()
                if translated is None:
                    raise ValidationError(_("First translate “%(name)s” into this language.") % {"name": value})
                setattr(translation, field.name, translated)
        translation.validate_constraints()
        translation.save()
        return translation


class RevisionQuerySet(models.QuerySet):
    def live(self, at: datetime | None = None) -> Self:
        """Keep the revisions that visitors see at a moment (default: now)."""
        at = at or timezone.now()
        return self.filter(Q(live_until=None) | Q(live_until__gt=at), live_from__lte=at)

    def get_live(self, language: str, slug: str) -> Any:
        """Return the revision that visitors see at an address now, or None."""
        return self.live().filter(language=language, slug=slug).first()

    def planned(self, at: datetime | None = None) -> Self:
        """Keep the revisions that will be live later than a moment (default: now)."""
        return self.filter(live_from__gt=at or timezone.now())


class Revision(models.Model):
    """One frozen state of a document. `content` is what `Publishable.freeze()` returned, by `schema_version`.

    The columns repeat what lists, searches and addresses need, so that none of them opens the JSON.
    """

    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    schema_version = models.PositiveSmallIntegerField(default=SCHEMA_VERSION)
    content = models.JSONField(default=dict)
    language = models.CharField(max_length=10)
    translation_group = models.UUIDField(db_index=True)
    slug = models.SlugField(max_length=120, db_index=False)
    title = models.CharField(max_length=120)
    summary = models.CharField(max_length=300)
    live_from = models.DateTimeField(null=True, blank=True)
    live_until = models.DateTimeField(null=True, blank=True)
    # Of a plan: the revision whose interval it cut short, to be given back when the plan is cancelled.
    cut = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, editable=False, related_name="+")

    objects = RevisionQuerySet.as_manager()
    url_name: ClassVar[str]

    class Meta:
        abstract = True
        ordering = ["-number"]
        indexes = [models.Index(fields=["language", "slug", "live_from"])]
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="%(class)s_number_once"),
            models.CheckConstraint(
                condition=Q(live_until=None) | Q(live_until__gt=F("live_from")), name="%(class)s_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, revision {self.number}"

    def get_absolute_url(self) -> str:
        return localized_url(self.language, self.url_name, self.slug)

    def live_translations(self) -> dict[str, str]:
        """Return the paths of the live revisions that say the same in other languages, by language."""
        same = type(self)._default_manager.live().filter(translation_group=self.translation_group)
        others = same.exclude(language=self.language).values_list("language", "slug")
        return {language: localized_url(language, self.url_name, slug) for language, slug in others}


class Publishable(Translated):
    """A document with a working copy (its own fields) and revisions (`self.revisions`).

    Subclasses give `freeze()`, `revision_columns()` and, where more than the basics must be there, `problems()`.
    """

    title = models.CharField(_("title"), max_length=120, blank=True)
    slug = models.SlugField(
        _("address"),
        max_length=120,
        help_text=_("The last part of the page's address. Old addresses forward to the new one."),
    )
    summary = models.CharField(
        _("summary"), max_length=300, blank=True, help_text=_("One sentence. Shown under the title and in lists.")
    )
    search_title = models.CharField(
        _("title for search engines"), max_length=70, blank=True, help_text=_("Empty: made from the title.")
    )
    search_description = models.CharField(
        _("description for search engines"), max_length=170, blank=True, help_text=_("Empty: the summary.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    revisions: Any  # the reverse side of the subclass's revision model

    class Meta(Translated.Meta):
        abstract = True
        constraints = [
            *Translated.Meta.constraints,
            models.UniqueConstraint(
                fields=["language", "slug"],
                name="%(app_label)s_%(class)s_address_once",
                violation_error_message=_("Another page in this language has this address."),
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(_("(untitled)"))

    @classmethod
    def revision_model(cls) -> Any:
        return cls.revisions.rel.related_model

    @classmethod
    def address_in(cls, language: str, slug: str) -> str:
        """Return the path of a document of this kind."""
        return localized_url(language, cls.revision_model().url_name, slug)

    # --- for subclasses ---

    def freeze(self) -> dict[str, Any]:
        """Return what visitors will see as JSON: texts, rendered HTML, pictures."""
        raise TypeError(f"{type(self).__name__} must say how it is frozen")

    def revision_columns(self) -> dict[str, Any]:
        """Return the values of the columns that a subclass's revision adds."""
        return {}

    def problems(self) -> dict[str, Any]:
        """Return what stops publishing: field name to a sentence that says what to do."""
        found: dict[str, Any] = {}
        if not self.title.strip():
            found["title"] = _("Give the page a title.")
        if not self.summary.strip():
            found["summary"] = _("Write a summary: one sentence under the title.")
        return found

    # --- states ---

    @property
    def live_revision(self) -> Any:
        """The revision that visitors see now, or None."""
        return self.revisions.live().first()

    @property
    def planned_revision(self) -> Any:
        """The revision that will be live later, or None."""
        return self.revisions.planned().first()

    def draft_revision(self) -> Any:
        """Return an unsaved revision of the working copy, for the preview and for publishing."""
        return self.revisions.model(
            document=self,
            content=self.freeze(),
            language=self.language,
            translation_group=self.translation_group,
            slug=self.slug,
            title=self.title,
            summary=self.summary,
            **self.revision_columns(),
        )

    @transaction.atomic
    def publish(self, by: Any = None, at: datetime | None = None, note: str = "") -> Any:
        """Freeze the working copy and make it live at a moment (default: now). Return the revision.

        Takes the place of an earlier plan; keeps the time at which the page was to go offline. Raises ValidationError
        by field where something is missing or the address is taken.
        """
        touch_content()  # first, since its row is the lock: acts of publishing come one after the other
        now = timezone.now()
        at = max(at or now, now)
        problems = self.problems()
        if problems:
            raise ValidationError(problems)
        self._forget_plan(now)
        current = self.revisions.live(at).first()
        revision = self.draft_revision()
        revision.number = 1 + (self.revisions.aggregate(last=models.Max("number"))["last"] or 0)
        revision.created_by, revision.note = by, note
        revision.live_from = at
        if current:
            revision.live_until, revision.cut = current.live_until, current
            self._end(current, at)
        revision.save()
        self._check_addresses(now)
        self._forward_from_before(revision)
        return revision

    @transaction.atomic
    def take_offline(self, at: datetime | None = None) -> None:
        """Stop showing the page from a moment on (default: now). A later publication brings it back."""
        touch_content()
        now = timezone.now()
        at = max(at or now, now)
        self.revisions.filter(live_from__gte=at).update(live_from=None, live_until=None)
        current = self.revisions.live(at).first()
        if current:
            self._end(current, at)

    @transaction.atomic
    def cancel_plan(self) -> None:
        """Forget a planned publication; what is live stays live as long as the plan would have been.

        Raises ValidationError where another page has been planned at the address that would be held longer.
        """
        touch_content()
        now = timezone.now()
        self._forget_plan(now)
        self._check_addresses(now)
        _addresses().settle(self)

    def _forward_from_before(self, revision: Any) -> None:
        """Let the address that a revision takes the page away from lead to the page, from that moment on.

        The old address is only given up when the revision is live: until then it is a live page's, and those win.
        """
        earlier = self.revisions.filter(live_from__lte=revision.live_from).exclude(pk=revision.pk)
        before = earlier.order_by("-live_from").first()
        if before and before.slug != revision.slug:
            _addresses().lead(before.get_absolute_url(), to=self, by=revision.created_by)

    def _forget_plan(self, now: datetime) -> None:
        planned = self.revisions.planned(now).first()
        if planned:
            self.revisions.filter(pk=planned.cut_id, live_until=planned.live_from).update(live_until=planned.live_until)
            self.revisions.filter(pk=planned.pk).update(live_from=None, live_until=None)

    def _end(self, revision: Any, at: datetime) -> None:
        """Let a revision's interval end; one that would have lasted no time at all was never live."""
        if revision.live_from == at:
            revision.live_from = revision.live_until = None
        else:
            revision.live_until = at
        revision.save(update_fields=["live_from", "live_until"])

    def _check_addresses(self, now: datetime) -> None:
        """Raise ValidationError where a page of ours and another's would be live at one address at the same time."""
        coming = Q(live_until=None) | Q(live_until__gt=now)
        for mine in self.revisions.filter(coming, live_from__isnull=False):
            others = self.revisions.model.objects.filter(language=mine.language, slug=mine.slug)
            others = others.filter(Q(live_until=None) | Q(live_until__gt=mine.live_from), live_from__isnull=False)
            if mine.live_until:
                others = others.filter(live_from__lt=mine.live_until)
            other = others.exclude(document=self).first()
            if other:
                sentence = _(
                    "“%(title)s” is live or planned at this address. Choose another, or take that page offline."
                )
                raise ValidationError({"slug": sentence % {"title": other.title}})


def touch_content() -> None:
    """Say that something visitors see has changed: every kept copy of shared content is stale from this commit on."""
    from recruitcms.models import SiteSettings

    SiteSettings.objects.update(content_version=F("content_version") + 1)


def _addresses() -> Any:
    from recruitcms import addresses  # which knows all kinds of documents

    return addresses
