"""What every document's admin has: a working copy that is saved, and buttons that publish it, now or later."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import date as format_date
from django.urls import path
from django.utils import timezone, translation
from django.utils.html import format_html, format_html_join
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from recruitcms.admin.shared import TranslatedAdmin, TranslatedForm
from recruitcms.admin.uses import AddressesMixin
from recruitcms.publishing import Publishable


class PublishableForm(TranslatedForm):
    publish_at = forms.SplitDateTimeField(
        label=gettext_lazy("publish at"),
        required=False,
        widget=admin.widgets.AdminSplitDateTime,
        help_text=gettext_lazy("For “Publish at this time”. The working copy as it is now goes live then."),
    )
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

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if "_schedule" in self.data and not self.errors.get("publish_at"):
            at = (data or {}).get("publish_at")
            if not at:
                self.add_error("publish_at", _("Choose the day and time at which the page is to appear."))
            elif at <= timezone.now():
                self.add_error("publish_at", _("This time has passed. Choose a later one, or press “Publish now”."))
        return data


class StateFilter(admin.SimpleListFilter):
    """Filters documents by what visitors see of them."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("live", _("Live")), ("planned", _("Planned")), ("not_live", _("Not live"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "live":
            return queryset.filter(live_since__isnull=False)
        if self.value() == "planned":
            return queryset.filter(planned_for__isnull=False)
        if self.value() == "not_live":
            return queryset.filter(live_since__isnull=True)
        return queryset


class PublishableAdmin(AddressesMixin, TranslatedAdmin):
    """Admin of documents: saving changes the working copy alone; the buttons below publish it, now or later."""

    form = PublishableForm
    change_form_template = "admin/publishable_change_form.html"
    list_display: Any = ["title_or_untitled", "state", "language", "changed", "updated_by"]
    list_display_links: Any = ["title_or_untitled"]
    list_filter: Any = [StateFilter, "language"]
    list_select_related: Any = ["updated_by"]
    search_fields: Any = ["title", "slug", "summary"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields: Any = ["state_in_words", "created_by", "created_at", "updated_by", "updated_at"]
    list_per_page = 50
    publishing_fields = (
        gettext_lazy("Publishing"),
        {
            "fields": ["state_in_words", "revision_note", "publish_at"],
            "classes": ["aside", "publishing"],
            "description": gettext_lazy(
                "Saving changes nothing for visitors; publishing does, at once or at the time given."
            ),
        },
    )
    address_fields = (
        gettext_lazy("Search and sharing"),
        {"fields": ["slug", "search_title", "search_description"], "classes": ["collapse", "aside"]},
    )
    history_fields = (
        gettext_lazy("History"),
        {"fields": [("created_by", "created_at"), ("updated_by", "updated_at")], "classes": ["collapse", "aside"]},
    )

    def get_urls(self) -> list[Any]:
        name = self.opts.model_name
        preview = never_cache(self.admin_site.admin_view(self.preview_view))
        return [
            path("<path:pk>/preview/", preview, name=f"{self.opts.app_label}_{name}_preview"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        revisions = self.model.revisions.rel.related_model.objects.filter(document=OuterRef("pk"))  # type: ignore[attr-defined]
        return (
            super()
            .get_queryset(request)
            .annotate(
                live_since=Subquery(revisions.live().values("live_from")[:1]),
                live_made=Subquery(revisions.live().values("created_at")[:1]),
                planned_for=Subquery(revisions.planned().values("live_from")[:1]),
                live_slug=Subquery(revisions.live().values("slug")[:1]),
                planned_slug=Subquery(revisions.planned().values("slug")[:1]),
            )
        )

    # --- what the lists and the form say ---

    @admin.display(description=gettext_lazy("title"), ordering="title")
    def title_or_untitled(self, document: Publishable) -> str:
        return str(document)

    @admin.display(description=gettext_lazy("state"))
    def state(self, document: Any) -> str:
        """Say in a word or two what visitors see. Needs the annotations of `get_queryset`."""
        tags = []
        if document.live_since:
            changed = document.updated_at > document.live_made
            tags.append(("ok", _("Live")) if not changed else ("ok", _("Live, draft changed")))
        if document.planned_for:
            when = format_date(timezone.localtime(document.planned_for), "SHORT_DATETIME_FORMAT")
            tags.append(("hot", _("Planned for %(when)s") % {"when": when}))
        return format_html_join(" ", '<span class="tag tag--{}">{}</span>', tags or [("hot", _("Draft"))])

    @admin.display(description=gettext_lazy("changed"), ordering="updated_at")
    def changed(self, document: Publishable) -> str:
        return format_date(timezone.localtime(document.updated_at), "SHORT_DATETIME_FORMAT")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        document = kwargs.get("obj")
        context["state"] = self.state(document) if document else ""
        return super().render_change_form(request, context, **kwargs)

    @admin.display(description=gettext_lazy("what visitors see"))
    def state_in_words(self, document: Any) -> str:
        if not document.pk:
            return _("Nothing yet: this page is new.")
        sentences = []
        live, planned = document.live_revision, document.planned_revision
        if live:
            sentences.append(_("Revision %(number)d, live since %(when)s.") % _when(live.number, live.live_from))
            if live.live_until and not planned:
                sentences.append(_("Goes offline on %(when)s.") % _when(0, live.live_until))
        else:
            sentences.append(_("Nothing: this page is not live."))
        if planned:
            sentences.append(
                _("Revision %(number)d will be live from %(when)s.") % _when(planned.number, planned.live_from)
            )
        return " ".join(sentences)

    def view_on_site(self, document: Publishable) -> str | None:  # type: ignore[override]
        live = document.live_revision
        return live.get_absolute_url() if live else None

    # --- preview ---

    def preview_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Show the working copy through the page's own template, to people who may change it."""
        document = self.get_object(request, unquote(pk))
        if document is None:
            raise Http404
        if not self.has_change_permission(request, document):
            raise PermissionDenied
        request.LANGUAGE_CODE = document.language
        with translation.override(document.language):
            response = self.preview_response(request, document.draft_revision())
        response["X-Robots-Tag"] = "noindex"
        return response

    def preview_response(self, request: HttpRequest, revision: Any) -> HttpResponse:
        """Return the page of an unsaved revision. Each document's admin names its template."""
        raise NotImplementedError

    # --- the buttons ---

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._act(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._act(request, obj) or super().response_change(request, obj)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        self._submitted(request, form)
        return super().construct_change_message(request, form, formsets, add)

    def _submitted(self, request: HttpRequest, form: Any) -> None:
        """Keep what the form says of publishing for `_act`, which Django hands no form."""
        request.publish_at = form.cleaned_data.get("publish_at")  # type: ignore[attr-defined]
        request.revision_note = form.cleaned_data.get("revision_note", "")  # type: ignore[attr-defined]

    def _act(self, request: HttpRequest, document: Any) -> HttpResponse | None:
        acts = {
            "_publish": self.publish_now,
            "_schedule": self.publish_later,
            "_offline": self.take_offline,
            "_cancel_plan": self.cancel_plan,
            "_preview": lambda request, document: None,
        }
        name = next((name for name in acts if name in request.POST), None)
        if name is None:
            return None
        try:
            said = acts[name](request, document)
        except ValidationError as error:
            self.message_user(request, self._refusal(error), messages.ERROR)
        else:
            if said:
                self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(self._url("preview" if name == "_preview" else "change", document.pk))

    def publish_now(self, request: HttpRequest, document: Any) -> str:
        revision = document.publish(by=request.user, note=request.revision_note)  # type: ignore[attr-defined]
        self.log_change(request, document, _("Published revision %(number)d.") % {"number": revision.number})
        link = format_html('<a href="{}">{}</a>', revision.get_absolute_url(), _("View it"))
        return format_html("{} {}", _("Published. Visitors see it from this moment."), link)

    def publish_later(self, request: HttpRequest, document: Any) -> str:
        at = request.publish_at  # type: ignore[attr-defined]
        revision = document.publish(by=request.user, at=at, note=request.revision_note)  # type: ignore[attr-defined]
        said = _("Revision %(number)d will be live from %(when)s.") % _when(revision.number, revision.live_from)
        self.log_change(request, document, said)
        return said

    def take_offline(self, request: HttpRequest, document: Any) -> str:
        document.take_offline()
        self.log_change(request, document, _("Taken offline."))
        return _("Taken offline. Visitors get “page not found”; your text is still here.")

    def cancel_plan(self, request: HttpRequest, document: Any) -> str:
        document.cancel_plan()
        self.log_change(request, document, _("Planned publication cancelled."))
        return _("The planned publication is cancelled. What was live stays live.")

    def _refusal(self, error: ValidationError) -> str:
        """Say by the field why nothing was published, with a link to each field."""
        lines = [
            (f"#id_{name}", self._field_label(name), " ".join(sentences))
            for name, sentences in error.message_dict.items()
        ]
        listed = format_html_join("", '<br><a href="{}">{}</a>: {}', lines)
        return format_html("{}{}", _("Saved as a draft, but not published:"), listed)

    def _field_label(self, name: str) -> str:
        names = {field.name: str(getattr(field, "verbose_name", name)) for field in self.opts.get_fields()}
        return names.get(name, _("text") if name == "body" else name).capitalize()


def _when(number: int, at: datetime) -> dict[str, Any]:
    return {"number": number, "when": format_date(timezone.localtime(at), "DATETIME_FORMAT")}
