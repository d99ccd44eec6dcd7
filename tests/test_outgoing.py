"""Calls to other machines: named hosts, https, public addresses, no redirects, small answers (SEC-16)."""

import socket

import pytest

from recruitcms import outgoing
from tests.receiver import Receiver


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ],
)
def test_an_address_of_our_own_network_is_not_public(address):
    assert outgoing.is_public(address) is False


@pytest.mark.parametrize("address", ["157.240.1.35", "2a03:2880:f003::1", "::ffff:157.240.1.35", "64:ff9b::9df0:123"])
def test_an_address_of_the_public_network_is(address):
    assert outgoing.is_public(address) is True


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "https://graph.facebook.com.evil.example/x",
        "https://graph.facebook.com@evil.example/x",
        "http://graph.facebook.com/x",
        "https://graph.facebook.com:8443/x",
    ],
)
def test_a_call_to_another_host_port_or_without_tls_is_refused_unmade(settings, url, socket_calls):
    settings.OUTGOING_HOSTS = ["graph.facebook.com"]

    with pytest.raises(outgoing.RefusedError):
        outgoing.post_json(url, {})

    assert socket_calls == []


def test_a_named_host_that_leads_into_our_own_network_is_refused(settings):
    settings.OUTGOING_HOSTS = ["localhost"]

    with pytest.raises(outgoing.RefusedError):
        outgoing.post_json("https://localhost/x", {})


def test_a_redirect_is_not_followed(settings):
    with Receiver(settings) as receiver:
        receiver.answers = [(302, {"Location": f"{receiver.url}/elsewhere"}, b"")]

        assert outgoing.post_json(f"{receiver.url}/x", {"a": "ż"}) == 302

    assert receiver.got == [("/x", {"a": "ż"})]


def test_no_more_than_64_kilobytes_of_an_answer_are_read(settings):
    with Receiver(settings) as receiver:
        receiver.answers = [(200, {}, b"x" * 5_000_000)]

        assert outgoing.post_json(f"{receiver.url}/x", {}) == 200


@pytest.fixture
def socket_calls(monkeypatch):
    """The names that were asked for; none may be."""
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: asked.append(host) or [])
    return asked
