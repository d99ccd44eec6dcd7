"""Changes of many documents: what they change, cell by cell, with the button that applies or undoes them."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from recruitcms import changes
from recruitcms.models import BulkChange

NAMED = 10  # in a message; more are counted


class ChangesMixin:
    """The list of a model's changes of many documents, each with what it changes, to be applied and undone."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("changes/", view(self.changes_view), name=f"{name}_changes"),
            path("changes/<int:pk>/", view(self.change_of_many_view), name=f"{name}_change_of_many"),
            path("changes/<int:pk>/apply/", view(require_POST(self.apply_view)), name=f"{name}_apply"),
            path("changes/<int:pk>/undo/", view(require_POST(self.undo_view)), name=f"{name}_undo"),
            *super().get_urls(),
        ]

    def changes_view(self, request: HttpRequest) -> HttpResponse:
        """List the latest changes of many documents."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        latest = BulkChange.objects.filter(model_label=self.opts.label_lower).select_related("created_by")[:50]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Changes of many pages"),
            "changes": [(change, self._url("change_of_many", change.pk)) for change in latest],
        }
        return TemplateResponse(request, "admin/bulk_changes.html", context)

    def change_of_many_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one change, cell by cell, with the button that applies or undoes it."""
        change = self._change_of_many(request, pk)
        stays = changes.what_can_go_back(change)[1] if change.can_be_undone else []
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": change.title,
            "change": change,
            "rows": self._shown_rows(change),
            "problems": [self._shown_problem(problem) for problem in change.problems],
            "stays": [self._shown_problem(problem) for problem in stays],
            "apply_url": self._url("apply", change.pk),
            "undo_url": self._url("undo", change.pk),
        }
        return TemplateResponse(request, "admin/bulk_change.html", context)

    def apply_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Apply a change that was proposed."""
        change = self._change_of_many(request, pk)
        self.apply_change(request, change)
        return HttpResponseRedirect(self._url("change_of_many", change.pk))

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put back what a change has overwritten."""
        change = self._change_of_many(request, pk)
        try:
            changes.undo(change, request.user)
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
        else:
            self.message_user(request, _("Undone."), messages.SUCCESS)
        return HttpResponseRedirect(self._url("change_of_many", change.pk))

    def _change_of_many(self, request: HttpRequest, pk: int) -> BulkChange:
        if not self.has_change_permission(request):
            raise PermissionDenied
        change = BulkChange.objects.filter(model_label=self.opts.label_lower, pk=pk).first()
        if change is None:
            raise Http404
        return change

    def apply_change(self, request: HttpRequest, change: BulkChange) -> None:
        """Apply a change and say so, with the way to its undo; or say why nothing was changed."""
        try:
            changes.apply(change, request.user)
        except ValidationError as error:
            listed = format_html_join("", "<br>{}", ((words,) for words in error.messages[:NAMED]))
            self.message_user(request, format_html("{}{}", _("Nothing was changed:"), listed), messages.ERROR)
            return
        count = len(change.rows)
        said = ngettext("%(count)d page changed: %(names)s.", "%(count)d pages changed: %(names)s.", count)
        names = names_of([row["title"] for row in change.rows])
        link = format_html('<a href="{}">{}</a>', self._url("change_of_many", change.pk), _("Look, or undo it"))
        self.message_user(
            request, format_html("{} {}", said % {"count": count, "names": names}, link), messages.SUCCESS
        )

    def _shown_rows(self, change: BulkChange) -> list[dict[str, Any]]:
        """Return the rows of a change in words: of foreign keys the names."""
        names = self._names_of_keys(change)
        return [
            {
                "title": row["title"],
                "url": self._url("change", row["pk"]),
                "live_address": row["live"] and "slug" in row["cells"],
                "cells": [
                    (self._field_label(name), *(names.get((name, value), value) for value in pair))
                    for name, pair in row["cells"].items()
                ],
            }
            for row in change.rows
        ]

    def _names_of_keys(self, change: BulkChange) -> dict[tuple[str, Any], str]:
        names: dict[tuple[str, Any], str] = {}
        for name in {name for row in change.rows for name in row["cells"]}:
            field = self.opts.get_field(name)
            if field.is_relation:
                pks = {value for row in change.rows for value in row["cells"].get(name, [])}
                rows = field.related_model._default_manager.in_bulk(pks)
                names |= {(name, pk): str(rows.get(pk, _("(deleted)"))) for pk in pks}
        return names

    def _shown_problem(self, problem: dict[str, Any]) -> dict[str, Any]:
        return problem | {"column": self._field_label(problem["column"]) if problem["column"] else ""}


def names_of(things: list[Any]) -> str:
    """Return titles in quotation marks, the first ones by name."""
    named = ", ".join(f"“{thing}”" for thing in things[:NAMED])
    more = len(things) - NAMED
    if more <= 0:
        return named
    both = ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more)
    return both % {"names": named, "count": more}
