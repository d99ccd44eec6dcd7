"""What is kept of an import: the run, each of its items, and for good where a document came from."""

from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.db import models
from django.utils.translation import gettext_lazy as _

from recruitcms.languages import language_choices
from recruitcms.models import Page, Person


def _private() -> Any:
    return storages["private"]


class ImportRun(models.Model):
    """One reading of files. It changes no page: applying its items does."""

    created_at = models.DateTimeField(_("read"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    name = models.CharField(_("files"), max_length=200)
    problem = models.TextField(blank=True, help_text=_("Why reading ended early."))
    # {"authors": {name: how many}, "categories", "languages", "types", "shortcodes", "media"}
    seen = models.JSONField(default=dict)
    # What an author's or category's name there is here: {name: pk}. Categories may be "new".
    authors = models.JSONField(default=dict)
    categories = models.JSONField(default=dict)
    author = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("author of the rest")
    )
    category = models.ForeignKey(
        "roles.Category",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("category of the rest"),
    )
    upload = models.FileField(upload_to="imports", storage=_private, blank=True, editable=False)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class ImportItem(models.Model):
    """One document that a run found: what it says, where it goes, and what became of it."""

    class Target(models.TextChoices):
        ROLE = "role", _("Draft role")
        PAGE = "page", _("Draft page")
        LEAVE = "leave", _("Leave out")

    class Outcome(models.TextChoices):
        WAITING = "", _("Not applied yet")
        ADDED = "added", _("Added")
        UPDATED = "updated", _("Updated")
        UNCHANGED = "unchanged", _("Unchanged")
        CHANGED_HERE = "changed_here", _("Changed here since, left alone")
        LEFT_OUT = "left_out", _("Left out")
        FAILED = "failed", _("Not possible")

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    source = models.CharField(max_length=200)
    key = models.CharField(max_length=300)
    type = models.CharField(_("what it was"), max_length=100)
    title = models.CharField(_("title"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=language_choices)
    slug = models.CharField(_("address"), max_length=120, blank=True)
    target = models.CharField(_("becomes"), max_length=10, choices=Target)
    force = models.BooleanField(_("overwrite what was changed here"), default=False)
    author = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=200, blank=True)
    group = models.CharField(max_length=200, blank=True)
    # {"fields", "sections", "picture", "resumes", "related", "levels"}, as in `incoming.Incoming`
    content = models.JSONField(default=dict)
    old_paths = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome, blank=True, default=Outcome.WAITING)
    message = models.TextField(blank=True)
    role = models.ForeignKey("roles.Role", on_delete=models.SET_NULL, null=True, related_name="+")
    page = models.ForeignKey(Page, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="roles_importitem_position_once")]
        indexes = [models.Index(fields=["run", "outcome"]), models.Index(fields=["run", "group"])]

    def __str__(self) -> str:
        return self.title

    @property
    def document(self) -> Any:
        return self.role or self.page


class Origin(models.Model):
    """Where a document came from, and what it said when it came: a second import knows both again."""

    source = models.CharField(max_length=200)
    key = models.CharField(max_length=300)
    role = models.ForeignKey("roles.Role", on_delete=models.SET_NULL, null=True, related_name="+")
    page = models.ForeignKey(Page, on_delete=models.SET_NULL, null=True, related_name="+")
    fingerprint = models.CharField(max_length=64)
    imported_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="roles_origin_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"

    @property
    def document(self) -> Any:
        return self.role or self.page
