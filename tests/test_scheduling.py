"""Times in the form: what the buttons say and do, and which times are refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from recruitcms.admin.scheduling import next_review
from roles.models import Role, RoleRevision
from tests.factories import make_role, published_role
from tests.test_admin_publishing import change, said

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 11, tzinfo=UTC)  # 12:00 in Warsaw


@pytest.fixture
def noon(clock):
    clock.move_to(NOON)
    return clock


def at(name, day, hour):
    return {f"{name}_0": day, f"{name}_1": hour}


def errors(response, name):
    return " ".join(response.context["adminform"].form.errors.get(name, []))


def form_page(client, role):
    return client.get(reverse("admin:roles_role_change", args=[role.pk])).content.decode()


def test_the_answer_names_the_hour_and_the_zone(admin_client, noon):
    role = make_role()

    response = change(admin_client, role, **at("publish_at", "2027-03-03", "09:00"), _schedule="1")

    assert role.scheduled_revision.live_from == datetime(2027, 3, 3, 8, tzinfo=UTC)
    assert said(response) == ["Revision 1 will be live from 3 March 2027, 09:00, Warsaw time."]


@pytest.mark.parametrize(
    ("day", "hour", "sentence"),
    [
        ("2027-03-28", "02:30", "28 March 2027, 02:30 does not exist: the clocks go forward that night (Warsaw time)."),
        ("2027-10-31", "02:30", "31 October 2027, 02:30 comes twice: the clocks go back that night (Warsaw time)."),
    ],
)
@pytest.mark.parametrize(("name", "button"), [("publish_at", "_schedule"), ("offline_at", "_offline_at")])
def test_an_hour_that_is_skipped_or_comes_twice_is_refused(admin_client, noon, day, hour, sentence, name, button):
    role = published_role(title="Old")

    response = change(admin_client, role, title="New", **at(name, day, hour), **{button: "1"})

    assert sentence in errors(response, name)
    assert 'value="New"' in response.content.decode()
    assert RoleRevision.objects.count() == 1
    assert Role.objects.get().title == "Old"


@pytest.mark.parametrize("hour", ["01:59", "03:00"])
def test_the_hours_around_a_change_of_the_clocks_are_good(admin_client, noon, hour):
    role = make_role()

    change(admin_client, role, **at("publish_at", "2027-03-28", hour), _schedule="1")

    assert timezone.localtime(role.scheduled_revision.live_from).strftime("%H:%M") == hour


def test_a_page_is_published_until_a_time(admin_client, noon):
    role = make_role()
    times = at("publish_at", "2026-12-01", "09:00") | at("offline_at", "2026-12-24", "18:00")

    response = change(admin_client, role, **times, _schedule="1")

    assert role.scheduled_revision.live_until == datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert "Goes offline on 24 December 2026, 18:00, Warsaw time." in said(response)[0]


def test_a_page_is_published_now_until_a_time(admin_client, noon):
    role = make_role()

    change(admin_client, role, **at("offline_at", "2026-12-24", "18:00"), _publish="1")

    assert role.live_revision.live_until == datetime(2026, 12, 24, 17, tzinfo=UTC)


def test_a_page_cannot_go_before_it_comes(admin_client, noon):
    role = make_role()
    times = at("publish_at", "2026-12-24", "09:00") | at("offline_at", "2026-12-01", "18:00")

    response = change(admin_client, role, **times, _schedule="1")

    assert "The page would go offline before it appears." in errors(response, "offline_at")
    assert not RoleRevision.objects.exists()


def test_going_offline_is_scheduled_moved_and_cancelled(admin_client, noon):
    role = published_role()
    noon.shift(timedelta(hours=1))

    change(admin_client, role, **at("offline_at", "2026-12-01", "09:00"), _offline_at="1")
    moved = change(admin_client, role, **at("offline_at", "2026-12-02", "09:00"), _offline_at="1")

    assert said(moved) == ["Goes offline on 2 December 2026, 09:00, Warsaw time."]
    assert "Offline from 2 Dec 2026" in form_page(admin_client, role)
    assert role.live_revision.live_until == datetime(2026, 12, 2, 8, tzinfo=UTC)

    change(admin_client, role, _stay_online="1")

    assert role.live_revision.live_until is None


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("", "Choose the day and time at which the page is to go offline."),
        ("2020-01-01", "This time has passed."),
        ("2026-12-01", "A publication is scheduled for 5 December 2026, 09:00, Warsaw time. Cancel it first"),
    ],
)
def test_a_time_to_go_offline_that_cannot_be_is_refused_by_the_field(admin_client, noon, day, sentence):
    role = published_role()
    role.publish(at=datetime(2026, 12, 5, 8, tzinfo=UTC))

    response = change(admin_client, role, **at("offline_at", day, "09:00" if day else ""), _offline_at="1")

    assert sentence in errors(response, "offline_at")
    assert role.scheduled_revision.live_until is None


def test_a_page_that_is_not_live_has_nothing_to_take_offline(admin_client, noon):
    response = change(admin_client, make_role(), **at("offline_at", "2026-12-01", "09:00"), _offline_at="1")

    assert "The page is not live" in errors(response, "offline_at")


def test_a_time_without_its_button_is_not_lost_silently(admin_client, noon):
    role = make_role()

    response = change(admin_client, role, **at("publish_at", "2026-12-01", "09:00"), _continue="1")

    assert "nothing is scheduled" in " ".join(said(response))
    assert not RoleRevision.objects.exists()


def test_an_address_that_is_needed_by_another_page_does_not_stay(noon):
    first, second = published_role(slug="same"), make_role(slug="other")
    first.take_offline(at=NOON + timedelta(days=1))
    second.slug = "same"
    second.publish(at=NOON + timedelta(days=2))

    with pytest.raises(ValidationError, match="live or scheduled at this address"):
        first.stay_online()

    assert first.live_revision.live_until == NOON + timedelta(days=1)


def test_why_a_page_cannot_stay_is_said_in_the_form(admin_client, noon):
    first, second = published_role(slug="same"), make_role(slug="other")
    first.take_offline(at=NOON + timedelta(days=1))
    second.slug = "same"
    second.publish(at=NOON + timedelta(days=2))

    response = change(admin_client, first, _stay_online="1")

    assert "Saved as a draft, and no more:" in said(response)[0]
    assert "live or scheduled at this address" in said(response)[0]


def test_publishing_until_a_time_that_makes_no_sense_is_refused_by_the_engine_too(noon):
    with pytest.raises(ValidationError, match="before it appears"):
        make_role().publish(until=NOON)

    assert not RoleRevision.objects.exists()


def test_a_plan_publishes_nothing_and_is_crossed_out_by_publishing(admin_client, noon):
    role = make_role(planned_for=date(2026, 11, 24))
    noon.shift(timedelta(hours=1))

    assert role.live_revision is None
    assert "Planned for 24 Nov 2026 (a note)" in form_page(admin_client, role)

    change(admin_client, role, planned_for="2026-11-24", _publish="1")

    assert Role.objects.get().planned_for is None
    assert "Live, draft changed" not in form_page(admin_client, role)


def test_planned_and_scheduled_are_told_apart_in_the_list(admin_client, noon):
    make_role(title="Note", planned_for=date(2026, 12, 1))
    make_role(title="Clock").publish(at=NOON + timedelta(days=1))
    make_role(title="Due", review_at=date(2026, 11, 25))
    published_role(title="Leaving").take_offline(at=NOON + timedelta(days=2))
    address = reverse("admin:roles_role_changelist")

    found = {
        state: [role.title for role in admin_client.get(address, {"state": state}).context["cl"].queryset]
        for state in ("planned", "scheduled", "review", "expiring")
    }

    assert found == {"planned": ["Note"], "scheduled": ["Clock"], "review": ["Due"], "expiring": ["Leaving"]}
    page = admin_client.get(address).content.decode()
    for words in ("Planned for 1 Dec 2026 (a note)", "Scheduled for 26 Nov", "Review due", "Offline from 27 Nov"):
        assert words in page


def test_a_new_page_is_to_be_read_again_in_a_year(admin_client):
    page = admin_client.get(reverse("admin:roles_role_add")).content.decode()

    assert f'value="{next_review():%Y-%m-%d}"' in page


def test_a_version_is_kept_without_being_shown(admin_client):
    role = make_role(title="Old")

    response = change(admin_client, role, title="New", revision_note="Before the holidays", _keep="1")

    kept = RoleRevision.objects.get()
    assert (kept.title, kept.note, kept.live_from) == ("New", "Before the holidays", None)
    assert said(response) == ["Kept as revision 1. Visitors see nothing of it."]


def test_the_form_costs_no_more_queries_than_it_may(admin_client, django_assert_max_num_queries):
    role = published_role()
    role.publish(at=timezone.now() + timedelta(days=1))
    form_page(admin_client, role)

    with django_assert_max_num_queries(25):
        form_page(admin_client, role)


def test_a_page_that_would_be_away_for_a_while_stays_until_the_next_publication(admin_client, noon):
    role = published_role()
    noon.shift(timedelta(hours=1))
    role.take_offline(at=NOON + timedelta(days=1))
    role.publish(at=NOON + timedelta(days=2))
    assert "Offline from 26 Nov 2026" in form_page(admin_client, role)

    change(admin_client, role, _stay_online="1")

    assert role.live_revision.live_until == NOON + timedelta(days=2)
    assert role.scheduled_revision.cut == role.live_revision
