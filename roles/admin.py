"""The library in the admin. Fieldsets follow the page from top to bottom."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from recruitcms.admin import FORM_FIELDS, PublishableAdmin, TranslatedAdmin
from recruitcms.admin.shared import OneLineTextarea, RowsInLanguage
from recruitcms.languages import language_name
from recruitcms.translating import Piece, Source, kind_of, numbered
from roles.at_level import at_level, base_of, sections_at
from roles.levels import Level
from roles.models import Category, Role, RoleLevel, RoleRevision, SampleResume, Section
from roles.moving.admin import ImportsAdmin
from roles.pay import admin as _pay_admin  # noqa: F401  (registers what is its own)
from roles.search import admin as _search_admin  # noqa: F401  (registers what is its own)
from roles.sheet_views import SheetMixin
from roles.variant_views import VariantMixin
from roles.views import render_role


def usual_kinds() -> list[Section.Kind]:
    """Return the kinds of section that every new role begins with, in the usual order."""
    return [kind for kind in Section.Kind if kind not in Section.BY_CHOICE]


class BaseText(Piece):
    """A text for all levels, to stand beside the field of a level that takes its place."""

    is_base = True

    @property
    def name(self) -> str:
        return str(_("All levels"))


class SectionForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "level" in self.fields:
            self.fields["level"].choices = [("", _("All levels")), *Level.choices]  # type: ignore[attr-defined]

    def show_base(self, base: Section) -> None:
        """Put the texts for all levels beside the fields that take their place."""
        for name in Section.translated_fields:
            if name in self.fields and getattr(base, name).strip():
                self.fields[name].source = BaseText(base.role.language, escape(getattr(base, name)))  # type: ignore[attr-defined]

    def has_changed(self) -> bool:
        """Tell whether there is anything to save: a new row with a place, and no more, is no section yet."""
        return bool(set(self.changed_data) - (set() if self.instance.pk else {"position", "in_copy"}))


class SectionInline(admin.StackedInline):
    model = Section
    form = SectionForm
    formset = RowsInLanguage
    extra = 0
    formfield_overrides = FORM_FIELDS
    template = "admin/section_inline.html"
    kinds_in_copy = " ".join(sorted(Section.IN_COPY))
    fieldsets = [
        (None, {"fields": ["position", "in_copy"], "classes": ["head"]}),
        (None, {"fields": [("kind", "level"), "heading", "body", "advice", "note"]}),
    ]


class RoleLevelInline(admin.StackedInline):
    model = RoleLevel
    formset = RowsInLanguage
    extra = 0
    formfield_overrides = FORM_FIELDS
    fields = [("level", "position"), ("title", "title_plural"), "summary", "search_title", "search_description"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in {"summary", "search_description"}:
            kwargs["widget"] = OneLineTextarea(attrs={"rows": 2, "class": "vLargeTextField oneline"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class PictureSelect(AutocompleteSelect):
    """Picks a picture. Knows the one that is picked, so that not every row of a form asks for its own."""

    picked: Any = None

    def optgroups(self, name: str, value: list[str], attr: Any = None) -> Any:
        if self.picked is None or value != [str(self.picked.pk)]:
            return super().optgroups(name, value, attr)
        return [(None, [self.create_option(name, self.picked.pk, str(self.picked), True, 0)], 0)]


class SampleResumeForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "picture" in self.fields:
            self.fields["picture"].widget.widget.picked = self.instance.picture  # type: ignore[attr-defined]


class SampleResumeInline(admin.StackedInline):
    model = SampleResume
    form = SampleResumeForm
    formset = RowsInLanguage
    extra = 0
    autocomplete_fields = ["picture"]
    fields = ["title", ("picture", "position")]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SampleResume]:
        return super().get_queryset(request).select_related("picture")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "picture":
            kwargs["widget"] = PictureSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


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
    inlines = [SectionInline, RoleLevelInline, SampleResumeInline]
    list_display = ["title_or_untitled", "state", "category", "language", "author", "changed", "changed_by"]
    list_filter = [*PublishableAdmin.list_filter, ("category", ShelfFilter)]
    list_select_related = ["category", "author", "updated_by"]
    autocomplete_fields = ["related", "picture"]
    actions = [*PublishableAdmin.actions, "bulk_category", "bulk_author", "sheet_xlsx", "sheet_csv", "download_files"]
    bulk_fields = ["category", "author"]
    bulk_prefetch = ["sections", "levels"]
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
        names = numbered(kind_of("sections", vars(section)) for section in mine)
        theirs = source.rows("sections")
        earlier = theirs[: theirs.index(name)]
        before = max((place for place, own in enumerate(names) if own in earlier), default=-1)
        kind, _at, level = name.rpartition("-")[0].partition("@")
        added = Section(role=row, kind=kind, level=level, in_copy=kind in Section.IN_COPY)
        self._put_after(row, mine, before, added)

    def _put_after(self, row: Role, mine: list[Section], before: int, added: Section) -> None:
        """Save a new section of a role, after the one at a place among its sections."""
        for place, section in enumerate([*mine[: before + 1], added, *mine[before + 1 :]]):
            section.position = place
            section.save()
        row.save(update_fields=["updated_at"])

    def preview_response(self, request: HttpRequest, revision: RoleRevision) -> HttpResponse:
        return render_role(request, revision, {}, preview=True)

    def places(self, document: Role, revision: RoleRevision) -> dict[str, str]:
        pictures, sections = bool(document.resumes.all()), list(document.sections.all())
        found = {}
        for page in filter(None, [revision, *(at_level(revision, level) for level in Level.values)]):
            shown = [each for each in sections_at(sections, page.level) if each.section.says_something(pictures)]
            for standing, section in zip(shown, page.content["sections"], strict=True):
                found[standing.row.form_prefix] = section["id"]
        return found

    # --- levels ---

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        formsets = {inline.formset.prefix: inline.formset for inline in context["inline_admin_formsets"]}
        if "sections" in formsets and "levels" in formsets:
            _show_levels(formsets["sections"].forms, [form.instance for form in formsets["levels"].initial_forms])
        return super().render_change_form(request, context, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        pk, _colon, level = request.POST.get("_write_level", "").partition(":")
        if change and pk.isdecimal() and request.user.has_perm("roles.add_section"):
            self._write_for_level(request, form.instance, int(pk), level)

    def _write_for_level(self, request: HttpRequest, role: Role, pk: int, level: str) -> None:
        """Add a section of a level that says, so far, what the one for all levels says."""
        sections = list(role.sections.all())
        base = next((section for section in sections if section.pk == pk and not section.level), None)
        own = role.levels.filter(level=level).first()
        written = [each for each in sections if each.level == level and base_of(each, sections) is base]
        if not base or not own or written:
            return
        added = Section(role=role, kind=base.kind, level=level, body=base.body, in_copy=base.in_copy)
        self._put_after(role, sections, sections.index(base), added)
        request.written = added  # type: ignore[attr-defined]
        said = _("Below it stands the same text for “%(level)s”: change what differs there.") % {"level": own.name}
        self.message_user(request, said)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if "_write_level" not in request.POST:
            return super().response_change(request, obj)
        written = getattr(request, "written", None)
        place = f"?written={written.pk}#id_sections-{written.position}-body" if written else ""
        return HttpResponseRedirect(self._url("change", obj.pk) + place)


def _show_levels(forms: list[Any], levels: list[RoleLevel]) -> None:
    """Show each section of a level beside what it stands in place of; offer the others for the levels they lack."""
    sections = sorted((form.instance for form in forms), key=lambda row: row.position or 0)
    bases = {id(section): base_of(section, sections) for section in sections if section.level}
    written = {(id(bases[id(section)]), section.level) for section in sections if section.level}
    for form in forms:
        section = form.instance
        if bases.get(id(section)):
            form.show_base(bases[id(section)])
        elif section.pk and not section.level:
            form.unwritten = [level for level in levels if (id(section), level.level) not in written]
