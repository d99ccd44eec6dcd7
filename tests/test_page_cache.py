"""Whole pages are answered from memory, never older than the last commit, and nothing private with them (SEC-20)."""

import gzip
from datetime import timedelta

import brotli
import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recruitcms import addresses, page_cache, sqlite
from recruitcms.models import Redirect, SiteText
from recruitcms.page_cache import PageCache
from recruitcms.publishing import touch_content
from tests.factories import make_category, make_site, make_user, published_role

pytestmark = pytest.mark.django_db
PUBLIC = ["/", "/roles/", "/people/", "/saved/", "/robots.txt", "/llms.txt", "/roles/index.json", "/sitemap.xml"]


@pytest.fixture
def cached(settings) -> Client:
    """A visitor of a process that keeps pages."""
    settings.PAGE_CACHE_BYTES = 1024 * 1024
    make_site()
    return Client(headers={"Accept-Encoding": "br"})


@pytest.fixture
def role(cached):
    return published_role(title="Welder", summary="Joins metal.")


def kept(client: Client) -> PageCache:
    middleware = client.handler._middleware_chain
    if middleware is None:
        client.handler.load_middleware()
        middleware = client.handler._middleware_chain
    measured = middleware.__wrapped__  # the middleware that counts stands before it
    return measured.get_response.__wrapped__


def read(response) -> str:
    body = response.content
    return (brotli.decompress(body) if response.get("Content-Encoding") == "br" else body).decode()


def test_a_kept_page_costs_one_question_and_says_the_same(cached, role, django_assert_num_queries):
    first = cached.get(role.get_absolute_url())

    with django_assert_num_queries(1):  # for the content version
        second = cached.get(role.get_absolute_url())

    assert second.content == first.content
    assert dict(second.headers) == dict(first.headers)
    assert "Welder" in read(second)
    assert second["Content-Security-Policy"]
    assert second["Cache-Control"] == "no-cache"
    assert second["Vary"] == "Accept-Encoding"


@pytest.mark.django_db(transaction=True)  # within a transaction it is asked, since that sees what it wrote itself
def test_where_nothing_was_written_sqlite_is_not_asked(cached, role, monkeypatch, django_assert_num_queries):
    written = 1
    monkeypatch.setattr(sqlite, "data_version", lambda: written)
    cached.get(role.get_absolute_url())

    with django_assert_num_queries(0):
        cached.get(role.get_absolute_url())

    written = 2
    with django_assert_num_queries(1):
        cached.get(role.get_absolute_url())


@pytest.mark.parametrize("change", ["title", "text", "offline"])
def test_a_change_shows_on_the_very_next_request(cached, role, change):
    assert "Welder" in read(cached.get(role.get_absolute_url()))
    if change == "title":
        role.title = "Solderer"
        role.save()
        role.publish()
        assert "Solderer" in read(cached.get(role.get_absolute_url()))
    elif change == "text":
        SiteText.objects.filter(language="en").update(tagline="Since this morning")
        touch_content()
        assert "Since this morning" in read(cached.get(role.get_absolute_url()))
    else:
        role.take_offline()
        assert cached.get(role.get_absolute_url()).status_code == 404


def test_a_scheduled_time_needs_no_hand(cached, role, clock):
    at = timezone.now() + timedelta(minutes=5)
    role.title = "Solderer"
    role.save()
    role.publish(at=at)
    assert "Welder" in read(cached.get(role.get_absolute_url()))

    clock.move_to(at + timedelta(seconds=1))

    assert "Solderer" in read(cached.get(role.get_absolute_url()))


def test_nothing_is_kept_for_good(cached, role, clock):
    cached.get(role.get_absolute_url())
    clock.shift(timedelta(seconds=page_cache.SECONDS + 1))

    with CaptureQueriesContext(connection) as queries:
        cached.get(role.get_absolute_url())

    assert len(queries) > 2


def test_it_answers_304_where_the_page_is_known(cached, role):
    page = cached.get(role.get_absolute_url())

    known = cached.get(role.get_absolute_url(), headers={"If-None-Match": page["ETag"]})
    other = cached.get(role.get_absolute_url(), headers={"If-None-Match": 'W/"other"'})

    assert (known.status_code, known.content) == (304, b"")
    assert known["ETag"] == page["ETag"]
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("gzip, br;q=0", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("", ""),
        ("br;q=0.0, identity", ""),
        ("abra", ""),
        ("brotli, gzipped", ""),
    ],
)
def test_each_reader_gets_an_encoding_that_it_takes(cached, role, accepts, encoding):
    response = cached.get(role.get_absolute_url(), headers={"Accept-Encoding": accepts})

    plain = {"": bytes, "br": brotli.decompress, "gzip": gzip.decompress}[encoding](response.content)
    assert response.get("Content-Encoding", "") == encoding
    assert response["Content-Length"] == str(len(response.content))
    assert b"Welder" in plain


def test_what_pages_do_not_know_of_the_query_makes_no_other_page(cached, role):
    """SEC-20: a flood of query strings fills nothing."""
    category = make_category(slug="metal")
    published_role(category=category)
    cache = kept(cached)
    pages = {read(cached.get(f"{role.get_absolute_url()}?utm_source={number}")) for number in range(20)}
    assert (len(pages), len(cache.pages)) == (1, 1)

    shelf = read(cached.get("/roles/?category=metal&utm=1"))

    assert shelf == read(cached.get("/roles/?utm=2&category=metal"))
    assert shelf != read(cached.get("/roles/"))
    assert len(cache.pages) == 3


def test_made_up_values_of_what_lists_know_fill_nothing(cached, role):
    """SEC-20"""
    cache = kept(cached)
    for number in range(20):
        cached.get(f"/people/?sort={number}&page={number}")
        cached.get(f"/roles/?sort={number}")
        cached.get(f"/roles/?page={'0' * number}1")

    assert {(path, query) for _scheme, _host, path, query in cache.pages} == {("/people/", ""), ("/roles/", "page=1")}


def kept_by_nginx(response) -> bool:
    return "X-Accel-Expires" in response


def test_nginx_may_keep_pages_and_that_they_still_hold(cached, role, settings):
    settings.BEHIND_PROXY = True
    first = cached.get(role.get_absolute_url())

    assert kept_by_nginx(first)
    assert kept_by_nginx(cached.get(role.get_absolute_url(), headers={"If-None-Match": first["ETag"]}))
    assert kept_by_nginx(cached.get("/roles/?page=1"))
    assert not kept_by_nginx(cached.get("/people/?page=1"))
    assert not kept_by_nginx(cached.get("/roles/?q=welder"))


def test_nginx_may_keep_that_a_page_is_gone_and_nothing_of_a_token(cached, role, settings):
    """SEC-20: what it kept of the page would come back whenever the site is down."""
    settings.BEHIND_PROXY = True
    role.take_offline()

    assert kept_by_nginx(cached.get(role.get_absolute_url()))
    for path in ("/c/abc/", "/pl/d/abc/", "/admin/nothing/", "/media/nothing.webp"):
        assert not kept_by_nginx(cached.get(path)), path
    settings.BEHIND_PROXY = False
    assert not kept_by_nginx(cached.get(role.get_absolute_url()))


@pytest.mark.parametrize("status", Redirect.Status)
def test_nginx_may_keep_that_a_page_has_given_way_to_another(cached, role, settings, status):
    """SEC-20: as above. What was taken offline because it was wrong is forwarded more often than not."""
    settings.BEHIND_PROXY = True
    role.take_offline()
    addresses.lead(role.get_absolute_url(), addresses.Destination(target="/people/"), status=status)

    answer = cached.get(role.get_absolute_url())

    assert answer.status_code == status
    assert kept_by_nginx(answer)
    assert not kept_by_nginx(cached.get("/admin/roles/"))  # leads to the sign-in page
    assert not kept_by_nginx(cached.get("/roles"))


def test_searches_forms_and_what_is_behind_a_token_are_never_kept(cached, role):
    """SEC-20"""
    cache = kept(cached)
    for path in ["/roles/?q=welder", "/consultation/", "/c/abc/", "/r/abc/", "/roles/nothing/", "/admin/", "/readyz"]:
        cached.get(path)
    cached.post(role.get_absolute_url(), {"company": "Halden"}, headers={"Sec-Fetch-Site": "same-origin"})
    for kind in ("md", "txt"):
        cached.get(f"/roles/{role.slug}.{kind}")

    assert not cache.pages


def test_no_page_hangs_on_who_asks(cached, role):
    """SEC-20: what one reader sends never stands in the page of another."""
    marks = {"Cookie": "session=SECRETMARK", "User-Agent": "SECRETMARK", "Accept-Language": "pl", "DNT": "1"}
    marks |= {"X-Forwarded-Host": "SECRETMARK.example", "Referer": "http://SECRETMARK.example/"}
    for path in [*PUBLIC, role.get_absolute_url()]:
        marked = cached.get(path, headers=marks)
        assert marked.status_code == 200, path
        assert "SECRETMARK" not in read(marked), path
        plain = Client(headers={"Accept-Encoding": "br"}).get(path)
        assert read(plain) == read(marked), path
        assert not marked.cookies


def test_a_signed_in_editor_sees_what_visitors_see(cached, role):
    editor = Client(headers={"Accept-Encoding": "br"})
    editor.force_login(make_user(is_superuser=True))

    assert editor.get(role.get_absolute_url()).content == cached.get(role.get_absolute_url()).content


def test_a_foreign_host_gets_and_leaves_nothing(cached, role):
    """SEC-19, SEC-20"""
    cached.get(role.get_absolute_url())

    assert cached.get(role.get_absolute_url(), headers={"Host": "evil.example"}).status_code == 400
    assert len(kept(cached).pages) == 1


def test_there_is_only_so_much_room(cached, role, settings):
    cache = kept(cached)
    cache.room = 3 * len(cached.get(role.get_absolute_url(), headers={"Accept-Encoding": ""}).content)

    for number in range(2, 9):
        cached.get("/roles/", {"sort": f"x{number}"})

    assert 0 < len(cache.pages) < 4
    assert cache.size == sum(page.size for page in cache.pages.values()) <= cache.room


def test_without_a_database_what_is_kept_is_still_shown(cached, role, monkeypatch):
    page = cached.get(role.get_absolute_url())

    def refuse(*_anything):
        raise DatabaseError("gone")

    with connection.execute_wrapper(refuse):
        assert cached.get(role.get_absolute_url()).content == page.content


def test_head_says_what_get_does(cached, role):
    got = cached.get(role.get_absolute_url())
    asked = cached.head(role.get_absolute_url())

    assert (asked.status_code, asked.content) == (200, b"")
    assert asked["Content-Length"] == got["Content-Length"]
    assert asked["ETag"] == got["ETag"]
