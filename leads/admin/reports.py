"""The report, its page and its editions."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leads.models import (
    Edition,
    Report,
    ReportRevision,
)
from leads.views import render_report
from recruitcms.admin import PublishableAdmin
from recruitcms.admin.shared import TextWidget


class EditionForm(forms.ModelForm):
    class Meta:
        model = Edition
        fields = ["date", "is_draft", "file", "file_name", "pages"]
        # Not the admin's own widget: it prints a public address that a private file does not have.
        widgets = {"file": forms.FileInput(attrs={"accept": "application/pdf"})}

    def clean_file(self) -> Any:
        """Refuse what is no PDF, or is too large to hand out (SEC-8)."""
        file = self.cleaned_data["file"]
        if isinstance(file, UploadedFile):
            if (file.size or 0) > settings.EDITION_MAX_BYTES:
                limit = settings.EDITION_MAX_BYTES // 1024 // 1024
                raise ValidationError(_("This file is larger than %(limit)d MB. Save it smaller.") % {"limit": limit})
            if file.read(5) != b"%PDF-":
                raise ValidationError(_("This is not a PDF file. Export the report as a PDF and upload that."))
            file.seek(0)
            self.instance.size = file.size or 0
        return file


class EditionDayForm(forms.Form):
    """The day that an edition made from the salary table is of."""

    date = forms.DateField(
        label=gettext_lazy("date of the edition"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("It holds the newest figures up to this day; those older than 18 months stay out."),
    )


class EditionInline(admin.StackedInline):
    model = Edition
    form = EditionForm
    extra = 0
    fields = ["date", "is_draft", "file", "stored", "file_name", "pages", "downloads"]
    readonly_fields = ["stored", "downloads"]

    @admin.display(description=gettext_lazy("stored file"))
    def stored(self, edition: Edition) -> str:
        if not edition.pk:
            return _("None yet.")
        url = reverse("admin:leads_report_edition", args=[edition.pk])
        return format_html('<a href="{}">{}.pdf</a> ({})', url, edition.file_name, filesizeformat(edition.size))


@admin.register(Report)
class ReportAdmin(PublishableAdmin):
    inlines = [EditionInline]
    autocomplete_fields = ["cover"]
    fieldsets = [
        (gettext_lazy("Top of the page"), {"fields": ["language", "title", "summary", "points", "cover", "form_note"]}),
        (gettext_lazy("What is inside"), {"fields": ["inside"]}),
        (gettext_lazy("A page from the report"), {"fields": ["chart_title", "chart_note", "chart", "chart_source"]}),
        (gettext_lazy("How we count"), {"fields": ["method"]}),
        (gettext_lazy("The mail that brings it"), {"fields": ["sender", "mail_tip"]}),
        (gettext_lazy("The exchange"), {"fields": ["gate_mode", "without_letter"]}),
        PublishableAdmin.address_fields,  # type: ignore[list-item]
        PublishableAdmin.publishing_fields,  # type: ignore[list-item]
        PublishableAdmin.planning_fields,  # type: ignore[list-item]
        PublishableAdmin.history_fields,  # type: ignore[list-item]
    ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Give lists of lines a plain field: Markdown's buttons are for the method alone."""
        if db_field.name in {"points", "inside", "chart"}:
            kwargs["widget"] = TextWidget(attrs={"rows": 6, "class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("edition/<int:pk>/", view(self.edition_view), name="leads_report_edition"),
            path("<int:pk>/salary-edition/", view(self.salary_edition_view), name="leads_report_salary_edition"),
            *super().get_urls(),
        ]

    def salary_edition_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what the salary table gives for an edition of a day, then make it as a draft."""
        from reportlab.platypus.doctemplate import LayoutError  # what draws is loaded only here

        from recruitcms import salary_edition

        report = self.get_object(request, str(pk))
        if report is None:
            raise Http404
        if not (self.has_change_permission(request, report) and request.user.has_perm("leads.add_edition")):
            raise PermissionDenied
        form = EditionDayForm(request.POST or None, initial={"date": timezone.localdate()})
        day = form.cleaned_data["date"] if form.is_valid() else timezone.localdate()
        figures = salary_edition.read(report.language, day)
        if form.is_valid() and "_make" in request.POST:
            try:
                edition = salary_edition.add_edition(report, figures)
            except (ValueError, LayoutError, OSError) as error:
                sentence = _("No edition was made, and nothing changed: %(reason)s") % {"reason": error}
                form.add_error(None, sentence)
            else:
                self.log_change(request, report, [{"added": {"name": _("edition"), "object": str(edition)}}])
                file = reverse("admin:leads_report_edition", args=[edition.pk])
                words = _('A draft was made. <a href="{}">Open its file</a>, then take the tick “Draft” away.')
                self.message_user(request, format_html(words, file), messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:leads_report_change", args=[pk]) + "#editions-group")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "object": report,
            "title": _("Make an edition from the salary table"),
            "form": form,
            "figures": figures,
            "day": day,
        }
        return TemplateResponse(request, "admin/leads/report/salary_edition.html", context)

    def edition_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """Hand the stored PDF to staff, without counting it as a download."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        edition = get_object_or_404(Edition, pk=pk)
        name = f"{edition.file_name}.pdf"
        return FileResponse(edition.file.open("rb"), as_attachment=True, filename=name, content_type="application/pdf")

    def preview_response(self, request: HttpRequest, revision: ReportRevision) -> HttpResponse:
        with translation.override(revision.language):
            return render_report(request, revision, {}, preview=True)
