"""What a page will look like, through its own template: as it is saved, and as it stands in the form right now."""

from typing import Any

from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import ObjectDoesNotExist
from django.forms.formsets import all_valid
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from recruitcms.translated import hold

UNSAVED = 0  # the primary key of a document that has none yet, so that its rows can be asked for


class PreviewViews:
    """The part of a document's admin that shows pages before visitors see them."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        preview = never_cache(self.admin_site.admin_view(self.preview_view))
        look = never_cache(self.admin_site.admin_view(require_POST(self.look_view)))
        return [
            path("add/look/", look, {"pk": None}, name=f"{name}_look_new"),
            path("<path:pk>/look/", look, name=f"{name}_look"),
            path("<path:pk>/preview/", preview, name=f"{name}_preview"),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Show the working copy through the page's own template, to people who may change it."""
        return self.show(request, self._editable(request, pk).draft_revision())

    def look_view(self, request: HttpRequest, pk: str | None) -> HttpResponse:
        """Show the form as it stands, saved or not: {"html", "places", …}, or {"why"} where it makes no page yet.

        Nothing is written. `places`: the id on the page of what each row of the form says, by the row's prefix.
        """
        document = self.document_of(request, self._editable(request, pk))
        try:
            revision = document.draft_revision()
        except ObjectDoesNotExist:  # a link that a page cannot do without, such as a role's category
            return JsonResponse({"why": _("Choose what is missing at the top of the form, and the page appears here.")})
        html = self.show(request, revision).content.decode()
        seen = {"html": html, "places": self.places(document, revision)}
        return JsonResponse(seen | self.looked_at(request, document, _prefixes(document)))

    def show(self, request: HttpRequest, revision: Any) -> HttpResponse:
        """Return the page of a revision that is not saved, in its language."""
        request.LANGUAGE_CODE = revision.language  # type: ignore[attr-defined]
        with translation.override(revision.language):
            response = self.preview_response(request, revision)
        response["X-Robots-Tag"] = "noindex"
        return response

    def preview_response(self, request: HttpRequest, revision: Any) -> HttpResponse:
        """Return the page of an unsaved revision. Each document's admin names its template."""
        raise NotImplementedError

    def places(self, document: Any, revision: Any) -> dict[str, str]:
        """Return where on the page the rows of the form stand: {"sections-3": "duties", …}."""
        return {}

    def looked_at(self, request: HttpRequest, document: Any, prefixes: dict[str, list[str]]) -> dict[str, str]:
        """Return what else is told of a form as it stands; the panels beside it add theirs."""
        return {}

    def document_of(self, request: HttpRequest, document: Any) -> Any:
        """Return a document as a posted form describes it, with its rows, in memory alone.

        What is not valid yet stands as it was saved. Each row knows the prefix of its form (`form_prefix`).
        """
        fields = flatten_fieldsets(self.get_fieldsets(request, document))
        form = self.get_form(request, document, change=document is not None, fields=fields)(
            request.POST, request.FILES, instance=document
        )
        form.is_valid()
        shown = form.instance
        shown.pk = shown.pk or UNSAVED
        formsets, _inlines = self._create_formsets(request, shown, change=True)
        all_valid(formsets)
        for formset in formsets:
            hold(shown, formset.fk.remote_field.get_accessor_name(), _rows(formset))
        for field in self.opts.many_to_many:
            if field.name in form.cleaned_data:
                hold(shown, field.name, list(form.cleaned_data[field.name]))
        return shown


def _prefixes(document: Any) -> dict[str, list[str]]:
    """Return the prefixes of the forms of a document's rows, in the order of the rows."""
    held = document.__dict__.get("_prefetched_objects_cache", {})
    return {name: [row.form_prefix for row in held[name] if hasattr(row, "form_prefix")] for name in held}


def _rows(formset: Any) -> list[Any]:
    """Return the rows that a posted set of forms describes, in the order of the page."""
    rows = []
    for form in formset.forms:
        if form.add_prefix("DELETE") not in form.data and (form.instance.pk or form.has_changed()):
            form.instance.form_prefix = form.prefix
            rows.append(form.instance)
    return sorted(rows, key=lambda row: getattr(row, "position", 0) or 0)
