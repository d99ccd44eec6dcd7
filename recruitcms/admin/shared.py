"""The admin of what pages share, of rows that exist once for each language, and of records."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from recruitcms.admin.editing import EditingViews
from recruitcms.admin.guarding import OverwriteGuard
from recruitcms.admin.translations import BesideMixin
from recruitcms.admin.uses import UsesMixin
from recruitcms.publishing import touch_content
from recruitcms.translated import Translated


class TextWidget(forms.Textarea):
    """A text of several lines. Browsers send them with CR LF; what is kept, compared and exported has LF alone."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str | None:
        text = super().value_from_datadict(data, files, name)
        return text and text.replace("\r\n", "\n")


class OneLineTextarea(forms.Textarea):
    """Shows a long sentence whole; what is typed stays one line."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        return " ".join((super().value_from_datadict(data, files, name) or "").split())


FORM_FIELDS = {
    models.TextField: {"widget": TextWidget(attrs={"rows": 8, "class": "vLargeTextField markdown"})},
    models.URLField: {"assume_scheme": "https", "widget": forms.URLInput(attrs={"class": "vURLField"})},
}


class ReadOnlyAdmin(admin.ModelAdmin):
    """Admin of records: to be looked at. Nobody adds, changes or deletes one by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SharedContentAdmin(OverwriteGuard, EditingViews, UsesMixin, admin.ModelAdmin):
    """Admin of what pages show: saving or deleting makes every kept copy stale, and keeps who did it."""

    save_on_top = False
    formfield_overrides = FORM_FIELDS

    def opened(self, request: HttpRequest, pk: str, act: str = "change") -> Any:
        """Return a row to somebody who may "change" or "view" it. Raises Http404 and PermissionDenied."""
        row = self.get_object(request, unquote(pk))
        if row is None:
            raise Http404
        if not getattr(self, f"has_{act}_permission")(request, row):
            raise PermissionDenied
        return row

    def _url(self, act: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{act}", args=args)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if hasattr(obj, "updated_by_id"):
            obj.updated_by = request.user
            obj.created_by = obj.created_by or request.user
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        touch_content()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        touch_content()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        touch_content()


def say_language(form: forms.ModelForm, language: str) -> None:
    """Say of the texts in a form which language they are in: to screen readers and spell checkers (WCAG 3.1.2)."""
    for name in form._meta.model.translated_fields:
        if name in form.fields:
            form.fields[name].widget.attrs["lang"] = language


class RowsInLanguage(forms.BaseInlineFormSet):
    """The rows below a document or another translated row, whose texts are in its language."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if self.instance.pk:
            say_language(form, self.instance.language)


class TranslatedForm(forms.ModelForm):
    """Offers what belongs to the row's language, and keeps a row in the language it was made in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        saved = self.instance.pk is not None
        language = self.instance.language if saved else self.initial.get("language", settings.LANGUAGE_CODE)
        if saved and "language" in self.fields:
            self.fields["language"].disabled = True
        if saved:
            say_language(self, language)
        for field in self.fields.values():
            queryset = getattr(field, "queryset", None)
            if queryset is not None and issubclass(queryset.model, Translated) and not self.is_bound:
                field.queryset = queryset.filter(language=language)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        language = (data or {}).get("language") or self.instance.language
        for name, value in list((data or {}).items()):
            if isinstance(value, Translated) and value.language != language:
                self.add_error(name, _("Choose one in the same language as this page."))
        return data


class TranslatedAdmin(BesideMixin, SharedContentAdmin):
    """Admin of rows that exist once for each language, with a button for each other language."""

    form = TranslatedForm
    change_form_template = "admin/translated_change_form.html"

    def get_urls(self) -> list[Any]:
        name = self.opts.model_name
        translate = self.admin_site.admin_view(require_POST(self.translate_view))
        return [
            path("<path:pk>/translate/<str:language>/", translate, name=f"{self.opts.app_label}_{name}_translate"),
            *super().get_urls(),
        ]

    def translate_view(self, request: HttpRequest, pk: str, language: str) -> HttpResponse:
        """Copy a row into another language, as a draft to translate, and open the copy."""
        original = self.get_object(request, unquote(pk))
        if original is None or language not in dict(settings.LANGUAGES):
            raise Http404
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            copy = original.copy_into(language)
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
            return HttpResponseRedirect(self._url("change", original.pk))
        self.log_addition(request, copy, [{"added": {}}])
        touch_content()
        self.message_user(
            request, _("This is a copy of the other language’s text. Translate it here."), messages.SUCCESS
        )
        return HttpResponseRedirect(self._url("change", copy.pk))
