"""The admin in the project's own dress: one menu in the order of the work, not of the code."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

MENU = [
    (_("Leads"), "inbox", ["Submission", "OutgoingMail", "Mails"]),
    (
        _("Library"),
        "file",
        [
            "Role",
            "Category",
            "FillInWord",
            "Translations",
            "Calendar",
            "PageCount",
            "Synonyms",
            "MissedSearch",
            "PayNote",
        ],
    ),
    (_("Salary report"), "chart", ["Report", "SalaryBand"]),
    (
        _("Site content"),
        "grid",
        ["Page", "CallToAction", "Person", "Testimonial", "ClientLogo", "Picture", "Redirect", "MissingAddress"],
    ),
    (_("Privacy"), "lock", ["ConsentText", "Purpose", "ConsentEvent", "Suppression", "CookieChoice", "OwedEvent"]),
    (_("Settings"), "gear", ["SiteSettings", "WordingException", "StaffMail", "User", "Group"]),
]
# Who may see one of these may see how it is translated.
TRANSLATED = {
    "Role",
    "Category",
    "Report",
    "Page",
    "CallToAction",
    "Person",
    "Testimonial",
    "SiteSettings",
    "Purpose",
} | {
    *("FillInWord", "PayNote"),
}


class Desk(AdminSite):
    site_header = _("Northbeam")
    site_title = _("Editor’s desk")
    index_title = _("Today")
    enable_nav_sidebar = False  # Django's own; ours stands in templates/admin/base_site.html

    def get_urls(self) -> list[Any]:
        from recruitcms.admin import calendar

        return [
            path("translations/", self.admin_view(self.translations), name="translations"),
            path("calendar/", self.admin_view(calendar.calendar_view), name="calendar"),
            path("calendar/feed/renew/", self.admin_view(calendar.renew_feed), name="calendar_feed_renew"),
            path("calendar/feed/revoke/", self.admin_view(calendar.revoke_feed), name="calendar_feed_revoke"),
            path("r/<int:content_type_id>/<path:object_id>/", self.admin_view(self.view_on_site), name="view_on_site"),
            *(pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != "view_on_site"),
        ]

    def view_on_site(self, request: HttpRequest, content_type_id: int, object_id: str) -> HttpResponse:
        """Lead to an object's page whoever may see it at the desk: nobody else is told the address of a draft."""
        from django.contrib.contenttypes.models import ContentType
        from django.contrib.contenttypes.views import shortcut

        kind = get_object_or_404(ContentType, pk=content_type_id).model_class()
        model_admin = self._registry.get(kind) if kind else None
        if model_admin is None or not model_admin.has_view_or_change_permission(request):
            raise PermissionDenied
        return shortcut(request, content_type_id, object_id)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from recruitcms.dashboard import dashboard
        from roles.models import Role

        return super().index(request, dashboard(request, self._registry.get(Role)) | (extra_context or {}))

    def translations(self, request: HttpRequest) -> HttpResponse:
        from recruitcms.admin.translations import matrix_view

        return matrix_view(request, self)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from recruitcms.signin import views

        return views.sign_in(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from recruitcms.signin import views

        page = super().password_change
        return views.change_password(request, lambda request: page(request, extra_context))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """End the session, and let the browser forget the pages that it kept (SEC-11).

        Not its storage: texts that were not saved are dropped by static/js/editor.js, which warns before; what else is
        there is a visitor's. Not its cookies: that would be those of every site below the same domain.
        """
        response = super().logout(request, {"title": _("Signed out")} | (extra_context or {}))
        response["Clear-Site-Data"] = '"cache"'
        return response

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """Let the admin's pages load the words of Django's scripts: the one script that is a view, no static file."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if "%00" in request.META.get("QUERY_STRING", ""):  # a filter would ask PostgreSQL, which has no such text
                raise BadRequest("There is a NUL in the question.")
            response = inner(request, *args, **kwargs)
            words = request.build_absolute_uri(reverse("admin:jsi18n"))
            response.__dict__.setdefault("_csp_update", {"script-src": [words]})
            return response

        return wrapped

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Return the menu: the models that this person may see, in the groups and the order of MENU."""
        apps = super().get_app_list(request, app_label)
        if app_label:
            return apps
        from recruitcms.editorial_calendar import visible_to
        from recruitcms.templatetags.northbeam import list_name

        models = {model["object_name"]: model for app in apps for model in app["models"]}
        for model in models.values():
            model["name"] = list_name(model["model"]._meta)
        if "OutgoingMail" in models and settings.EMAIL_BACKEND == "leads.mail_files.MailFilesBackend":
            models["Mails"] = {"name": _("Mails"), "admin_url": reverse("admin:leads_outgoingmail_files")}
        if visible_to(request.user):
            models["Calendar"] = {"name": _("Calendar"), "admin_url": reverse("admin:calendar")}
        if TRANSLATED & models.keys():
            models["Translations"] = {"name": _("Translations"), "admin_url": reverse("admin:translations")}
        addresses = [model["admin_url"] or "" for model in models.values()]
        here = max((url for url in addresses if url and request.path.startswith(url)), key=len, default="")
        for model in models.values():
            if here and model["admin_url"] == here:
                model["current"] = "page" if request.path == here else "true"
        groups = []
        for name, icon, wanted in MENU:
            members = [models[model] for model in wanted if model in models]
            if members:
                groups.append(
                    {
                        "name": capfirst(name),
                        "app_label": icon,
                        "app_url": members[0]["admin_url"],
                        "icon": icon,
                        "has_module_perms": True,
                        "models": members,
                    }
                )
        return groups
