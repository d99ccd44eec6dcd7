"""Pieces of a page that are rendered once: never for longer than they are true, never with what a visitor filled in."""

import pytest
from django.core.cache import caches
from django.db import transaction
from django.template import Context, Template

from recruitcms import content_state, site_content
from recruitcms.models import Person, SiteText
from recruitcms.publishing import touch_content
from tests.factories import make_person, make_site, published_role

pytestmark = pytest.mark.django_db
DUTIES = {"duties": "Answer to [Hiring manager]."}


@pytest.fixture
def role(db):
    make_site()
    return published_role(title="Welder", sections=DUTIES)


def page(client, role) -> str:
    return client.get(role.get_absolute_url()).content.decode()


def test_a_piece_is_rendered_once_for_each_content_version_and_each_of_its_values():
    site = make_site() and site_content.site_content("en")
    template = Template("{% load once %}{% once 'piece' place %}{{ place }} {{ word }}{% endonce %}")

    def shown(place: str, word: str) -> str:
        return template.render(Context({"site": site, "place": place, "word": word}))

    assert shown("top", "first") == "top first"
    assert shown("top", "second") == "top first"
    assert shown("bottom", "second") == "bottom second"
    touch_content()
    site = site_content.site_content("en")
    assert shown("top", "third") == "top third"


def test_without_shared_content_a_piece_is_rendered_as_it_stands():
    template = Template("{% load once %}{% once 'piece' %}{{ word }}{% endonce %}")

    assert template.render(Context({"word": "first"})) == "first"
    assert template.render(Context({"word": "second"})) == "second"


def test_what_every_page_shares_changes_on_the_next_request(client, role):
    assert "Since this morning" not in page(client, role)

    SiteText.objects.filter(language="en").update(tagline="Since this morning")
    touch_content()

    assert "Since this morning" in page(client, role)


def test_the_author_of_one_role_does_not_stand_under_another(client, role):
    other = published_role(title="Fitter", author=make_person(name="Nora Vell"))

    assert "Nora Vell" not in page(client, role)
    assert "Nora Vell" in page(client, other)


def test_an_author_who_changes_changes_on_the_next_request(client, role):
    page(client, role)
    Person.objects.filter(pk=role.author_id).update(name="Ann Newname")
    touch_content()

    shown = page(client, role)
    assert shown.count("Ann Newname") >= 2  # at the head of the page and at its foot


def test_a_section_is_rendered_once_for_its_revision(client, role):
    page(client, role)
    caches["pieces"].clear()
    before = page(client, role)
    assert page(client, role) == before

    section = role.sections.get(kind="duties")
    section.body = "Answer to nobody."
    section.save()
    role.publish()

    after = page(client, role)
    assert "Answer to nobody." in after
    assert "Hiring manager" not in after


def test_what_a_visitor_filled_in_is_kept_for_nobody(client, role):
    """SEC-20: before and after somebody fills the page in, everybody else reads the same."""
    before = page(client, role)
    field = before.split('for="fill-')[1].split('"')[0]

    filled = client.post(role.get_absolute_url(), {field: "Secret Person"})
    assert "Secret Person" in filled.content.decode()

    assert page(client, role) == before
    again = client.post(role.get_absolute_url(), {field: "Another Person"}).content.decode()
    assert "Another Person" in again
    assert "Secret Person" not in again


def test_one_request_has_one_answer_and_the_next_asks_anew():
    make_site()
    with content_state.asked_once():
        first = content_state.content_state()
        touch_content()
        assert content_state.content_state() == first
    assert content_state.content_state().version == first.version + 1


@pytest.mark.django_db(transaction=True)
def test_what_a_transaction_took_back_is_not_kept():
    make_site()
    before = site_content.site_content("en").text.tagline

    with transaction.atomic():
        SiteText.objects.filter(language="en").update(tagline="Never to be")
        touch_content()
        assert site_content.site_content("en").text.tagline == "Never to be"
        transaction.set_rollback(True)

    assert site_content.site_content("en").text.tagline == before
    with transaction.atomic():
        SiteText.objects.filter(language="en").update(tagline="To be")
        touch_content()  # the very version that was taken back
        assert site_content.site_content("en").text.tagline == "To be"
    assert site_content.site_content("en").text.tagline == "To be"
