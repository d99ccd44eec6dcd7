"""The lead inbox: who waits for an answer, and what is held for review."""

import re
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leads import exports, held, tokens, withdrawal
from leads.admin.records import log_change, moment, tag
from leads.models import (
    ConsentEvent,
    OutgoingMail,
    Submission,
)
from recruitcms.admin.guarding import OverwriteGuard
from recruitcms.signin.steps import ask_again

# A reference as people quote it: typed, or copied from a mail with its hyphen that does not break.
REFERENCE = re.compile(r"\s*NB[-\u2010\u2011\u2013 ]?([0-9a-f]{6})\s*", re.IGNORECASE)
STATE_COLOURS: dict[str, str] = {
    Submission.State.HELD: "err",
    Submission.State.NEW: "hot",
    Submission.State.REPLIED: "ok",
}


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
class SubmissionAdmin(OverwriteGuard, admin.ModelAdmin):
    """Who waits for an answer. The visitor's words cannot be changed; what staff do with them can.

    People who ended what their submission was for, or are suppressed, are seen by nobody but those who may delete them.
    """

    list_display = ["who", "wants", "state_tag", "received", "owner", "company", "page", "confirmed"]
    list_display_links = ["who"]
    list_filter = [PeopleFilter, "state", "kind", "owner", "language", "created_at"]
    list_per_page = 50
    search_fields = ["name", "lead__name", "lead__email", "company", "message"]
    search_help_text = gettext_lazy("Search names, addresses, companies and messages, or type a reference: NB-1A2B3C.")
    date_hierarchy = "created_at"
    actions = ["release", "mark_replied", "mark_closed", "mark_spam", "export_as_csv"]
    fields_of_staff = ["state", "owner", "notes"]
    version_ignores = ["confirmed_at", "confirm_until"]  # its visitor's doing, or the site's
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

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Find a form by the reference that its mail gave to the visitor, too."""
        quoted = REFERENCE.fullmatch(search_term)
        if quoted:
            return queryset.filter(public_id__startswith=quoted[1].lower()), False
        return super().get_search_results(request, queryset, search_term)

    def may_see_hidden(self, request: HttpRequest) -> bool:
        return self.has_delete_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        shown = [name for _title, options in self.fieldsets for name in options["fields"]]
        flat = [name for entry in shown for name in ([entry] if isinstance(entry, str) else entry)]
        # A held form has buttons of its own: a state chosen from a list would answer nobody.
        of_staff = [name for name in self.fields_of_staff if name != "state" or not (obj and held.is_held(obj))]
        return [name for name in flat if name not in of_staff]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        obj = kwargs.get("obj")
        context["held"] = obj and held.is_held(obj) and self.has_change_permission(request)
        return super().render_change_form(request, context, **kwargs)

    def response_change(self, request: HttpRequest, obj: Submission) -> HttpResponse:
        """Release a held form, or call it spam, where that button was pressed."""
        this = self.get_queryset(request).filter(pk=obj.pk)
        if "_release" in request.POST:
            self.release(request, this)
        elif "_spam" in request.POST:
            self._mark(request, this, Submission.State.SPAM)
        else:
            return super().response_change(request, obj)
        return HttpResponseRedirect(reverse("admin:leads_submission_changelist"))

    def save_model(self, request: HttpRequest, obj: Submission, form: Any, change: bool) -> None:
        """Write what the form changed and nothing else: the rest of the row is its visitor's and the site's."""
        changed = list(form.changed_data)
        if "state" in changed:
            obj.state_since = timezone.now()
            changed.append("state_since")
        obj.save(update_fields=changed)

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
        return tag(STATE_COLOURS.get(submission.state, ""), submission.get_state_display())

    @admin.display(description=gettext_lazy("received"), ordering="created_at")
    def received(self, submission: Submission) -> str:
        return moment(submission.created_at, "SHORT_DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("confirmed"), ordering="confirmed_at")
    def confirmed(self, submission: Submission) -> str:
        return moment(submission.confirmed_at, "SHORT_DATETIME_FORMAT") if submission.confirmed_at else "-"

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
                        moment(event.occurred_at),
                        event.text.body,
                        _("version"),
                        event.text.version,
                    )
                    for event in events
                ),
            ),
        )

    # --- actions ---

    @admin.action(description=gettext_lazy("Release and answer"), permissions=["change"])
    def release(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        """Let held forms go on: their mails leave, and people are answered (SEC-26)."""
        released = [submission for submission in queryset if held.release(submission)]
        log_change(request, released, _("Released."))
        if not released:
            self.message_user(request, _("None of these forms is held."), messages.WARNING)
            return
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
        stay = [] if state == Submission.State.SPAM else [one for one in queryset if held.is_held(one)]
        changed = [one for one in queryset if one.state != state and one not in stay]
        Submission.objects.filter(pk__in=[one.pk for one in changed]).update(state=state, state_since=timezone.now())
        log_change(request, changed, _("State: %(state)s") % {"state": state.label})
        if stay:
            sentence = ngettext(
                "%(count)d form stays held: release it, or mark it as spam.",
                "%(count)d forms stay held: release them, or mark them as spam.",
                len(stay),
            )
            self.message_user(request, sentence % {"count": len(stay)}, messages.WARNING)
        count = len(changed)
        sentence = ngettext(
            "%(count)d submission is now “%(state)s”.", "%(count)d submissions are now “%(state)s”.", count
        )
        self.message_user(request, sentence % {"count": count, "state": state.label}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Export as CSV"), permissions=["export"])
    def export_as_csv(self, request: HttpRequest, queryset: QuerySet[Submission]) -> HttpResponse:
        """Send the chosen submissions as a file, and keep who took them (SEC-22). Nobody hidden is in it."""
        ask_again(request)
        chosen = list(queryset.contactable().select_related("lead", "owner", "cta"))
        log_change(request, chosen, _("Exported as CSV."))
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
