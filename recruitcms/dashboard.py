"""The figures of the admin's first page. Each function asks one thing, with a number of queries that never grows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads import counts, pauses
from leads.models import OutgoingMail, Submission
from recruitcms.editorial_calendar import Entry, coming, visible_to
from recruitcms.models import OpenForm, Review, SiteSettings, StaffMail
from recruitcms.publishing import publishable_models
from roles.models import Role, RoleRevision

INBOX = 10
CHANGED = 8
WAITING = 20
COMING = 12
COMING_DAYS = 14
REPORT_DAYS = 14
COUNT_DAYS = 14
COUNTED = 8
UNSAVED = 8
SATURDAY = 5


@dataclass
class Tile:
    """One figure with what it means, and where to see what it counts. `alarm` is what has gone wrong."""

    name: str
    figure: int
    note: str = ""
    alarm: str = ""
    url: str = ""


def dashboard(request: HttpRequest, role_admin: Any = None) -> dict[str, Any]:
    """Return what the first page shows to this person; None where they may not look.

    {"tiles", "reviews", "inbox", "coming", "counts", "changed", "unsaved"}
    """
    now = timezone.now()
    leads = may_view(request.user, "leads.submission")
    roles = role_admin and role_admin.has_view_permission(request)
    tiles = []
    if leads:
        late = late_before(now, SiteSettings.get().answers_within_days)
        tiles += [waiting(late), *held(), report_requests(now)]
    if may_view(request.user, "leads.outgoingmail"):
        tiles.append(mail_waiting(now))
    if may_view(request.user, "recruitcms.staffmail"):
        tiles += staff_mail_given_up()
    if roles:
        tiles += [drafts(now), live_roles(now)]
    return {
        "today": timezone.localdate(),
        "tiles": tiles,
        "reviews": reviews(request.user),
        "inbox": inbox(late) if leads else None,
        "coming": coming_up(request.user),
        "counts": counts.busiest(COUNT_DAYS, COUNTED) if may_view(request.user, "leads.pagecount") else None,
        "changed": recently_changed(request, role_admin) if roles else None,
        "unsaved": left_unsaved(request.user),
    }


def may_view(user: AbstractBaseUser | AnonymousUser, model: str) -> bool:
    """Tell whether somebody may see a model, named `app.model`, as the admin has it: who may change may look."""
    app, name = model.split(".")
    return any(user.has_perm(f"{app}.{act}_{name}") for act in ("view", "change"))  # type: ignore[union-attr]


def late_before(now: datetime, business_days: int) -> datetime:
    """Return the moment before which an enquiry must have come to be late now. Weekends do not count; holidays do."""
    moment = timezone.localtime(now)
    if moment.weekday() >= SATURDAY:
        moment = moment.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=moment.weekday() - SATURDAY)
    while business_days:
        moment -= timedelta(days=1)
        business_days -= moment.weekday() < SATURDAY
    return moment


def left_unsaved(user: Any) -> list[dict[str, Any]]:
    """Return what somebody typed and did not save, wherever it was: [{"title", "kind", "kept_at", "url"}, …]."""
    mine = OpenForm.objects.filter(user=user).unsaved().select_related("content_type")
    return [
        {
            "title": form.title or _("(untitled)"),
            "kind": form.content_type.name,
            "kept_at": form.kept_at,
            "url": form.get_admin_url(),
        }
        for form in mine[:UNSAVED]
    ]


# --- tiles ---


def open_enquiries() -> QuerySet[Submission]:
    return Submission.objects.contactable().filter(kind=Submission.Kind.CONSULTATION, state=Submission.State.NEW)


def waiting(late: datetime) -> Tile:
    """Count the enquiries without an answer, and those among them that came before `late`."""
    found = open_enquiries().aggregate(all=Count("pk"), late=Count("pk", filter=Q(created_at__lt=late)))
    return Tile(
        _("Waiting for a reply"),
        found["all"],
        note=_("Everyone has an answer") if not found["all"] else _("All within the promised time"),
        alarm=_("%(number)d late") % {"number": found["late"]} if found["late"] else "",
        url=list_url("leads_submission", "?kind__exact=consultation&state__exact=new"),
    )


def held() -> list[Tile]:
    """Count the forms that wait for somebody to look at them; nothing where there is none."""
    waiting_for_us = Submission.objects.contactable().filter(state=Submission.State.HELD)
    found = waiting_for_us.aggregate(all=Count("pk"), oldest=Min("created_at"))
    if not found["all"]:
        return []
    age = _("Oldest form: %(age)s") % {"age": timesince(found["oldest"], depth=1)}
    return [Tile(_("Held for review"), found["all"], alarm=age, url=list_url("leads_submission", "?state__exact=held"))]


def report_requests(now: datetime) -> Tile:
    """Count the requests for the report of the last two weeks, with the share that confirmed."""
    since = now - timedelta(days=REPORT_DAYS)
    recent = Submission.objects.contactable().filter(kind=Submission.Kind.REPORT, created_at__gte=since)
    found = recent.aggregate(all=Count("pk"), confirmed=Count("confirmed_at"))
    share = round(100 * found["confirmed"] / found["all"]) if found["all"] else 0
    return Tile(
        _("Report requests"),
        found["all"],
        note=_("%(share)d%% confirmed, last 14 days") % {"share": share} if found["all"] else _("In the last 14 days"),
        url=list_url("leads_submission", "?kind__exact=report"),
    )


def mail_waiting(now: datetime) -> Tile:
    """Count the mails that are owed, say how old the oldest is, and warn of those given up, and of a pause (EML-14)."""
    waits, given_up = Q(state=OutgoingMail.State.PENDING), Q(state=OutgoingMail.State.DEAD)
    found = OutgoingMail.objects.filter(waits | given_up).aggregate(
        pending=Count("pk", filter=waits), oldest=Min("created_at", filter=waits), dead=Count("pk", filter=given_up)
    )
    paused = _("paused: the mail server refuses us") if pauses.refusal() else ""
    dead = _("%(number)d not delivered") % {"number": found["dead"]} if found["dead"] else ""
    return Tile(
        _("Mail waiting"),
        found["pending"],
        note=_("Oldest: %(age)s") % {"age": timesince(found["oldest"], now, depth=1)}
        if found["pending"]
        else _("All mail is sent"),
        alarm=", ".join(word for word in (paused, dead) if word),
        url=list_url("leads_outgoingmail", "?state__exact=dead" if found["dead"] else "?state__exact=pending"),
    )


def staff_mail_given_up() -> list[Tile]:
    """Warn of mails to staff that were given up, with where to send them again; nothing where there are none."""
    number = StaffMail.objects.filter(state=StaffMail.State.DEAD).count()
    url = list_url("recruitcms_staffmail", "?state__exact=dead")
    alarm = _("Could not be sent: look, and send again")
    name = capfirst(str(StaffMail._meta.verbose_name_plural))
    return [Tile(name, number, alarm=alarm, url=url)] if number else []


def drafts(now: datetime) -> Tile:
    """Count the roles that visitors have never seen."""
    was_live = Q(revisions__live_from__lte=now)
    number = Role.objects.exclude(was_live).count()
    return Tile(_("Drafts"), number, note=_("Never published"), url=list_url("roles_role", "?state=not_live"))


def live_roles(now: datetime) -> Tile:
    """Count the templates that visitors see, by language."""
    live = RoleRevision.objects.live(now).order_by("language").values_list("language").annotate(Count("pk"))
    counts = list(live)
    return Tile(
        _("Live templates"),
        sum(number for _language, number in counts),
        note=", ".join(f"{language.upper()} {number}" for language, number in counts) or _("None yet"),
        url=list_url("roles_role", "?state=live"),
    )


def list_url(name: str, query: str) -> str:
    """Return the address of a model's list, or nothing where the admin has no such list."""
    try:
        return reverse(f"admin:{name}_changelist") + query
    except NoReverseMatch:
        return ""


# --- lists ---


def inbox(late: datetime) -> list[Submission]:
    """Return the newest enquiries without an answer; those that came before `late` say in `.late` by how much."""
    newest = list(open_enquiries().select_related("lead", "cta").order_by("-created_at")[:INBOX])
    for enquiry in newest:
        enquiry.late = _lateness(late - enquiry.created_at)  # type: ignore[attr-defined]
    return newest


def _lateness(by: timedelta) -> str:
    if by <= timedelta(0):
        return ""
    return ngettext("Late: %(days)d day", "Late: %(days)d days", by.days) % {"days": by.days} if by.days else _("Late")


def reviews(user: Any) -> list[Review]:
    """Return the reviews that wait for this person, oldest first: those asked of them, and changes asked of them.

    Each has its `document`, and in `.url` where that is opened.
    """
    reviewed = [model for model in publishable_models() if _may(user, "review", model)]
    types = ContentType.objects.get_for_models(*reviewed).values()
    of_anybody = Q(reviewer=None, content_type__in=types) & ~Q(asked_by=user)
    asked = Q(state=Review.State.ASKED) & (Q(reviewer=user) | of_anybody)
    changes = Q(state=Review.State.CHANGES, asked_by=user)
    found = Review.objects.filter(asked | changes).select_related("asked_by").order_by("state_since")
    waiting = [review for review in found.prefetch_related("document")[:WAITING] if review.document]
    for review in waiting:
        meta = review.document._meta  # type: ignore[union-attr]
        review.url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[review.object_id])  # type: ignore[attr-defined]
    return waiting


def _may(user: Any, act: str, model: Any) -> bool:
    return user.has_perm(f"{model._meta.app_label}.{act}_{model._meta.model_name}")


def coming_up(user: Any) -> list[Entry] | None:
    """Return what is late and what the next days bring; None for whoever may see no pages."""
    return coming(user, COMING_DAYS)[:COMING] if visible_to(user) else None


def recently_changed(request: HttpRequest, role_admin: Any) -> list[dict[str, Any]]:
    """Return the roles that were changed last, each with its state in the words of the list of roles."""
    roles = role_admin.get_queryset(request).select_related("updated_by").order_by("-updated_at")[:CHANGED]
    return [{"role": role, "state": role_admin.state(role)} for role in roles]
