"""Whose request it is, as far as limits go: the network it comes from, seen through our own proxies (SEC-17)."""

import ipaddress
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_ip(request: HttpRequest) -> Address | None:
    """Return the address of whoever speaks to our outermost proxy; None where it is unknown.

    `X-Forwarded-For` is believed only as far as TRUSTED_PROXIES wrote it: read from the right, the first hop that is
    none of them is the client. What stands further left is the client's own claim.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    found = _address(peer)
    if peer and not _is_trusted(found):  # an empty one is a proxy on a Unix socket
        return found
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        address = _address(hop)
        if address is None:
            return found
        found = address
        if not _is_trusted(address):
            return address
    return found


def network_of(request: HttpRequest) -> str:
    """Return the network that a limit counts: an IPv4 address or an IPv6 /64, as one connection has; "" if unknown."""
    address = client_ip(request)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address or "")


def is_trusted_peer(peer: str) -> bool:
    """Tell whether whoever is connected to us is one of our own proxies; on a Unix socket it has no address."""
    return (not peer and settings.BEHIND_PROXY) or _is_trusted(_address(peer))


def is_in(peer: str, networks: Sequence[Network]) -> bool:
    """Tell whether an address, as it came, is in one of these networks."""
    address = _address(peer)
    return address is not None and any(address in network for network in networks)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _is_trusted(address: Address | None) -> bool:
    return address is not None and any(address in network for network in settings.TRUSTED_PROXIES)
