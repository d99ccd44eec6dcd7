"""Revisions: frozen states of a document, each live in an interval or in none.

Which are live is a question to the clock, asked in `RevisionQuerySet.live()`; publishing.py makes them.
"""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recruitcms import sources, translating
from recruitcms.languages import codes
from recruitcms.translated import localized_url

SCHEMA_VERSION = 2  # from 2 on, `content` holds the source as well: see recruitcms.sources


class RevisionQuerySet(models.QuerySet):
    """Finds revisions by when they are seen: `live()` is the site's one rule for what visitors see."""

    def live(self, at: datetime | None = None) -> Self:
        """Keep the revisions that visitors see at a moment (default: now)."""
        at = at or timezone.now()
        return self.filter(Q(live_until=None) | Q(live_until__gt=at), live_from__lte=at)

    def get_live(self, language: str, slug: str) -> Any:
        """Return the revision that visitors see at an address now, or None."""
        return self.live().filter(language=language, slug=slug).first()

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
    texts_hash = models.CharField(max_length=64, blank=True)  # of `texts`
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

    @property
    def texts(self) -> translating.Texts:
        """What there is to translate, as it was written: what translations are compared with.

        Empty of a revision that was made before sources were kept.
        """
        source = self.content.get("source")
        return sources.texts_of(self._meta.get_field("document").related_model, source) if source else []

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
