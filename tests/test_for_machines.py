"""What programs read of the pages: structured data, pictures for social networks, the feed, lists of templates."""

import io
import json
import re
from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from recruitcms.models import SiteSettings
from roles import cards
from roles.models import RoleRevision
from tests.factories import make_category, make_page, make_person, make_picture, make_role, make_site, published_role

pytestmark = pytest.mark.django_db

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def page_of(client, address):
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def data_of(page):
    """Return what a page's data block says, by type."""
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, flags=re.DOTALL)
    data = json.loads(block)
    assert data["@context"] == "https://schema.org"
    return {thing["@type"]: thing for thing in data["@graph"]}


def alternates_of(page):
    return dict(re.findall(r'<link rel="alternate" hreflang="([\w-]+)" href="http://testserver(.*?)">', page))


def image_of(page):
    return re.search(r'<meta property="og:image" content="http://testserver(.*?)">', page).group(1)


def body_of(response):
    return b"".join(response.streaming_content)  # which closes the answer, as the test client wraps it


# --- structured data ---


def test_a_role_is_an_article_with_all_that_google_asks_for(client, clock):
    """developers.google.com/search/docs/appearance/structured-data/article and …/breadcrumb"""
    make_site()
    author = make_person(name="Hanna Nowak", slug="hanna", on_team=True, social_url="https://s.example/h")
    shelf = make_category(name="Data", slug="data")
    role = make_role(title="Data Engineer", slug="engineer", author=author, category=shelf, picture=make_picture())
    role.publish()
    first = timezone.now()
    clock.shift(timedelta(days=3))
    role.summary = "Builds pipelines."
    role.save()
    role.publish()

    page = page_of(client, "/roles/engineer/")
    data = data_of(page)

    article = data["Article"]
    assert article["headline"] == "Data Engineer job description template"
    assert datetime.fromisoformat(article["datePublished"]) == pytest.approx(first, abs=timedelta(seconds=5))
    assert datetime.fromisoformat(article["dateModified"]) - first > timedelta(days=2)
    assert article["image"][0] == f"http://testserver{image_of(page)}"
    assert article["image"][1].startswith("http://testserver/media/pictures/")
    assert (article["author"]["@type"], article["author"]["name"]) == ("Person", "Hanna Nowak")
    assert article["author"]["url"] == "http://testserver/people/hanna/"
    assert article["publisher"]["name"] == SiteSettings.get().name
    assert article["mainEntityOfPage"] == "http://testserver/roles/engineer/"
    assert [
        (item["@type"], item["position"], item["name"], item["item"])
        for item in data["BreadcrumbList"]["itemListElement"]
    ] == [
        ("ListItem", 1, "Templates", "http://testserver/roles/"),
        ("ListItem", 2, "Data", "http://testserver/roles/?category=data"),
        ("ListItem", 3, "Data Engineer", "http://testserver/roles/engineer/"),
    ]
    agency = data["Organization"]
    assert {"name", "url", "logo"} <= agency.keys()
    assert client.get(agency["url"].removeprefix("http://testserver")).status_code == 200


def test_an_author_who_is_not_on_the_team_is_no_link_to_nowhere(client):
    author = make_person(name="Guest", social_url="https://s.example/guest")
    role = published_role(author=author)

    person = data_of(page_of(client, role.get_absolute_url()))["Article"]["author"]

    assert (person["name"], person["url"]) == ("Guest", "https://s.example/guest")


def test_no_text_of_an_editor_can_end_the_data_block(client):
    """SEC-6"""
    hostile = "</script><script>alert(1)</script>&<!--"
    role = published_role(title=hostile, summary=hostile)

    page = page_of(client, role.get_absolute_url())

    assert "<script>alert" not in page
    assert data_of(page)["Article"]["description"] == hostile


def test_people_and_pages_say_what_they_are(client):
    make_site()
    make_person(name="Orla Tindvik", slug="orla", on_team=True, portrait=make_picture(), job_title="Researcher")
    make_page(title="About us", slug="about", purpose="about").publish()

    profile = data_of(page_of(client, "/people/orla/"))["ProfilePage"]["mainEntity"]
    about = data_of(page_of(client, "/about/"))["AboutPage"]

    assert (profile["@type"], profile["name"], profile["jobTitle"]) == ("Person", "Orla Tindvik", "Researcher")
    assert profile["image"].startswith("http://testserver/media/")
    assert (about["name"], about["url"]) == ("About us", "http://testserver/about/")
    assert datetime.fromisoformat(about["dateModified"]).tzinfo


def test_a_page_that_is_not_to_be_listed_says_nothing_to_machines(client, admin_client):
    role = published_role()

    for response in (
        client.get("/roles/?q=nothing"),
        client.post(role.get_absolute_url(), {"x": "y"}),
        client.get("/saved/"),
        client.get("/none/"),
    ):
        page = response.content.decode()
        assert "ld+json" not in page
        assert 'name="robots" content="noindex"' in page
        assert 'hreflang="x-default"' not in page


def test_the_default_language_is_the_same_on_each_translation(client):
    polish = published_role(slug="inzynier", language="pl")
    published_role(slug="ingenieur", language="de", translation_group=polish.translation_group)

    pages = [page_of(client, address) for address in ("/pl/roles/inzynier/", "/de/roles/ingenieur/")]

    assert [alternates_of(page)["x-default"] for page in pages] == ["/pl/roles/inzynier/"] * 2


def test_a_shelf_leads_to_its_translations_that_are_not_empty(client):
    shelf = make_category(slug="data")
    polish = make_category(slug="dane", language="pl", translation_group=shelf.translation_group)
    make_category(slug="daten", language="de", translation_group=shelf.translation_group)
    published_role(category=shelf)
    published_role(category=polish, language="pl")

    both = {
        "en": "/roles/?category=data",
        "pl": "/pl/roles/?category=dane",
        "x-default": "/roles/?category=data",
    }
    assert alternates_of(page_of(client, "/roles/?category=data")) == both
    assert alternates_of(page_of(client, "/pl/roles/?category=dane")) == both


# --- pictures for social networks ---


def test_a_role_has_a_picture_of_its_own_that_is_drawn_once(client):
    make_site()
    role = published_role(title="Data Engineer")
    address = image_of(page_of(client, role.get_absolute_url()))

    response = client.get(address)
    body = body_of(response)

    with Image.open(io.BytesIO(body)) as picture:
        assert (picture.format, picture.size) == ("PNG", (1200, 630))
    assert len(body) < 100_000
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    name = f"cards/{address.rpartition('/')[2]}"
    made = default_storage.get_modified_time(name)
    assert body_of(client.get(f"{address}?anything=1")) == body
    assert default_storage.get_modified_time(name) == made
    assert [file for file in default_storage.listdir("cards")[1] if file.startswith(f"{role.live_revision.pk}-")] == [
        address.rpartition("/")[2]
    ]


def test_nothing_is_drawn_for_an_address_that_no_live_role_has(client):
    role, draft, offline = published_role(), make_role(), published_role()
    kept = draft.keep()
    address = image_of(page_of(client, role.get_absolute_url()))
    gone = image_of(page_of(client, offline.get_absolute_url()))
    offline.take_offline()
    number, mark = re.search(r"/cards/(\d+)-(\w+)\.png", address).groups()
    before = default_storage.listdir("cards")[1] if default_storage.exists("cards") else []

    unknown = [f"/cards/{number}-{'0' * 12}.png", f"/cards/999999-{mark}.png", gone, "/cards/x.png", "/cards/1.png"]
    unknown.append(f"/cards/{kept.pk}-{cards.mark_of(cards.words_of(kept, SiteSettings.get().name))}.png")

    assert {client.get(path).status_code for path in unknown} == {404}
    assert (default_storage.listdir("cards")[1] if default_storage.exists("cards") else []) == before
    assert client.post(address).status_code in {403, 405}


def test_pictures_of_what_is_not_live_any_more_go(client):
    role, offline = published_role(), published_role()
    shown, gone = [image_of(page_of(client, page.get_absolute_url())) for page in (role, offline)]
    assert [client.get(address).status_code for address in (shown, gone)] == [200, 200]
    offline.take_offline()

    cards.forget_old()

    names = default_storage.listdir("cards")[1]
    assert shown.rpartition("/")[2] in names
    assert gone.rpartition("/")[2] not in names


def test_other_words_make_another_picture(client):
    site = make_site()
    role = published_role(title="Data Engineer")
    before = image_of(page_of(client, role.get_absolute_url()))

    site.name = "Southbeam"
    site.save()

    after = image_of(page_of(client, role.get_absolute_url()))
    assert after != before
    assert client.get(before).status_code == 404


def test_a_title_that_our_font_cannot_write_gets_the_standard_picture(client):
    role = published_role(title="Инженер данных")

    response = client.get(image_of(page_of(client, role.get_absolute_url())))

    assert (response.status_code, response.url) == (302, "/static/img/share-card.png")


@pytest.mark.parametrize(
    "title",
    [
        "CTO",
        "Director of Machine Learning",
        "Inżynierka / Inżynier bezpieczeństwa aplikacji",
        "Softwareentwicklungsingenieur/-in für Anwendungssicherheit und Identitätsmanagement (m/w/d)",
        "Senior Principal Platform Engineering Manager for Developer Experience and Reliability in the EMEA region",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" + "en" * 20,
    ],
)
def test_a_title_of_any_length_stands_whole_in_its_place(title):
    size, lines = cards.layout(title)

    face = cards.font(cards.BOLD, size)
    assert "".join("".join(lines).split()) == "".join(title.split())
    assert all(face.getlength(line) <= cards.WIDTH for line in lines)
    assert len(lines) * size * cards.LINE <= cards.BOTTOM - cards.TOP - cards.UNDER
    assert not [line for line in lines if line.startswith("-")]


# --- the feed, the lists, the Markdown ---


def test_the_feed_has_new_and_changed_templates_of_its_language(client, clock):
    make_site(home_lead="Copy a description.")
    old = published_role(title="Old", slug="old")
    clock.shift(timedelta(hours=1))
    published_role(title="New", slug="new", category=make_category(name="Data"))
    published_role(title="Polski", language="pl", translation_group=old.translation_group)
    make_role(title="Draft")
    clock.shift(timedelta(hours=1))
    old.summary = "Changed <b>."
    old.save()
    old.publish()

    response = client.get("/roles/feed.atom")

    feed = ElementTree.fromstring(response.content)
    entries = feed.findall("a:entry", ATOM)
    assert response["Content-Type"].startswith("application/atom+xml")
    assert [entry.findtext("a:title", namespaces=ATOM) for entry in entries] == ["Old", "New"]
    assert entries[0].find("a:link", ATOM).get("href") == "http://testserver/roles/old/"
    assert entries[0].findtext("a:summary", namespaces=ATOM) == "Changed &lt;b&gt;."
    published, updated = (entries[0].findtext(f"a:{name}", namespaces=ATOM) for name in ("published", "updated"))
    assert datetime.fromisoformat(updated) - datetime.fromisoformat(published) >= timedelta(hours=2)
    assert feed.find("a:link[@rel='self']", ATOM).get("href") == "http://testserver/roles/feed.atom"
    assert client.get("/roles/feed.atom", headers={"If-Modified-Since": response["Last-Modified"]}).status_code == 304
    polish = ElementTree.fromstring(client.get("/pl/roles/feed.atom").content)
    assert [entry.findtext("a:title", namespaces=ATOM) for entry in polish.findall("a:entry", ATOM)] == ["Polski"]
    ids = {tree.find("a:entry/a:id", ATOM).text for tree in (feed, polish)}
    assert len(ids) == 2
    assert all(name.startswith("urn:uuid:") for name in ids)


def test_an_entry_of_the_feed_keeps_its_id_when_the_page_moves(client, clock):
    role = published_role(slug="before")
    ids = [ElementTree.fromstring(client.get("/roles/feed.atom").content).findtext("a:entry/a:id", namespaces=ATOM)]
    clock.shift(timedelta(hours=1))
    role.slug = "after"
    role.save()
    role.publish()

    ids += [ElementTree.fromstring(client.get("/roles/feed.atom").content).findtext("a:entry/a:id", namespaces=ATOM)]

    assert ids[0] == ids[1]


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("address", ["/roles/feed.atom", "/llms.txt", "/roles/index.json"])
def test_lists_for_machines_cost_the_same_whatever_the_number(client, django_assert_max_num_queries, address, number):
    make_site()
    for _number in range(number):
        published_role()
    client.get(address)

    with django_assert_max_num_queries(6):
        client.get(address)


def test_pages_name_their_feed_and_a_role_its_markdown(client):
    role = published_role(slug="inzynier", language="pl")

    page = page_of(client, role.get_absolute_url())

    assert re.search(
        r'<link rel="alternate" type="application/atom\+xml" title="[^"]+" href="/pl/roles/feed.atom">', page
    )
    assert '<link rel="alternate" type="text/markdown" href="/pl/roles/inzynier.md">' in page
    assert client.get("/pl/roles/inzynier.md").status_code == 200


def test_language_models_find_each_live_template_as_markdown(client):
    make_site(home_lead="Copy a description.")
    published_role(title="C++ [embedded] Engineer", slug="engineer", summary="Writes\nfirmware.")
    published_role(title="Inżynier", slug="inzynier", language="pl", summary="Pisze.")
    make_role(title="Draft")

    response = client.get("/llms.txt")

    text = response.content.decode()
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert text.startswith(f"# {SiteSettings.get().name}\n\n> Copy a description.\n\n## ")
    assert "- [C++ \\[embedded\\] Engineer](http://testserver/roles/engineer.md): Writes firmware.\n" in text
    assert "(Polski)\n\n- [Inżynier](http://testserver/pl/roles/inzynier.md): Pisze.\n" in text
    assert "Draft" not in text
    for address in re.findall(r"\((http://testserver.*?\.md)\)", text):
        assert client.get(address.removeprefix("http://testserver")).status_code == 200


def test_the_index_names_live_templates_by_the_ids_that_browsers_keep(client):
    role = published_role(title="Engineer", slug="engineer")
    make_role()

    assert client.get("/roles/index.json").json() == {str(role.translation_group): ["/roles/engineer/", "Engineer"]}
    assert RoleRevision.objects.live().count() == 1


def test_a_site_that_is_not_live_asks_not_to_be_indexed_whatever_is_asked_for(client):
    published_role()

    for address in ("/llms.txt", "/roles/feed.atom", "/roles/index.json", "/saved/"):
        assert client.get(address)["X-Robots-Tag"] == "noindex"


# --- saved templates, as the server gives them ---


@pytest.mark.parametrize(
    ("address", "title"), [("/saved/", "Saved templates"), ("/pl/saved/", None), ("/de/saved/", None)]
)
def test_saved_templates_have_a_page_in_each_language_that_every_footer_leads_to(client, address, title):
    page = page_of(client, address)

    home = page_of(client, address.removesuffix("saved/"))
    assert f'<a href="{address}">' in home
    assert "<noscript>" in page
    assert title is None or f"<h1>{title}</h1>" in page
