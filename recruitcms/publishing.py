"""Publishing by revision: what visitors see is a frozen copy, never the rows that editors change.

A document (a role, a page, a report) holds the working copy. Publishing freezes it into a revision that is live in the
interval from `live_from` up to, and not including, `live_until` (none: open end). "Is it live?" is therefore a question
to the clock, asked in one place, `RevisionQuerySet.live()`; no job has to run for a page to appear or to go.

The intervals of one document never overlap, and at most one of them lies in the future: the scheduled publication.
A revision without an interval was kept, and never shown. What is merely planned (`Publishable.planned_for`) is a date
in the editors' calendar and publishes nothing.
"""

import copy
import uuid
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recruitcms import sources, translating
from recruitcms.languages import codes, language_choices, own_language

SCHEMA_VERSION = 2  # from 2 on, `content` holds the source as well: see recruitcms.sources


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

    open_forms = GenericRelation("recruitcms.OpenForm")  # deleted with the row
    translated_fields: ClassVar[list[str]]

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["translation_group", "language"],
                name="%(app_label)s_%(class)s_one_per_language",
                violation_error_message=_("There is a translation into this language already."),
            )
        ]

    def texts(self) -> translating.Texts:
        """Return what there is to translate. Subclasses add the rows that belong to them."""
        return translating.texts_of(self, self.translated_fields)

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


class RevisionQuerySet(models.QuerySet):
    def live(self, at: datetime | None = None) -> Self:
        """Keep the revisions that visitors see at a moment (default: now)."""
        at = at or timezone.now()
        return self.filter(Q(live_until=None) | Q(live_until__gt=at), live_from__lte=at)

    def get_live(self, language: str, slug: str) -> Any:
        """Return the revision that visitors see at an address now, or None."""
        return self.live().filter(language=language, slug=slug).defer("texts").first()

    def scheduled(self, at: datetime | None = None) -> Self:
        """Keep the revisions that will be live later than a moment (default: now)."""
        return self.filter(live_from__gt=at or timezone.now())


class Revision(models.Model):
    """One frozen state of a document. `content` is what `Publishable.freeze()` returned, by `schema_version`, and the
    working copy's source.

    The columns repeat what lists, searches and addresses need, so that none of them opens the JSON.
    """

    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    note = models.CharField(_("note"), max_length=200, blank=True)
    is_pinned = models.BooleanField(_("pinned"), default=False)
    schema_version = models.PositiveSmallIntegerField(default=SCHEMA_VERSION)
    content = models.JSONField(default=dict)
    # What there is to translate, as it was written: what translations are compared with.
    texts = models.JSONField(default=list)
    texts_hash = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=10)
    translation_group = models.UUIDField(db_index=True)
    slug = models.SlugField(max_length=120, db_index=False)
    title = models.CharField(max_length=120)
    summary = models.CharField(max_length=300)
    live_from = models.DateTimeField(null=True, blank=True)
    live_until = models.DateTimeField(null=True, blank=True)
    # Of a scheduled revision: the one whose interval it cut short, to be given back when it is cancelled.
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

    def parts(self) -> list[tuple[str, str]]:
        """Return the id and the heading of each part that a reviewer may comment on by itself."""
        return [(section["id"], section["heading"]) for section in self.content.get("sections", [])]

    def is_live(self, at: datetime | None = None) -> bool:
        """Tell whether visitors see this revision at a moment (default: now): `RevisionQuerySet.live` for one row."""
        at = at or timezone.now()
        return self.live_from is not None and self.live_from <= at and (not self.live_until or self.live_until > at)

    def live_translations(self) -> dict[str, str]:
        """Return the paths of the live revisions that say the same in other languages, by language."""
        same = type(self)._default_manager.live().filter(translation_group=self.translation_group)
        others = same.filter(language__in=codes()).exclude(language=self.language).values_list("language", "slug")
        return {language: localized_url(language, self.url_name, slug) for language, slug in others}


class Publishable(Translated):
    """A document with a working copy (its own fields) and revisions (`self.revisions`).

    Subclasses give `freeze()`, `revision_columns()`, `source_of_version_1()` and, where more than the basics must be
    there, `problems()`. Every editable field counts as content, unless `NOT_CONTENT` names it.
    """

    NOT_CONTENT: ClassVar[set[str]] = {"language", "planned_for", "review_at"}
    # What belongs to the document and is frozen with it: name of the reverse side to the field that tells rows apart.
    ROWS: ClassVar[dict[str, str]] = {}

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
    planned_for = models.DateField(
        _("planned for"),
        null=True,
        blank=True,
        help_text=_("A note for the calendar. It publishes nothing; publishing the page crosses it out."),
    )
    review_at = models.DateField(
        _("review due"), null=True, blank=True, help_text=_("When somebody should read the page again.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    waved_through = GenericRelation("recruitcms.WavedThrough")
    translated_fields = ["title", "summary", "search_title", "search_description"]

    revisions: Any  # the reverse side of the subclass's revision model
    reviews = GenericRelation("recruitcms.Review")  # one at most; deleted with the document

    class Meta(Translated.Meta):
        abstract = True
        default_permissions = ("add", "change", "delete", "view", "review", "publish")
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

    def copied(self) -> Self:
        """Return an unsaved copy of the working copy. What was planned for this page is not planned for that one."""
        document = super().copied()
        document.planned_for = document.review_at = None
        return document

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

    def source_of_version_1(self, revision: Any) -> tuple[sources.Source, list[str]]:
        """Return as much of the source as a revision without one tells, and a sentence on each thing it does not."""
        names = ("title", "slug", "summary")
        fields = {name: getattr(revision, name) for name in names}
        fields |= {name: revision.content.get(name, "") for name in ("search_title", "search_description")}
        return {"fields": fields, "rows": {}, "links": {}}, []

    # --- states ---

    @property
    def live_revision(self) -> Any:
        """The revision that visitors see now, or None."""
        return self.revisions.live().first()

    @property
    def scheduled_revision(self) -> Any:
        """The revision that will be live later, or None."""
        return self.revisions.scheduled().first()

    def shown_revisions(self) -> tuple[Any, Any]:
        """Return the live revision and the scheduled one, each None where there is none. Costs one query."""
        now = timezone.now()
        rows = list(self.revisions.filter(Q(live_until=None) | Q(live_until__gt=now), live_from__isnull=False))
        live = next((row for row in rows if row.is_live(now)), None)
        return live, next((row for row in rows if row.live_from > now), None)

    def draft_revision(self) -> Any:
        """Return an unsaved revision of the working copy, for the preview and for publishing."""
        texts = self.texts()
        return self.revisions.model(
            document=self,
            content=self.freeze() | {"source": sources.read(self)},
            texts=texts,
            texts_hash=translating.fingerprint(texts),
            language=self.language,
            translation_group=self.translation_group,
            slug=self.slug,
            title=self.title,
            summary=self.summary,
            **self.revision_columns(),
        )

    @transaction.atomic
    def publish(self, by: Any = None, at: datetime | None = None, note: str = "", until: datetime | None = None) -> Any:
        """Freeze the working copy and make it live at a moment (default: now). Return the revision.

        Takes the place of what was scheduled before; keeps the time at which the page was to go offline, unless
        `until` gives another. Ends the document's review. Raises ValidationError by field where something is missing
        or the address is taken.
        """
        from recruitcms import review

        touch_content()  # first, since its row is the lock: acts of publishing come one after the other
        now = timezone.now()
        at = max(at or now, now)
        problems = self.problems()
        if until and until <= at:
            problems["offline_at"] = _("The page would go offline before it appears. Choose a later time.")
        if problems:
            raise ValidationError(problems)
        if self.planned_for:  # the plan is carried out
            self.planned_for, self.updated_by = None, by or self.updated_by
            self.save(update_fields=["planned_for", "updated_by", "updated_at"])
        ends = self._forget_schedule(now)
        current = self.revisions.live(at).first()
        revision = self._next_revision(by, note)
        revision.live_from = at
        if current:
            ends, revision.cut = current.live_until, current
            self._end(current, at)
        revision.live_until = until or (ends if ends and ends > at else None)
        revision.save()
        self._check_addresses(now)
        self._forward_from_before(revision)
        _addresses().settle(self)
        review.end(self, by)
        return revision

    def _next_revision(self, by: Any, note: str) -> Any:
        """Return the working copy as an unsaved revision with the next number."""
        revision = self.draft_revision()
        revision.number = 1 + (self.revisions.aggregate(last=models.Max("number"))["last"] or 0)
        revision.created_by, revision.note = by, note
        return revision

    @transaction.atomic
    def take_offline(self, at: datetime | None = None) -> None:
        """Stop showing the page from a moment on (default: now). A later publication brings it back.

        Takes the place of an earlier time to go offline. Raises ValidationError where another page would need the
        address in the time that this one is shown longer.
        """
        touch_content()
        now = timezone.now()
        at = max(at or now, now)
        self.revisions.filter(live_from__gte=at).update(live_from=None, live_until=None)
        self._open_end(now)
        current = self.revisions.live(at).first()
        if current:
            self._end(current, at)
        self._check_addresses(now)

    @transaction.atomic
    def stay_online(self) -> None:
        """Forget the time at which the page was to go offline. Raises ValidationError as `take_offline` does.

        What is live stays until the next publication, where one is scheduled, or for ever.
        """
        touch_content()
        now = timezone.now()
        coming = Q(live_until=None) | Q(live_until__gt=now)
        following = None
        for revision in self.revisions.filter(coming, live_from__isnull=False).order_by("-live_from"):
            revision.live_until = following.live_from if following else None
            revision.save(update_fields=["live_until"])
            if following:
                following.cut = revision
                following.save(update_fields=["cut"])
            following = revision
        self._check_addresses(now)

    def _forward_from_before(self, revision: Any) -> None:
        """Let the address that a revision takes the page away from lead to the page, from that moment on.

        The old address is only given up when the revision is live: until then it is a live page's, and those win.
        """
        earlier = self.revisions.filter(live_from__lte=revision.live_from).exclude(pk=revision.pk)
        before = earlier.order_by("-live_from").first()
        if before and before.slug != revision.slug:
            _addresses().lead(before.get_absolute_url(), to=self, by=revision.created_by)

    @transaction.atomic
    def cancel_schedule(self) -> None:
        """Forget a scheduled publication; what is live stays live as long as that would have been.

        Raises ValidationError where another page has been scheduled at the address that would be held longer.
        """
        touch_content()
        now = timezone.now()
        self._forget_schedule(now)
        self._check_addresses(now)
        _addresses().settle(self)

    def _forget_schedule(self, now: datetime) -> datetime | None:
        """Forget a scheduled publication. Return when it would have gone offline."""
        scheduled = self.revisions.scheduled(now).first()
        if scheduled:
            cut = self.revisions.filter(pk=scheduled.cut_id, live_until=scheduled.live_from)
            cut.update(live_until=scheduled.live_until)
            self.revisions.filter(pk=scheduled.pk).update(live_from=None, live_until=None)
        return scheduled.live_until if scheduled else None

    def _open_end(self, now: datetime) -> None:
        """Let the last interval that has not ended go on for ever."""
        last = self.revisions.filter(live_until__gt=now).order_by("-live_from").first()
        if last and not self.revisions.filter(live_from__gte=last.live_until).exists():
            self.revisions.filter(pk=last.pk).update(live_until=None)

    def _end(self, revision: Any, at: datetime) -> None:
        """Let a revision's interval end; one that would have lasted no time at all was never live."""
        if revision.live_from == at:
            revision.live_from = revision.live_until = None
        else:
            revision.live_until = at
        revision.save(update_fields=["live_from", "live_until"])

    # --- revisions that are kept, and restored ---

    @transaction.atomic
    def keep(self, by: Any = None, note: str = "") -> Any:
        """Freeze the working copy without showing it to anybody. Return the revision."""
        touch_content()  # the lock, as in `publish`
        revision = self._next_revision(by, note)
        revision.save()
        return revision

    def source_of(self, revision: Any) -> tuple[sources.Source, list[str]]:
        """Return the source that a revision of ours was made from, and sentences on what it does not tell."""
        if "source" in revision.content:
            return revision.content["source"], []
        return self.source_of_version_1(revision)

    def kept_as(self) -> Any:
        """Return the newest revision that holds the working copy just as it is, or None."""
        now = sources.read(self)
        return next((revision for revision in self.revisions.all() if self.source_of(revision)[0] == now), None)

    def cannot_come_back(self, revision: Any) -> list[str]:
        """Return a sentence on each thing that `restore` could not bring back from a revision."""
        source, lost = self.source_of(revision)
        return lost + self._without_taken_address(source)[1] + sources.missing(self, source)

    @transaction.atomic
    def restore(self, revision: Any, by: Any = None) -> tuple[Any, list[str]]:
        """Load a revision into the working copy; visitors see nothing of it until it is published.

        The working copy as it was is kept first, unless a revision holds it already. Return that revision (or None),
        and a sentence on each thing that could not come back.
        """
        touch_content()  # the lock: nobody publishes what is half restored
        self.refresh_from_db()
        kept = None
        if not self.kept_as():
            note = gettext("Working copy before revision %(number)d was restored") % {"number": revision.number}
            kept = self.keep(by, note)
        source, lost = self.source_of(revision)
        source, taken = self._without_taken_address(source)
        self.updated_by = by
        return kept, lost + taken + sources.write(self, source)

    def _without_taken_address(self, source: sources.Source) -> tuple[sources.Source, list[str]]:
        """Take the address out of a source where another working copy has it by now."""
        slug = source["fields"]["slug"]
        others = type(self)._default_manager.filter(language=self.language, slug=slug).exclude(pk=self.pk)
        if not others.exists():
            return source, []
        fields = {name: value for name, value in source["fields"].items() if name != "slug"}
        sentence = gettext("The address “%(slug)s” belongs to another page now; this one keeps “%(kept)s”.")
        return source | {"fields": fields}, [sentence % {"slug": slug, "kept": self.slug}]

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
                    "“%(title)s” is live or scheduled at this address. Choose another, or take that page offline."
                )
                raise ValidationError({"slug": sentence % {"title": other.title}})


@cache
def publishable_models() -> list[type[Publishable]]:
    """Return the models of all documents."""
    return [model for model in apps.get_models() if issubclass(model, Publishable)]


@cache
def revision_models() -> dict[str, Any]:
    """Return the models of their revisions, by the names of the addresses at which these answer."""
    return {model.revision_model().url_name: model.revision_model() for model in publishable_models()}


def touch_content() -> None:
    """Say that something visitors see has changed: every kept copy of shared content is stale from this commit on."""
    from recruitcms.models import SiteSettings

    SiteSettings.objects.update(content_version=F("content_version") + 1)


def _addresses() -> Any:
    from recruitcms import addresses  # which knows all kinds of documents

    return addresses
