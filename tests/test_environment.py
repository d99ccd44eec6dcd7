"""A site that is not the live one says so, and keeps search engines away. That is the default."""

from xml.etree import ElementTree

import pytest
from django.core import checks
from django.urls import reverse

from recruitcms.checks import search_engines_may_come
from tests.factories import published_role

pytestmark = pytest.mark.django_db
BANNER = "this is not the live site"


@pytest.fixture
def live_site(settings):
    settings.PRODUCTION = True
    return settings


@pytest.mark.parametrize("address", ["/", "/pl/", "/roles/", "/none/", "/robots.txt", "/sitemap.xml", "/healthz"])
def test_any_other_site_asks_not_to_be_indexed_on_every_answer(client, address):
    assert client.get(address)["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("address", ["/", "/roles/", "/robots.txt", "/sitemap.xml"])
def test_the_live_site_lets_itself_be_indexed(client, live_site, address):
    assert "X-Robots-Tag" not in client.get(address)


def test_any_other_site_lets_robots_see_that_they_are_to_list_nothing(client):
    role = published_role()

    robots = client.get("/robots.txt").content.decode()
    sitemap = client.get("/sitemap.xml").content

    assert robots == "User-agent: *\nDisallow: /admin/\n"
    assert len(ElementTree.fromstring(sitemap)) == 0
    assert role.slug not in sitemap.decode()


def test_a_banner_names_the_site(client, settings):
    role = published_role()
    address = role.live_revision.get_absolute_url()

    assert f"Demonstration site: {BANNER}." in client.get(address).content.decode()

    settings.ENVIRONMENT = "Staging <2>"
    page = client.get(address).content.decode()
    assert f'aria-label="About this site">Staging &lt;2&gt;: {BANNER}.</aside>' in page


def test_the_live_site_has_no_banner(client, admin_client, live_site):
    for page in (client.get("/"), admin_client.get(reverse("admin:index"))):
        assert BANNER not in page.content.decode()
        assert "Demonstration site" not in page.content.decode()


def test_the_desk_names_the_site(admin_client, settings):
    settings.ENVIRONMENT = "Staging"

    page = admin_client.get(reverse("admin:index")).content.decode()

    assert '<span class="tag">Staging</span>' in page


@pytest.mark.parametrize(("https", "production", "warned"), [(True, False, 1), (True, True, 0), (False, False, 0)])
def test_a_public_address_without_the_setting_is_warned_of(settings, https, production, warned):
    settings.HTTPS, settings.PRODUCTION = https, production

    found = search_engines_may_come(None)

    assert [message.id for message in found] == ["recruitcms.W006"] * warned
    assert all(isinstance(message, checks.Warning) for message in found)
