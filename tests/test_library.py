from datetime import timedelta

import pytest
from django.utils import timezone

from roles.models import RoleRevision
from tests.factories import make_category, make_person, make_role, make_site, published_role

pytestmark = pytest.mark.django_db


def titles(response):
    return [role.title for role in response.context["page"]]


def test_the_library_lists_live_roles_newest_first(client):
    older = published_role(title="Older")
    RoleRevision.objects.filter(document=older).update(live_from=timezone.now() - timedelta(days=3))
    published_role(title="Newer")
    make_role(title="Draft")

    response = client.get("/roles/")

    assert titles(response) == ["Newer", "Older"]


def test_the_library_sorts_by_title(client):
    for title in ("Beta", "Alpha", "Gamma"):
        published_role(title=title)

    assert titles(client.get("/roles/?sort=title")) == ["Alpha", "Beta", "Gamma"]
    assert titles(client.get("/roles/?sort=nonsense")) == ["Gamma", "Alpha", "Beta"]


def test_a_category_shows_its_own_roles_and_all_counts(client):
    data, design = make_category(name="Data", slug="data"), make_category(name="Design", slug="design")
    for _number in range(2):
        published_role(category=data)
    published_role(category=design, title="Designer")

    response = client.get("/roles/?category=design")

    assert titles(response) == ["Designer"]
    assert [(shelf.name, count) for shelf, count in response.context["chips"]] == [("Data", 2), ("Design", 1)]
    assert response.context["total"] == 3


def test_each_language_has_its_own_library(client):
    published_role(title="English")
    published_role(title="Polski", language="pl")

    assert titles(client.get("/roles/")) == ["English"]
    assert titles(client.get("/pl/roles/")) == ["Polski"]


def test_search_needs_every_word_and_puts_titles_first(client):
    published_role(title="Analyst", sections={"introduction": "Works beside a data engineer."})
    published_role(title="Data Engineer")
    published_role(title="Gardener", sections={"introduction": "Grows data."})

    assert titles(client.get("/roles/?q=ENGINEER+data")) == ["Data Engineer", "Analyst"]


def test_search_ignores_accents(client):
    published_role(title="Kierowca żółtej łodzi", language="pl")

    assert titles(client.get("/pl/roles/?q=zoltej+lodzi")) == ["Kierowca żółtej łodzi"]


@pytest.mark.parametrize("query", ['"', "*", "%", "'", "_", "\\", "a" * 500, "?!.,", "\0", "ł" * 200, "-- ;", "(("])
def test_any_search_gets_a_page(client, query):
    published_role()

    assert client.get("/roles/", {"q": query}).status_code == 200


def test_a_percent_sign_is_a_letter_like_any_other(client):
    published_role(title="Growth 100% Lead")
    published_role(title="Other")

    assert titles(client.get("/roles/", {"q": "100%"})) == ["Growth 100% Lead"]


def test_a_search_without_result_offers_ways_out(client):
    published_role(category=make_category(slug="data", name="Data"), title="Data Engineer")

    response = client.get("/roles/?q=quantum+gardener&category=data")

    assert response.status_code == 200
    assert "Nothing for “quantum gardener” in Data" in response.content.decode()
    assert [role.title for role in response.context["newest"]] == ["Data Engineer"]


def test_an_empty_library_is_a_page_too(client):
    assert "No templates here yet" in client.get("/roles/").content.decode()


def test_no_page_links_to_a_category_in_which_nothing_is_live(client):
    make_site()
    role = published_role(category=make_category(name="Data", slug="data"))
    make_category(name="Security", slug="security")
    draft = make_role(category=make_category(name="Design", slug="design"))

    pages = [client.get(path).content.decode() for path in ("/", "/people/", "/roles/")]

    assert all(role.category.get_absolute_url() in page for page in pages)
    for empty in ("security", draft.category.slug):
        assert not any(f"category={empty}" in page for page in pages)


def test_an_empty_category_speaks_of_no_search(client):
    make_site()
    published_role()
    empty = make_category(name="Security", slug="security")

    page = client.get(empty.get_absolute_url()).content.decode()

    assert "No templates here yet" in page
    assert ">Security</h1>" in page
    assert "Try the skill instead" not in page


def test_ten_roles_stand_on_a_page(client):
    category, author = make_category(), make_person()
    for _number in range(11):
        published_role(category=category, author=author)

    assert len(titles(client.get("/roles/"))) == 10
    assert len(titles(client.get("/roles/?page=2"))) == 1
    assert 'href="?page=2"' in client.get("/roles/").content.decode()


def test_the_pager_keeps_the_search_and_the_category(client):
    category = make_category(slug="data")
    for _number in range(11):
        published_role(category=category)

    page = client.get("/roles/?category=data&q=role&sort=title").content.decode()

    assert 'href="?category=data&amp;q=role&amp;sort=title&amp;page=2"' in page


@pytest.mark.parametrize("address", ["/roles/?page=99", "/roles/?page=0", "/roles/?page=x", "/roles/?category=none"])
def test_pages_and_categories_that_do_not_exist_are_not_found(client, address):
    published_role()

    response = client.get(address)

    assert response.status_code == 404
    assert "This page is not here" in response.content.decode()


@pytest.mark.parametrize("number", [1, 3, 12])
def test_the_library_costs_at_most_six_queries_whatever_its_size(client, django_assert_max_num_queries, number):
    make_site(library_title="Library")
    for _number in range(number):
        published_role()
    client.get("/roles/")

    with django_assert_max_num_queries(6):
        client.get("/roles/")


def test_results_of_a_search_are_not_indexed(client):
    published_role(title="Data Engineer")

    assert 'content="noindex"' in client.get("/roles/?q=data").content.decode()
    assert 'content="noindex"' not in client.get("/roles/").content.decode()
