import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from recruitcms.models import PageRevision
from tests.factories import make_cta, make_page, make_person, make_picture, make_site, published_role

pytestmark = pytest.mark.django_db


def test_the_home_page_offers_the_search_and_the_newest_templates(client):
    make_site(home_title="A good hire starts here", home_lead="Copy a description.")
    make_cta("booking", heading="Bring the role.")
    published_role(title="Data Engineer")

    page = client.get("/").content.decode()

    for words in ("A good hire starts here", "Copy a description.", "Data Engineer", "Bring the role."):
        assert words in page


@pytest.mark.parametrize("number", [1, 3])
def test_the_home_page_costs_the_same_whatever_the_number_of_roles(client, django_assert_max_num_queries, number):
    make_site()
    for _number in range(number):
        published_role()
    client.get("/")

    with django_assert_max_num_queries(6):
        client.get("/")


def test_a_page_is_shown_under_its_title_and_listed_in_the_footer(client):
    make_site()
    page = make_page(title="Privacy policy", slug="privacy", footer="policies", body="We hold **little**.")
    page.publish()

    page = client.get("/privacy/").content.decode()

    assert "<h1>Privacy policy</h1>" in page
    assert "We hold <strong>little</strong>." in page
    assert '<a href="/privacy/">Privacy policy</a>' in client.get("/").content.decode()


def test_an_unpublished_page_is_not_found_nor_listed(client):
    make_site()
    make_page(title="Draft policy", slug="draft", footer="policies")

    assert client.get("/draft/").status_code == 404
    assert "Draft policy" not in client.get("/").content.decode()


def test_a_planned_policy_enters_the_footer_at_its_time(client, clock):
    make_site()
    make_page(title="Cookie policy", footer="policies").publish(at=timezone.now() + timedelta(hours=1))
    assert "Cookie policy" not in client.get("/").content.decode()

    clock.shift(timedelta(hours=1, seconds=1))

    assert "Cookie policy" in client.get("/").content.decode()


def test_a_page_forwards_from_its_old_address(client):
    page = make_page(slug="old")
    page.publish()
    PageRevision.objects.update(live_from=timezone.now() - timedelta(days=1))
    page.slug = "new"
    page.save()
    page.publish()

    response = client.get("/old/")

    assert (response.status_code, response.url) == (301, "/new/")


def test_translated_pages_point_at_each_other(client):
    page = make_page(slug="about")
    page.publish()
    make_page(slug="o-nas", language="pl", translation_group=page.translation_group).publish()

    assert 'hreflang="pl" href="http://testserver/pl/o-nas/"' in client.get("/about/").content.decode()


def test_the_team_page_shows_the_team_and_nobody_else(client):
    make_site()
    make_person(name="Orla Tindvik", on_team=True, portrait=make_picture(), languages="English", email="orla@n.example")
    make_person(name="Dana Client")

    page = client.get("/people/").content.decode()

    assert "Orla Tindvik" in page
    assert "Speaks English" in page
    assert "Dana Client" not in page


def test_a_persons_page_lists_what_they_wrote(client):
    author = make_person(
        name="Hanna", slug="hanna", on_team=True, email="h@n.example", social_url="https://s.example/h"
    )
    polish = make_person(slug="hanna", language="pl", on_team=True, translation_group=author.translation_group)
    published_role(title="Analyst", author=author)
    published_role(title="Somebody else’s")

    page = client.get("/people/hanna/").content.decode()

    assert "Analyst" in page
    assert "Somebody else’s" not in page
    assert f'href="http://testserver{polish.get_absolute_url()}"' in page


@pytest.mark.parametrize(
    "address", ["/people/nobody/", "/cs/", "/nothing/", "/roles/none/", "/pl/nic/", "/de/nichts/", "/a/b/c/"]
)
def test_what_does_not_exist_is_a_404_in_the_sites_dress(client, address):
    make_site()

    response = client.get(address)

    page = response.content.decode()
    assert response.status_code == 404
    assert 'role="search"' in page
    assert 'content="noindex"' in page
    language = address[1:3] if address.startswith(("/pl/", "/de/")) else "en"
    assert f'<html lang="{language}"' in page


def test_a_fault_is_said_in_the_sites_dress_without_asking_the_database(client, django_assert_num_queries, monkeypatch):
    client = Client(raise_request_exception=False)
    monkeypatch.setattr("recruitcms.views.site_content", lambda language: 1 / 0)

    with django_assert_num_queries(0):
        response = client.get("/people/anybody/")

    assert response.status_code == 500
    page = response.content.decode()
    assert "Something went wrong on our side" in page
    assert re.findall(r'<p class="lead" lang="(\w+)">', page) == ["pl", "de"]


def test_pictures_are_served_for_a_day_and_nothing_else_is(client):
    frozen = make_picture().freeze()
    default_storage.save("elsewhere/secret.png", ContentFile(b"x"))
    default_storage.save("pictures/page.html", ContentFile(b"<script>"))

    response = client.get(frozen["small"])

    assert (response.status_code, response["Content-Type"]) == (200, "image/webp")
    assert response["Cache-Control"] == "public, max-age=86400, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    b"".join(response.streaming_content)  # which closes the answer too
    for name in ("pictures/none.webp", "elsewhere/secret.png", "pictures/page.html", "pictures/../../keys/secret_key"):
        assert client.get(f"/media/{name}").status_code in {400, 404}


def test_robots_are_told_of_the_sitemap(client, settings):
    settings.PRODUCTION = True

    text = client.get("/robots.txt").content.decode()

    assert text == "User-agent: *\nDisallow: /admin/\nSitemap: http://testserver/sitemap.xml\n"


def test_the_sitemap_lists_live_pages_with_their_languages(client, settings):
    settings.PRODUCTION = True
    role = published_role(slug="engineer")
    published_role(slug="inzynier", language="pl", translation_group=role.translation_group)
    published_role(slug="ingenieur", language="de", translation_group=role.translation_group)
    make_page(slug="draft")

    root = ElementTree.fromstring(client.get("/sitemap.xml").content)

    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    found = {
        url.findtext("s:loc", namespaces=names): sorted(link.get("hreflang") for link in url.findall("x:link", names))
        for url in root.findall("s:url", names)
    }
    assert found["http://testserver/roles/engineer/"] == ["de", "en", "pl", "x-default"]
    assert found["http://testserver/pl/roles/inzynier/"] == ["de", "en", "pl", "x-default"]
    assert found["http://testserver/de/roles/ingenieur/"] == ["de", "en", "pl", "x-default"]
    assert not [address for address in found if "draft" in address]


def test_every_answer_carries_its_headers(client):
    make_site()

    response = client.get("/")

    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src http://testserver/static/;" in policy + ";"
    assert "unsafe" not in policy
    assert response["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert "camera=()" in response["Permissions-Policy"]


def test_public_pages_have_no_inline_code(client):
    make_site(company="We recruit.")
    make_cta("booking")
    role = published_role(sections={"introduction": "Text", "challenges": "### A\nb"})

    for address in ("/", "/roles/", role.get_absolute_url(), "/people/", "/roles/?q=nothing", "/none/"):
        page = client.get(address).content.decode()
        assert (
            re.findall(
                r"<script(?! type=\"application/ld\+json\")(?![^>]* src=)[^>]*>|<style|\sstyle=|\son\w+=|javascript:",
                page,
            )
            == []
        )


@pytest.mark.parametrize("address", ["/", "/roles/", "/people/", "/robots.txt", "/sitemap.xml"])
def test_pages_that_only_show_take_no_posts(client, address):
    assert client.post(address).status_code in {403, 405}
