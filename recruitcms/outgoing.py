"""Calling other machines, from the server: only those the deployer named, and never our own network (SEC-16).

A check that then fetches by name is beaten by a name that changes its address in between, so the name is resolved once
and the connection goes to the address that was checked.
"""

import http.client
import ipaddress
import json
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

TIMEOUT = 5.0  # seconds, for the connection and for each read
MAX_ANSWER = 64 * 1024
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RefusedError(Exception):
    """A call that must not be made: a host that is not named, an address in our own network, no TLS."""


def post_json(url: str, content: dict[str, Any]) -> int:
    """Post JSON to a named host and return the status of its answer; a redirect is an answer like any other.

    Raises RefusedError for a call that must not be made, OSError or http.client.HTTPException where it fails.
    """
    parts = urlsplit(url)
    host, local = str(parts.hostname), settings.OUTGOING_LOCAL
    if host not in settings.OUTGOING_HOSTS:
        raise RefusedError("This host is not on the list.")
    if not local and (parts.scheme != "https" or parts.port not in {None, 443}):
        raise RefusedError("Only https on port 443 is allowed.")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    connection.sock = _connect(host, port, tls=parts.scheme == "https")
    try:
        body = json.dumps(content).encode()
        headers = {"Host": parts.netloc, "Content-Type": "application/json", "Connection": "close"}
        connection.request("POST", parts.path, body, headers)
        answer = connection.getresponse()
        answer.read(MAX_ANSWER)
        return answer.status
    finally:
        connection.close()


def _connect(host: str, port: int, tls: bool) -> socket.socket:
    """Connect to the first of a host's addresses that answers, after checking every one of them."""
    addresses = [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not settings.OUTGOING_LOCAL and not all(is_public(address) for address in addresses):
        raise RefusedError("This host has an address that is not public.")
    for address in addresses:
        try:
            plain = socket.create_connection((address, port), timeout=TIMEOUT)
            break
        except OSError as error:
            failed = error
    else:
        raise failed
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host) if tls else plain


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public network, seen through IPv4-in-IPv6 (mapped, NAT64, 6to4)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return ip.is_global and not ip.is_multicast
