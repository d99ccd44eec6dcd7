"""Nothing that is typed is lost, and others are seen: the windows that staff have open, and what waits in them.

`_form` names a window (OpenForm). What somebody else saved meanwhile is the matter of recruitcms.admin.guarding.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.forms.utils import ErrorDict
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from recruitcms.admin.guarding import shown, with_data
from recruitcms.merging import unlike
from recruitcms.models import OpenForm
from recruitcms.models.review import name_of
from recruitcms.templatetags.northbeam import clock


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
    """The part of an admin that keeps what is typed and says who else is there. Comes after `OverwriteGuard`."""

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
        row = self._editable(request, pk)
        answer: dict[str, Any] = {"token": get_token(request), "user": request.user.pk}
        if request.method == "POST":
            form = self._hear(request, row)
            answer |= {"kept_at": clock(form.kept_at), "others": self.others(row, request, form.key)}
            answer["asked"] = self._asked_about(request)
            if row:
                answer["changed"] = self.changed_since(row, request.POST.get("_seen", ""))
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

    def _hear(self, request: HttpRequest, row: Any) -> OpenForm:
        try:
            key = uuid.UUID(request.POST.get("_form", ""))
            typed = None if {"_here", "_gone"} & set(request.POST) else _typed(request.POST)
            form = OpenForm.heard(key, request.user, self.model, row and row.pk, typed)
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

    def others(self, row: Any, request: HttpRequest, key: Any) -> list[str]:
        """Return in words who else has a row open now: ["Nadia Fonseca, since 12:01", …]."""
        if row is None:
            return []
        open_now = OpenForm.objects.of(self.model, row.pk).here().exclude(key=key).select_related("user")
        return self._names(open_now.order_by("-opened_at"), request)

    def _names(self, forms: Iterable[OpenForm], request: HttpRequest) -> list[str]:
        since = {}
        for form in forms:
            name = _("You, in another window") if form.user_id == request.user.pk else name_of(form.user)
            since[name] = clock(form.opened_at)
        return [_("%(name)s, since %(time)s") % {"name": name, "time": time} for name, time in since.items()]

    # --- the form ---

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST":
            response = super().changeform_view(request, object_id, form_url, extra_context)
            if isinstance(response, HttpResponseRedirect):
                self._forget(request, object_id)
            return response
        kept = self._kept(request, object_id)
        if kept:
            request = with_data(request, kept.data)
            request.as_typed = kept  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _forget(self, request: HttpRequest, object_id: str | None) -> None:
        key = request.POST.get("_form", "")
        if _is_key(key):
            OpenForm.saved(uuid.UUID(key), request.user, self.model, _number(object_id))

    def _kept(self, request: HttpRequest, object_id: str | None) -> OpenForm | None:
        """Return what this person typed and asks to see again (?kept=…)."""
        key = request.GET.get("kept", "")
        if not _is_key(key):
            return None
        return OpenForm.objects.of(self.model, _number(object_id)).unsaved().filter(key=key, user=request.user).first()

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
        row, is_bound = kwargs.get("obj"), context["adminform"].form.is_bound
        key = request.POST.get("_form", "") if is_bound else ""
        open_forms = self._open_forms(request, row)
        unsaved = [] if is_bound else [one for one in open_forms if self._is_left(one, request)]
        theirs = [one for one in open_forms if one.is_here and one.user_id != request.user.pk]
        context["editing"] |= {
            "key": key if _is_key(key) else str(uuid.uuid4()),
            "unsaved": unsaved,
            "unlike": unlike(unsaved[0].data, shown(context)) if unsaved and row else [],
            "others": self._names(theirs, request),  # one's own other windows are told of by the script alone
            "kept_at": kept.kept_at if (kept := getattr(request, "as_typed", None)) else None,
            "keep_url": self._keep_url(request, row),
            "most_bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
            "most_fields": settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
        }
        return super().render_change_form(request, context, **kwargs)

    def _keep_url(self, request: HttpRequest, row: Any) -> str:
        """Return where the form's window reports to; "" for somebody who may only read it."""
        if row is None:
            return self._url("keep_new") if self.has_add_permission(request) else ""
        return self._url("keep", row.pk) if self.has_change_permission(request, row) else ""

    def _open_forms(self, request: HttpRequest, row: Any) -> list[OpenForm]:
        """Return the windows that the form tells of, by one query: open now, or left unsaved by this person."""
        forms = OpenForm.objects.of(self.model, row.pk if row else None)
        told = forms.filter(user=request.user) | forms.here() if row else forms.filter(user=request.user)
        return list(told.select_related("user").order_by("-kept_at", "-opened_at"))

    def _is_left(self, form: OpenForm, request: HttpRequest) -> bool:
        return bool(form.typed) and form.user_id == request.user.pk


def _number(object_id: str | None) -> int | None:
    """Return the primary key that an address names, or None: the form of a new row."""
    pk = unquote(object_id or "")
    return int(pk) if pk.isdecimal() else None


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
