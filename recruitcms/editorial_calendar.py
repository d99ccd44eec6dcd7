"""What happens to pages, and when: planned, scheduled, going offline, to be reviewed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_permission_codename
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recruitcms.publishing import publishable_models

FIRST_DAY = date(2000, 1, 1)


class Kind(models.TextChoices):
    """What an entry is about; only the middle two change what visitors see."""

    PLANNED = "planned", _("Planned (a note)")
    SCHEDULED = "scheduled", _("Goes live")
    EXPIRING = "expiring", _("Goes offline")
    REVIEW = "review", _("Review due")


@dataclass(frozen=True)
class Entry:
    """One thing in the calendar. `at` is None where it has a day but no time; `changed_at` is when it was decided."""

    kind: Kind
    day: date
    at: datetime | None
    model: Any
    document: int
    title: str
    language: str
    changed_at: datetime

    @property
    def url(self) -> str:
        """Where the page is edited."""
        options = self.model._meta
        return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[self.document])

    @property
    def type(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def uid(self) -> str:
        """The same name for the same thing, whenever it happens."""
        return f"{self.kind}-{self.model._meta.label_lower}-{self.document}"

    @property
    def tag(self) -> str:
        """The look of its kind: see `.tag` in site.css."""
        return {"planned": "plan", "scheduled": "ok", "expiring": "hot", "review": "err"}[self.kind]


def visible_to(user: Any) -> list[Any]:
    """Return the models of documents that somebody may look at in the admin."""
    return [model for model in publishable_models() if _may_view(user, model._meta)]


def _may_view(user: Any, options: Any) -> bool:
    names = [get_permission_codename(act, options) for act in ("view", "change")]
    return any(user.has_perm(f"{options.app_label}.{name}") for name in names)


def entries(user: Any, start: date, end: date, language: str = "", model: str = "") -> list[Entry]:
    """Return what happens from `start` up to, and not including, `end`, in the order of time.

    Only pages that this person may look at; only those of a language, or of a model (“roles.role”), where given. Costs
    two queries for each kind of document.
    """
    models_wanted = [each for each in visible_to(user) if model in {"", each._meta.label_lower}]
    found = [entry for each in models_wanted for entry in (*_timed(each, start, end), *_dated(each, start, end))]
    chosen = [entry for entry in found if language in {"", entry.language}]
    return sorted(chosen, key=lambda entry: (entry.day, entry.at or _midnight(entry.day), entry.title))


def coming(user: Any, days: int, language: str = "", model: str = "") -> list[Entry]:
    """Return what the next days bring, after what is late: reviews, and plans that nobody has carried out."""
    return entries(user, FIRST_DAY, timezone.localdate() + timedelta(days=days), language, model)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _timed(model: Any, start: date, end: date) -> Iterator[Entry]:
    """Yield what the clock will do: publications to come, and live pages that end without another in their place."""
    now = timezone.now()
    since, before = max(_midnight(start), now), _midnight(end)
    if before <= since:
        return
    revisions = model.revision_model().objects
    follows = revisions.filter(document=OuterRef("document"), live_from=OuterRef("live_until"))
    coming = revisions.filter(
        Q(live_from__gt=since, live_from__lt=before) | Q(live_until__gt=since, live_until__lt=before),
        live_from__isnull=False,
    ).annotate(is_followed=Exists(follows))
    rows = coming.values_list("document", "title", "language", "created_at", "live_from", "live_until", "is_followed")
    for document, title, language, created_at, live_from, live_until, is_followed in rows:
        if since < live_from < before:
            yield _entry(Kind.SCHEDULED, live_from, model, document, title, language, created_at)
        if live_until and since < live_until < before and not is_followed:
            yield _entry(Kind.EXPIRING, live_until, model, document, title, language, created_at)


def _entry(kind: Kind, at: datetime, *more: Any) -> Entry:
    return Entry(kind, timezone.localtime(at).date(), at, *more)


def _dated(model: Any, start: date, end: date) -> Iterator[Entry]:
    """Yield the dates that staff noted on working copies."""
    days = {Kind.PLANNED: "planned_for", Kind.REVIEW: "review_at"}
    inside = Q(planned_for__gte=start, planned_for__lt=end) | Q(review_at__gte=start, review_at__lt=end)
    for row in model.objects.filter(inside).only("title", "language", "updated_at", *days.values()):
        for kind, name in days.items():
            day = getattr(row, name)
            if day and start <= day < end:
                yield Entry(kind, day, None, model, row.pk, str(row), row.language, row.updated_at)
