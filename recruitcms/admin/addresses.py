"""The admin of old addresses, and of those that visitors ask for in vain."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recruitcms import address_counts, addresses
from recruitcms.addresses import AddressBook, Destination
from recruitcms.admin.redirect_files import RedirectFiles
from recruitcms.models import MissingAddress, Redirect


class DestinationField(forms.CharField):
    """Reads a typed address as where it leads to in the end: a `Destination`."""

    def clean(self, value: Any) -> Destination:
        text = super().clean(value)
        return AddressBook().destination(text) if text else Destination()


class RedirectForm(forms.ModelForm):
    to = DestinationField(
        label=gettext_lazy("leads to"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy(
            "An address of this site, like /roles/data-engineer/: it follows the page when that moves. "
            "Or another site’s, from “https://” on."
        ),
    )

    class Meta:
        model = Redirect
        fields = ["old_path", "status"]
        help_texts = {"old_path": gettext_lazy("From its first “/” on. What follows “?” does not matter.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "to" in self.fields:
            document = self.instance.document
            start = document.get_absolute_url() if document else ""
            self.fields["to"].initial = f"{start}{self.instance.target}"

    def clean_old_path(self) -> str:
        return addresses.read_old(self.cleaned_data["old_path"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("status") == Redirect.Status.GONE:
            data["to"] = Destination()
        elif "to" in data and not data["to"]:
            self.add_error("to", _("Say where it leads, or choose “Gone”."))
        if not self.errors:
            try:
                AddressBook().check(data["old_path"], data["to"])
            except ValidationError as error:
                self.add_error(None, error)
        return data


@admin.register(Redirect)
class RedirectAdmin(RedirectFiles, admin.ModelAdmin):
    form = RedirectForm
    fields = ["old_path", "to", "status"]
    list_display = ["old_path", "leads_to", "made_by", "created_at", "hits", "last_hit"]
    list_filter = ["is_automatic", "status"]
    list_select_related = ["created_by"]
    search_fields = ["old_path", "target"]
    save_on_top = False
    change_list_template = "admin/recruitcms/redirect_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Redirect]:
        return super().get_queryset(request).leading()  # type: ignore[attr-defined]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Tell of each row what is live at the old address itself: such a row rests."""
        address_counts.flush()
        changelist = super().get_changelist_instance(request)
        book = AddressBook()
        for row in changelist.result_list:
            row.resident = book.live.get(row.old_path)
        return changelist

    @admin.display(description=gettext_lazy("leads to"))
    def leads_to(self, row: Any) -> str:
        if row.resident:
            return _("“%(title)s” is live at this address: it does not forward now.") % {"title": row.resident.title}
        if row.status == Redirect.Status.GONE:
            return row.get_status_display()
        if not row.location:
            return _("A page that is not live: “page not found”")
        return format_html('<a href="{0}">{0}</a>', row.location)

    @admin.display(description=gettext_lazy("made by"), ordering="is_automatic")
    def made_by(self, row: Redirect) -> str:
        name = row.created_by.get_username() if row.created_by else ""
        return " ".join(filter(None, [_("Publishing,") if row.is_automatic and name else "", name])) or _("Publishing")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        destination = form.cleaned_data["to"]
        obj.document, obj.target = destination.document, destination.target
        obj.is_automatic, obj.created_by = False, request.user
        super().save_model(request, obj, form, change)
        addresses.look_through([obj])
        MissingAddress.objects.filter(path=obj.old_path).delete()


class IgnoredFilter(admin.SimpleListFilter):
    """Leaves out what is ignored, unless that is asked for."""

    title = gettext_lazy("ignored")
    parameter_name = "ignored"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("Ignored"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(is_ignored=self.value() == "1")

    def choices(self, changelist: Any) -> Any:
        everything, *others = super().choices(changelist)
        return [everything | {"display": _("Not ignored")}, *others]


@admin.register(MissingAddress)
class MissingAddressAdmin(admin.ModelAdmin):
    list_display = ["path", "visits", "robots", "linked_here", "last_seen", "language"]
    list_filter = [IgnoredFilter, "is_linked_here", "language"]
    search_fields = ["path"]
    actions = ["ignore"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        address_counts.flush()
        return super().get_changelist_instance(request)

    @admin.display(description=gettext_lazy("linked on this site"), ordering="is_linked_here")
    def linked_here(self, row: MissingAddress) -> str:
        return _("Yes: mend the link") if row.is_linked_here else ""

    @admin.action(description=gettext_lazy("Ignore the selected addresses"), permissions=["change"])
    def ignore(self, request: HttpRequest, queryset: QuerySet[MissingAddress]) -> None:
        number = queryset.update(is_ignored=True)
        said = ngettext("%(count)d address is ignored.", "%(count)d addresses are ignored.", number)
        self.message_user(request, said % {"count": number}, messages.SUCCESS)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Offer to forward from an address, with what is live at addresses like it; or to ignore it."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        book, error, typed = AddressBook(), "", request.POST.get("typed", "")
        if request.method == "POST":
            try:
                return self._act(request, row, book)
            except ValidationError as refused:
                error = " ".join(refused.messages)
        words = request.GET.get("q", "")[:100]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "title": row.path,
            "words": words,
            "found": book.search(words) if words else book.near(row.path),
            "error": error,
            "typed": typed,
            "may_forward": request.user.has_perm("recruitcms.add_redirect"),
            "has_change_permission": self.has_change_permission(request, row),
        }
        return TemplateResponse(request, "admin/recruitcms/missing_address.html", context)

    def _act(self, request: HttpRequest, row: MissingAddress, book: AddressBook) -> HttpResponse:
        """Ignore or forward, as the button says. Raises ValidationError."""
        if "_ignore" in request.POST or "_heed" in request.POST:
            if not self.has_change_permission(request, row):
                raise PermissionDenied
            row.is_ignored = "_ignore" in request.POST
            row.save(update_fields=["is_ignored"])
            said = _("This address is ignored from now on.") if row.is_ignored else _("This address is listed again.")
            self.message_user(request, said, messages.SUCCESS)
        else:
            self._forward(request, row, book)
        return HttpResponseRedirect(reverse("admin:recruitcms_missingaddress_changelist"))

    def _forward(self, request: HttpRequest, row: MissingAddress, book: AddressBook) -> None:
        if not request.user.has_perm("recruitcms.add_redirect"):
            raise PermissionDenied
        destination = book.destination(request.POST.get("typed", "").strip() or request.POST.get("chosen", ""))
        book.check(row.path, destination)
        redirect = addresses.lead(row.path, destination, request.user, automatic=False)
        row.delete()
        self.log_addition(request, redirect, [{"added": {}}])
        self.message_user(request, _("%(path)s forwards from now on.") % {"path": redirect.old_path}, messages.SUCCESS)
