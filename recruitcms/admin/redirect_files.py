"""Old addresses out of and into the admin as a CSV file: looked at first, then carried out."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from recruitcms import redirect_files

SHOWN = 100  # errors on one page


class RedirectFiles:
    """Adds an export and an import to the admin of old addresses."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("export/", wrap(self.export_view), name="recruitcms_redirect_export"),
            path("import/", wrap(self.import_view), name="recruitcms_redirect_import"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def export_view(self: Any, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        response = HttpResponse(redirect_files.redirects_csv(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="old-addresses-{timezone.localdate()}.csv"'
        return response

    def import_view(self: Any, request: HttpRequest) -> HttpResponse:
        """Show what a file would change; carry it out when asked to, and only where nothing is wrong."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        text, plan, error = "", None, ""
        if request.method == "POST":
            try:
                text = self._text(request)
                plan = redirect_files.plan(text, request.user)
            except ValidationError as refused:
                error = " ".join(refused.messages)
        if plan and not plan.errors and "_import" in request.POST:
            redirect_files.carry_out(plan)
            said = _("Imported: %(new)d new, %(changed)d changed, %(unchanged)d as they were.")
            counts = {"new": plan.new, "changed": len(plan.rows) - plan.new, "unchanged": plan.unchanged}
            self.message_user(request, said % counts, messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:recruitcms_redirect_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Import old addresses"),
            "text": text,
            "plan": plan,
            "changed": len(plan.rows) - plan.new if plan else 0,
            "errors": plan.errors[:SHOWN] if plan else [],
            "error": error,
        }
        return TemplateResponse(request, "admin/recruitcms/redirect_import.html", context)

    def _text(self, request: HttpRequest) -> str:
        """Return what was uploaded now, or before it was looked at. Raises ValidationError."""
        upload = request.FILES.get("file")
        if upload is not None:
            text, notes = redirect_files.read(upload.read(redirect_files.MAX_BYTES + 1))
            for note in notes:
                messages.warning(request, note)
            return text
        text = request.POST.get("text", "")
        if not text.strip():
            raise ValidationError(_("Choose a file."))
        return text
