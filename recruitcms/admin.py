"""The admin of shared content, and what every document's admin has: drafts, publishing, preview, translations."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import date as format_date
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.html import format_html, format_html_join
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from recruitcms.models import (
    CallToAction,
    ClientLogo,
    Page,
    PageRevision,
    Person,
    Picture,
    SiteSettings,
    SiteText,
    Testimonial,
)
from recruitcms.pictures import read_picture, store_renditions
from recruitcms.publishing import Publishable, Translated, touch_content

FORM_FIELDS = {
    models.TextField: {"widget": forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField markdown"})},
    models.URLField: {"assume_scheme": "https", "widget": forms.URLInput(attrs={"class": "vURLField"})},
}


class OneLineTextarea(forms.Textarea):
    """Shows a long sentence whole; what is typed stays one line."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        return " ".join((super().value_from_datadict(data, files, name) or "").split())


class SharedContentAdmin(admin.ModelAdmin):
    """Admin of what pages show: saving or deleting makes every kept copy stale, and keeps who did it."""

    save_on_top = False
    formfield_overrides = FORM_FIELDS

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if hasattr(obj, "updated_by_id"):
            obj.updated_by = request.user
            obj.created_by = obj.created_by or request.user
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        touch_content()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        touch_content()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        touch_content()


class TranslatedForm(forms.ModelForm):
    """Offers what belongs to the row's language, and keeps a row in the language it was made in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        saved = self.instance.pk is not None
        language = self.instance.language if saved else self.initial.get("language", settings.LANGUAGE_CODE)
        if saved and "language" in self.fields:
            self.fields["language"].disabled = True
        for field in self.fields.values():
            queryset = getattr(field, "queryset", None)
            if queryset is not None and issubclass(queryset.model, Translated) and not self.is_bound:
                field.queryset = queryset.filter(language=language)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        language = (data or {}).get("language") or self.instance.language
        for name, value in list((data or {}).items()):
            if isinstance(value, Translated) and value.language != language:
                self.add_error(name, _("Choose one in the same language as this page."))
        return data


class TranslatedAdmin(SharedContentAdmin):
    """Admin of rows that exist once for each language, with a button for each other language."""

    form = TranslatedForm
    change_form_template = "admin/translated_change_form.html"

    def get_urls(self) -> list[Any]:
        name = self.opts.model_name
        translate = self.admin_site.admin_view(require_POST(self.translate_view))
        return [
            path("<path:pk>/translate/<str:language>/", translate, name=f"{self.opts.app_label}_{name}_translate"),
            *super().get_urls(),
        ]

    def translate_view(self, request: HttpRequest, pk: str, language: str) -> HttpResponse:
        """Copy a row into another language, as a draft to translate, and open the copy."""
        original = self.get_object(request, unquote(pk))
        if original is None or language not in dict(settings.LANGUAGES):
            raise Http404
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            copy = original.copy_into(language)
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
            return HttpResponseRedirect(self._url("change", original.pk))
        self.log_addition(request, copy, [{"added": {}}])
        touch_content()
        self.message_user(
            request, _("This is a copy of the other language’s text. Translate it here."), messages.SUCCESS
        )
        return HttpResponseRedirect(self._url("change", copy.pk))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"languages": self._languages(request, object_id)}
        return super().change_view(request, object_id, form_url, extra | (extra_context or {}))

    def _languages(self, request: HttpRequest, object_id: str) -> list[dict[str, Any]]:
        """Return, for each language, its name and where to open or how to make the translation."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return []
        rows = {row.language: row.pk for row in obj.translations()} | {obj.language: obj.pk}
        return [
            {
                "name": name,
                "current": code == obj.language,
                "open": self._url("change", rows[code]) if code in rows else "",
                "make": "" if code in rows else self._url("translate", obj.pk, code),
            }
            for code, name in settings.LANGUAGES
        ]

    def _url(self, act: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{act}", args=args)


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


class PublishableAdmin(TranslatedAdmin):
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


class SiteTextInline(admin.StackedInline):
    model = SiteText
    verbose_name = gettext_lazy("language")
    verbose_name_plural = gettext_lazy("texts by language")
    extra = 0
    max_num = len(settings.LANGUAGES)
    can_delete = False
    formfield_overrides = FORM_FIELDS

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.CharField) and not db_field.choices and (db_field.max_length or 0) > 120:
            kwargs["widget"] = OneLineTextarea(attrs={"rows": 2, "class": "vLargeTextField oneline"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(SiteSettings)
class SiteSettingsAdmin(SharedContentAdmin):
    inlines = [SiteTextInline]
    fieldsets = [
        (_("Company"), {"fields": ["name", "legal_name", "licence"]}),
        (_("Contact"), {"fields": ["email", "privacy_email", "phone", "whatsapp", "answers_within_days"]}),
        (_("Social links"), {"fields": ["linkedin", "mastodon", "github"]}),
        (_("Advertising"), {"fields": ["meta_pixel"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one row: go to it."""
        return HttpResponseRedirect(reverse("admin:recruitcms_sitesettings_change", args=[1]))


class PictureForm(forms.ModelForm):
    upload = forms.FileField(
        label=gettext_lazy("file"),
        required=False,
        help_text=gettext_lazy(
            "JPEG, PNG or WebP, up to 12 MB. Camera data is removed. A new file replaces the old one."
        ),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    class Meta:
        model = Picture
        fields = ["name", "alt"]

    def clean_upload(self) -> Any:
        upload = self.cleaned_data["upload"]
        if not upload and not self.instance.pk:
            raise ValidationError(_("Choose a file."))
        return read_picture(upload) if upload else None

    def save(self, commit: bool = True) -> Picture:
        decoded = self.cleaned_data["upload"]
        if decoded:
            self.instance.files = store_renditions(decoded, decoded.format)
        return super().save(commit)


@admin.register(Picture)
class PictureAdmin(SharedContentAdmin):
    form = PictureForm
    fields = ["shown", "upload", "name", "alt"]
    readonly_fields = ["shown"]
    list_display = ["name", "thumbnail", "alt", "created_at"]
    search_fields = ["name", "alt"]

    @admin.display(description=gettext_lazy("picture"))
    def thumbnail(self, picture: Picture) -> str:
        return self._image(picture, 80)

    @admin.display(description=gettext_lazy("picture"))
    def shown(self, picture: Picture) -> str:
        return self._image(picture, 320) if picture.pk else _("None yet.")

    def _image(self, picture: Picture, width: int) -> str:
        frozen = picture.freeze()
        height = max(1, width * frozen["height"] // frozen["width"])
        return format_html('<img src="{}" width="{}" height="{}" alt="">', frozen["small"], width, height)


@admin.register(Person)
class PersonAdmin(TranslatedAdmin):
    list_display = ["name", "job_title", "language", "on_team", "answers_enquiries", "position"]
    list_filter = ["language", "on_team"]
    list_editable = ["position"]
    search_fields = ["name", "job_title"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["portrait"]
    fieldsets = [
        (None, {"fields": ["language", "name", "slug", "job_title", "portrait", "bio"]}),
        (_("Contact"), {"fields": ["languages", "email", "social_url"]}),
        (_("Where they appear"), {"fields": ["on_team", "answers_enquiries", "position"]}),
    ]


@admin.register(Testimonial)
class TestimonialAdmin(TranslatedAdmin):
    list_display = ["__str__", "person", "language", "on_roles", "on_report", "position"]
    list_filter = ["language"]
    list_select_related = ["person"]
    search_fields = ["quote", "person__name"]
    fields = ["language", "quote", "person", "on_roles", "on_report", "position"]


@admin.register(ClientLogo)
class ClientLogoAdmin(SharedContentAdmin):
    list_display = ["name", "group", "mark", "position"]
    list_filter = ["group"]
    list_editable = ["position"]
    search_fields = ["name"]
    autocomplete_fields = ["picture"]


@admin.register(CallToAction)
class CallToActionAdmin(TranslatedAdmin):
    list_display = ["name", "place", "language", "is_active", "heading"]
    list_filter = ["language", "place", "is_active"]
    search_fields = ["name", "heading", "text"]
    fieldsets = [
        (None, {"fields": ["language", "name", "place", "is_active", "position"]}),
        (_("Words"), {"fields": ["heading", "text", "reasons", "button", "fine_print"]}),
        (_("Where it leads"), {"fields": ["target"]}),
    ]


@admin.register(Page)
class PageAdmin(PublishableAdmin):
    list_display = ["title_or_untitled", "state", "language", "footer", "changed", "updated_by"]
    fieldsets = [
        (None, {"fields": ["language", "title", "summary", "body"]}),
        (_("Place"), {"fields": ["purpose", "footer", "position"]}),
        PublishableAdmin.address_fields,
        PublishableAdmin.publishing_fields,
        PublishableAdmin.history_fields,
    ]

    def preview_response(self, request: HttpRequest, revision: PageRevision) -> HttpResponse:
        from recruitcms.views import render_page

        return render_page(request, revision, {}, preview=True)
