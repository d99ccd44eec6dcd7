"""Changes of many documents at once, kept so that they can be looked at before and undone after."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class BulkChange(models.Model):
    """Cells of several documents that change together: proposed, then applied, then perhaps undone.

    `rows`: [{"pk", "title", "version", "live", "cells": {field: [old, new]}}, …]; of a foreign key its pk.
    `problems`: what stands against it, [{"line", "column", "title", "words", "conflict"}, …]. A conflict leaves its row
    out; any other problem stops the whole change. After an undo: the cells that stayed as they are.
    """

    model_label = models.CharField(max_length=60)
    title = models.CharField(_("title"), max_length=200)
    rows = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    unchanged = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("change of many pages")
        verbose_name_plural = _("changes of many pages")
        ordering = ["-pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["model_label", "-id"])]

    def __str__(self) -> str:
        return self.title

    @property
    def documents(self) -> Any:
        """The model whose rows change."""
        return apps.get_model(self.model_label)

    @property
    def number_of_cells(self) -> int:
        return sum(len(row["cells"]) for row in self.rows)

    @property
    def is_stopped(self) -> bool:
        """Whether something stands against the whole change."""
        return any(not problem["conflict"] for problem in self.problems)

    @property
    def can_be_applied(self) -> bool:
        return bool(self.rows) and not self.applied_at and not self.is_stopped

    @property
    def can_be_undone(self) -> bool:
        return bool(self.applied_at) and not self.undone_at
