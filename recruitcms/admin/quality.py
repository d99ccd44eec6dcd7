"""The checklist on the form of a document, and the small pages on which a warning is waved through or taken back."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from recruitcms.admin.shared import SharedContentAdmin
from recruitcms.models import WordingException
from recruitcms.quality import Finding, Prefixes, field_id
from recruitcms.quality.checked import Checked, check, wave_through
from recruitcms.quality.snippets import snippets
from recruitcms.translated import hold


@dataclass
class Line:
    """A finding as the panel shows it: where it leads, and what can be done about it here."""

    finding: Finding
    target: str
    wave_url: str = ""
    fine_url: str = ""


def render_checklist(
    request: HttpRequest, document: Any, prefixes: Prefixes | None = None, found: Checked | None = None
) -> SafeString:
    """Return the inside of the checklist's panel for a working copy, saved or filled from a form.

    `prefixes`: those of the rows' forms (quality.field_id); `found`: what was checked already.
    """
    found = found or check(document)
    may_change = bool(document.pk) and request.user.has_perm(_permission("change", document))
    may_except = may_change and request.user.has_perm("recruitcms.add_wordingexception")

    def lines(findings: Iterable[Finding], waves: bool = False) -> list[Line]:
        return [_line(document, finding, prefixes, waves and may_change, may_except) for finding in findings]

    context = {
        "checked": found,
        "groups": [
            (_("Stops publishing"), "stops", lines(found.stops)),
            (_("Warnings"), "warns", lines(found.warnings, waves=True)),
            (_("Good to know"), "informs", lines(found.notes)),
        ],
        "waved": [
            (lines([finding])[0], row, _url(document, "take_back", row.pk) if may_change else "")
            for finding, row in found.waved
        ],
        "snippets": snippets(found.subject),
        "language": document.language,
    }
    return render_to_string("admin/includes/checklist_inside.html", context)


def _line(document: Any, finding: Finding, prefixes: Any, may_wave: bool, may_except: bool) -> Line:
    line = Line(finding, finding.url or f"#{field_id(finding, prefixes)}" if finding.url or finding.place else "")
    if may_wave:
        line.wave_url = f"{_url(document, 'wave')}?{urlencode({'finding': finding.fingerprint})}"
    if may_except and finding.words:
        values = {"language": document.language, "words": finding.words}
        line.fine_url = f"{reverse('admin:recruitcms_wordingexception_add')}?{urlencode(values)}"
    return line


def _permission(act: str, document: Any) -> str:
    return f"{document._meta.app_label}.{act}_{document._meta.model_name}"


def _url(document: Any, act: str, *args: Any) -> str:
    return reverse(f"admin:{document._meta.app_label}_{document._meta.model_name}_{act}", args=[document.pk, *args])


def with_rows(document: Any, formsets: Iterable[Any]) -> Any:
    """Return a copy of a document whose rows are those of its form: what was read for the form is not read again."""
    document = copy.copy(document)
    document._prefetched_objects_cache = dict(getattr(document, "_prefetched_objects_cache", {}))
    for formset in formsets:
        hold(document, formset.fk.remote_field.get_accessor_name(), [form.instance for form in formset.forms])
    return document


class WaveForm(forms.Form):
    """Why a warning is fine. What it said comes along: with scripting it may be about text that is not saved yet."""

    reason = forms.CharField(
        label=gettext_lazy("reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "autofocus": True}),
        help_text=gettext_lazy("Why it is fine here, for colleagues. It is kept with your name."),
    )
    key = forms.SlugField(max_length=40, widget=forms.HiddenInput)
    fingerprint = forms.CharField(validators=[RegexValidator(r"\A[0-9a-f]{20}\Z")], widget=forms.HiddenInput)
    sentence = forms.CharField(max_length=300, widget=forms.HiddenInput)
    quote = forms.CharField(max_length=300, required=False, widget=forms.HiddenInput)


class ChecklistMixin:
    """The checklist on a document's form. Beside PublishableAdmin's own, it adds views under `<pk>/checklist/`."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        views = [
            ("checklist/", self.checklist_view, "checklist"),
            ("checklist/wave/", self.wave_view, "wave"),
            ("checklist/<int:row>/take-back/", self.take_back_view, "take_back"),
        ]
        return [
            *(
                path(f"<path:pk>/{tail}", never_cache(self.admin_site.admin_view(view)), name=f"{name}_{act}")
                for tail, view, act in views
            ),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        document = kwargs.get("obj")
        if document and document.pk:
            checked = with_rows(document, [inline.formset for inline in context["inline_admin_formsets"]])
            found = check(checked)
            context["checklist"] = render_checklist(request, checked, found=found)
            context["checklist_url"] = _url(document, "checklist")
            context["checklist_words"] = found.in_words
            context["wave_form"] = WaveForm(auto_id="wave_%s")
        return super().render_change_form(request, context, **kwargs)

    def looked_at(self, request: HttpRequest, document: Any, prefixes: Prefixes) -> dict[str, str]:
        """Add the checklist to what is shown of a form as it stands."""
        more = super().looked_at(request, document, prefixes)
        return more | {"checklist": render_checklist(request, document, prefixes)}

    def checklist_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Return the inside of the panel for the saved working copy."""
        return HttpResponse(render_checklist(request, self.opened(request, pk, "view")))

    def wave_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Ask why a warning is fine, and keep the answer."""
        document = self.opened(request, pk)
        form = WaveForm(request.POST if request.method == "POST" else None, initial=self._asked(request, document))
        if form.is_bound and form.is_valid():
            row = wave_through(document, form.cleaned_data, request.user)
            said = _("Waved through “%(sentence)s”: %(reason)s") % {"sentence": row.sentence, "reason": row.reason}
            self.log_change(request, document, said)
            return self._done(request, document, _("The warning is waved through."))
        missing = not form.is_bound and not form.initial
        title = _("Wave a warning through")
        context = {"form": form, "missing": missing, "said": form.data or form.initial, "title": title}
        return self._small_page(request, document, context, status=400 if form.is_bound else 200)

    def _asked(self, request: HttpRequest, document: Any) -> dict[str, str]:
        """Return what the warning of the address says, as the form's first values; empty where it is not open."""
        asked = request.GET.get("finding", "") if request.method == "GET" else ""
        finding = check(document).find(asked) if asked else None
        if finding is None:
            return {}
        said = {"key": finding.key, "fingerprint": finding.fingerprint}
        return said | {"sentence": finding.sentence[:300], "quote": finding.quote[:300]}

    def take_back_view(self, request: HttpRequest, pk: str, row: int) -> HttpResponse:
        """Show a warning that was waved through, and show it again in the checklist once the button is pressed."""
        document = self.opened(request, pk)
        waved = get_object_or_404(document.waved_through.select_related("by"), pk=row)
        if request.method != "POST":
            return self._small_page(request, document, {"waved": waved, "title": _("Take it back")})
        waved.delete()
        self.log_change(request, document, _("Took back the waving through of “%s”.") % waved.sentence)
        return self._done(request, document, _("The warning is open again."))

    def _done(self, request: HttpRequest, document: Any, said: str) -> HttpResponse:
        """Go back to the form; to a script, which stays there, say nothing."""
        if request.headers.get("X-Requested-With") == "fetch":
            return HttpResponse(status=204)
        self.message_user(request, said)
        return HttpResponseRedirect(f"{_url(document, 'change')}#panel-checklist")

    def _small_page(self, request: HttpRequest, document: Any, more: Any, status: int = 200) -> HttpResponse:
        context = self.admin_site.each_context(request) | {"opts": self.opts, "original": document} | more
        return TemplateResponse(request, "admin/wave_through.html", context, status=status)


@admin.register(WordingException)
class WordingExceptionAdmin(SharedContentAdmin):
    """Words that the checklist is to leave alone; a link in the checklist fills the form in."""

    list_display = ["words", "language", "reason", "created_by", "created_at"]
    list_filter = ["language"]
    list_select_related = ["created_by"]
    search_fields = ["words", "reason"]
    fields = ["language", "words", "reason"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.created_by = obj.created_by or request.user
        super().save_model(request, obj, form, change)
