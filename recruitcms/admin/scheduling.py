"""Times in the form of a document: when it is to appear and to go, by the clock on the wall of TIME_ZONE."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

REVIEW_AFTER = timedelta(days=365)
# The buttons that use each time.
USES = {"publish_at": {"_schedule"}, "offline_at": {"_schedule", "_publish", "_offline_at"}}


def zone_name() -> str:
    """Return what the time zone is called in a sentence: the city's name, “Warsaw”."""
    return settings.TIME_ZONE.rpartition("/")[2].replace("_", " ")


def in_words(at: datetime) -> str:
    """Return a moment as the form says it: “3 November 2026, 09:00, Warsaw time”."""
    when = format_date(timezone.localtime(at), "DATETIME_FORMAT")
    return _("%(when)s, %(zone)s time") % {"when": when, "zone": zone_name()}


def next_review(today: date | None = None) -> date:
    """Return the day that is suggested for the next review: a year from now."""
    return (today or timezone.localdate()) + REVIEW_AFTER


class WallClockField(forms.SplitDateTimeField):
    """A day and a time on the wall clock. An hour that the clocks skip, or show twice, is refused in words."""

    def compress(self, data_list: Any) -> Any:
        if data_list and all(value not in self.empty_values for value in data_list):
            self._check(datetime.combine(*data_list))
        return super().compress(data_list)

    def _check(self, wall: datetime) -> None:
        zone = timezone.get_current_timezone()
        before, after = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
        if before == after:
            return
        words = {"when": format_date(wall, "DATETIME_FORMAT"), "zone": zone_name()}
        if before is not None and after is not None and before < after:
            raise ValidationError(
                _("%(when)s does not exist: the clocks go forward that night (%(zone)s time). Choose another hour.")
                % words,
                code="skipped",
            )
        raise ValidationError(
            _("%(when)s comes twice: the clocks go back that night (%(zone)s time). Choose another hour.") % words,
            code="twice",
        )


class SchedulingForm(forms.ModelForm):
    """The times that the buttons beside them use. They are no fields of the document: only a button makes them hold."""

    publish_at = WallClockField(
        label=gettext_lazy("publish at"), required=False, widget=admin.widgets.AdminSplitDateTime
    )
    offline_at = WallClockField(
        label=gettext_lazy("offline at"), required=False, widget=admin.widgets.AdminSplitDateTime
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        helps = {
            "publish_at": _("%(zone)s time. For “Publish at this time”: the draft as it is now goes live then."),
            "offline_at": _("%(zone)s time. For “Take offline at this time”, or together with publishing: until then."),
        }
        for name, text in helps.items():
            if name in self.fields:
                self.fields[name].help_text = text % {"zone": zone_name()}
        if "review_at" in self.fields and not self.instance.review_at:
            suggested = format_date(next_review(), "DATE_FORMAT")
            self.fields["review_at"].help_text += " " + _("Suggested: %(date)s.") % {"date": suggested}
            if not self.instance.pk:
                self.initial.setdefault("review_at", next_review())

    def clean(self) -> Any:
        data = super().clean() or {}
        self._check_times(data, {name for name in self.data if name.startswith("_")})
        return data

    def _check_times(self, data: dict[str, Any], pressed: set[str]) -> None:
        """Refuse a time that has passed, or is missing, where the button that was pressed uses it."""
        for name, sentence in (
            ("publish_at", _("This time has passed. Choose a later one, or press “Publish now”.")),
            ("offline_at", _("This time has passed. Choose a later one, or press “Take offline”.")),
        ):
            if pressed & USES[name] and data.get(name) and data[name] <= timezone.now():
                self.add_error(name, sentence)
        if "_schedule" in pressed:
            self._check_schedule(data.get("publish_at"), data.get("offline_at"))
        if "_offline_at" in pressed and "offline_at" not in self.errors:
            self._check_offline(data.get("offline_at"))

    def _check_schedule(self, at: datetime | None, until: datetime | None) -> None:
        if at is None and "publish_at" not in self.errors:
            self.add_error("publish_at", _("Choose the day and time at which the page is to appear."))
        if at and until and until <= at:
            self.add_error("offline_at", _("The page would go offline before it appears. Choose a later time."))

    def _check_offline(self, at: datetime | None) -> None:
        if at is None:
            self.add_error("offline_at", _("Choose the day and time at which the page is to go offline."))
            return
        scheduled = self.instance.scheduled_revision if self.instance.pk else None
        if scheduled and at <= scheduled.live_from:
            sentence = _("A publication is scheduled for %(when)s. Cancel it first, or choose a later time.")
            self.add_error("offline_at", sentence % {"when": in_words(scheduled.live_from)})
        elif not scheduled and not (self.instance.pk and self.instance.live_revision):
            self.add_error("offline_at", _("The page is not live, so there is nothing to take offline."))


class StateFilter(admin.SimpleListFilter):
    """Filters documents by what visitors see of them, and by the dates that staff keep."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("live", _("Live")),
            ("scheduled", _("Scheduled")),
            ("planned", _("Planned (a note)")),
            ("expiring", _("Going offline")),
            ("review", _("Review due")),
            ("not_live", _("Not live")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Needs the annotations of `PublishableAdmin.get_queryset`."""
        conditions = {
            "live": Q(live_since__isnull=False),
            "scheduled": Q(scheduled_for__isnull=False),
            "planned": Q(planned_for__isnull=False),
            "expiring": Q(scheduled_ends__isnull=False)
            | Q(live_ends__isnull=False, scheduled_for__isnull=True)
            | Q(live_ends__lt=F("scheduled_for")),  # as `offline_times` has it
            "review": Q(review_at__lte=timezone.localdate()),
            "not_live": Q(live_since__isnull=True),
        }
        condition = conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


class SchedulingMixin:
    """The buttons that make a page go offline at a time, or stay."""

    def go_offline_later(self, request: HttpRequest, document: Any) -> str:
        at = request.offline_at
        document.take_offline(at=at)
        said = _("Goes offline on %(when)s.") % {"when": in_words(at)}
        self.log_change(request, document, said)
        return said

    def stay_online(self, request: HttpRequest, document: Any) -> str:
        document.stay_online()
        self.log_change(request, document, _("Going offline cancelled."))
        return _("The page stays online until somebody takes it offline.")

    def remind_of_times(self, request: HttpRequest) -> str:
        """Say that a time was typed which no button has used."""
        if request.publish_at or request.offline_at:
            return _("You gave a time, but pressed no button that uses it: nothing is scheduled.")
        return ""


def state_tags(document: Any) -> list[tuple[str, Any]]:
    """Return what visitors see, and will, as [(kind of tag, words), …]. Needs `get_queryset`'s annotations."""
    tags = []
    if document.live_since:
        changed = document.updated_at > document.live_made
        tags.append(("ok", _("Live, draft changed") if changed else _("Live")))
    if document.scheduled_for:
        tags.append(("hot", _("Scheduled for %(when)s") % {"when": _short(document.scheduled_for)}))
    tags += [("hot", _("Offline from %(when)s") % {"when": _short(at)}) for at in offline_times(document)]
    tags = tags or [("hot", _("Draft"))]
    if document.planned_for:
        when = format_date(document.planned_for, "SHORT_DATE_FORMAT")
        tags.append(("plan", _("Planned for %(when)s (a note)") % {"when": when}))
    if document.review_at and document.review_at <= timezone.localdate():
        tags.append(("err", _("Review due")))
    return tags


def offline_times(document: Any) -> list[datetime]:
    """Return when the page will go offline: once at most, or twice where what is scheduled comes after a gap."""
    live_ends, scheduled_for = document.live_ends, document.scheduled_for
    times = [live_ends if live_ends != scheduled_for else None, document.scheduled_ends]
    return [at for at in times if at]


def _short(at: datetime) -> str:
    return format_date(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
