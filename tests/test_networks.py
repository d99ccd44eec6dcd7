"""Whose request it is, behind proxies and without (SEC-17)."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from recruitcms import settings as project
from recruitcms.networks import network_of

PROXIES = "127.0.0.1, 10.0.0.0/8, 2001:db8:1::/48"


def network(peer: str, forwarded: str | None = None) -> str:
    more = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return network_of(RequestFactory().get("/", REMOTE_ADDR=peer, **more))


@pytest.fixture
def behind_proxies(settings):
    settings.TRUSTED_PROXIES = project.networks(PROXIES)


def test_without_proxies_the_header_is_not_believed():
    assert network("203.0.113.7", "198.51.100.1") == "203.0.113.7"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # what stands left of it the client wrote itself
        ("127.0.0.1", "198.51.100.1, 10.2.3.4", "198.51.100.1"),
        ("127.0.0.1", "10.9.9.9, 10.2.3.4", "10.9.9.9"),  # nothing but our own: somebody inside
        ("127.0.0.1", "nonsense, 10.2.3.4", "10.2.3.4"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("", "198.51.100.1", "198.51.100.1"),  # a Unix socket
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8:1::5", "2001:db8:2:3:4:5:6:7", "2001:db8:2:3::/64"),
    ],
)
def test_the_client_is_the_first_hop_from_the_right_that_is_no_proxy(behind_proxies, peer, forwarded, client):
    assert network(peer, forwarded) == client


def test_one_connection_of_ipv6_is_one_network():
    assert network("2001:db8:2:3::1") == network("2001:db8:2:3:ffff::2") == "2001:db8:2:3::/64"


def test_nobody_is_one_network_too():
    assert network("") == ""


@pytest.mark.parametrize("value", ["10.0.0.0/33", "proxy.example", "10.0.0.1/8"])
def test_a_proxy_that_is_no_network_stops_the_start(monkeypatch, value):
    monkeypatch.setenv("TRUSTED_PROXIES", value)

    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES="):
        project.read("TRUSTED_PROXIES", "", project.networks)
