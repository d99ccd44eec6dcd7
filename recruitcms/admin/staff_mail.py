"""The mails owed to staff about reviews and accounts: what waits, left or was given up, and to send that again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from recruitcms.admin.shared import ReadOnlyAdmin
from recruitcms.models import StaffMail


@admin.register(StaffMail)
class StaffMailAdmin(ReadOnlyAdmin):
    """Records that nobody writes by hand. Whether a mail still makes sense is asked anew before it leaves."""

    list_display = ["kind", "state", "to", "document", "due_at", "attempts", "last_error", "sent_at"]
    list_filter = ["state", "kind", "created_at"]
    list_select_related = ["to", "entry__review"]
    fields = ["kind", "state", "to", "document", "created_at", "due_at", "sent_at", "attempts", "last_error"]
    readonly_fields = ["document"]
    actions = ["send_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StaffMail]:
        return super().get_queryset(request).prefetch_related("entry__review__document")

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("recruitcms.change_staffmail")

    @admin.display(description=gettext_lazy("document"))
    def document(self, mail: StaffMail) -> str:
        return str((mail.entry and mail.entry.review.document) or "–")

    @admin.action(description=gettext_lazy("Send again (those given up)"), permissions=["handle"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[StaffMail]) -> None:
        """Owe given-up mails anew, with all their attempts."""
        dead = queryset.filter(state=StaffMail.State.DEAD)
        count = dead.update(state=StaffMail.State.PENDING, attempts=0, due_at=timezone.now())
        sentence = ngettext("%(count)d mail will be sent again.", "%(count)d mails will be sent again.", count)
        self.message_user(request, sentence % {"count": count}, messages.SUCCESS)
