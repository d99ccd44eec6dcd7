"""Addresses that nobody lives at any more: those that forward, and those that visitors ask for in vain."""

from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Case, OuterRef, Q, Subquery, When
from django.utils.translation import gettext_lazy as _

from recruitcms.publishing import Publishable, publishable_models

LONGEST = 300


class RedirectQuerySet(models.QuerySet):
    """Finds which addresses lead to a document, and where each of many leads now, by one query."""

    def leading(self) -> Self:
        """Add where each page is live now, for `location`. One query, whatever the kinds of pages."""
        slugs, languages = [], []
        for model in publishable_models():
            kind = Q(content_type=ContentType.objects.get_for_model(model))
            live = model.revision_model().objects.live().filter(document=OuterRef("object_id"))
            slugs.append(When(kind, then=Subquery(live.values("slug")[:1])))
            languages.append(When(kind, then=Subquery(live.values("language")[:1])))
        text = models.CharField()
        return self.annotate(
            live_slug=Case(*slugs, output_field=text), live_language=Case(*languages, output_field=text)
        )

    def to(self, document: Publishable) -> Self:
        """Keep those that lead to a document."""
        return self.filter(content_type=ContentType.objects.get_for_model(document), object_id=document.pk)


class Redirect(models.Model):
    """An address that leads elsewhere, unless a page is live there: to a document, wherever it moves, or as typed.

    Since a document's address is looked up when it is asked for, and `addresses.py` looks through a typed one when it
    is saved, nobody is forwarded twice.
    """

    class Status(models.IntegerChoices):
        MOVED = 301, _("Moved for good")
        FOR_NOW = 302, _("Moved for now")
        GONE = 410, _("Gone, without a successor")

    old_path = models.CharField(_("old address"), max_length=LONGEST, unique=True)  # as `addresses.normal` writes it
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    object_id = models.PositiveBigIntegerField(null=True, blank=True)
    document = GenericForeignKey("content_type", "object_id")
    # A path of this site or another site's https:// address; with a document, what follows its address ("#duties").
    target = models.CharField(_("leads to"), max_length=500, blank=True)
    status = models.PositiveSmallIntegerField(_("answer"), choices=Status, default=Status.MOVED)
    is_automatic = models.BooleanField(_("made by publishing"), default=False, editable=False)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    hits = models.PositiveIntegerField(_("forwarded"), default=0, editable=False)
    last_hit = models.DateField(_("last forwarded"), null=True, editable=False)

    objects = RedirectQuerySet.as_manager()

    class Meta:
        verbose_name = _("old address")
        verbose_name_plural = _("old addresses")
        ordering = ["old_path"]
        indexes = [models.Index(fields=["content_type", "object_id"])]

    def __str__(self) -> str:
        return self.old_path

    @property
    def location(self) -> str:
        """Where it leads now; empty where that is nowhere: the page is not live. Needs `leading()`."""
        if self.content_type_id is None:
            return self.target
        row: Any = self
        if not row.live_slug:
            return ""
        model: Any = ContentType.objects.get_for_id(self.content_type_id).model_class()
        return model.address_in(row.live_language, row.live_slug) + self.target


class MissingAddress(models.Model):
    """How often an address that does not exist was asked for. Nothing is kept of who asked."""

    path = models.CharField(_("address"), max_length=LONGEST, unique=True)
    language = models.CharField(_("language"), max_length=10)
    visits = models.PositiveIntegerField(_("by people"), default=0)
    robots = models.PositiveIntegerField(_("by robots"), default=0)
    is_linked_here = models.BooleanField(_("linked on this site"), default=False)
    last_seen = models.DateField(_("last asked for"))
    is_ignored = models.BooleanField(_("ignored"), default=False)

    class Meta:
        verbose_name = _("address not found")
        verbose_name_plural = _("addresses not found")
        ordering = ["-visits", "-robots", "path"]

    def __str__(self) -> str:
        return self.path
