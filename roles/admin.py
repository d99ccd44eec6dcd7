"""The library in the admin. Fieldsets follow the page from top to bottom."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from recruitcms.admin import FORM_FIELDS, PublishableAdmin, TranslatedAdmin
from recruitcms.languages import language_name
from recruitcms.translating import Source, numbered
from roles.models import Category, Role, RoleRevision, SampleResume, Section
from roles.moving.admin import ImportsAdmin
from roles.pay import admin as _pay_admin  # noqa: F401  (registers what is its own)
from roles.search import admin as _search_admin  # noqa: F401  (registers what is its own)
from roles.sheet_views import SheetMixin
from roles.variant_views import VariantMixin
from roles.views import render_role


def usual_kinds() -> list[Section.Kind]:
    """Return the kinds of section that every new role begins with, in the usual order."""
    return [kind for kind in Section.Kind if kind not in Section.BY_CHOICE]


class SectionForm(forms.ModelForm):
    def has_changed(self) -> bool:
        """Tell whether there is anything to save: a new row with a place, and no more, is no section yet."""
        return bool(set(self.changed_data) - (set() if self.instance.pk else {"position", "in_copy"}))


class SectionInline(admin.StackedInline):
    model = Section
    form = SectionForm
    extra = 0
    formfield_overrides = FORM_FIELDS
    template = "admin/section_inline.html"
    kinds_in_copy = " ".join(sorted(Section.IN_COPY))
    fieldsets = [
        (None, {"fields": ["position", "in_copy"], "classes": ["head"]}),
        (None, {"fields": [("kind", "heading"), "body", "advice", "note"]}),
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


class ShelfFilter(admin.RelatedFieldListFilter):
    """Categories by language, each with its language's name; of one language alone where the list is of one."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        wanted = request.GET.get("language__exact", "")
        chosen = request.GET.get(self.lookup_kwarg, "")
        order = {code: number for number, (code, _name) in enumerate(settings.LANGUAGES)}
        shelves = sorted(Category.objects.all(), key=lambda shelf: order.get(shelf.language, len(order)))
        return [
            (shelf.pk, shelf.name if shelf.language == wanted else f"{shelf.name} ({language_name(shelf.language)})")
            for shelf in shelves
            if wanted in ("", shelf.language) or str(shelf.pk) == chosen
        ]


@admin.register(Role)
class RoleAdmin(SheetMixin, VariantMixin, ImportsAdmin, PublishableAdmin):
    inlines = [SectionInline, SampleResumeInline]
    list_display = ["title_or_untitled", "state", "category", "language", "author", "changed", "changed_by"]
    list_filter = [*PublishableAdmin.list_filter, ("category", ShelfFilter)]
    list_select_related = ["category", "author", "updated_by"]
    autocomplete_fields = ["related", "picture"]
    actions = [*PublishableAdmin.actions, "bulk_category", "bulk_author", "sheet_xlsx", "sheet_csv", "download_files"]
    bulk_fields = ["category", "author"]
    bulk_prefetch = ["sections"]
    fieldsets = [
        (
            _("Top of the page"),
            {
                "fields": ["language", ("title", "title_plural"), "category", "summary", "picture", "author"],
                "description": _("A page needs a language, a category and an author from the first save on."),
            },
        ),
        (_("End of the page"), {"fields": ["related"], "classes": ["after"]}),
        PublishableAdmin.address_fields,
        PublishableAdmin.publishing_fields,
        PublishableAdmin.planning_fields,
        PublishableAdmin.history_fields,
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        """Read the picture along, for the checklist. Django then leaves `list_select_related` to us."""
        return super().get_queryset(request).select_related(*self.list_select_related, "picture")

    @admin.action(description=_("Move to a category…"), permissions=["change"])
    def bulk_category(self, request: HttpRequest, queryset: QuerySet[Role]) -> HttpResponse | None:
        return self.ask_before(request, queryset, "category")

    @admin.action(description=_("Set the author…"), permissions=["change"])
    def bulk_author(self, request: HttpRequest, queryset: QuerySet[Role]) -> HttpResponse | None:
        return self.ask_before(request, queryset, "author")

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        """Offer the usual sections, in the usual order, on a new role; a further one comes after all others."""
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, SectionInline) and request.method == "GET" and not (obj and obj.pk):
            kwargs["initial"] = [
                {"kind": kind, "in_copy": kind in Section.IN_COPY, "position": number}
                for number, kind in enumerate(usual_kinds())
            ]
        elif isinstance(inline, SectionInline) and request.method == "GET" and "more" in request.GET:
            kwargs["initial"] = [{"position": obj.sections.count()}]
        return kwargs

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            if isinstance(inline, SectionInline) and obj is None and request.method == "GET":
                formset.extra = len(usual_kinds())
            yield formset, inline

    def add_section(self, request: HttpRequest, row: Role, source: Source, name: str) -> None:
        """Add an empty section of the source's kind, after the one that goes before it there."""
        if not request.user.has_perm("roles.add_section"):
            return
        mine = list(row.sections.all())
        names = numbered(section.kind for section in mine)
        theirs = source.rows("sections")
        earlier = theirs[: theirs.index(name)]
        before = max((place for place, own in enumerate(names) if own in earlier), default=-1)
        kind = name.rpartition("-")[0]
        added = Section(role=row, kind=kind, in_copy=kind in Section.IN_COPY)
        for place, section in enumerate([*mine[: before + 1], added, *mine[before + 1 :]]):
            section.position = place
            section.save()
        row.save(update_fields=["updated_at"])

    def preview_response(self, request: HttpRequest, revision: RoleRevision) -> HttpResponse:
        return render_role(request, revision, {}, preview=True)

    def places(self, document: Role, revision: RoleRevision) -> dict[str, str]:
        pictures = bool(document.resumes.all())
        shown = [section for section in document.sections.all() if section.says_something(pictures)]
        ids = [section["id"] for section in revision.content["sections"]]
        return {section.form_prefix: place for section, place in zip(shown, ids, strict=True)}  # type: ignore[attr-defined]
