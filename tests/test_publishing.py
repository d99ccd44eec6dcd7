import contextlib
from datetime import timedelta

import hypothesis.strategies as st
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from recruitcms.models import SiteSettings
from roles.models import Role, RoleRevision
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
    assert role.scheduled_revision is None


def test_cancelling_a_plan_keeps_what_is_live(clock):
    role = published_role(title="Live")
    role.title = "Planned"
    role.publish(at=timezone.now() + timedelta(days=1))

    role.cancel_schedule()
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


def test_a_planned_address_is_not_known_before_its_time(client, clock):
    role = published_role(slug="now")
    role.slug = "later"
    role.save()
    role.publish(at=timezone.now() + timedelta(hours=1))

    assert client.get("/roles/later/").status_code == 404

    clock.shift(timedelta(hours=1, seconds=1))

    forwarded = client.get("/roles/now/")
    assert (forwarded.url, forwarded["Cache-Control"]) == ("/roles/later/", "no-cache")
    assert client.get("/roles/later/").status_code == 200


def test_cancelling_a_plan_never_puts_two_pages_at_one_address(clock):
    first, second = published_role(slug="x"), make_role(slug="free")
    first.slug = "y"
    first.save()
    first.publish(at=timezone.now() + timedelta(hours=1))
    second.slug = "x"
    second.save()
    second.publish(at=timezone.now() + timedelta(hours=2))

    with pytest.raises(ValidationError, match="live or scheduled at this address"):
        first.cancel_schedule()
    with pytest.raises(ValidationError, match="live or scheduled at this address"):
        first.publish(at=timezone.now() + timedelta(hours=4))

    clock.shift(timedelta(hours=3))
    assert sorted(revision.slug for revision in RoleRevision.objects.live()) == ["x", "y"]


def test_cancelling_a_plan_keeps_the_time_of_going_offline(clock):
    role = published_role()
    RoleRevision.objects.update(live_from=timezone.now() - timedelta(hours=1))
    at = timezone.now() + timedelta(days=1)
    role.take_offline(at=at)
    role.publish(at=at)

    role.cancel_schedule()
    clock.shift(timedelta(days=1, seconds=1))

    assert live_titles() == []


def test_a_page_cannot_take_an_address_of_the_site_itself():
    with pytest.raises(ValidationError, match="The site itself uses this address"):
        make_page(slug="people").publish()


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


class PublishingMachine(RuleBasedStateMachine):
    """Whatever editors do in whatever order: one live revision at most, one plan at most, one page at an address."""

    def __init__(self):
        super().__init__()
        self.roles = [make_role(slug="a"), make_role(slug="b")]

    @rule(which=st.integers(0, 1), slug=st.sampled_from(["a", "b", "c"]), hours=st.integers(0, 3))
    def publish(self, which, slug, hours):
        role = self.roles[which]
        role.slug = slug
        with contextlib.suppress(ValidationError):
            role.publish(at=timezone.now() + timedelta(hours=hours))

    @rule(which=st.integers(0, 1), hours=st.integers(0, 3))
    def take_offline(self, which, hours):
        with contextlib.suppress(ValidationError):
            self.roles[which].take_offline(at=timezone.now() + timedelta(hours=hours))

    @rule(which=st.integers(0, 1), hours=st.integers(0, 2), until=st.integers(1, 3))
    def publish_for_a_while(self, which, hours, until):
        now = timezone.now()
        with contextlib.suppress(ValidationError):
            self.roles[which].publish(at=now + timedelta(hours=hours), until=now + timedelta(hours=until))

    @rule(which=st.integers(0, 1))
    def stay_online(self, which):
        with contextlib.suppress(ValidationError):
            self.roles[which].stay_online()

    @rule(which=st.integers(0, 1))
    def keep(self, which):
        self.roles[which].keep()

    @rule(which=st.integers(0, 1))
    def cancel_schedule(self, which):
        with contextlib.suppress(ValidationError):
            self.roles[which].cancel_schedule()

    @invariant()
    def nothing_overlaps(self):
        for hours in range(5):
            live = RoleRevision.objects.live(timezone.now() + timedelta(hours=hours, minutes=1))
            slugs, documents = [r.slug for r in live], [r.document_id for r in live]
            assert len(set(slugs)) == len(slugs)
            assert len(set(documents)) == len(documents)

    @invariant()
    def one_plan_at_most(self):
        assert all(role.revisions.scheduled().count() <= 1 for role in self.roles)


def test_publishing_in_any_order_keeps_its_promises():
    def machine():
        Role.objects.all().delete()
        return PublishingMachine()

    run_state_machine_as_test(
        machine, settings=hypothesis_settings(max_examples=25, stateful_step_count=12, deadline=None)
    )
