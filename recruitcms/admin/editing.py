"""Nothing is lost or overwritten: what is typed is kept, others are seen, and two versions are shown side by side.

A form says when what it shows was saved (`_seen`) and what that was (`_read`, fingerprints by field). A save on top of
another's save is therefore noticed here, whatever scripts the browser runs. `_form` names the window (OpenForm).
"""

import copy
import json
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms.formsets import all_valid
from django.forms.utils import ErrorDict
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from recruitcms.merging import MINE, THEIRS, Difference, Filled, differences, fingerprints, merge, unlike
from recruitcms.models import OpenForm
from recruitcms.models.review import name_of
from recruitcms.templatetags.northbeam import clock

CHOICE = "choose:"  # before the key of a difference, on the page that shows two versions
OURS = {"csrfmiddlewaretoken", "_settle", "_settle_now"}  # fields of that page itself
HIDDEN = {"_form", "_seen", "_read"}  # of the form; what else begins with an underscore is the button that was pressed


class AsTyped:
    """A form, or a set of them, that shows what was typed and finds no fault with it yet."""

    def full_clean(self) -> None:
        if hasattr(self, "fields"):  # one form
            self._errors: Any = ErrorDict()
            self.cleaned_data: dict[str, Any] = {}
        else:
            self._errors, self._non_form_errors = [{} for _form in self.forms], self.error_class()

    def is_valid(self) -> bool:
        return False


class EditingViews:
    """The part of a document's admin that keeps what is typed and guards against overwriting."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        keep = never_cache(self.admin_site.admin_view(self.keep_view))
        drop = self.admin_site.admin_view(require_POST(self.drop_view))
        return [
            path("add/keep/", keep, {"pk": None}, name=f"{name}_keep_new"),
            path("<path:pk>/keep/", keep, name=f"{name}_keep"),
            path("kept/<uuid:key>/drop/", drop, name=f"{name}_drop"),
            *super().get_urls(),
        ]

    # --- keeping ---

    def keep_view(self, request: HttpRequest, pk: str | None) -> HttpResponse:
        """POST: note that a window is open, and keep what is typed in it where the whole form comes along.

        GET changes nothing: it says who is signed in and gives a fresh CSRF token, for a window that outlived its
        session. Answers with {"token", "user", "kept_at", "others", "changed", "asked"}.
        """
        document = self._editable(request, pk)
        answer: dict[str, Any] = {"token": get_token(request), "user": request.user.pk}
        if request.method == "POST":
            form = self._hear(request, document)
            answer |= {"kept_at": clock(form.kept_at), "others": self.others(document, request, form.key)}
            answer["asked"] = self._asked_about(request)
            if document:
                answer["changed"] = self._changed(document, request.POST.get("_seen", ""))
        return JsonResponse(answer)

    def _asked_about(self, request: HttpRequest) -> str:
        """Say "saved" of another window (`_asks`) whose text this browser still has, where it was saved; else ""."""
        key = request.POST.get("_asks", "")
        saved = OpenForm.objects.filter(user=request.user, saved_at__isnull=False)
        return "saved" if _is_key(key) and saved.filter(key=key).exists() else ""

    def drop_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Throw away what somebody typed and does not want any more. Only they can."""
        form = get_object_or_404(OpenForm, key=key, user=request.user)
        OpenForm.objects.filter(pk=form.pk).update(typed="", kept_at=None)
        self.message_user(request, _("The unsaved text is thrown away. What was saved is untouched."))
        pk = form.object_id
        return HttpResponseRedirect(self._url("change", pk) if pk else self._url("add"))

    def _editable(self, request: HttpRequest, pk: str | None) -> Any:
        if pk is None:
            if not self.has_add_permission(request):
                raise PermissionDenied
            return None
        return self.opened(request, pk)

    def _hear(self, request: HttpRequest, document: Any) -> OpenForm:
        try:
            key = uuid.UUID(request.POST.get("_form", ""))
            typed = None if {"_here", "_gone"} & set(request.POST) else _typed(request.POST)
            form = OpenForm.heard(key, request.user, self.model, document and document.pk, typed)
        except ValueError as error:
            raise Http404 from error
        except PermissionError as error:
            raise PermissionDenied from error
        if "_gone" in request.POST:
            form.leave()
        self._leave_earlier(request)
        return form

    def _leave_earlier(self, request: HttpRequest) -> None:
        """Close the form that this window showed before it was loaded anew (`_left`): its own word may come later."""
        key = request.POST.get("_left", "")
        for form in OpenForm.objects.filter(key=key, user=request.user) if _is_key(key) else ():
            form.leave()

    def others(self, document: Any, request: HttpRequest, key: Any) -> list[str]:
        """Return in words who else has a document open now: ["Nadia Fonseca, since 12:01", …]."""
        if document is None:
            return []
        open_now = OpenForm.objects.of(self.model, document.pk).here().exclude(key=key).select_related("user")
        return self._names(open_now.order_by("-opened_at"), request)

    def _names(self, forms: Iterable[OpenForm], request: HttpRequest) -> list[str]:
        since = {}
        for form in forms:
            name = _("You, in another window") if form.user_id == request.user.pk else name_of(form.user)
            since[name] = clock(form.opened_at)
        return [_("%(name)s, since %(time)s") % {"name": name, "time": time} for name, time in since.items()]

    def _changed(self, document: Any, seen: str) -> str:
        """Say who saved a document since a form of it was opened, and when; "" where nobody did."""
        if parse(seen) == document.updated_at:
            return ""
        who = name_of(document.updated_by) if document.updated_by else _("Somebody")
        return _("%(name)s saved this at %(time)s") % {"name": who, "time": clock(document.updated_at)}

    # --- the form ---

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST":
            return self._save(request, object_id, form_url, extra_context)
        kept = self._kept(request, object_id)
        if kept:
            request = _with_data(request, kept.data)
            request.as_typed = kept  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, extra_context)

    @transaction.atomic
    def _save(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        document = self._locked(request, object_id)
        if document and parse(request.POST.get("_seen", "")) != document.updated_at:
            filled = self._filled(request, document), self._filled(_with_data(request, None), document)
            asked, answered = self._settle(request, document, *filled)
            if asked is not None:
                return asked
            request = _with_data(request, answered)
        response = super().changeform_view(request, object_id, form_url, extra_context)
        if isinstance(response, HttpResponseRedirect):
            self._forget(request)
        return response

    def _locked(self, request: HttpRequest, object_id: str | None) -> Any:
        """Return the document to save, so that nobody saves it at the same moment; None for a new one."""
        document = self.get_object(request, unquote(object_id)) if object_id else None
        locked = self.model._default_manager.select_for_update(of=("self",))
        return locked.filter(pk=document.pk).first() if document else None

    def _forget(self, request: HttpRequest) -> None:
        key = request.POST.get("_form", "")
        if _is_key(key):
            mine = OpenForm.objects.filter(key=key, user=request.user)
            mine.update(typed="", kept_at=None, saved_at=timezone.now())

    def _kept(self, request: HttpRequest, object_id: str | None) -> OpenForm | None:
        """Return what this person typed and asks to see again (?kept=…)."""
        key = request.GET.get("kept", "")
        pk = int(unquote(object_id)) if object_id and unquote(object_id).isdecimal() else None
        if not _is_key(key):
            return None
        return OpenForm.objects.of(self.model, pk).unsaved().filter(key=key, user=request.user).first()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type("FormAsTyped", (AsTyped, form), {}) if getattr(request, "as_typed", None) else form

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            if getattr(request, "as_typed", None):
                rows = type("RowAsTyped", (AsTyped, formset.form), {})
                yield type("RowsAsTyped", (AsTyped, formset), {"form": rows}), inline
            else:
                yield formset, inline

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        document = kwargs.get("obj")
        form, formsets = context["adminform"].form, [inline.formset for inline in context["inline_admin_formsets"]]
        key = request.POST.get("_form", "") if form.is_bound else ""
        open_forms = self._open_forms(request, document)
        unsaved = [] if form.is_bound else [one for one in open_forms if self._is_left(one, request)]
        theirs = [one for one in open_forms if one.is_here and one.user_id != request.user.pk]
        context["editing"] = {
            "key": key if _is_key(key) else str(uuid.uuid4()),
            "seen": request.POST.get("_seen", "") if form.is_bound else (document and document.updated_at.isoformat()),
            "read": request.POST.get("_read", "") if form.is_bound else fingerprints(Filled(form, formsets)),
            "changed": self._changed(document, request.POST.get("_seen", "")) if form.is_bound and document else "",
            "unsaved": unsaved,
            "unlike": unlike(unsaved[0].data, Filled(form, formsets)) if unsaved and document else [],
            "others": self._names(theirs, request),  # one's own other windows are told of by the script alone
            "kept_at": kept.kept_at if (kept := getattr(request, "as_typed", None)) else None,
            "keep_url": self._url("keep", document.pk) if document else self._url("keep_new"),
        }
        return super().render_change_form(request, context, **kwargs)

    def _open_forms(self, request: HttpRequest, document: Any) -> list[OpenForm]:
        """Return the windows that the form tells of, by one query: open now, or left unsaved by this person."""
        forms = OpenForm.objects.of(self.model, document.pk if document else None)
        told = forms.filter(user=request.user) | forms.here() if document else forms.filter(user=request.user)
        return list(told.select_related("user").order_by("-kept_at", "-opened_at"))

    def _is_left(self, form: OpenForm, request: HttpRequest) -> bool:
        return bool(form.typed) and form.user_id == request.user.pk

    # --- two versions ---

    def _filled(self, request: HttpRequest, document: Any) -> Filled:
        """Return a document's form and inlines: as sent, for a POST; as saved, for a GET."""
        document = copy.copy(document)
        fields = flatten_fieldsets(self.get_fieldsets(request, document))
        form_class = self.get_form(request, document, change=True, fields=fields)
        data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        form = form_class(*data, instance=document)
        formsets, _inlines = self._create_formsets(request, document, change=True)
        if form.is_bound:
            form.is_valid()
            all_valid(formsets)  # so that each row knows what it is called
        return Filled(form, formsets)

    def _settle(
        self, request: HttpRequest, document: Any, mine: Filled, theirs: Filled
    ) -> tuple[HttpResponse | None, QueryDict]:
        """Return the page that asks which of two versions to take, or None and the data of what was chosen."""
        found = differences(mine, theirs, _read(request))
        answers = {item.key: request.POST.get(CHOICE + item.key, "") for item in found}
        chosen = {key: answer if answer in {MINE, THEIRS} else "" for key, answer in answers.items()}
        is_answer = "_settle" in request.POST and parse(request.POST.get("_settle_now", "")) == document.updated_at
        if found and not (is_answer and all(chosen.values())):
            for item in found:
                item.chosen = chosen[item.key] or item.chosen
            return self._show_both(request, document, found, is_answer), request.POST
        if MINE in chosen.values() and not document.kept_as():
            document.keep(
                document.updated_by, _("Before %(name)s saved another version") % {"name": name_of(request.user)}
            )
        data = merge(request.POST, mine, theirs, chosen)
        for name in [name for name in data if name.startswith(CHOICE) or name in OURS]:
            del data[name]
        data["_seen"], data["_read"] = document.updated_at.isoformat(), fingerprints(theirs)
        return None, data

    def _show_both(self, request: HttpRequest, document: Any, found: list[Difference], is_answer: bool) -> HttpResponse:
        posted = request.POST.lists()
        sent = [(name, texts) for name, texts in posted if not name.startswith(CHOICE) and name not in OURS]
        button = next((name for name, _texts in sent if name.startswith("_") and name not in HIDDEN), "_continue")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": document,
            "title": _("Two versions of “%(title)s”") % {"title": document},
            "who": self._changed(document, ""),
            "differences": sorted(found, key=lambda item: not item.needs_choice),
            "sent": [(name, text) for name, texts in sent if name != button for text in texts],
            "button": button,
            "button_value": request.POST.get(button, "1"),
            "now": document.updated_at.isoformat(),
            "missing": is_answer,
            "files": bool(request.FILES),
            "prefix": CHOICE,
            "theirs": THEIRS,
        }
        return TemplateResponse(request, "admin/two_versions.html", context, status=409)


def parse(moment: str) -> datetime | None:
    """Return a moment that a form sent back; None for anything else."""
    try:
        return parse_datetime(moment)
    except ValueError:
        return None


def _is_key(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def _typed(data: QueryDict) -> str:
    kept = data.copy()
    for name in ("csrfmiddlewaretoken", "_here"):
        kept.pop(name, None)
    return kept.urlencode()


def _with_data(request: HttpRequest, data: QueryDict | None) -> HttpRequest:
    """Return a copy of a request as though it had posted this data; with None, as though it had only asked."""
    _files = request.FILES  # asked for later, it would read the body again and put that in the place of our data
    request = copy.copy(request)
    request.method = "GET" if data is None else "POST"
    request.POST = QueryDict() if data is None else data  # type: ignore[assignment]
    return request


def _read(request: HttpRequest) -> dict[str, str]:
    try:
        read = json.loads(request.POST.get("_read", "") or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in read.items()} if isinstance(read, dict) else {}
