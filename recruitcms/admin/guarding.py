"""Nobody overwrites unseen what somebody else saved: two versions are shown side by side, to choose from.

A form says which version of a row it shows (`_seen`) and what stood in it (`_read`, fingerprints by field). A save on
top of another's save is therefore noticed here, whatever scripts the browser runs.
"""

import copy
import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2s
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR, get_content_type_for_model
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms import BaseModelFormSet, ModelForm
from django.forms.formsets import all_valid
from django.forms.models import _get_foreign_key
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from recruitcms.merging import MINE, THEIRS, Difference, Filled, differences, fingerprints, merge
from recruitcms.models.review import name_of
from recruitcms.templatetags.northbeam import clock

CHOICE = "choose:"  # before the key of a difference, on the page that shows two versions
OURS = {"csrfmiddlewaretoken", "_settle", "_settle_now"}  # fields of that page itself
# Of the form; what else begins with an underscore is the button that was pressed.
HIDDEN = {"_form", "_seen", "_read", IS_POPUP_VAR, TO_FIELD_VAR}


class OverwriteGuard:
    """The part of an admin that lets nobody save over another's save without having seen it."""

    version_ignores: list[str] = []  # fields that change without anybody's editing the row

    # --- which version a row is ---

    def version(self, row: Any) -> str:
        """Return a short text that says which version of a row, with its inlines' rows, the database has now.

        The row is read anew: a form that was refused has already written into the one at hand.
        """
        saved = [*self.model._base_manager.filter(pk=row.pk), *self._rows_of(row)]
        names = {field.name for one in saved for field in one._meta.get_fields()} - set(self.version_ignores)
        text = serializers.serialize("json", saved, fields=names)
        return blake2s(text.encode(), digest_size=16).hexdigest()

    def _rows_of(self, row: Any) -> Iterator[models.Model]:
        for inline in self.inlines:
            link = _get_foreign_key(self.model, inline.model, fk_name=inline.fk_name)
            yield from inline.model._base_manager.filter(**{link.name: row.pk}).order_by("pk")

    def saved_by(self, row: Any) -> tuple[str, datetime | None]:
        """Return who saved a row last, and when: ("", None) where the admin's log does not know."""
        entries = LogEntry.objects.filter(content_type=get_content_type_for_model(row), object_id=row.pk)
        last = entries.select_related("user").order_by("-action_time").first()
        return (name_of(last.user), last.action_time) if last else ("", None)

    def changed_since(self, row: Any, seen: str) -> str:
        """Say who saved a row since a form showed the version `seen`, and when; "" where nobody did."""
        if seen == self.version(row):
            return ""
        who, when = self.saved_by(row)
        if when is None:
            return _("Somebody saved this")
        return _("%(name)s saved this at %(time)s") % {"name": who or _("Somebody"), "time": clock(when)}

    def keep_theirs(self, request: HttpRequest, row: Any) -> None:
        """Keep what is saved now, before what was chosen instead takes its place: where there are revisions."""

    # --- the form ---

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST" and object_id:
            return self._save(request, object_id, form_url, extra_context)
        return super().changeform_view(request, object_id, form_url, extra_context)

    @transaction.atomic
    def _save(
        self, request: HttpRequest, object_id: str, form_url: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        row = self._locked(request, object_id)
        # Who may not change it is shown nothing of it here: Django refuses them.
        may_change = row is not None and self.has_change_permission(request, row)
        if may_change and request.POST.get("_seen", "") != self.version(row):
            filled = self._filled(request, row), self._filled(with_data(request, None), row)
            asked, answered = self._settle(request, row, *filled)
            if asked is not None:
                return asked
            request = with_data(request, answered)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _locked(self, request: HttpRequest, object_id: str) -> Any:
        """Return the row to save, so that nobody saves it at the same moment; None where there is none."""
        row = self.get_object(request, unquote(object_id))
        locked = self.model._default_manager.select_for_update(of=("self",))
        return locked.filter(pk=row.pk).first() if row else None

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        row, form = kwargs.get("obj"), context["adminform"].form
        seen = request.POST.get("_seen", "")
        context["editing"] = {
            "seen": seen if form.is_bound else (row and self.version(row)),
            "read": request.POST.get("_read", "") if form.is_bound else fingerprints(shown(context)),
            "changed": self.changed_since(row, seen) if form.is_bound and row else "",
        }
        return super().render_change_form(request, context, **kwargs)

    # --- the list, where it is edited as a whole ---

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method != "POST" or not self.list_editable:
            return super().changelist_view(request, extra_context)
        with transaction.atomic():  # for the rows that are locked
            return super().changelist_view(request, extra_context)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **{"form": ListRow} | kwargs)

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_formset(request, **{"formset": LockedRows} | kwargs)

    # --- two versions ---

    def _filled(self, request: HttpRequest, row: Any) -> Filled:
        """Return a row's form and inlines: as sent, for a POST; as saved, for a GET."""
        row = copy.copy(row)
        fields = flatten_fieldsets(self.get_fieldsets(request, row))
        form_class = self.get_form(request, row, change=True, fields=fields)
        data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        form = form_class(*data, instance=row)
        formsets, _inlines = self._create_formsets(request, row, change=True)
        if form.is_bound:
            form.is_valid()
            all_valid(formsets)  # so that each row knows what it is called
        return Filled(form, formsets)

    def _settle(
        self, request: HttpRequest, row: Any, mine: Filled, theirs: Filled
    ) -> tuple[HttpResponse | None, QueryDict]:
        """Return the page that asks which of two versions to take, or None and the data of what was chosen."""
        found = differences(mine, theirs, _read(request))
        answers = {item.key: request.POST.get(CHOICE + item.key, "") for item in found}
        chosen = {key: answer if answer in {MINE, THEIRS} else "" for key, answer in answers.items()}
        now = self.version(row)
        is_answer = "_settle" in request.POST and request.POST.get("_settle_now", "") == now
        # A file cannot be shown beside another, nor sent along with the answer: it is never saved unasked.
        if (found or request.FILES) and not (is_answer and all(chosen.values())):
            for item in found:
                item.chosen = chosen[item.key] or item.chosen
            return self._show_both(request, row, found, now, is_answer), request.POST
        if MINE in chosen.values():
            self.keep_theirs(request, row)
        data = merge(request.POST, mine, theirs, chosen)
        for name in [name for name in data if name.startswith(CHOICE) or name in OURS]:
            del data[name]
        data["_seen"], data["_read"] = now, fingerprints(theirs)
        return None, data

    def _show_both(
        self, request: HttpRequest, row: Any, found: list[Difference], now: str, is_answer: bool
    ) -> HttpResponse:
        posted = request.POST.lists()
        sent = [(name, texts) for name, texts in posted if not name.startswith(CHOICE) and name not in OURS]
        button = next((name for name, _texts in sent if name.startswith("_") and name not in HIDDEN), "_continue")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "is_popup": IS_POPUP_VAR in request.POST,
            "original": row,
            "title": _("Two versions of “%(title)s”") % {"title": row},
            "who": self.changed_since(row, ""),
            "differences": sorted(found, key=lambda item: not item.needs_choice),
            "sent": [(name, text) for name, texts in sent if name != button for text in texts],
            "button": button,
            "button_value": request.POST.get(button, "1"),
            "now": now,
            "missing": is_answer,
            "files": bool(request.FILES),
            "prefix": CHOICE,
            "theirs": THEIRS,
        }
        return TemplateResponse(request, "admin/two_versions.html", context, status=409)


class LockedRows(BaseModelFormSet):
    """The rows of a list that is saved: nobody else saves them at the same moment."""

    def __init__(self, data: Any = None, *args: Any, queryset: Any = None, **kwargs: Any) -> None:
        if data is not None:
            # Not the list's own query, which may count or group: PostgreSQL locks no rows there.
            rows = queryset.model._base_manager.filter(pk__in=queryset.order_by().values("pk"))
            list(rows.select_for_update())
        super().__init__(data, *args, queryset=queryset, **kwargs)

    def clean(self) -> None:
        """Say above the list what is wrong in it: on a phone the field may be out of sight."""
        super().clean()
        all_errors = ((form.instance, form.errors.values()) for form in self.forms)
        said = [f"{row}: {error}" for row, errors in all_errors for messages in errors for error in messages]
        if said:
            raise ValidationError(said)


class ListRow(ModelForm):
    """A row of a list with fields. It sends along what it showed, and so knows what was changed in it, and by whom.

    A row that nobody touched is not written back, however old the list is. One that somebody else saved meanwhile is
    refused once, with their value and the one that was typed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        for name in set(self.changed_data) & set(data):
            shown, now, typed = self[name].html_initial_name, self.initial[name], data[name]
            if typed != now and self.data.get(shown) != str(now):
                self.data = {**self.data.dict(), shown: str(now)}  # type: ignore[attr-defined]  # now they have seen it
                said = _("Somebody saved %(theirs)s here meanwhile. Save again if it is to be %(yours)s.")
                self.add_error(name, ValidationError(said, params={"theirs": now, "yours": typed}))
        return data


def with_data(request: HttpRequest, data: QueryDict | None) -> HttpRequest:
    """Return a copy of a request as though it had posted this data; with None, as though it had only asked."""
    _files = request.FILES  # asked for later, it would read the body again and put that in the place of our data
    request = copy.copy(request)
    request.method = "GET" if data is None else "POST"
    request.POST = QueryDict() if data is None else data  # type: ignore[assignment]
    return request


def shown(context: dict[str, Any]) -> Filled:
    """Return the form and inlines that a change page is about to show."""
    return Filled(context["adminform"].form, [inline.formset for inline in context["inline_admin_formsets"]])


def _read(request: HttpRequest) -> dict[str, str]:
    try:
        read = json.loads(request.POST.get("_read", "") or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in read.items()} if isinstance(read, dict) else {}
