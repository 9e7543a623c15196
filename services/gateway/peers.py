"""Where a request comes from, and under which name it reached us: addresses, hosts, pages of other sites. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from shared.kernel.errors import Malformed

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_SUBSCRIBER_BITS = 64
"""One subscriber has at least so many bits of an IPv6 address for himself."""


class UnknownHost(Malformed):
    """This server is not known by the name in this address."""

    def __init__(self) -> None:
        super().__init__("Its operator can add the name to COLLOQUY_ALLOWED_HOSTS, or set COLLOQUY_PUBLIC_URL.")


class AllowedHosts:
    """The names under which we are reached: links are built from them, so nobody else may choose them.

    `.example.org` allows every name that ends so, `*` everything. The address a connection arrived at is always ours.
    """

    def __init__(self, given: Iterable[str], *, public_url: str, listens_on: str) -> None:
        names = {name.strip().lower().strip("[]") for name in given} - {""}
        self._is_open = "*" in names
        self._endings = tuple(name for name in names if name.startswith("."))
        own = {host_of(public_url) or "", listens_on.lower()} - {"", "0.0.0.0", "::"}  # noqa: S104 - not bound here
        self._names = frozenset(names | own | _LOOPBACK_NAMES)

    def admit(self, connection: HTTPConnection) -> None:
        """Raises UnknownHost."""
        if self._is_open:
            return
        name = host_of(f"//{connection.headers.get('host', '')}") or ""
        server = connection.scope.get("server")
        is_arrived_at = server is not None and name == server[0]
        if not name or not (name in self._names or is_arrived_at or name.endswith(self._endings)):
            raise UnknownHost


def host_of(url: str) -> str | None:
    """The host of an address in small letters, without its port; None when there is none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def address_of(connection: HTTPConnection) -> str:
    """The browser's address; behind a trusted proxy the one it names."""
    return connection.client.host if connection.client else ""


def is_loopback(address: str) -> bool:
    """Whether this is our own machine."""
    if address == "localhost":
        return True
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def is_near(connection: HTTPConnection) -> bool:
    """Whether our own machine or its private network asks itself, and nobody through a proxy."""
    parsed = _parsed(address_of(connection))
    return parsed is not None and parsed.is_private and not any(name in connection.headers for name in _FORWARDED)


def subscriber(address: str) -> str:
    """Whose requests are counted together: an IPv4 address, or the network of an IPv6 one."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(parsed) >> _SUBSCRIBER_BITS << _SUBSCRIBER_BITS, _SUBSCRIBER_BITS)))
    return address


def comes_from_elsewhere(connection: HTTPConnection, public_url: str) -> bool:
    """Whether a page of another site led here: by what browsers say of it, else by where the link stood.

    An address that somebody typed, a bookmark and a program come from nowhere, and so not from elsewhere.
    """
    said = connection.headers.get("sec-fetch-site")
    if said is not None:
        return said not in ("same-origin", "none")
    return _stood_here(connection, public_url) is False


def is_from_here(connection: HTTPConnection, public_url: str) -> bool:
    """Whether a page of ours led here. A link in a mail and an address that somebody typed come from nowhere."""
    said = connection.headers.get("sec-fetch-site")
    return said == "same-origin" if said is not None else _stood_here(connection, public_url) is True


def _stood_here(connection: HTTPConnection, public_url: str) -> bool | None:
    """Whether the link stood on a page of ours, as older browsers tell it; None when they do not."""
    origin = connection.headers.get("origin") or connection.headers.get("referer")
    if not origin:
        return None
    try:
        netloc = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(netloc) and netloc in {connection.headers.get("host", ""), urlsplit(public_url).netloc}


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
