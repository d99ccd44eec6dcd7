"""The calendar page of the desk: a month or a list, and the address of one's own feed."""

import calendar
from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from recruitcms.editorial_calendar import Entry, coming, entries, visible_to
from recruitcms.models import CalendarFeed
from recruitcms.models.feeds import new_key

YEARS = range(2000, 2101)
AHEAD_DAYS = 366  # of the list


class FilterForm(forms.Form):
    """What the calendar shows. Whatever it does not understand it takes for “all”."""

    view = forms.ChoiceField(choices=[("month", ""), ("list", "")], required=False, widget=forms.HiddenInput)
    month = forms.CharField(required=False, widget=forms.HiddenInput)
    language = forms.ChoiceField(label=gettext_lazy("language"), required=False)
    type = forms.ChoiceField(label=gettext_lazy("kind of page"), required=False)

    def __init__(self, data: Any, user: Any) -> None:
        super().__init__(data)
        models = [(model._meta.label_lower, capfirst(model._meta.verbose_name_plural)) for model in visible_to(user)]
        self.fields["language"].choices = [("", _("All")), *settings.LANGUAGES]
        self.fields["type"].choices = [("", _("All")), *models]

    @property
    def chosen(self) -> dict[str, str]:
        self.full_clean()
        return {name: self.cleaned_data.get(name, "") for name in ("language", "type")}


def calendar_view(request: HttpRequest) -> HttpResponse:
    """Show the month that `?month=2026-11` names, or with `?view=list` all that is to come."""
    if not visible_to(request.user):
        raise PermissionDenied
    form = FilterForm(request.GET, request.user)
    chosen = form.chosen
    first = _month(request.GET.get("month", ""))
    wanted = {"language": chosen["language"], "model": chosen["type"]}
    is_list = form.cleaned_data.get("view") == "list"
    shown = _list(request.user, wanted) if is_list else _grid(request.user, first, wanted)
    context = {
        **admin.site.each_context(request),
        "title": _("Calendar"),
        "form": form,
        "is_list": is_list,
        "first": first,
        "views": {view: _query(request, view=view) for view in ("month", "list")},
        "feed": CalendarFeed.objects.filter(user=request.user).first(),
        **shown,
        "previous": _query(request, month=f"{_shift(first, -1):%Y-%m}"),
        "next": _query(request, month=f"{_shift(first, 1):%Y-%m}"),
        "this_month": _query(request, month=f"{timezone.localdate():%Y-%m}"),
    }
    return TemplateResponse(request, "admin/calendar.html", context)


def _grid(user: Any, first: date, wanted: dict[str, str]) -> dict[str, Any]:
    """Return the weeks of a month, each day with its entries: {"weeks", "weekdays", "today"}."""
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    found = entries(user, weeks[0][0], weeks[-1][-1] + timedelta(days=1), **wanted)
    days: dict[date, list[Entry]] = {}
    for entry in found:
        days.setdefault(entry.day, []).append(entry)
    return {
        "weeks": [[(day, days.get(day, []), day.month == first.month) for day in week] for week in weeks],
        "weekdays": [(WEEKDAYS[number], WEEKDAYS_ABBR[number]) for number in range(7)],
        "today": timezone.localdate(),
    }


def _list(user: Any, wanted: dict[str, str]) -> dict[str, Any]:
    """Return what is late, and all that comes within a year: {"late", "coming"}."""
    found, today = coming(user, AHEAD_DAYS, **wanted), timezone.localdate()
    return {
        "late": [entry for entry in found if entry.day < today],
        "coming": [entry for entry in found if entry.day >= today],
    }


def _month(text: str) -> date:
    """Return the first day of a month written 2026-11, or of this month where it is not."""
    year, _dash, month = text.partition("-")
    if year.isdecimal() and month.isdecimal() and int(year) in YEARS and int(month) in range(1, 13):
        return date(int(year), int(month), 1)
    return timezone.localdate().replace(day=1)


def _shift(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _query(request: HttpRequest, **changes: str) -> str:
    query: QueryDict = request.GET.copy()
    for name, value in changes.items():
        query[name] = value
    return "?" + query.urlencode()


# --- the feed ---


@require_POST
def renew_feed(request: HttpRequest) -> HttpResponse:
    """Give somebody a new address; the one before ends at once."""
    if not visible_to(request.user):
        raise PermissionDenied
    CalendarFeed.objects.update_or_create(user=request.user, defaults={"key": new_key(), "created_at": timezone.now()})
    messages.success(request, _("This is your new address. An earlier one no longer works."))
    return HttpResponseRedirect(reverse("admin:calendar") + "#feed")


@require_POST
def revoke_feed(request: HttpRequest) -> HttpResponse:
    """End somebody's own address."""
    CalendarFeed.objects.filter(user=request.user).delete()
    messages.success(request, _("Your address no longer works. Calendar programs that know it get nothing more."))
    return HttpResponseRedirect(reverse("admin:calendar") + "#feed")
