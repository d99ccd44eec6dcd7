"""The admin of the site's own content: settings, pictures, people, invitations and pages."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recruitcms.admin.publishable import PublishableAdmin
from recruitcms.admin.shared import FORM_FIELDS, OneLineTextarea, SharedContentAdmin, TextWidget, TranslatedAdmin
from recruitcms.models import (
    CallToAction,
    ClientLogo,
    FillInWord,
    Page,
    PageRevision,
    Person,
    Picture,
    SiteSettings,
    SiteText,
    Testimonial,
)
from recruitcms.pictures import read_picture, store_renditions


class SiteTextInline(admin.StackedInline):
    model = SiteText
    verbose_name = gettext_lazy("language")
    verbose_name_plural = gettext_lazy("texts by language")
    extra = 0
    can_delete = False
    formfield_overrides = FORM_FIELDS

    def get_max_num(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return len(settings.LANGUAGES)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.CharField) and not db_field.choices and (db_field.max_length or 0) > 120:
            kwargs["widget"] = OneLineTextarea(attrs={"rows": 2, "class": "vLargeTextField oneline"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(SiteSettings)
class SiteSettingsAdmin(SharedContentAdmin):
    inlines = [SiteTextInline]
    version_ignores = ["content_version"]  # counts the saves of everything that pages share
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
    shows_uses = True
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
    shows_uses = True
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
    shows_uses = True
    list_display = ["name", "place", "language", "is_active", "heading"]
    list_filter = ["language", "place", "is_active"]
    search_fields = ["name", "heading", "text"]
    fieldsets = [
        (None, {"fields": ["language", "name", "place", "is_active", "position"]}),
        (_("Words"), {"fields": ["heading", "text", "reasons", "button", "fine_print"]}),
        (_("Where it leads"), {"fields": ["target"]}),
    ]


@admin.register(FillInWord)
class FillInWordAdmin(TranslatedAdmin):
    # A list of choices is no Markdown.
    formfield_overrides = {models.TextField: {"widget": TextWidget(attrs={"rows": 5, "class": "vLargeTextField"})}}
    list_display = ["label", "words", "key", "kind", "language", "position"]
    list_filter = ["language"]
    list_editable = ["position"]
    search_fields = ["label", "words", "key"]
    fields = ["language", "key", "label", "words", "example", "kind", "choices", "position"]


@admin.register(Page)
class PageAdmin(PublishableAdmin):
    shows_uses = True
    list_display = ["title_or_untitled", "state", "language", "footer", "changed", "changed_by"]
    fieldsets = [
        (None, {"fields": ["language", "title", "summary", "body"]}),
        (_("Place"), {"fields": ["purpose", "footer", "position"]}),
        PublishableAdmin.address_fields,
        PublishableAdmin.publishing_fields,
        PublishableAdmin.planning_fields,
        PublishableAdmin.history_fields,
    ]

    def preview_response(self, request: HttpRequest, revision: PageRevision) -> HttpResponse:
        from recruitcms.views import render_page

        return render_page(request, revision, {}, preview=True)
