"""The notes on pay and the law, and the salary table, for staff."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminIntegerFieldWidget
from django.core.exceptions import PermissionDenied
from django.db.models import Case, CharField, OuterRef, PositiveIntegerField, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import date as format_date
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recruitcms.admin import FORM_FIELDS, TranslatedAdmin
from recruitcms.admin.shared import SharedContentAdmin
from recruitcms.languages import own_language
from recruitcms.publishing import touch_content
from recruitcms.sheets import MOST_BYTES, SheetError
from roles.models import Role
from roles.pay import sheet
from roles.pay.models import PayNote, SalaryBand
from roles.sheet_files import read_table, write_csv, write_xlsx
from roles.sheet_views import SEPARATORS, XLSX, UploadForm

# How the list names the kinds of contract; gross or net goes without saying in one's own table.
SHORT = {
    SalaryBand.Contract.EMPLOYMENT: gettext_lazy("employment"),
    SalaryBand.Contract.B2B: gettext_lazy("B2B"),
}


@admin.register(PayNote)
class PayNoteAdmin(TranslatedAdmin):
    formfield_overrides = FORM_FIELDS
    list_display = ["country", "law", "as_of", "language", "position"]
    list_filter = ["language", "as_of"]
    list_editable = ["position"]
    search_fields = ["country", "text", "law"]
    fields = ["language", "country", "text", "law", "url", "as_of", "position"]


def roles_by_name() -> QuerySet[Role]:
    """Return all roles, in the site's own language first, by title."""
    own_first = Case(When(language=own_language(), then=Value(0)), default=Value(1))
    return Role.objects.order_by(own_first, "title", "pk")


def titles() -> dict[str, str]:
    """Return what each group of roles is called, by the group."""
    names: dict[str, str] = {}
    for group, title in roles_by_name().values_list("translation_group", "title"):
        names.setdefault(str(group), title or _("(untitled)"))
    return names


class SalaryBandForm(forms.ModelForm):
    """Offers roles by name; what is kept is the group of their translations."""

    role_group = forms.TypedChoiceField(label=gettext_lazy("role"))

    class Meta:
        model = SalaryBand
        fields = [
            *("role_group", "level", "country", "place", "contract", "currency", "period", "low", "median", "high"),
            *("basis", "sample_size", "source", "date", "is_shown"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = titles()
        if self.instance.pk:
            names.setdefault(str(self.instance.role_group), _("(a role that was deleted)"))
        field = self.fields["role_group"]
        field.choices = [("", "---------"), *names.items()]
        field.help_text = SalaryBand._meta.get_field("role_group").help_text


@admin.register(SalaryBand)
class SalaryBandAdmin(SharedContentAdmin):
    form = SalaryBandForm
    # Django's own field says that 0 is the least, and its model that 1 is.
    formfield_overrides = {PositiveIntegerField: {"min_value": 1, "widget": AdminIntegerFieldWidget}}
    list_display = ["role", "level", "region", "kind", "pay", "sample", "day", "still_good", "shown"]
    list_filter = ["level", "country", "contract", "currency", "basis", "date", "is_shown"]
    search_fields = ["role_title", "place", "source"]
    ordering = ["role_group"]  # the model's marks four columns as sorted by; `get_ordering` has the last word
    save_as = True  # the next year's row is much like this one
    fieldsets = [
        (None, {"fields": ["role_group", "level", ("country", "place"), "contract"]}),
        (gettext_lazy("Pay"), {"fields": [("currency", "period"), ("low", "median", "high")]}),
        (gettext_lazy("Where it comes from"), {"fields": ["basis", "sample_size", "source", "date"]}),
        (gettext_lazy("On the page"), {"fields": ["is_shown"]}),
    ]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("sheet/", view(self.sheet_view), name="roles_salaryband_sheet"),
            path("sheet/<slug:kind>/", view(self.download_view), name="roles_salaryband_download"),
            *super().get_urls(),
        ]

    def sheet_view(self, request: HttpRequest) -> HttpResponse:
        """Offer the table as a file, and take it back: all of it, or nothing."""
        if not (self.has_change_permission(request) and self.has_add_permission(request)):
            raise PermissionDenied
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if form.is_valid():
            try:
                table = read_table(form.cleaned_data["sheet"].read(MOST_BYTES + 1), sheet.is_heading)
                added, changed = sheet.take(table, titles())
            except SheetError as error:
                form.add_error("sheet", str(error).splitlines())
            else:
                touch_content()
                words = _("Rows added: %(added)d. Rows changed: %(changed)d.") % {"added": added, "changed": changed}
                self.message_user(request, words, messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:roles_salaryband_changelist"))
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Spreadsheet"), "form": form}
        return TemplateResponse(request, "admin/roles/salaryband/sheet.html", context)

    def download_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Send the whole table as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if kind not in {"xlsx", *SEPARATORS}:
            raise Http404
        rows = sheet.rows_of(self.get_queryset(request), titles())
        is_book = kind == "xlsx"
        content = write_xlsx(rows, "Salary table", sheet.WIDTHS) if is_book else write_csv(rows, SEPARATORS[kind])
        response = HttpResponse(content, content_type=XLSX if is_book else "text/csv; charset=utf-8")
        name = f"salary-table-{timezone.localdate():%Y-%m-%d}.{kind.partition('-')[0]}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "private, no-store"
        return response

    def get_queryset(self, request: HttpRequest) -> QuerySet[SalaryBand]:
        named = roles_by_name().filter(translation_group=OuterRef("role_group")).values("title")[:1]
        title = Coalesce(Subquery(named), Value(""), output_field=CharField())
        rows = SalaryBand.objects.annotate(role_title=title)  # first: what comes next sorts by it
        return rows.order_by(*self.get_ordering(request))

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["role_title", "level", "country", "place", "contract", "-date"]

    @admin.display(description=gettext_lazy("role"), ordering="role_title")
    def role(self, band: Any) -> str:
        return band.role_title or _("(a role that was deleted)")

    @admin.display(description=gettext_lazy("region"), ordering="country")
    def region(self, band: SalaryBand) -> str:
        return band.region

    @admin.display(description=gettext_lazy("contract"), ordering="contract")
    def kind(self, band: SalaryBand) -> str:
        return str(SHORT[SalaryBand.Contract(band.contract)])

    @admin.display(description=gettext_lazy("pay"), ordering="low")
    def pay(self, band: SalaryBand) -> str:
        return format_html('<span class="whole">{} {}</span>', band.range, band.get_period_display())

    @admin.display(description=gettext_lazy("sample"), ordering="sample_size")
    def sample(self, band: SalaryBand) -> int:
        return band.sample_size

    @admin.display(description=gettext_lazy("date"), ordering="date")
    def day(self, band: SalaryBand) -> str:
        return format_html('<span class="whole">{}</span>', format_date(band.date, "SHORT_DATE_FORMAT"))

    @admin.display(description=gettext_lazy("still good"), boolean=True)
    def still_good(self, band: SalaryBand) -> bool:
        return not band.is_old

    @admin.display(description=gettext_lazy("on the page"), boolean=True, ordering="is_shown")
    def shown(self, band: SalaryBand) -> bool:
        return band.is_shown
