"""Translating in the admin: a form with its source beside it, and the matrix of what is translated into what."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from recruitcms import translating
from recruitcms.translating import Source

PER_PAGE = 50


class BesideMixin(admin.ModelAdmin):
    """Shows the source of a translation: a panel of what has changed there, and `?beside=en`, its texts by each field.

    It is the same form: what is saved, published, kept or refused is so in the same way.
    """

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response = super().changeform_view(request, object_id, form_url, extra_context)
        if object_id and isinstance(response, HttpResponseRedirect):
            self._stay_beside(request, response, self._url("change", unquote(object_id)))
        return response

    def _stay_beside(self, request: HttpRequest, response: HttpResponse, form: str) -> None:
        """Let a form that was saved open again as it was: beside its source."""
        stays = "_add_section" in request.POST or urlsplit(response["Location"]).path == form
        beside = request.GET.get("beside", "")
        if stays and beside in dict(settings.LANGUAGES):
            response["Location"] = f"{form}?{urlencode({'beside': beside})}"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        if row and row.pk:
            rows = list(row.translations())
            context["languages"] = self._languages(row, rows)
            context |= self._translation(request, row, rows)
        if context.get("beside"):
            context["missing"] = _put_beside(context["beside"], context)
        return super().render_change_form(request, context, **kwargs)

    def _languages(self, row: Any, rows: list[Any]) -> list[dict[str, Any]]:
        """Return, for each language, its name and where to open or how to make the translation."""
        keys = {other.language: other.pk for other in [row, *rows]}
        return [
            {
                "name": name,
                "current": code == row.language,
                "open": self._url("change", keys[code]) if code in keys else "",
                "make": "" if code in keys else self._url("translate", row.pk, code),
            }
            for code, name in settings.LANGUAGES
        ]

    def _translation(self, request: HttpRequest, row: Any, rows: list[Any]) -> dict[str, Any]:
        """Return the source of a row, and what is to be shown beside it."""
        wanted = request.GET.get("beside", "")
        source = translating.source_of(row, [row, *rows])
        if wanted in ("", source and source.language):
            return {"source": source, "beside": source if wanted else None}
        other = translating.source_of(row, [row, *rows], wanted) if wanted in dict(settings.LANGUAGES) else None
        if other is None and request.method == "GET":
            self.message_user(
                request, _("There is no text in that language to show beside this one."), messages.WARNING
            )
        return {"source": source, "beside": other}

    # --- what the form says of its source ---

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and ("up_to_date" in request.POST or "_add_section" in request.POST):
            row = form.instance
            source = translating.source_of(row, [row, *row.translations()])
            if source and request.POST.get("up_to_date"):
                self._mark(request, row, source)
            if source and request.POST.get("_add_section") in source.rows("sections"):
                self.add_section(request, row, source, request.POST["_add_section"])

    def _mark(self, request: HttpRequest, row: Any, source: Source) -> None:
        """Keep that a translation is up to date: with the texts that the translator saw, and no later ones."""
        if request.POST["up_to_date"] != source.fingerprint:
            said = _("Not marked as up to date: the %(language)s text has changed again. See what, and tick once more.")
            self.message_user(request, said % {"language": source.name}, messages.WARNING)
            return
        translating.mark_up_to_date(row, source)
        said = _("Marked as up to date with the %(language)s text.") % {"language": source.name}
        self.log_change(request, row, said)
        self.message_user(request, said, messages.SUCCESS)

    def add_section(self, request: HttpRequest, row: Any, source: Source, name: str) -> None:
        """Add the section that a source has and its translation lacks. For documents that have sections."""


def _put_beside(source: Source, context: dict[str, Any]) -> list[dict[str, Any]]:
    """Give each field of a form the text of the source that it translates. Return the sections that have no field."""
    for name, field in context["adminform"].form.fields.items():
        field.source = source.pieces.get(name)
    missing: list[dict[str, Any]] = []
    for inline in context["inline_admin_formsets"]:
        missing += _put_beside_rows(source, inline.formset)
    return missing


def _put_beside_rows(source: Source, formset: Any) -> list[dict[str, Any]]:
    relation = formset.prefix
    theirs = source.rows(relation)
    kinds = [{name: form[name].value() for name in ("kind", "level") if name in form.fields} for form in formset.forms]
    names = translating.numbered(translating.kind_of(relation, values) for values in kinds)
    found = translating.matched(names, theirs)
    for form, name in zip(formset.forms, found, strict=True):
        for field_name, field in form.fields.items():
            field.source = source.pieces.get(f"{relation}:{name}:{field_name}")
        form.has_news = any(field.source and field.source.is_changed for field in form.fields.values())
    alone = [name for name in theirs if name not in found] if relation == "sections" else []
    return [
        {"name": name, "pieces": [piece for key, piece in source.pieces.items() if key.startswith(f"sections:{name}:")]}
        for name in alone
    ]


def matrix_view(request: HttpRequest, site: Any) -> HttpResponse:
    """Show which rows of a kind exist in which language, and in what state."""
    from recruitcms import matrix

    kinds = matrix.kinds_for(request.user)
    if not kinds:
        raise PermissionDenied
    kind = kinds.get(request.GET.get("kind", next(iter(kinds))))
    if kind is None:
        raise Http404
    wanted = matrix.Wanted.read(request.GET)
    rows = kind.rows()
    page = Paginator([row for row in rows if wanted.keeps(row)], PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **site.each_context(request),
        "title": _("Translations"),
        "kinds": kinds.values(),
        "kind": kind,
        "wanted": wanted,
        "languages": settings.LANGUAGES,
        "counts": matrix.counts(rows),
        "states": matrix.STATES.items(),
        "page": page,
        "pages": page.paginator.get_elided_page_range(page.number),
        "may_add": kind.may_add(request.user),
    }
    return TemplateResponse(request, "admin/translations.html", context)
