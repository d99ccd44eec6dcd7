"""What every document's admin has: a working copy that is saved, and buttons that publish it, now or later."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recruitcms.admin.bulk import BulkMixin
from recruitcms.admin.preview import PreviewViews
from recruitcms.admin.quality import ChecklistMixin
from recruitcms.admin.review import ReviewAdmin, ReviewFields
from recruitcms.admin.revisions import RevisionsMixin
from recruitcms.admin.scheduling import (
    SchedulingForm,
    SchedulingMixin,
    StateFilter,
    in_words,
    offline_times,
    state_tags,
    zone_name,
)
from recruitcms.admin.shared import OneLineTextarea, TranslatedAdmin, TranslatedForm
from recruitcms.admin.uses import AddressesMixin
from recruitcms.models.review import name_of
from recruitcms.publishing import Publishable

# The buttons that change what visitors see.
PUBLISHING = {"_publish", "_schedule", "_offline", "_offline_at", "_stay_online", "_cancel_schedule"}


class PublishableForm(ReviewFields, SchedulingForm, TranslatedForm):
    revision_note = forms.CharField(
        label=gettext_lazy("note"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy("What changed, for the team. Kept with the revision."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False

    def clean_slug(self) -> str:
        """Make an address from the title where none was typed."""
        slug = self.cleaned_data["slug"] or slugify(self.cleaned_data.get("title", ""))
        return slug or f"untitled-{timezone.now():%Y%m%d%H%M%S}"


class PublishableAdmin(
    ChecklistMixin,
    ReviewAdmin,
    SchedulingMixin,
    RevisionsMixin,
    BulkMixin,
    AddressesMixin,
    PreviewViews,
    TranslatedAdmin,
):
    """Admin of documents: saving changes the working copy alone; the buttons below publish it, now or later."""

    form = PublishableForm
    change_form_template = "admin/publishable_change_form.html"
    list_display: Any = ["title_or_untitled", "state", "language", "changed", "changed_by"]
    list_display_links: Any = ["title_or_untitled"]
    list_filter: Any = [StateFilter, "language"]
    list_select_related: Any = ["updated_by"]
    search_fields: Any = ["title", "slug", "summary"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields: Any = ["state_in_words", "made_by", "created_at", "changed_by", "updated_at"]
    list_per_page = 50
    publishing_fields = (
        gettext_lazy("Publishing"),
        {
            "fields": ["state_in_words", "revision_note", "publish_at", "offline_at"],
            "classes": ["aside", "publishing"],
            "description": gettext_lazy(
                "Saving changes nothing for visitors; publishing does, at once or at the time given."
            ),
        },
    )
    planning_fields = (
        gettext_lazy("Planning"),
        {
            "fields": ["planned_for", "review_at"],
            "classes": ["collapse", "aside"],
            "description": gettext_lazy("For the calendar. These dates publish nothing and hide nothing."),
        },
    )
    address_fields = (
        gettext_lazy("Search and sharing"),
        {"fields": ["slug", "search_title", "search_description"], "classes": ["collapse", "aside"]},
    )
    history_fields = (
        gettext_lazy("History"),
        {"fields": [("made_by", "created_at"), ("changed_by", "updated_at")], "classes": ["collapse", "aside"]},
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        revisions = self.model.revision_model().objects.filter(document=OuterRef("pk"))
        return (
            super()
            .get_queryset(request)
            .annotate(
                live_since=Subquery(revisions.live().values("live_from")[:1]),
                live_made=Subquery(revisions.live().values("created_at")[:1]),
                live_ends=Subquery(revisions.live().values("live_until")[:1]),
                scheduled_for=Subquery(revisions.scheduled().values("live_from")[:1]),
                scheduled_ends=Subquery(revisions.scheduled().values("live_until")[:1]),
                live_slug=Subquery(revisions.live().values("slug")[:1]),
                scheduled_slug=Subquery(revisions.scheduled().values("slug")[:1]),
            )
        )

    # --- who saved what (recruitcms.admin.guarding) ---

    def version(self, row: Publishable) -> str:
        return row.updated_at.isoformat()

    def saved_by(self, row: Publishable) -> tuple[str, datetime | None]:
        return name_of(row.updated_by) if row.updated_by else "", row.updated_at

    def keep_theirs(self, request: HttpRequest, row: Any) -> None:
        if not row.kept_as():
            row.keep(row.updated_by, _("Before %(name)s saved another version") % {"name": name_of(request.user)})

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        """Give an inline one row more where it is asked for (?more=sections), which needs no scripting."""
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            if request.method == "GET" and request.GET.get("more") == formset.get_default_prefix():
                formset.extra += 1
            yield formset, inline

    # --- what the lists and the form say ---

    @admin.display(description=gettext_lazy("title"), ordering="title")
    def title_or_untitled(self, document: Publishable) -> str:
        return str(document)

    @admin.display(description=gettext_lazy("state"))
    def state(self, document: Any) -> str:
        """Say in a word or two what visitors see. Needs the annotations of `get_queryset`."""
        return format_html_join(" ", '<span class="tag tag--{}">{}</span>', state_tags(document))

    @admin.display(description=gettext_lazy("changed"), ordering="updated_at")
    def changed(self, document: Publishable) -> str:
        return format_date(timezone.localtime(document.updated_at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("changed by"), ordering="updated_by__username")
    def changed_by(self, document: Publishable) -> str:
        return name_of(document.updated_by) or "–"

    @admin.display(description=gettext_lazy("created by"))
    def made_by(self, document: Publishable) -> str:
        return name_of(document.created_by) or "–"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Show a summary whole: it is one sentence, and longer than a line of the form."""
        if db_field.name in {"summary", "search_description"}:
            kwargs["widget"] = OneLineTextarea(attrs={"rows": 2, "class": "vLargeTextField oneline"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        document = kwargs.get("obj")
        context["state"] = self.state(document) if document else ""
        context["look_url"] = self._url("look", document.pk) if document else self._url("look_new")
        context["zone_name"] = zone_name()
        context["goes_offline"] = bool(document and offline_times(document))
        return super().render_change_form(request, context, **kwargs)

    @admin.display(description=gettext_lazy("what visitors see"))
    def state_in_words(self, document: Any) -> str:
        if not document.pk:
            return _("Nothing yet: this page is new.")
        sentences = []
        live, scheduled = document.shown_revisions()
        if live:
            sentences.append(_("Revision %(number)d, live since %(when)s.") % _when(live.number, live.live_from))
        else:
            sentences.append(_("Nothing: this page is not live."))
        if scheduled:
            when = _when(scheduled.number, scheduled.live_from)
            sentences.append(_("Revision %(number)d will be live from %(when)s.") % when)
        for at in offline_times(document):
            sentences.append(_("Goes offline on %(when)s.") % {"when": in_words(at)})
        return " ".join(sentences)

    def view_on_site(self, document: Publishable) -> str | None:  # type: ignore[override]
        slug = getattr(document, "live_slug", None)
        return document.address_in(document.language, slug) if slug else None

    # --- the buttons ---

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._act(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._act(request, obj) or super().response_change(request, obj)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        self._submitted(request, form)
        fields = {field.name for field in self.opts.get_fields()}
        form.changed_data = [name for name in form.changed_data if name in fields]  # a note with a button is no change
        request.changes = super().construct_change_message(request, form, formsets, add)  # type: ignore[attr-defined]
        return request.changes  # type: ignore[attr-defined]

    def _submitted(self, request: HttpRequest, form: Any) -> None:
        """Keep what the form says of publishing for `_act`, which Django hands no form."""
        request.publish_at = form.cleaned_data.get("publish_at")  # type: ignore[attr-defined]
        request.offline_at = form.cleaned_data.get("offline_at")  # type: ignore[attr-defined]
        request.revision_note = form.cleaned_data.get("revision_note", "")  # type: ignore[attr-defined]
        request.said = form.cleaned_data  # type: ignore[attr-defined]

    def _act(self, request: HttpRequest, document: Any) -> HttpResponse | None:
        acts = {
            "_publish": self.publish_now,
            "_schedule": self.publish_later,
            "_offline": self.take_offline,
            "_offline_at": self.go_offline_later,
            "_stay_online": self.stay_online,
            "_cancel_schedule": self.cancel_schedule,
            "_keep": self.keep_version,
            "_preview": lambda request, document: None,
            "_more": lambda request, document: None,
            **self.review_acts(),
        }
        name = next((name for name in acts if name in request.POST), None)
        if name is None:
            reminder = self.remind_of_times(request)
            if reminder:
                self.message_user(request, reminder, messages.WARNING)
            return None
        try:
            if name in PUBLISHING and not self.has_publish_permission(request, document):
                raise ValidationError(
                    _("Only publishers decide what visitors see. Ask for a review, or ask one of them.")
                )
            said = acts[name](request, document)
        except ValidationError as error:
            self.message_user(request, self._refusal(error, name), messages.ERROR)
        else:
            if said:
                self.message_user(request, said, messages.SUCCESS)
        at = "#panel-review" if name in self.review_acts() else ""
        if name == "_more":
            wanted = urlencode({"more": request.POST["_more"]})
            at = f"?{wanted}#{wanted.replace('=', '-')}"
        return HttpResponseRedirect(self._url("preview" if name == "_preview" else "change", document.pk) + at)

    def publish_now(self, request: HttpRequest, document: Any) -> str:
        note, until = request.revision_note, request.offline_at  # type: ignore[attr-defined]
        revision = document.publish(by=request.user, note=note, until=until)
        self.log_change(request, document, _("Published revision %(number)d.") % {"number": revision.number})
        link = format_html('<a href="{}">{}</a>', revision.get_absolute_url(), _("View it"))
        return format_html("{} {}", _("Published. Visitors see it from this moment."), link)

    def publish_later(self, request: HttpRequest, document: Any) -> str:
        at, until = request.publish_at, request.offline_at  # type: ignore[attr-defined]
        note = request.revision_note  # type: ignore[attr-defined]
        revision = document.publish(by=request.user, at=at, note=note, until=until)
        said = _("Revision %(number)d will be live from %(when)s.") % _when(revision.number, revision.live_from)
        if until:
            said += " " + _("Goes offline on %(when)s.") % {"when": in_words(until)}
        self.log_change(request, document, said)
        return said

    def take_offline(self, request: HttpRequest, document: Any) -> str:
        document.take_offline()
        self.log_change(request, document, _("Taken offline."))
        return _("Taken offline. Visitors get “page not found”; your text is still here.")

    def cancel_schedule(self, request: HttpRequest, document: Any) -> str:
        document.cancel_schedule()
        self.log_change(request, document, _("Scheduled publication cancelled."))
        return _("The scheduled publication is cancelled. What was live stays live.")

    def _refusal(self, error: ValidationError, act: str) -> str:
        """Say why nothing was done, by the field with a link to each where it is about fields."""
        if not hasattr(error, "error_dict"):
            return format_html("{} {}", _("Saved as a draft, and no more."), " ".join(error.messages))
        lines = [
            (f"#id_{name}", self._field_label(name), " ".join(sentences))
            for name, sentences in error.message_dict.items()
        ]
        listed = format_html_join("", '<br><a href="{}">{}</a>: {}', lines)
        publishes = act in {"_publish", "_schedule"}
        refused = _("Saved as a draft, but not published:") if publishes else _("Saved as a draft, and no more:")
        return format_html("{}{}", refused, listed)

    def _field_label(self, name: str) -> str:
        names = {field.name: str(getattr(field, "verbose_name", name)) for field in self.opts.get_fields()}
        return names.get(name, _("text") if name == "body" else name).capitalize()


def _when(number: int, at: datetime) -> dict[str, Any]:
    return {"number": number, "when": in_words(at)}
