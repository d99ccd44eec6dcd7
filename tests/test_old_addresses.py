"""Old addresses: in one step to where a page is now, never in a circle, and never to where a request says."""

import contextlib
import importlib
from datetime import timedelta

import hypothesis.strategies as st
import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from recruitcms import addresses
from recruitcms.addresses import AddressBook, Destination, normal
from recruitcms.models import Person, Redirect
from roles.models import Role
from tests.factories import make_page, make_person, make_role, published_role

NO_ADDRESSES = ["", "new", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "data:text/html,x", "/a b"]
NO_ADDRESSES += ["/a\r\nSet-Cookie: x", "/a\x00b", "http://[", f"/{'x' * 501}"]
PHASES = [phase for phase in Phase if phase != Phase.shrink]  # with pages to be asked for, shrinking takes minutes
pytestmark = pytest.mark.django_db


def move(role, slug, at=None):
    role.slug = slug
    role.save()
    role.publish(at=at)


def answer(client, path):
    response = client.get(path)
    return response.status_code, response.get("Location", "")


# --- made by publishing ---


def test_a_changed_address_forwards_once_it_is_published(client, admin_user):
    role = published_role(slug="old")
    role.slug = "new"
    role.save()

    assert answer(client, "/roles/old/") == (200, "")

    role.publish(by=admin_user)

    assert answer(client, "/roles/old/") == (301, "/roles/new/")
    row = Redirect.objects.get()
    assert (row.old_path, row.document, row.is_automatic, row.created_by) == ("/roles/old/", role, True, admin_user)


def test_a_page_that_moves_again_is_one_step_away_from_each_old_address(client):
    role = published_role(slug="a")
    for slug in ("b", "c", "d"):
        move(role, slug)

    assert [answer(client, f"/roles/{slug}/") for slug in "abc"] == [(301, "/roles/d/")] * 3


def test_a_page_that_comes_back_to_its_old_address_is_there(client):
    role = published_role(slug="a")
    move(role, "b")
    move(role, "a")

    assert answer(client, "/roles/a/") == (200, "")
    assert answer(client, "/roles/b/") == (301, "/roles/a/")


def test_a_planned_move_forwards_from_its_time_on_without_a_job(client, clock):
    role = published_role(slug="now")
    move(role, "later", at=timezone.now() + timedelta(hours=1))

    assert answer(client, "/roles/now/") == (200, "")

    clock.shift(timedelta(hours=1, seconds=1))

    assert answer(client, "/roles/now/") == (301, "/roles/later/")


def test_a_cancelled_move_leaves_no_old_address(client):
    role = published_role(slug="now")
    move(role, "later", at=timezone.now() + timedelta(hours=1))

    role.cancel_schedule()

    assert answer(client, "/roles/now/") == (200, "")
    assert not Redirect.objects.exists()


def test_a_move_made_while_a_page_was_offline_forwards_too(client):
    role = published_role(slug="a")
    role.revisions.update(live_from=timezone.now() - timedelta(hours=1))
    role.take_offline()
    move(role, "b")

    assert answer(client, "/roles/a/") == (301, "/roles/b/")


def test_other_languages_and_other_kinds_of_pages_are_not_touched(client):
    role = published_role(slug="same")
    published_role(slug="same", language="pl")
    make_page(slug="same").publish()
    move(role, "other")

    assert [answer(client, path) for path in ("/pl/roles/same/", "/same/")] == [(200, "")] * 2
    assert answer(client, "/roles/same/") == (301, "/roles/other/")


def test_a_new_page_at_an_old_address_wins(client):
    first = published_role(slug="x")
    move(first, "y")
    second = published_role(slug="x")

    assert answer(client, "/roles/x/") == (200, "")

    move(second, "z")

    assert answer(client, "/roles/x/") == (301, "/roles/z/")


def test_undone_an_old_address_is_gone_and_stays_so(client):
    role = published_role(slug="a")
    move(role, "b")
    Redirect.objects.all().delete()

    assert answer(client, "/roles/a/") == (404, "")

    move(role, "c")
    assert answer(client, "/roles/a/") == (404, "")
    assert answer(client, "/roles/b/") == (301, "/roles/c/")


def test_nothing_forwards_to_a_page_that_is_offline(client):
    role = published_role(slug="a")
    move(role, "b")
    role.take_offline()

    assert answer(client, "/roles/a/") == (404, "")


def test_past_revisions_become_rows_when_the_database_is_brought_up_to_date(client):
    role, page = published_role(slug="One"), make_page(slug="first")
    page.publish()
    move(role, "two")
    move(role, "three")
    page.slug = "second"
    page.publish()
    Redirect.objects.all().delete()
    migration = importlib.import_module("recruitcms.migrations.0013_forward_from_past_revisions")

    migration.forward_from_past_revisions(apps, None)

    assert answer(client, "/roles/One/") == (301, "/roles/three/")
    assert answer(client, "/roles/two/") == (301, "/roles/three/")
    assert answer(client, "/first/") == (301, "/second/")
    assert Redirect.objects.filter(is_automatic=True).count() == 3


# --- how an old address is asked for ---


@pytest.mark.parametrize("asked", ["/ROLES/Old/", "/roles/old", "/roles//old/", "/roles/%6Fld/", "/Roles/OLD"])
def test_capitals_slashes_and_encodings_do_not_matter(client, asked):
    move(published_role(slug="old"), "new")

    assert answer(client, asked) == (301, "/roles/new/")


def test_what_follows_the_question_mark_goes_along(client):
    move(published_role(slug="old"), "new")

    assert answer(client, "/roles/old/?utm_source=x&next=//evil.example") == (
        301,
        "/roles/new/?utm_source=x&next=//evil.example",
    )


@pytest.mark.parametrize("asked", ["/roles/old/%0d%0aSet-Cookie:x=1/", "/%00/", "/a%5Cb/", "/%ff/", f"/{'x' * 5000}/"])
def test_hostile_addresses_are_not_found(client, asked):
    move(published_role(slug="old"), "new")

    assert client.get(asked).status_code == 404


def test_an_old_address_costs_two_queries_more_than_none(client, django_assert_max_num_queries):
    move(published_role(slug="old"), "new")
    client.get("/roles/old/")

    with django_assert_max_num_queries(8):
        client.get("/roles/old/")


def test_a_form_sent_to_an_old_address_shows_the_page(client):
    move(published_role(slug="old"), "new")

    response = client.post("/reports/none/")
    assert response.status_code == 404

    addresses.lead("/reports/none/", Role.objects.get())
    response = client.post("/reports/none/")
    assert (response.status_code, response["Location"]) == (303, "/roles/new/")


# --- what staff type ---


def test_addresses_are_read_as_they_are_pasted():
    assert addresses.read_old(" HTTP://TestServer/Blog/2019/Old ") == "/blog/2019/old/"
    assert addresses.read_old("/o-nas.html") == "/o-nas.html"
    assert addresses.read_old("/za%C5%BC%C3%B3%C5%82%C4%87") == "/zażółć/"
    assert addresses.read_target("http://testserver/roles/?category=data#x") == "/roles/?category=data#x"
    assert addresses.read_target("https://other.example/a") == "https://other.example/a"


@pytest.mark.parametrize("typed", [*NO_ADDRESSES, "https://evil.example/x", "/a?b=c", "/a#b", "/a%0d%0ab", "/%ff"])
def test_what_is_no_old_address_is_refused(typed):
    with pytest.raises(ValidationError):
        addresses.read_old(typed)


@pytest.mark.parametrize("typed", [*NO_ADDRESSES, "http://other.example/", "https://user@evil.example/", "https://"])
def test_what_is_no_destination_is_refused(typed):
    with pytest.raises(ValidationError):
        addresses.read_target(typed)


def test_a_typed_address_follows_the_page_that_it_is(client):
    role = published_role(slug="a")
    addresses.lead("/old/", AddressBook().destination("/roles/a#duties"))
    move(role, "b")

    assert Redirect.objects.get(old_path="/old/").document == role
    assert answer(client, "/old/") == (301, "/roles/b/#duties")


def test_a_typed_old_address_is_looked_through():
    role = published_role(slug="a")
    move(role, "b")

    found = AddressBook().destination("/roles/a/")

    assert (found.document, found.target) == (role, "")


def test_an_address_at_which_nothing_is_is_refused():
    with pytest.raises(ValidationError, match="There is no page at /roles/none/"):
        AddressBook().destination("/roles/none/")
    with pytest.raises(ValidationError, match="There is no page at /admin/"):
        AddressBook().destination("/admin/")


def test_a_draft_may_be_led_to_and_is_reached_once_it_is_live(client):
    role = make_role(slug="draft")
    addresses.lead("/old-post/", AddressBook().destination("/roles/draft/"))

    assert answer(client, "/old-post/") == (404, "")

    role.publish()

    assert answer(client, "/old-post/") == (301, "/roles/draft/")


def test_an_address_cannot_lead_to_itself():
    addresses.lead("/x/", Destination(target="/people/anna/"))

    with pytest.raises(ValidationError, match="circle"):
        AddressBook().check("/people/anna/", AddressBook().destination("/x/"))


@pytest.mark.parametrize("path", ["/", "/roles/", "/admin/", "/robots.txt", "/roles/live/"])
def test_an_address_that_answers_cannot_forward(path):
    published_role(slug="live")

    with pytest.raises(ValidationError):
        AddressBook().check(path, Destination(target="https://other.example/"))


def test_what_led_to_an_address_that_forwards_later_leads_on_at_once(client):
    anna = make_person(slug="anna", on_team=True)
    addresses.lead("/about-anna/", AddressBook().destination("/people/anna/"))
    Person.objects.filter(pk=anna.pk).delete()

    addresses.lead("/people/anna/", Destination(target="/people/"))

    assert answer(client, "/about-anna/") == (301, "/people/")


def test_gone_is_said_so(client):
    addresses.lead("/old/", Destination(), status=Redirect.Status.GONE)

    assert answer(client, "/old/") == (410, "")


def test_for_now_is_said_so_and_another_site_may_be_led_to(client):
    addresses.lead("/jobs/", Destination(target="https://jobs.example/"), status=Redirect.Status.FOR_NOW)

    assert answer(client, "/jobs/?x=1") == (302, "https://jobs.example/")


def test_a_deleted_page_leaves_its_addresses_to_another(client):
    role, heir = published_role(slug="a"), published_role(slug="heir")
    move(role, "b")

    addresses.delete_forwarding(role, AddressBook().destination("/roles/heir/"))
    move(heir, "new")

    assert [answer(client, f"/roles/{slug}/") for slug in "ab"] == [(301, "/roles/new/")] * 2


def test_a_deleted_page_without_an_heir_leaves_nothing(client):
    role = published_role(slug="a")
    move(role, "b")

    addresses.delete_forwarding(role)

    assert [answer(client, f"/roles/{slug}/") for slug in "ab"] == [(404, "")] * 2
    assert not Redirect.objects.exists()


# --- whatever is done ---


@given(st.text())
@hypothesis_settings(deadline=None)
def test_a_normal_path_is_the_normal_form_of_itself(text):
    assert normal(normal(text)) == normal(text)


class AddressMachine(RuleBasedStateMachine):
    """Whatever editors do: who asks for any address gets a page, or one forward to a page, or is told there is none."""

    SLUGS = ("a", "b", "c")

    def __init__(self):
        super().__init__()
        self.roles = [make_role(slug="a"), make_role(slug="b")]
        self.client = Client()

    @rule(which=st.integers(0, 1), slug=st.sampled_from(SLUGS), hours=st.integers(0, 2))
    def publish(self, which, slug, hours):
        role = self.roles[which]
        role.slug = slug
        with contextlib.suppress(ValidationError):
            role.publish(at=timezone.now() + timedelta(hours=hours))

    @rule(which=st.integers(0, 1))
    def take_offline(self, which):
        self.roles[which].take_offline()

    @rule(which=st.integers(0, 1))
    def cancel_schedule(self, which):
        with contextlib.suppress(ValidationError):
            self.roles[which].cancel_schedule()

    @rule(old=st.sampled_from(["/roles/a/", "/roles/b/", "/roles/c/", "/x/", "/y/"]), data=st.data())
    def type_one(self, old, data):
        to = data.draw(st.sampled_from(["/roles/a/", "/roles/b/", "/roles/c/", "/x/", "/y/", "/roles/", "/people/"]))
        book = AddressBook()
        with contextlib.suppress(ValidationError):
            destination = book.destination(to)
            book.check(old, destination)
            addresses.lead(old, destination, automatic=False)

    @rule(old=st.sampled_from(["/roles/a/", "/x/"]))
    def undo(self, old):
        Redirect.objects.filter(old_path=old).delete()

    @invariant()
    def one_step_at_most(self):
        for path in ("/roles/a/", "/roles/b/", "/roles/c/", "/x/", "/y/"):
            response = self.client.get(path)
            assert response.status_code in {200, 301, 404}
            if response.status_code == 301:
                assert self.client.get(response["Location"]).status_code == 200


def test_no_order_of_acts_makes_a_chain_or_a_circle():
    def machine():
        Role.objects.all().delete()
        Redirect.objects.all().delete()
        return AddressMachine()

    run_state_machine_as_test(
        machine, settings=hypothesis_settings(max_examples=12, stateful_step_count=8, deadline=None, phases=PHASES)
    )
