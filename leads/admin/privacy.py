"""The register of purposes, the wordings, the ledger, what is blocked, and cookie choices."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leads import retention, suppression, tokens
from leads.addresses import normalise
from leads.admin.records import log_change, moment, tag
from leads.models import (
    ConsentEvent,
    ConsentText,
    CookieChoice,
    Purpose,
    PurposeText,
    Suppression,
)
from recruitcms.admin import SharedContentAdmin
from recruitcms.admin.shared import ReadOnlyAdmin
from recruitcms.publishing import touch_content


class PurposeTextInline(admin.StackedInline):
    """The words of a purpose in the site's other languages."""

    model = PurposeText
    extra = 0

    def get_max_num(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return len(settings.LANGUAGES) - 1

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the other languages: the site's own words are the purpose's own."""
        if db_field.name == "language":
            kwargs["choices"] = [one for one in settings.LANGUAGES if one[0] != settings.LANGUAGE_CODE]
        return super().formfield_for_choice_field(db_field, request, **kwargs)


@admin.register(Purpose)
class PurposeAdmin(SharedContentAdmin):
    """The register of what data is held for (CON-18)."""

    inlines = [PurposeTextInline]
    list_display = ["title", "key", "legal_basis", "kept", "erased_on_withdrawal", "position"]
    fieldsets = [
        (None, {"fields": ["key", "title", "legal_basis", "channel", "double_opt_in"]}),
        (gettext_lazy("What is held"), {"fields": ["data_types", "recipients", "storage_location", "jurisdiction"]}),
        (
            gettext_lazy("How it ends"),
            {
                "fields": [
                    "kept",
                    ("unconfirmed_days", "keep_months", "proof_years"),
                    "withdrawal_method",
                    "erased_on_withdrawal",
                    "position",
                ]
            },
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Purpose | None = None) -> list[str]:
        return ["kept", "key"] if obj else ["kept"]  # the forms and the links in mails know it by its key

    @admin.display(description=gettext_lazy("how long it is kept"))
    def kept(self, purpose: Purpose) -> str:
        """Say in words what the numbers below mean: what visitors read in the privacy policy."""
        return retention.in_words(purpose)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ConsentText)
class ConsentTextAdmin(SharedContentAdmin):
    """The wordings beside the tick boxes. A published one is history: a change is a new version (CON-3)."""

    formfield_overrides = {TextField: {"widget": forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"})}}
    change_form_template = "admin/leads/consenttext/change_form.html"
    list_display = ["purpose", "language", "version", "state", "words", "published", "published_by"]
    list_filter = ["purpose", "language"]
    list_select_related = ["purpose", "published_by"]
    fields = ["purpose", "language", "body", "version", "fingerprint", "policy_version", "published_at", "published_by"]
    readonly_fields = ["version", "fingerprint", "policy_version", "published_at", "published_by"]
    actions = ["publish"]

    def has_change_permission(self, request: HttpRequest, obj: ConsentText | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.published_at)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConsentText]:
        same = ConsentText.objects.filter(purpose=OuterRef("purpose"), language=OuterRef("language"))
        newest = same.exclude(published_at=None).order_by("-published_at").values("pk")[:1]
        return super().get_queryset(request).annotate(in_use=Subquery(newest))

    @admin.display(description=gettext_lazy("state"))
    def state(self, text: Any) -> str:
        """Say whether forms show these words. Needs the annotation of `get_queryset`."""
        if not text.published_at:
            return tag("hot", _("Draft"))
        return tag("ok", _("In use")) if text.in_use == text.pk else tag("", _("Replaced"))

    @admin.display(description=gettext_lazy("published"), ordering="published_at")
    def published(self, text: ConsentText) -> str:
        return moment(text.published_at, "SHORT_DATETIME_FORMAT") if text.published_at else "-"

    @admin.display(description=gettext_lazy("fingerprint"))
    def fingerprint(self, text: ConsentText) -> str:
        return text.sha256

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        text = kwargs.get("obj")
        context["state"] = self.state(text) if text else ""
        return super().render_change_form(request, context, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: ConsentText, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._saved(request, obj)

    def response_change(self, request: HttpRequest, obj: ConsentText) -> HttpResponse:
        return self._saved(request, obj)

    def _saved(self, request: HttpRequest, text: ConsentText) -> HttpResponse:
        """Publish where that was pressed, say what forms show now, and stay with the wording."""
        if "_publish" in request.POST:
            self._publish(request, [text])
            said = _("Published. Forms show these words from this moment.")
        else:
            said = _("Saved. Forms do not show these words until you publish them.")
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:leads_consenttext_change", args=[text.pk]))

    def _publish(self, request: HttpRequest, drafts: list[ConsentText]) -> None:
        for text in drafts:
            text.publish(by=request.user)
        touch_content()
        log_change(request, drafts, _("Published."))

    @admin.display(description=gettext_lazy("wording"))
    def words(self, text: ConsentText) -> str:
        return Truncator(text.body).words(14)

    @admin.action(description=gettext_lazy("Publish: forms show these words from now on"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[ConsentText]) -> None:
        drafts = list(queryset.filter(published_at=None).order_by("version"))
        self._publish(request, drafts)
        count = len(drafts)
        sentence = ngettext("%(count)d wording is published.", "%(count)d wordings are published.", count)
        self.message_user(request, sentence % {"count": count}, messages.SUCCESS)


@admin.register(ConsentEvent)
class ConsentEventAdmin(ReadOnlyAdmin):
    """The ledger. To find a person's entries, search for the address: it is not stored here (§1.1)."""

    list_display = ["seq", "when", "purpose", "state", "method", "text", "page"]
    list_filter = ["state", "purpose", "method", "occurred_at"]
    list_select_related = ["purpose", "text__purpose", "payload"]
    search_fields = ["=payload__subject_ref"]
    search_help_text = gettext_lazy("Type a whole e-mail address to see that person’s entries.")
    fieldsets = [
        (None, {"fields": ["seq", "occurred_at", "purpose", "state", "method", "actor", "gate_mode"]}),
        (gettext_lazy("What they were told"), {"fields": ["words", "text", "locale", "policy_version"]}),
        (
            gettext_lazy("How it came about"),
            {"fields": ["page", "controls", "sent_form", "confirm_mail", "receipt", "subject_ref"]},
        ),
        (gettext_lazy("Proof"), {"fields": ["event_id", "commitment", "prev_hash", "hash", "mac", "mac_key_id"]}),
    ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Look a person up by the keyed hash of the address."""
        try:
            search_term = tokens.subject_ref(normalise(search_term)) if "@" in search_term else search_term
        except ValidationError:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=gettext_lazy("when"), ordering="occurred_at")
    def when(self, event: ConsentEvent) -> str:
        return moment(event.occurred_at, "SHORT_DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("the words that were shown"))
    def words(self, event: ConsentEvent) -> str:
        return event.text.body

    @admin.display(description=gettext_lazy("page"))
    def page(self, event: ConsentEvent) -> str:
        return self._detail(event, "page")

    @admin.display(description=gettext_lazy("what was pressed"))
    def controls(self, event: ConsentEvent) -> str:
        return self._detail(event, "controls")

    @admin.display(description=gettext_lazy("form"))
    def sent_form(self, event: ConsentEvent) -> str:
        return self._detail(event, "form")

    @admin.display(description=gettext_lazy("confirmation mail"))
    def confirm_mail(self, event: ConsentEvent) -> str:
        return self._detail(event, "message_id")

    @admin.display(description=gettext_lazy("receipt of the mail server"))
    def receipt(self, event: ConsentEvent) -> str:
        return self._detail(event, "smtp_reply")

    @admin.display(description=gettext_lazy("person"))
    def subject_ref(self, event: ConsentEvent) -> str:
        return self._detail(event, "subject_ref")

    def _detail(self, event: ConsentEvent, name: str) -> str:
        """Return a detail of an event, or a dash where it is deleted or was never there."""
        found = getattr(getattr(event, "payload", None), name, "") or "-"
        return ", ".join(f"{key}: {value}" for key, value in found.items()) if isinstance(found, dict) else found


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """Addresses that are not written to, as hashes: found by the address, which is not stored here (CON-14)."""

    list_display = ["created_at", "reason", "scope", "hash_start"]
    list_filter = ["reason", "scope", "created_at"]
    search_fields = ["=hmac"]
    search_help_text = gettext_lazy("Type a whole e-mail address to see whether it is blocked, and why.")
    fields = ["created_at", "reason", "scope", "hmac"]
    actions = ["lift"]

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("leads.delete_suppression")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Look an address up by its keyed hash, under today's key or one of before."""
        if "@" not in search_term:
            return super().get_search_results(request, queryset, search_term)
        try:
            return queryset.filter(hmac__in=suppression.address_hashes(normalise(search_term))), False
        except ValidationError:
            return queryset.none(), False

    @admin.display(description=gettext_lazy("address"))
    def hash_start(self, row: Suppression) -> str:
        return f"{row.hmac[:12]}…"

    @admin.action(description=gettext_lazy("Unblock: the person asked us to"), permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        """Let mail go there again, by a decision of staff that the log keeps: the only way after a complaint (CON-15).

        Consent comes back by none of this: who withdrew must agree anew.
        """
        rows = list(queryset)
        log_change(request, rows, _("Lifted."))
        count = suppression.lift_rows(Suppression.objects.filter(pk__in=[row.pk for row in rows]))
        sentence = ngettext("%(count)d block is lifted.", "%(count)d blocks are lifted.", count)
        self.message_user(request, sentence % {"count": count}, messages.SUCCESS)


@admin.register(CookieChoice)
class CookieChoiceAdmin(ReadOnlyAdmin):
    """Answers to the cookie notice: found by the id in the visitor's cookie, tied to nobody (COO-6)."""

    list_display = ["decided_at", "choice_id", "categories", "gpc", "language"]
    list_filter = ["decided_at", "gpc", "categories"]
    list_select_related = ["wording"]
    search_fields = ["=choice_id"]
    search_help_text = gettext_lazy("The id is the last part of the visitor’s cookie, “__Host-cc”.")
    fields = ["decided_at", "choice_id", "categories", "gpc", "version", "language", "words"]

    @admin.display(description=gettext_lazy("language"))
    def language(self, choice: CookieChoice) -> str:
        return choice.wording.get_language_display()

    @admin.display(description=gettext_lazy("the words that were shown"))
    def words(self, choice: CookieChoice) -> str:
        return choice.wording.words
