"""The editors' calendar for calendar programs: one secret address for each member of staff (RFC 5545)."""

from collections import Counter
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from recruitcms.editorial_calendar import Entry, entries
from recruitcms.models import CalendarFeed, SiteSettings

BACK, AHEAD = timedelta(days=31), timedelta(days=731)
HOURLY = timedelta(hours=1)
A_MOMENT = timedelta(minutes=15)  # how long a moment is drawn


@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a calendar program with what the address's owner may see at this moment."""
    user = CalendarFeed.owner(token)
    if user is None:
        raise Http404
    today = timezone.localdate()
    body = calendar_of(entries(user, today - BACK, today + AHEAD))
    return HttpResponse(body, content_type="text/calendar; charset=utf-8")


def calendar_of(found: list[Entry]) -> bytes:
    """Return entries as an iCalendar file."""
    from icalendar import Calendar  # loaded where a calendar is asked for

    name = _("%(company)s: pages") % {"company": SiteSettings.get().name}
    calendar = Calendar()
    calendar.add("prodid", "-//recruitcms//editorial calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", HOURLY, parameters={"value": "DURATION"})
    named: Counter[str] = Counter()
    for entry in found:
        named[entry.uid] += 1
        calendar.add_component(_event(entry, named[entry.uid]))
    return calendar.to_ical()


def _event(entry: Entry, number: int) -> Any:
    """Return one event. Its name stays when its time moves; `number` tells a page's two times to go offline apart."""
    start = entry.at.astimezone(UTC) if entry.at else entry.day
    from icalendar import Event

    event = Event()
    event.add("uid", f"{entry.uid}-{number}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("dtstart", start)
    event.add("dtend", start + (A_MOMENT if entry.at else timedelta(days=1)))
    event.add("summary", f"{entry.kind.label}: {entry.title} ({entry.language.upper()})")
    event.add("categories", [str(entry.kind.label)])
    event.add("url", settings.SITE_URL + entry.url)
    event.add("transp", "TRANSPARENT")
    return event
