from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from recruitcms.models import SiteSettings
from roles.models import RoleRevision
from tests.factories import make_page, make_role, published_role

pytestmark = pytest.mark.django_db


def live_titles():
    return [revision.title for revision in RoleRevision.objects.live()]


def test_publishing_makes_the_working_copy_live():
    role = make_role(title="Data Engineer")

    role.publish()

    assert live_titles() == ["Data Engineer"]


def test_editing_changes_nothing_until_it_is_published():
    role = published_role(title="Old")
    role.title = "New"
    role.save()

    assert live_titles() == ["Old"]

    role.publish()

    assert live_titles() == ["New"]


def test_a_planned_page_appears_at_its_time_without_a_job(clock):
    role = make_role(title="Later")
    role.publish(at=timezone.now() + timedelta(hours=2))

    assert live_titles() == []

    clock.shift(timedelta(hours=2, seconds=1))

    assert live_titles() == ["Later"]


def test_a_live_page_holds_a_planned_change(clock):
    role = published_role(title="Now")
    role.title = "Then"
    role.save()
    role.publish(at=timezone.now() + timedelta(days=1))

    assert live_titles() == ["Now"]

    clock.shift(timedelta(days=1, seconds=1))

    assert live_titles() == ["Then"]


def test_a_new_publication_takes_the_place_of_a_plan(clock):
    role = published_role(title="First")
    role.title = "Planned"
    role.publish(at=timezone.now() + timedelta(days=1))
    role.title = "Second"
    role.save()

    role.publish()
    clock.shift(timedelta(days=2))

    assert live_titles() == ["Second"]
    assert role.planned_revision is None


def test_cancelling_a_plan_keeps_what_is_live(clock):
    role = published_role(title="Live")
    role.title = "Planned"
    role.publish(at=timezone.now() + timedelta(days=1))

    role.cancel_plan()
    clock.shift(timedelta(days=2))

    assert live_titles() == ["Live"]


def test_a_page_taken_offline_is_gone_at_once():
    role = published_role()
    role.revisions.update(live_from=timezone.now() - timedelta(hours=1))

    role.take_offline()

    assert live_titles() == []
    assert role.live_revision is None


def test_a_page_published_and_taken_offline_in_the_same_moment_was_never_live(clock):
    clock.move_to(timezone.now(), tick=False)
    role = published_role()

    role.take_offline()

    assert live_titles() == []


def test_going_offline_can_be_planned_and_survives_a_correction(clock):
    role = published_role(title="Campaign")
    role.revisions.update(live_from=timezone.now() - timedelta(hours=1))
    role.take_offline(at=timezone.now() + timedelta(days=1))
    role.title = "Campaign, corrected"
    role.save()
    role.publish()

    assert live_titles() == ["Campaign, corrected"]

    clock.shift(timedelta(days=1, seconds=1))

    assert live_titles() == []


def test_taking_offline_forgets_a_plan(clock):
    role = published_role()
    role.revisions.update(live_from=timezone.now() - timedelta(hours=1))
    role.publish(at=timezone.now() + timedelta(days=1))

    role.take_offline()
    clock.shift(timedelta(days=2))

    assert live_titles() == []


def test_revisions_are_numbered_and_signed(admin_user):
    role = make_role()

    role.publish(by=admin_user, note="first")
    second = role.publish(by=admin_user, note="second")

    assert [revision.number for revision in role.revisions.all()] == [2, 1]
    assert (second.created_by, second.note, str(second)) == (admin_user, "second", f"{role.title}, revision 2")


def test_publishing_names_each_field_that_is_missing():
    role = make_role(title="", summary="", sections={"introduction": "  "})

    with pytest.raises(ValidationError) as refused:
        role.publish()

    assert sorted(refused.value.message_dict) == ["body", "summary", "title"]
    assert live_titles() == []


def test_publishing_refuses_an_address_that_another_live_page_has():
    first = published_role(slug="taken")
    first.slug = "moved"
    first.save()
    second = make_role(slug="taken")

    with pytest.raises(ValidationError) as refused:
        second.publish()

    assert list(refused.value.message_dict) == ["slug"]


def test_publishing_makes_kept_copies_stale():
    role = make_role()
    before = SiteSettings.get().content_version

    role.publish()

    assert SiteSettings.get().content_version == before + 1


def test_a_page_of_plain_text_is_published_the_same_way():
    page = make_page(body="### Title\n\nText with <script>alert(1)</script>.")

    revision = page.publish()

    assert revision.content["html"].startswith("<h2>Title</h2>")
    assert "script" not in revision.content["html"]


def test_an_untitled_draft_has_a_name():
    assert str(make_page(title="")) == "(untitled)"
