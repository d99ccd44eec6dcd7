"""The library in the admin. Fieldsets follow the page from top to bottom."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from recruitcms.admin import FORM_FIELDS, PublishableAdmin, TranslatedAdmin
from roles.models import Category, Role, RoleRevision, SampleResume, Section
from roles.moving.admin import ImportsAdmin
from roles.views import render_role


class SectionInline(admin.StackedInline):
    model = Section
    extra = 0
    formfield_overrides = FORM_FIELDS
    template = "admin/section_inline.html"
    kinds_in_copy = " ".join(sorted(Section.IN_COPY))
    fieldsets = [
        (None, {"fields": ["in_copy"], "classes": ["head"]}),
        (None, {"fields": [("kind", "heading"), "body", "advice", "note", "position"]}),
    ]


class SampleResumeInline(admin.StackedInline):
    model = SampleResume
    extra = 0
    autocomplete_fields = ["picture"]
    fields = ["title", ("picture", "position")]


@admin.register(Category)
class CategoryAdmin(TranslatedAdmin):
    list_display = ["name", "language", "number_of_roles", "position"]
    list_filter = ["language"]
    list_editable = ["position"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["language", "name", "slug", "description", "position"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        return super().get_queryset(request).annotate(roles=Count("role"))

    @admin.display(description=_("roles"), ordering="roles")
    def number_of_roles(self, category: Any) -> int:
        return category.roles


@admin.register(Role)
class RoleAdmin(ImportsAdmin, PublishableAdmin):
    inlines = [SectionInline, SampleResumeInline]
    list_display = ["title_or_untitled", "state", "category", "language", "author", "changed", "updated_by"]
    list_filter = [*PublishableAdmin.list_filter, "category"]
    list_select_related = ["category", "author", "updated_by"]
    autocomplete_fields = ["related", "picture"]
    fieldsets = [
        (
            _("Top of the page"),
            {
                "fields": ["language", ("title", "title_plural"), "category", "summary", "picture", "author"],
                "description": _("A page needs a language, a category and an author from the first draft on."),
            },
        ),
        (_("End of the page"), {"fields": ["related"], "classes": ["after"]}),
        PublishableAdmin.address_fields,
        PublishableAdmin.publishing_fields,
        PublishableAdmin.history_fields,
    ]

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        """Offer the usual sections, in the usual order, on a new role."""
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, SectionInline) and request.method == "GET" and not (obj and obj.pk):
            kwargs["initial"] = [
                {"kind": kind, "in_copy": kind in Section.IN_COPY, "position": number}
                for number, kind in enumerate(Section.Kind)
                if kind != Section.Kind.OTHER
            ]
        return kwargs

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            if isinstance(inline, SectionInline) and obj is None and request.method == "GET":
                formset.extra = len(Section.Kind) - 1
            yield formset, inline

    def preview_response(self, request: HttpRequest, revision: RoleRevision) -> HttpResponse:
        return render_role(request, revision, {}, preview=True)
