"""The editors' calendar: a month, a list, and a feed behind a secret address."""

import logging
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from icalendar import Calendar

from recruitcms.editorial_calendar import coming, entries
from recruitcms.logs import redacted
from recruitcms.models import CalendarFeed
from tests.factories import make_page, make_role, make_user, published_role

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 11, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(clock):
    clock.move_to(NOON)
    return clock


@pytest.fixture
def editor(client):
    user = make_user(group="Editors")
    client.force_login(user)
    client.user = user
    return client


def busy_month():
    """Make one page of each kind of entry."""
    make_role(title="Note", planned_for=date(2026, 11, 27))
    make_role(title="Clock").publish(at=NOON + timedelta(days=1))
    published_role(title="Leaving").take_offline(at=NOON + timedelta(days=3))
    make_page(title="Old", review_at=date(2026, 11, 30))


def of(found):
    return [(entry.kind.value, entry.day.day, entry.title) for entry in found]


def calendar_page(client, **query):
    return client.get(reverse("admin:calendar"), query).content.decode()


def feed(client, user):
    return client.get(CalendarFeed.objects.get_or_create(user=user)[0].url.removeprefix("http://testserver"))


def test_the_calendar_holds_the_four_kinds_in_the_order_of_time(editor):
    busy_month()

    assert of(entries(editor.user, date(2026, 11, 1), date(2026, 12, 1))) == [
        ("scheduled", 26, "Clock"),
        ("planned", 27, "Note"),
        ("expiring", 28, "Leaving"),
        ("review", 30, "Old"),
    ]


def test_a_page_whose_next_revision_takes_over_does_not_go_offline(editor):
    role = published_role(title="First")
    role.title = "Second"
    role.publish(at=NOON + timedelta(days=1))

    assert of(entries(editor.user, date(2026, 11, 1), date(2026, 12, 1))) == [("scheduled", 26, "Second")]


def test_what_has_happened_is_no_longer_to_come_and_what_was_missed_is_late(editor, noon):
    busy_month()
    noon.shift(timedelta(days=10))

    assert of(coming(editor.user, 14)) == [("planned", 27, "Note"), ("review", 30, "Old")]


def test_the_calendar_is_filtered_by_language_and_kind_of_page(editor):
    busy_month()
    make_role(title="Po polsku", language="pl", planned_for=date(2026, 11, 27))
    span = date(2026, 11, 1), date(2026, 12, 1)

    assert of(entries(editor.user, *span, language="pl")) == [("planned", 27, "Po polsku")]
    assert of(entries(editor.user, *span, model="recruitcms.page")) == [("review", 30, "Old")]


def test_a_month_is_a_table_of_days(editor):
    busy_month()

    page = calendar_page(editor)

    cell = re.search(r'<td[^>]*><time datetime="2026-11-26".*?</td>', page, re.DOTALL)[0]
    assert "Clock" in cell
    assert "12:00" in cell
    assert '<time datetime="2026-11-25" aria-current="date">' in page
    assert "?month=2026-12" in page
    assert "?month=2026-10" in page


def test_the_list_tells_what_comes_and_what_is_late(editor):
    busy_month()
    make_role(title="Forgotten", review_at=date(2026, 1, 5))

    page = calendar_page(editor, view="list")

    late, _title, rest = page.partition("Within a year")
    assert "Forgotten" in late
    assert all(title in rest for title in ("Clock", "Note", "Leaving", "Old"))


@pytest.mark.parametrize(
    "query", [{"month": "2026-13"}, {"month": "x"}, {"month": "99999-1"}, {"language": "xx", "view": "?"}]
)
def test_an_address_that_makes_no_sense_shows_this_month(editor, query):
    assert "Calendar: November 2026" in calendar_page(editor, **query)


def test_the_calendar_costs_the_same_with_more_pages(editor, django_assert_num_queries):
    busy_month()
    entries(editor.user, date(2026, 11, 1), date(2026, 12, 1))  # who may see what is asked once
    for _number in range(3):
        busy_month()

    with django_assert_num_queries(6):
        entries(editor.user, date(2026, 11, 1), date(2026, 12, 1))


def test_only_those_who_see_pages_have_a_calendar(client):
    busy_month()
    client.force_login(make_user(group="Lead handlers"))

    assert client.get(reverse("admin:calendar")).status_code == 403
    assert client.post(reverse("admin:calendar_feed_renew")).status_code == 403
    assert "Calendar" not in client.get(reverse("admin:index")).content.decode()


def test_the_first_page_says_what_comes(editor):
    busy_month()

    page = editor.get(reverse("admin:index")).content.decode()

    assert "Coming up, next 14 days" in page
    assert "Leaving" in page


# --- the feed ---


def test_the_feed_names_each_thing_once_with_utc_times_and_whole_days(editor):
    busy_month()

    response = feed(editor, editor.user)

    events = {event["summary"]: event for event in Calendar.from_ical(response.content).walk("VEVENT")}
    assert list(events) == [
        "Goes live: Clock (EN)",
        "Planned (a note): Note (EN)",
        "Goes offline: Leaving (EN)",
        "Review due: Old (EN)",
    ]
    live, note = events["Goes live: Clock (EN)"], events["Planned (a note): Note (EN)"]
    assert live["dtstart"].to_ical() == b"20261126T110000Z"
    assert note["dtstart"].to_ical() == b"20261127"
    assert note["dtend"].to_ical() == b"20261128"
    assert all(event["dtstamp"].to_ical().endswith(b"Z") for event in events.values())
    assert response["Content-Type"] == "text/calendar; charset=utf-8"


def test_an_event_keeps_its_name_when_its_time_moves(editor):
    role = make_role(title="Moving")
    role.publish(at=NOON + timedelta(days=1))
    before = Calendar.from_ical(feed(editor, editor.user).content).walk("VEVENT")[0]

    role.publish(at=NOON + timedelta(days=2))

    after = Calendar.from_ical(feed(editor, editor.user).content).walk("VEVENT")[0]
    assert after["uid"] == before["uid"]
    assert after["dtstart"].to_ical() == b"20261127T110000Z"


def test_no_two_events_have_the_same_name(editor, noon):
    role = published_role(title="Away for a day")
    role.take_offline(at=NOON + timedelta(days=1))
    role.publish(at=NOON + timedelta(days=2), until=NOON + timedelta(days=3))

    uids = [event["uid"] for event in Calendar.from_ical(feed(editor, editor.user).content).walk("VEVENT")]

    assert len(uids) == len(set(uids)) == 3


def test_a_title_cannot_break_out_of_its_event(editor):
    make_role(title="A; B, C\\n", planned_for=date(2026, 11, 27))
    make_role(title="X\nEND:VCALENDAR", planned_for=date(2026, 11, 28))

    events = Calendar.from_ical(feed(editor, editor.user).content).walk("VEVENT")

    assert len(events) == 2


def test_the_feed_needs_no_session_sets_none_and_is_kept_nowhere(client):
    make_role(planned_for=date(2026, 11, 27))

    response = feed(client, make_user(group="Editors"))

    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Robots-Tag"] == "noindex"
    assert not response.cookies
    assert "Set-Cookie" not in response


def test_the_feed_shows_what_its_owner_may_see_now(client):
    make_role(title="Secret", planned_for=date(2026, 11, 27))
    user = make_user(group="Editors")
    assert b"Secret" in feed(client, user).content

    user.groups.clear()

    assert b"Secret" not in feed(client, user).content


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_who_has_left_has_no_feed(client, change):
    user = make_user(group="Editors")
    assert feed(client, user).status_code == 200

    type(user).objects.filter(pk=user.pk).update(**change)

    assert feed(client, user).status_code == 404


def test_a_new_address_ends_the_old_one_and_an_ended_one_is_gone(editor):
    editor.post(reverse("admin:calendar_feed_renew"))
    first = CalendarFeed.objects.get().url
    assert first in calendar_page(editor)

    editor.post(reverse("admin:calendar_feed_renew"))
    second = CalendarFeed.objects.get().url

    assert [editor.get(url.removeprefix("http://testserver")).status_code for url in (first, second)] == [404, 200]

    editor.post(reverse("admin:calendar_feed_revoke"))

    assert editor.get(second.removeprefix("http://testserver")).status_code == 404


def test_an_address_outlives_a_change_of_the_key(client, editor, settings):
    """SEC-25"""
    url = CalendarFeed.objects.create(user=editor.user).url
    settings.LINK_KEYS_OLD, settings.LINK_KEY = [settings.LINK_KEY], "another key of more than 32 characters"

    assert client.get(url.removeprefix("http://testserver")).status_code == 200


@pytest.mark.parametrize("token", ["x", "x.y", "0" * 32 + ".AAAA"])
def test_a_made_up_address_is_not_found(client, token):
    response = client.get(f"/f/{token}/calendar.ics")

    assert response.status_code == 404
    assert response["X-Robots-Tag"] == "noindex"


def test_no_link_makes_or_ends_an_address(editor):
    statuses = [editor.get(reverse(f"admin:calendar_feed_{act}")).status_code for act in ("renew", "revoke")]

    assert statuses == [405, 405]


def test_the_token_stays_out_of_the_logs(editor):
    url = CalendarFeed.objects.create(user=editor.user).url
    token = url.split("/f/")[1].split("/")[0]
    record = logging.makeLogRecord({"msg": f"Not Found: {url}"})

    assert token in record.getMessage()
    assert token not in redacted(record.getMessage())
