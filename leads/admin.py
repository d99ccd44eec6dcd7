"""The lead inbox, the report and its editions, the register of purposes, the ledger and the outbox, for staff."""

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import filesizeformat
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin

from leads import exports, mail_files, quarantine, retention, suppression, tokens, withdrawal
from leads.addresses import normalise
from leads.models import (
    ConsentEvent,
    ConsentText,
    CookieChoice,
    Edition,
    OutboxState,
    OutgoingMail,
    OwedEvent,
    PageCount,
    Purpose,
    PurposeText,
    Report,
    ReportRevision,
    Submission,
    Suppression,
)
from leads.views import render_report
from recruitcms.admin import PublishableAdmin, SharedContentAdmin
from recruitcms.publishing import touch_content

# For a mail's HTML in its frame: its own styles, and nothing else.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


STATE_COLOURS: dict[str, str] = {
    Submission.State.HELD: "err",
    Submission.State.NEW: "hot",
    Submission.State.REPLIED: "ok",
}


class ReadOnlyAdmin(admin.ModelAdmin):
    """Admin of records: to be looked at. Nobody adds, changes or deletes one by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# --- the inbox ---


class PeopleFilter(admin.SimpleListFilter):
    """Lets privacy officers see what lists hide: submissions of people who must not be written to about them."""

    title = gettext_lazy("people")
    parameter_name = "people"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("hidden", _("Withdrawn or suppressed"))] if model_admin.may_see_hidden(request) else []

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("May be written to")}, *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.hidden() if self.value() == "hidden" else queryset.contactable()


@admin.register(Submission)
class SubmissionAdmin(admin.ModelAdmin):
    """Who waits for an answer. The visitor's words cannot be changed; what staff do with them can.

    People who ended what their submission was for, or are suppressed, are seen by nobody but those who may delete them.
    """

    list_display = ["who", "wants", "state_tag", "received", "owner", "company", "page", "confirmed"]
    list_display_links = ["who"]
    list_filter = [PeopleFilter, "state", "kind", "owner", "language", "created_at"]
    list_per_page = 50
    search_fields = ["name", "lead__name", "lead__email", "company", "message"]
    search_help_text = gettext_lazy("Search names, addresses, companies and messages.")
    date_hierarchy = "created_at"
    actions = ["release", "mark_replied", "mark_closed", "mark_spam", "export_as_csv"]
    fields_of_staff = ["state", "owner", "notes"]
    fieldsets = [
        (gettext_lazy("Your answer"), {"fields": [("state", "owner"), "held_because", "notes"]}),
        (
            gettext_lazy("What they wrote"),
            {"fields": ["name", "mail_to", "company", "phone", "job", "wants", "message", "language"]},
        ),
        (
            gettext_lazy("Where they came from"),
            {"fields": ["page", "cta", "report", "referrer_host", "campaign", "created_at"]},
        ),
        (
            gettext_lazy("What they agreed to"),
            {"fields": ["confirmed_at", "consents"], "description": gettext_lazy("From the ledger, newest first.")},
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        submissions = super().get_queryset(request).select_related("lead", "owner")
        return submissions if self.may_see_hidden(request) else submissions.contactable()

    def may_see_hidden(self, request: HttpRequest) -> bool:
        return self.has_delete_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        shown = [name for _title, options in self.fieldsets for name in options["fields"]]
        flat = [name for entry in shown for name in ([entry] if isinstance(entry, str) else entry)]
        # A held form has buttons of its own: a state chosen from a list would answer nobody.
        of_staff = [name for name in self.fields_of_staff if name != "state" or not _is_held(obj)]
        return [name for name in flat if name not in of_staff]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        context["held"] = _is_held(kwargs.get("obj")) and self.has_change_permission(request)
        return super().render_change_form(request, context, **kwargs)

    def response_change(self, request: HttpRequest, obj: Submission) -> HttpResponse:
        """Release a held form, or call it spam, where that button was pressed."""
        this = self.get_queryset(request).filter(pk=obj.pk, state=Submission.State.HELD)
        if "_release" in request.POST:
            self.release(request, this)
        elif "_spam" in request.POST:
            self._mark(request, this, Submission.State.SPAM)
        else:
            return super().response_change(request, obj)
        return HttpResponseRedirect(reverse("admin:leads_submission_changelist"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("leads.export_submission")

    def get_fieldsets(self, request: HttpRequest, obj: Submission | None = None) -> Any:
        """Leave out why a form was held where it was not."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj and obj.held_because:
            return fieldsets
        answer = [name for name in fieldsets[0][1]["fields"] if name != "held_because"]
        return [(fieldsets[0][0], {"fields": answer}), *fieldsets[1:]]

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Leave “held” out of the states to choose: a form gets into it and out of it by its own ways."""
        if db_field.name == "state":
            kwargs["choices"] = [choice for choice in Submission.State.choices if choice[0] != Submission.State.HELD]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer as owners the people who can open the admin; no other relation can be changed here."""
        kwargs["queryset"] = get_user_model().objects.filter(is_staff=True, is_active=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # --- what the list and the page say ---

    @admin.display(description=gettext_lazy("who"), ordering="lead__email")
    def who(self, submission: Submission) -> str:
        name = submission.name or submission.lead.name
        local, _at, host = submission.lead.email.rpartition("@")
        # In a narrow column an address breaks before the @, and nowhere else.
        address = format_html('<span class="whole">{}</span><wbr><span class="whole">@{}</span>', local, host)
        return format_html("{}<br>{}", name, address) if name else address

    @admin.display(description=gettext_lazy("wants"), ordering="kind")
    def wants(self, submission: Submission) -> str:
        kind, topic = submission.get_kind_display(), submission.get_topic_display()
        return f"{kind}: {topic}" if topic else kind

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_tag(self, submission: Submission) -> str:
        return _tag(STATE_COLOURS.get(submission.state, ""), submission.get_state_display())

    @admin.display(description=gettext_lazy("received"), ordering="created_at")
    def received(self, submission: Submission) -> str:
        return _moment(submission.created_at, "SHORT_DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("confirmed"), ordering="confirmed_at")
    def confirmed(self, submission: Submission) -> str:
        return _moment(submission.confirmed_at, "SHORT_DATETIME_FORMAT") if submission.confirmed_at else "-"

    @admin.display(description=gettext_lazy("e-mail"))
    def mail_to(self, submission: Submission) -> str:
        return format_html('<a href="mailto:{0}">{0}</a>', submission.lead.email)

    @admin.display(description=gettext_lazy("campaign"))
    def campaign(self, submission: Submission) -> str:
        return ", ".join(f"{name}: {value}" for name, value in submission.utm.items()) or "-"

    @admin.display(description=gettext_lazy("consents"))
    def consents(self, submission: Submission) -> SafeString | str:
        """Show every decision of the person, with the exact words that were shown (CON-1)."""
        ref = tokens.subject_ref(submission.lead.email_normal)
        events = ConsentEvent.objects.of_person(ref).select_related("purpose", "text").order_by("-seq")
        return format_html(
            '<ul class="plain stack stack--s">{}</ul>',
            format_html_join(
                "",
                "<li><b>{}: {}</b>, {}, {}<br>“{}” ({} {})</li>",
                (
                    (
                        event.purpose.title,
                        event.get_state_display(),
                        event.get_method_display(),
                        _moment(event.occurred_at),
                        event.text.body,
                        _("version"),
                        event.text.version,
                    )
                    for event in events
                ),
            ),
        )

    # --- actions ---

    @admin.action(description=gettext_lazy("Release: answer as if it had just come"), permissions=["change"])
    def release(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        """Let held forms go on: their mails leave, and people are answered (SEC-26)."""
        released = [submission for submission in queryset if quarantine.release(submission)]
        _log(request, released, _("Released."))
        count = len(released)
        sentence = ngettext("%(count)d form is released.", "%(count)d forms are released.", count)
        self.message_user(request, sentence % {"count": count}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Mark as replied"), permissions=["change"])
    def mark_replied(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        self._mark(request, queryset, Submission.State.REPLIED)

    @admin.action(description=gettext_lazy("Mark as closed"), permissions=["change"])
    def mark_closed(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        self._mark(request, queryset, Submission.State.CLOSED)

    @admin.action(description=gettext_lazy("Mark as spam"), permissions=["change"])
    def mark_spam(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        self._mark(request, queryset, Submission.State.SPAM)

    def _mark(self, request: HttpRequest, queryset: QuerySet[Submission], state: Submission.State) -> None:
        """Set a state by hand. A held form can only be called spam: it is answered by releasing it."""
        if state != Submission.State.SPAM:
            queryset = queryset.exclude(state=Submission.State.HELD)
        changed = list(queryset.exclude(state=state))
        Submission.objects.filter(pk__in=[submission.pk for submission in changed]).update(state=state)
        _log(request, changed, _("State: %(state)s") % {"state": state.label})
        count = len(changed)
        sentence = ngettext(
            "%(count)d submission is now “%(state)s”.", "%(count)d submissions are now “%(state)s”.", count
        )
        self.message_user(request, sentence % {"count": count, "state": state.label}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Export as CSV"), permissions=["export"])
    def export_as_csv(self, request: HttpRequest, queryset: QuerySet[Submission]) -> HttpResponse:
        """Send the chosen submissions as a file, and keep who took them (SEC-22). Nobody hidden is in it."""
        chosen = list(queryset.contactable().select_related("lead", "owner", "cta"))
        _log(request, chosen, _("Exported as CSV."))
        response = HttpResponse(exports.submissions_csv(chosen), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="submissions-{timezone.localdate():%Y-%m-%d}.csv"'
        response["Cache-Control"] = "private, no-store"
        return response

    # --- deleting ---

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let the mails of a submission go with it, though nobody may delete one by itself."""
        listed, counts, needed, protected = super().get_deleted_objects(objs, request)
        return listed, counts, needed - {OutgoingMail._meta.verbose_name}, protected

    def delete_model(self, request: HttpRequest, obj: Submission) -> None:
        super().delete_model(request, obj)
        withdrawal.forget_if_nothing_is_held(obj.lead)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        leads = {submission.lead for submission in queryset.select_related("lead")}
        super().delete_queryset(request, queryset)
        for lead in leads:
            withdrawal.forget_if_nothing_is_held(lead)


def _is_held(submission: Submission | None) -> bool:
    return submission is not None and submission.state == Submission.State.HELD


def _log(request: HttpRequest, objects: list[Any], said: str) -> None:
    LogEntry.objects.log_actions(request.user.pk, objects, CHANGE, change_message=said)  # type: ignore[arg-type]


def _tag(colour: str, word: str) -> str:
    return format_html('<span class="tag{}">{}</span>', f" tag--{colour}" if colour else "", word)


def _moment(moment: datetime, form: str = "DATETIME_FORMAT") -> str:
    return date_format(timezone.localtime(moment), form)


# --- the report ---


class EditionForm(forms.ModelForm):
    class Meta:
        model = Edition
        fields = ["date", "file", "file_name", "pages"]
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


class EditionInline(admin.StackedInline):
    model = Edition
    form = EditionForm
    extra = 0
    fields = ["date", "file", "stored", "file_name", "pages", "downloads"]
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
        PublishableAdmin.history_fields,  # type: ignore[list-item]
    ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Give lists of lines a plain field: Markdown's buttons are for the method alone."""
        if db_field.name in {"points", "inside", "chart"}:
            kwargs["widget"] = forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_urls(self) -> list[Any]:
        file = self.admin_site.admin_view(self.edition_view)
        return [path("edition/<int:pk>/", file, name="leads_report_edition"), *super().get_urls()]

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


# --- privacy ---


class PurposeTextInline(admin.StackedInline):
    """The words of a purpose in the site's other languages."""

    model = PurposeText
    extra = 0
    max_num = len(settings.LANGUAGES) - 1

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
            return _tag("hot", _("Draft"))
        return _tag("ok", _("In use")) if text.in_use == text.pk else _tag("", _("Replaced"))

    @admin.display(description=gettext_lazy("published"), ordering="published_at")
    def published(self, text: ConsentText) -> str:
        return _moment(text.published_at, "SHORT_DATETIME_FORMAT") if text.published_at else "-"

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
        _log(request, drafts, _("Published."))

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

    list_display = ["seq", "occurred_at", "purpose", "state", "method", "text", "page"]
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

    @admin.action(description=gettext_lazy("Lift: the person asked for it"), permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        """Let mail go there again, by a decision of staff that the log keeps: the only way after a complaint (CON-15).

        Consent comes back by none of this: who withdrew must agree anew.
        """
        rows = list(queryset)
        _log(request, rows, _("Lifted."))
        Suppression.objects.filter(pk__in=[row.pk for row in rows]).delete()
        count = len(rows)
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


# --- counts ---


@admin.register(PageCount)
class PageCountAdmin(ReadOnlyAdmin):
    """What happened on which page, by day (COO-14)."""

    list_display = ["day", "page", "cta", "views", "copies", "downloads", "forms_shown", "submitted", "confirmed"]
    list_display_links = None
    list_filter = ["cta"]
    search_fields = ["page"]
    search_help_text = gettext_lazy("Part of a page’s address: /roles/data-engineer/")
    date_hierarchy = "day"


# --- mail ---


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """The outbox: what is owed, what left, what was given up."""

    list_display = ["kind", "state", "submission", "due_at", "attempts", "uncertain", "last_error", "sent_at"]
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

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("leads.change_outgoingmail")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Say above the list that all mail is paused, and what the mail server said (EML-14)."""
        state = OutboxState.get()
        if state.paused_until and self.has_view_permission(request):
            said = _("All mail waits until %(time)s, since the mail server refuses us. It said: %(words)s")
            words = {"time": _moment(state.paused_until, "SHORT_DATETIME_FORMAT"), "words": state.paused_for}
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
                "%(count)d mail stays: its address does not exist, said its mail server. “Lift the block” tries again.",
                "%(count)d mails stay: their addresses do not exist, said their mail servers. “Lift the block” tries "
                "again.",
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
        _log(request, lifted, _("The block after a bounce was lifted."))
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
        read = [(name, mail_files.read(name)) for name in page]
        mails = [(name, mail, mail_files.sent_at(mail)) for name, mail in read if mail]
        context = {"title": _("Mails"), "mails": mails, "page": page, "folder": settings.MAIL_DIR}
        return self._page(request, "admin/leads/outgoingmail/files.html", context)

    def file_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show one mail: what programs without HTML show, beside the HTML."""
        message = self._mail(request, name)
        text = message.get_body(("plain",))
        headers = {header: message[header] for header in ("From", "To", "Reply-To", "Date", "Message-ID")}
        sent = mail_files.sent_at(message)
        headers["Date"] = _moment(sent, "SHORT_DATETIME_FORMAT") if sent else message["Date"]
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
        if message is None:
            raise Http404
        return message

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = self.admin_site.each_context(request) | {"opts": self.opts}
        return render(request, template, shared | context)
