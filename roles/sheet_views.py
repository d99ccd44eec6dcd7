"""The spreadsheet in the admin: download, upload, and then the page of the change that it asks for."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recruitcms.admin import PublishableAdmin
from recruitcms.models import BulkChange
from recruitcms.sheets import MOST_BYTES, SheetError
from roles import sheets
from roles.models import Role
from roles.sheet_files import MOST_ROWS, read_table, write_csv, write_xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SEPARATORS = {"csv": ",", "csv-semicolons": ";"}  # Excel takes the latter where decimals have commas
KEPT = timedelta(days=7)  # what was uploaded and never applied


class UploadForm(forms.Form):
    sheet = forms.FileField(
        label=gettext_lazy("spreadsheet"),
        help_text=gettext_lazy("An .xlsx or .csv file that was downloaded here, up to %(rows)s rows and %(size)s MB.")
        % {"rows": MOST_ROWS, "size": MOST_BYTES // 1024 // 1024},
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
    )


class SheetMixin(PublishableAdmin):
    """Adds the spreadsheet's pages and its two actions to the list of roles."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("sheet/", view(self.sheet_view), name="roles_role_sheet"),
            path("sheet/<slug:kind>/", view(self.download_view), name="roles_role_download"),
            *super().get_urls(),
        ]

    @admin.action(description=gettext_lazy("Download as a spreadsheet (.xlsx)"), permissions=["change"])
    def sheet_xlsx(self, request: HttpRequest, queryset: QuerySet[Role]) -> HttpResponse:
        return _file(queryset, "xlsx")

    @admin.action(description=gettext_lazy("Download as a spreadsheet (.csv)"), permissions=["change"])
    def sheet_csv(self, request: HttpRequest, queryset: QuerySet[Role]) -> HttpResponse:
        return _file(queryset, "csv")

    def sheet_view(self, request: HttpRequest) -> HttpResponse:
        """Offer the list as a file, and take it back: what it asks for is shown before anything changes."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if form.is_valid():
            change = self._read(request, form)
            if change:
                return HttpResponseRedirect(self._url("change_of_many", change.pk))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Spreadsheet"),
            "form": form,
            "query": request.GET.urlencode(),
        }
        return TemplateResponse(request, "admin/roles/role/sheet.html", context)

    def _read(self, request: HttpRequest, form: UploadForm) -> BulkChange | None:
        """Return the change that the uploaded sheet asks for, or put into the form why it cannot be read."""
        upload = form.cleaned_data["sheet"]
        BulkChange.objects.filter(applied_at=None, created_at__lt=timezone.now() - KEPT).delete()
        try:
            table = read_table(upload.read(MOST_BYTES + 1), sheets.is_heading)
        except SheetError as error:
            form.add_error("sheet", str(error))
            return None
        title = _("Spreadsheet “%(name)s”") % {"name": upload.name[:100]}
        return sheets.compare(table, title, request.user)

    def download_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Send the list, as it is filtered and searched, as a file."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if kind not in {"xlsx", *SEPARATORS}:
            raise Http404
        try:
            roles = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(self._url("sheet"))
        if roles.count() > MOST_ROWS:
            words = _("At most %(count)d at once: choose fewer, or filter the list first.")
            self.message_user(request, words % {"count": MOST_ROWS}, messages.ERROR)
            return HttpResponseRedirect(self._url("changelist"))
        return _file(roles, kind)


def _file(roles: QuerySet[Role], kind: str) -> HttpResponse:
    rows = sheets.rows_of(roles)
    if kind == "xlsx":
        content = write_xlsx(rows, str(capfirst(Role._meta.verbose_name_plural)), sheets.WIDTHS)
        response = HttpResponse(content, content_type=XLSX)
    else:
        response = HttpResponse(write_csv(rows, SEPARATORS[kind]), content_type="text/csv; charset=utf-8")
    name = f"roles-{timezone.localdate():%Y-%m-%d}.{kind.partition('-')[0]}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
