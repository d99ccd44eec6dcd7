"""The revisions of a document: a list with what changed, two side by side, and one back into the working copy."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import date as format_date
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from recruitcms import sources
from recruitcms.comparing import compare

ON_A_PAGE = 20
WORKING_COPY = "now"


class NoteForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("note"), required=False, max_length=200)
    is_pinned = forms.BooleanField(label=gettext_lazy("pinned: stands first in this list"), required=False)


def state_of(revision: Any) -> str:
    """Say in words when visitors see, saw or will see a revision."""
    interval = (revision.live_from, revision.live_until)
    start, end = (format_date(timezone.localtime(at), "DATETIME_FORMAT") if at else "" for at in interval)
    if not start:
        return _("Kept, never shown")
    if revision.live_from > timezone.now():
        return _("Scheduled for %(start)s") % {"start": start}
    if revision.is_live():
        if end:
            return _("Live since %(start)s, until %(end)s") % {"start": start, "end": end}
        return _("Live since %(start)s") % {"start": start}
    return _("Was live from %(start)s to %(end)s") % {"start": start, "end": end}


class RevisionsMixin:
    """What "History" leads to. Whoever may look at a document may compare; whoever may change it may restore."""

    object_history_template = "admin/revisions.html"

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        return [
            path("<path:pk>/revisions/compare/", wrap(self.compare_view), name=f"{name}_compare"),
            path("<path:pk>/revisions/<int:number>/restore/", wrap(self.restore_view), name=f"{name}_restore"),
            path("<path:pk>/revisions/<int:number>/note/", wrap(require_POST(self.note_view)), name=f"{name}_note"),
            *super().get_urls(),
        ]

    # --- the list ---

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """List the revisions, with the log of the admin below."""
        document = self.get_object(request, unquote(object_id))
        if document is None or not self.has_view_or_change_permission(request, document):
            return super().history_view(request, object_id, extra_context)
        paginator = Paginator(
            document.revisions.select_related("created_by").order_by("-is_pinned", "-number"), ON_A_PAGE
        )
        page = paginator.get_page(request.GET.get("page"))
        context = {
            "title": _("Revisions of “%(title)s”") % {"title": document},
            "page": page,
            "pages": paginator.get_elided_page_range(page.number),
            "rows": self._rows(document, list(page)),
            "working": self._working_copy(document),
            "may_change": self.has_change_permission(request, document),
        }
        return super().history_view(request, object_id, context | (extra_context or {}))

    def _rows(self, document: Any, revisions: list[Any]) -> list[dict[str, Any]]:
        before = {revision.number - 1 for revision in revisions} - {revision.number for revision in revisions}
        others = [*revisions, *document.revisions.filter(number__in=before)]
        numbers = [revision.number for revision in others]
        read = dict(zip(numbers, [source for source, _lost in document.sources_of(others)], strict=True))
        return [
            {
                "revision": revision,
                "state": state_of(revision),
                "is_live": revision.is_live(),
                "changes": self._changes(document, read, revision.number),
                "form": NoteForm(
                    initial={"note": revision.note, "is_pinned": revision.is_pinned}, prefix=str(revision.number)
                ),
            }
            for revision in revisions
        ]

    def _changes(self, document: Any, read: dict[int, sources.Source], number: int) -> str:
        if number - 1 not in read:
            return _("The first revision")
        return compare(document, read[number - 1], read[number]).words or _("Nothing changed")

    def _working_copy(self, document: Any) -> dict[str, Any]:
        """Return what publishing the working copy would change, against what is live, or else the newest revision."""
        against = document.live_revision or document.revisions.first()
        if against is None:
            return {"against": None}
        words = compare(document, document.source_of(against)[0], sources.read(document)).words
        return {"against": against, "changes": words, "is_live": against.is_live() and not words}

    # --- two of them ---

    def compare_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Show two revisions, or one and the working copy, side by side."""
        document = self.opened(request, pk, "view")
        old, new = (self._side(document, request.GET.get(name, "")) for name in ("from", "to"))
        if old is None or new is None or old["value"] == new["value"]:
            self.message_user(request, _("Choose two different revisions to compare."), messages.WARNING)
            return HttpResponseRedirect(self._url("history", document.pk))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Compare revisions"),
            "subtitle": str(document),
            "opts": self.opts,
            "object": document,
            "old": old,
            "new": new,
            "comparison": compare(document, old["source"], new["source"]),
            "swap": f"?from={new['value']}&to={old['value']}",
            "may_change": self.has_change_permission(request, document),
        }
        return TemplateResponse(request, "admin/compare.html", context)

    def _side(self, document: Any, value: str) -> dict[str, Any] | None:
        """Return one side of a comparison: {"value", "name", "state", "revision", "source"}."""
        if value == WORKING_COPY:
            source = sources.read(document)
            return {
                "value": value,
                "name": _("Draft"),
                "state": _("what publishing would show"),
                "source": source,
            }
        revision = (
            document.revisions.filter(number=int(value)).first() if value.isdecimal() and len(value) < 9 else None
        )
        if revision is None:
            return None
        return {
            "value": value,
            "name": _("Revision %(number)d") % {"number": revision.number},
            "state": state_of(revision),
            "revision": revision,
            "source": document.source_of(revision)[0],
        }

    # --- acts ---

    def restore_view(self, request: HttpRequest, pk: str, number: int) -> HttpResponse:
        """Show what restoring a revision would change, with a button that does it."""
        document = self.opened(request, pk)
        revision = self._revision(document, number)
        if request.method == "POST":
            return self._restore(request, document, revision)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Restore revision %(number)d?") % {"number": number},
            "subtitle": str(document),
            "opts": self.opts,
            "object": document,
            "revision": revision,
            "state": state_of(revision),
            "lost": document.cannot_come_back(revision),
            "is_kept": document.kept_as(),
            "old": {"name": _("Draft"), "state": _("as it is now")},
            "new": {"name": _("Revision %(number)d") % {"number": number}, "state": _("as it would be restored")},
            "comparison": compare(document, sources.read(document), document.source_of(revision)[0]),
        }
        return TemplateResponse(request, "admin/restore.html", context)

    def _restore(self, request: HttpRequest, document: Any, revision: Any) -> HttpResponse:
        kept, lost = document.restore(revision, by=request.user)
        said = _("Revision %(number)d is the draft now. Visitors see nothing of it until you publish.")
        said %= {"number": revision.number}
        if kept:
            said += " " + _("What was there before is kept as revision %(number)d.") % {"number": kept.number}
        logged = _("Restored revision %(number)d as the draft.") % {"number": revision.number}
        self.log_change(request, document, logged)
        self.message_user(request, said, messages.SUCCESS)
        if lost:
            lines = format_html_join("", "<br>{}", [(sentence,) for sentence in lost])
            self.message_user(request, format_html("{}{}", _("Not everything came back:"), lines), messages.WARNING)
        return HttpResponseRedirect(self._url("change", document.pk))

    def note_view(self, request: HttpRequest, pk: str, number: int) -> HttpResponse:
        """Change the note of a revision, and whether it is pinned."""
        document = self.opened(request, pk)
        revision = self._revision(document, number)
        form = NoteForm(request.POST, prefix=str(number))
        if form.is_valid():
            revision.note, revision.is_pinned = form.cleaned_data["note"], form.cleaned_data["is_pinned"]
            revision.save(update_fields=["note", "is_pinned"])
            self.log_change(request, document, _("Changed the note of revision %(number)d.") % {"number": number})
            self.message_user(request, _("Revision %(number)d: note saved.") % {"number": number}, messages.SUCCESS)
        else:
            self.message_user(request, " ".join(map(str, form.errors["note"])), messages.ERROR)
        return HttpResponseRedirect(f"{self._url('history', document.pk)}#revision-{number}")

    def keep_version(self, request: HttpRequest, document: Any) -> str:
        """Freeze the working copy, shown to nobody: what the button "Keep as a revision" does."""
        revision = document.keep(by=request.user, note=request.revision_note)
        self.log_change(request, document, _("Kept as revision %(number)d.") % {"number": revision.number})
        return _("Kept as revision %(number)d. Visitors see nothing of it.") % {"number": revision.number}

    def _revision(self, document: Any, number: int) -> Any:
        revision = document.revisions.filter(number=number).first()
        if revision is None:
            raise Http404
        return revision
