"""Publishing by revision: what visitors see is a frozen copy, never the rows that editors change.

A document (a role, a page, a report) holds the working copy. Publishing freezes it into a revision that is live in the
interval from `live_from` up to, and not including, `live_until` (none: open end). "Is it live?" is therefore a question
to the clock, asked in one place, `RevisionQuerySet.live()`; no job has to run for a page to appear or to go.

The intervals of one document never overlap, and at most one of them lies in the future: the scheduled publication.
A revision without an interval was kept, and never shown. What is merely planned (`Publishable.planned_for`) is a date
in the editors' calendar and publishes nothing.
"""

from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recruitcms import sources, translating
from recruitcms.translated import Translated, localized_url


class Publishable(Translated):
    """A document with a working copy (its own fields) and revisions (`self.revisions`).

    Subclasses give `freeze()`, `revision_columns()`, `sources_of_version_1()` and, where more than the basics must be
    there, `problems()`. Every editable field counts as content, unless `NOT_CONTENT` names it.
    """

    NOT_CONTENT: ClassVar[set[str]] = {"language", "planned_for", "review_at"}

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

    def sources_of_version_1(self, revisions: list[Any]) -> list[tuple[sources.Source, list[str]]]:
        """Return as much of the source as each revision without one tells, and a sentence on each thing it does not.

        Of many revisions at once, so that what they point to is asked for once.
        """
        found: list[tuple[sources.Source, list[str]]] = []
        for revision in revisions:
            fields = {name: getattr(revision, name) for name in ("title", "slug", "summary")}
            fields |= {name: revision.content.get(name, "") for name in ("search_title", "search_description")}
            found.append(({"fields": fields, "rows": {}, "links": {}}, []))
        return found

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
        """Return an unsaved revision of the working copy, to be looked at: what is typed is not in it."""
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
        """Return the working copy, what was typed included, as an unsaved revision with the next number."""
        self._forget_relations()
        revision = self.draft_revision()
        revision.content["source"] = sources.read(self)
        revision.texts_hash = translating.fingerprint(revision.texts)
        revision.number = 1 + (self.revisions.aggregate(last=models.Max("number"))["last"] or 0)
        revision.created_by, revision.note = by, note
        return revision

    def _forget_relations(self) -> None:
        """Let rows that were read before the lock be read anew: a picture's old files may be gone by now."""
        for field in self._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.is_cached(self):
                field.delete_cached_value(self)
        self.__dict__.pop("_prefetched_objects_cache", None)

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
        return self.sources_of([revision])[0]

    def sources_of(self, revisions: list[Any]) -> list[tuple[sources.Source, list[str]]]:
        """Return what `source_of` says of each revision; many cost no more queries than one."""
        old = [revision for revision in revisions if "source" not in revision.content]
        told = iter(self.sources_of_version_1(old))
        kept = [revision.content.get("source") for revision in revisions]
        read = [next(told) if source is None else (source, []) for source in kept]
        return [(sources.completed(self, source), lost) for source, lost in read]

    def kept_as(self) -> Any:
        """Return the newest revision that holds the working copy just as it is, or None."""
        hashes = [translating.fingerprint(self.texts()), ""]  # "": from before there were hashes
        alike = list(self.revisions.filter(title=self.title, slug=self.slug, texts_hash__in=hashes))
        now, kept = sources.read(self), self.sources_of(alike)
        return next((revision for revision, (source, _lost) in zip(alike, kept, strict=True) if source == now), None)

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
            note = gettext("Draft before revision %(number)d was restored") % {"number": revision.number}
            kept = self.keep(by, note)
        source, lost = self.source_of(revision)
        source, taken = self._without_taken_address(source)
        self.updated_by = by
        self._recall_source(revision, source)
        return kept, lost + taken + sources.write(self, source)

    def _recall_source(self, revision: Any, source: sources.Source) -> None:
        """Let a translation count as made from what it was made from then: stale where that has moved on."""
        by_language = {row.language: row for row in [self, *self.translations()]}
        language = translating.source_language(self, by_language)
        if "made_from" in source:
            translating.recall(self, source["made_from"])
        elif language:  # from before revisions said so
            translating.recall(self, translating.made_from_live(by_language[language], revision.created_at))

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
