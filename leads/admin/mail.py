"""The outbox, mails kept as files, what Meta is owed, and counts of pages."""

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin

from leads import mail_files, pauses, suppression
from leads.admin.records import log_change, moment
from leads.models import (
    OutgoingMail,
    OwedEvent,
    PageCount,
)
from recruitcms.admin.shared import ReadOnlyAdmin

# For a mail's HTML in its frame: its own styles, and nothing else.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    f"sandbox allow-popups allow-popups-to-escape-sandbox; report-uri {settings.CSP_REPORTS}"
)


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """The outbox: what is owed, what left, what was given up."""

    list_display = ["kind", "state", "submission", "due", "attempts", "uncertain", "last_error", "sent"]
    list_filter = ["state", "kind", "created_at"]
    list_select_related = ["submission"]
    fieldsets = [
        (None, {"fields": ["kind", "state", "submission", "purpose", "created_at", "due_at", "sent_at"]}),
        (
            gettext_lazy("The mail server"),
            {"fields": ["attempts", "uncertain", "last_error", "smtp_reply", "message_id"]},
        ),
    ]
    actions = ["send_again", "lift_and_send_again", "cancel"]

    @admin.display(description=gettext_lazy("due"), ordering="due_at")
    def due(self, mail: OutgoingMail) -> str:
        return moment(mail.due_at, "SHORT_DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("sent"), ordering="sent_at")
    def sent(self, mail: OutgoingMail) -> str:
        return moment(mail.sent_at, "SHORT_DATETIME_FORMAT") if mail.sent_at else "-"

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("leads.change_outgoingmail")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Say above the list that all mail is paused, and what the mail server said (EML-14)."""
        refusal = pauses.refusal() if self.has_view_permission(request) else None
        if refusal and refusal.paused_until:
            said = _(
                "All mail waits, since the mail server refuses us. It is tried again after %(time)s. It said: %(words)s"
            )
            words = {"time": moment(refusal.paused_until, "SHORT_DATETIME_FORMAT"), "words": refusal.paused_for}
            self.message_user(request, said % words, messages.WARNING)
        return super().changelist_view(request, extra_context)

    @admin.action(description=gettext_lazy("Send again (those given up)"), permissions=["handle"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        """Owe given-up mails anew, but for addresses that bounced. Consent is asked again before each leaves."""
        dead = list(queryset.filter(state=OutgoingMail.State.DEAD).select_related("submission__lead"))
        blocked = [mail for mail in dead if self._has_bounced(mail)]
        self._owe_again(request, [mail for mail in dead if mail not in blocked])
        if blocked:
            sentence = ngettext(
                "%(count)d mail was not sent again: its mail server says that there is no such address. To try all the "
                "same, choose “Lift the block of addresses that bounced, and send again”.",
                "%(count)d mails were not sent again: their mail servers say that there are no such addresses. To try "
                "all the same, choose “Lift the block of addresses that bounced, and send again”.",
                len(blocked),
            )
            self.message_user(request, sentence % {"count": len(blocked)}, messages.WARNING)

    @admin.action(
        description=gettext_lazy("Lift the block of addresses that bounced, and send again"), permissions=["handle"]
    )
    def lift_and_send_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        """Try addresses again that bounced, by a decision of staff, which the log keeps. A complaint's block stays."""
        dead = list(queryset.filter(state=OutgoingMail.State.DEAD).select_related("submission__lead"))
        lifted = [mail for mail in dead if self._has_bounced(mail)]
        for mail in lifted:
            suppression.lift_bounce(mail.submission.lead.email_normal)
        log_change(request, lifted, _("The block after a bounce was lifted."))
        self._owe_again(request, dead)

    def _has_bounced(self, mail: OutgoingMail) -> bool:
        to_visitor = mail.kind not in OutgoingMail.TO_TEAM
        return to_visitor and suppression.bounced_at(mail.submission.lead.email_normal) is not None

    def _owe_again(self, request: HttpRequest, mails: list[OutgoingMail]) -> None:
        again = {"state": OutgoingMail.State.PENDING, "attempts": 0, "due_at": timezone.now()}
        dead = OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails], state=OutgoingMail.State.DEAD)
        count = dead.update(**again)
        sentence = ngettext("%(count)d mail will be sent again.", "%(count)d mails will be sent again.", count)
        self.message_user(request, sentence % {"count": count}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Cancel (those waiting)"), permissions=["handle"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        waiting = queryset.filter(state=OutgoingMail.State.PENDING)
        count = waiting.update(state=OutgoingMail.State.CANCELLED)
        sentence = ngettext("%(count)d mail is cancelled.", "%(count)d mails are cancelled.", count)
        self.message_user(request, sentence % {"count": count}, messages.SUCCESS)

    # --- mails kept as files ---

    def get_urls(self) -> list[Any]:
        def view(act: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return self.admin_site.admin_view(never_cache(act))

        return [
            path("files/", view(self.files_view), name="leads_outgoingmail_files"),
            path("files/<str:name>/", view(self.file_view), name="leads_outgoingmail_file"),
            path("files/<str:name>/html/", view(self.file_html_view), name="leads_outgoingmail_file_html"),
            *super().get_urls(),
        ]

    def files_view(self, request: HttpRequest) -> HttpResponse:
        """List the mails that were written to files instead of being sent: the default without a mail server."""
        self._check_may_look(request)
        page = Paginator(mail_files.names(), 50).get_page(request.GET.get("page"))
        read = [(name, mail) for name in page if (mail := mail_files.read(name)) and self._may_read(request, mail)]
        mails = [(name, mail, mail_files.sent_at(mail)) for name, mail in read]
        context = {"title": _("Mails"), "mails": mails, "page": page, "folder": settings.MAIL_DIR}
        return self._page(request, "admin/leads/outgoingmail/files.html", context)

    def file_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show one mail: what programs without HTML show, beside the HTML."""
        message = self._mail(request, name)
        text = message.get_body(("plain",))
        headers = {header: message[header] for header in ("From", "To", "Reply-To", "Date", "Message-ID")}
        sent = mail_files.sent_at(message)
        headers["Date"] = moment(sent, "SHORT_DATETIME_FORMAT") if sent else message["Date"]
        context = {
            "title": message["Subject"],
            "headers": [(header, value) for header, value in headers.items() if value],
            "text": text.get_content() if text else "",
            "html": bool(message.get_body(("html",))),
            "name": name,
        }
        response = self._page(request, "admin/leads/outgoingmail/file.html", context)
        response._csp_update = {"frame-src": ["'self'"]}  # type: ignore[attr-defined]
        return response

    @method_decorator(xframe_options_sameorigin)
    def file_html_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Serve a mail's HTML for the sandboxed frame beside its text: inline styles, no scripts, nothing foreign."""
        body = self._mail(request, name).get_body(("html",))
        if body is None:
            raise Http404
        html = body.get_content().replace("<head>", '<head><base target="_blank">', 1)
        response = HttpResponse(html)
        response["Content-Security-Policy"] = MAIL_POLICY
        return response

    def _check_may_look(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _mail(self, request: HttpRequest, name: str) -> EmailMessage:
        self._check_may_look(request)
        message = mail_files.read(name)
        if message is None or not self._may_read(request, message):
            raise Http404
        return message

    def _may_read(self, request: HttpRequest, message: EmailMessage) -> bool:
        """Keep links that open an account to those who may give accounts themselves (SEC-9, SEC-12)."""
        return request.user.is_superuser or not mail_files.opens_an_account(message)

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = self.admin_site.each_context(request) | {"opts": self.opts}
        return render(request, template, shared | context)


@admin.register(OwedEvent)
class OwedEventAdmin(ReadOnlyAdmin):
    """What the worker owes Meta of, sent, or dropped since consent was gone (COO-13)."""

    list_display = ["event_id", "state", "submission", "due_at", "attempts", "last_error", "sent_at"]
    list_filter = ["state", "created_at"]
    list_select_related = ["submission"]
    fields = [
        "event_id",
        "state",
        "submission",
        "choice_id",
        "created_at",
        "due_at",
        "attempts",
        "last_error",
        "sent_at",
    ]


@admin.register(PageCount)
class PageCountAdmin(ReadOnlyAdmin):
    """What happened on which page, by day (COO-14)."""

    list_display = ["day", "page", "cta", "views", "copies", "downloads", "forms_shown", "submitted", "confirmed"]
    list_display_links = None
    list_filter = ["cta"]
    search_fields = ["page"]
    search_help_text = gettext_lazy("Part of a page’s address: /roles/data-engineer/")
    date_hierarchy = "day"
