"""Public forms take posts from our own pages only, of a size that a real form has (§4.1, SEC-24)."""

import io
import logging
import sys

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from recruitcms.logs import RedactingFormatter
from recruitcms.middleware import StaticFiles, is_same_origin
from recruitcms.wsgi import application
from tests.factories import make_picture, make_site

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, False),
        ({"Origin": "http://testserver"}, True),
        ({"Origin": "https://testserver"}, False),
        ({"Origin": "http://testserver:8001"}, False),
        ({"Origin": "null"}, False),
        ({}, True),
    ],
)
def test_where_a_post_may_come_from(headers, expected):
    """SEC-13"""
    request = RequestFactory().post("/consultation/", headers=headers)

    assert is_same_origin(request) is expected


def test_a_post_from_another_site_is_refused_with_a_way_on(db):
    make_site()

    response = Client().post("/consultation/", {"name": "Eve"}, headers={"Origin": "https://evil.example"})

    page = response.content.decode()
    assert response.status_code == 403
    assert "Nothing was stored." in page
    assert 'href="/consultation/"' in page


def test_a_post_of_a_megabyte_is_refused_before_it_is_read(client):
    make_site()

    response = client.post("/consultation/", {"message": "x" * 1_000_000})

    assert response.status_code == 413
    assert "Nothing was stored." in response.content.decode()


@pytest.mark.parametrize("headers", [{"Content-Length": "many"}, {"Transfer-Encoding": "chunked"}])
def test_a_post_that_hides_its_size_is_refused(client, headers):
    make_site()

    response = client.generic("POST", "/consultation/", b"name=Eve", headers=headers)

    assert response.status_code in {400, 413}


def test_the_admin_keeps_djangos_token():
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a", "password": "b"})

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Not Found: /c/secret-token/", "Not Found: /c/[redacted]/"),
        ("Not Found: /pl/u/secret-token", "Not Found: /pl/u/[redacted]"),
        ("GET /roles/?q=marta@quillstone.example", "GET /roles/?[redacted]"),
        ("Duplicate key (marta@quillstone.example)", "Duplicate key ([address])"),
    ],
)
def test_tokens_queries_and_addresses_stay_out_of_the_logs(said, kept):
    """SEC-22, SEC-23."""
    record = logging.LogRecord("django", logging.WARNING, "", 0, "%s", (said,), None)

    assert RedactingFormatter("{message}", style="{").format(record) == kept


def test_a_traceback_is_redacted_too():
    try:
        raise ValueError("marta@quillstone.example is known")
    except ValueError:
        record = logging.LogRecord("django", logging.ERROR, "", 0, "Fault", (), sys.exc_info())

    assert "quillstone" not in RedactingFormatter().format(record)


def answer(**environ):
    """Call the application as the web server does. Return the status, the headers and the body."""
    said = {}

    def start_response(status, headers, exc_info=None):
        said.update(status=status, headers=dict(headers))

    request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/robots.txt", "SERVER_NAME": "testserver", "SERVER_PORT": "80"}
    request |= {
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "HTTP_HOST": "testserver",
        "wsgi.errors": sys.stderr,
    }
    body = b"".join(application(request | environ, start_response))
    return said["status"], said["headers"], body


@pytest.mark.parametrize(
    "charset", ["=hex", "=zlib", "=undefined", "=no-such-thing", "=utf-16", "*=utf-8''hex", " =hex"]
)
def test_a_request_in_a_strange_character_set_is_read_as_utf_8(charset):
    status, _headers, _body = answer(CONTENT_TYPE=f"text/plain; charset{charset}")

    assert status == "200 OK"


def test_an_answer_to_head_has_the_headers_and_no_body():
    get, head = answer(), answer(REQUEST_METHOD="HEAD")

    assert head[2] == b""
    assert head[1]["Content-Length"] == get[1]["Content-Length"] == str(len(get[2]))


def test_a_request_for_the_server_itself_is_no_fault():
    assert answer(REQUEST_METHOD="OPTIONS", PATH_INFO="*")[0][:3] in {"404", "405"}


@pytest.mark.parametrize("cookies", [{"session": "stale"}, {"csrf": "x"}, {"messages": "[]"}])
def test_a_stale_cookie_changes_nothing_on_a_public_page(client, cookies):
    make_site()
    fresh = client.get("/roles/")
    client.cookies.load(cookies)

    response = client.get("/roles/")

    assert response.content == fresh.content
    assert "Cookie" not in response.get("Vary", "")
    assert dict(response.cookies) == {}


@pytest.mark.parametrize("path", ["/c/none/", "/pl/u/none/", "/d/none/"])
@pytest.mark.parametrize("method", ["get", "post", "put"])
def test_whatever_the_answer_behind_a_token_it_is_kept_nowhere(client, path, method):
    make_site()

    response = getattr(client, method)(path, headers={"Origin": "https://evil.example"})

    found = {name: response[name] for name in ("Cache-Control", "X-Robots-Tag", "Referrer-Policy")}
    assert found == {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "same-origin"}


def test_text_is_compressed_and_pictures_are_not(client):
    make_site()
    picture = make_picture().freeze()["small"]

    page = client.get("/", headers={"Accept-Encoding": "gzip"})
    image = client.get(picture, headers={"Accept-Encoding": "gzip"})

    assert page["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in image
    assert int(image["Content-Length"]) == len(b"".join(image.streaming_content))
    image.close()


def test_a_damaged_request_and_a_missing_token_are_said_in_the_sites_dress(client):
    make_site()

    damaged = client.get("/roles/", headers={"Host": "evil.example"})
    refused = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a"})

    assert (damaged.status_code, refused.status_code) == (400, 403)
    assert "This request cannot be read" in damaged.content.decode()
    assert "Nothing was saved" in refused.content.decode()


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example/x"])
def test_no_link_on_a_404_leads_to_another_site(client, path):
    make_site()

    page = client.generic("GET", path).content.decode()

    assert 'href="//evil' not in page


def test_what_collecting_static_files_keeps_for_itself_is_not_served(settings, tmp_path):
    """SEC-21: lists of what is there, made for the site alone."""
    settings.STATIC_ROOT = tmp_path
    for name in ("staticfiles.json", ".collected", "site.css"):
        (tmp_path / name).write_text("x")

    served = StaticFiles(lambda request: HttpResponse()).files

    assert set(served) == {"/static/site.css"}
