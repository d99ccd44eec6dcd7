"""Public forms take posts from our own pages only, of a size that a real form has (§4.1, SEC-24)."""

import logging

import pytest
from django.test import RequestFactory

from recruitcms.middleware import HideTokens, is_same_origin
from tests.factories import make_site

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
    request = RequestFactory().post("/consultation/", headers=headers)

    assert is_same_origin(request) is expected


def test_a_post_from_another_site_is_refused_with_a_way_on(client):
    make_site()

    response = client.post("/consultation/", {"name": "Eve"}, headers={"Origin": "https://evil.example"})

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
    from django.test import Client

    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a", "password": "b"})

    assert response.status_code == 403


@pytest.mark.parametrize("path", ["/c/secret-token/", "/pl/u/secret-token", "/d/secret-token?x=1"])
def test_tokens_stay_out_of_the_logs(path):
    """SEC-22, SEC-23."""
    record = logging.LogRecord("django", logging.WARNING, "", 0, "Not Found: %s", (path,), None)

    HideTokens().filter(record)

    assert "secret-token" not in record.getMessage()
    assert "[redacted]" in record.getMessage()
