"""Names, addresses and other sites: what a request may claim, and what it may not."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from services.gateway.peers import (
    AllowedHosts,
    UnknownHost,
    comes_from_elsewhere,
    is_loopback,
    is_near,
    subscriber,
)


def request(*, client: str = "127.0.0.1", server: str = "10.0.0.5", **headers: str) -> HTTPConnection:
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "client": (client, 1), "server": (server, 8000), "headers": lines})


HOSTS = AllowedHosts(["forms.lan", " .example.net"], public_url="https://forms.example.org/", listens_on="0.0.0.0")


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8000", "127.0.0.1", "[::1]:8000", "forms.example.org", "FORMS.LAN:80", "a.example.net",
        "10.0.0.5:8000",
    ],
)  # fmt: skip
def test_our_own_names_are_admitted(host: str) -> None:
    HOSTS.admit(request(host=host))


@pytest.mark.parametrize("host", ["evil.example", "0.0.0.0", "", "example.net", "10.0.0.6", "[bad", "localhost.evil"])
def test_other_names_are_refused(host: str) -> None:
    with pytest.raises(UnknownHost, match="COLLOQUY_ALLOWED_HOSTS"):
        HOSTS.admit(request(host=host))


def test_a_request_without_any_name_is_refused_unless_every_name_is_allowed() -> None:
    with pytest.raises(UnknownHost):
        HOSTS.admit(request())
    AllowedHosts(["*"], public_url="", listens_on="").admit(request(host="anything"))


@pytest.mark.parametrize(("said", "is_elsewhere"), [("none", False), ("same-origin", False), ("cross-site", True)])
def test_browsers_say_whether_a_link_stood_on_another_site(said: str, is_elsewhere: bool) -> None:
    assert comes_from_elsewhere(request(host="a", sec_fetch_site=said, referer="http://b/"), "") is is_elsewhere


@pytest.mark.parametrize(
    ("referer", "is_elsewhere"),
    [("http://a:1/interview", False), ("https://p.example/x", False), ("http://b/", True), ("null", True)],
)
def test_of_a_browser_that_does_not_say_the_page_before_counts(referer: str, is_elsewhere: bool) -> None:
    assert comes_from_elsewhere(request(host="a:1", referer=referer), "https://p.example/") is is_elsewhere
    assert not comes_from_elsewhere(request(host="a:1"), "")


def test_only_this_machine_and_its_network_are_near_and_nobody_through_a_proxy() -> None:
    assert is_near(request(client="127.0.0.1"))
    assert is_near(request(client="10.1.2.3"))
    assert not is_near(request(client="8.8.8.8"))
    assert not is_near(request(client="127.0.0.1", x_forwarded_for="10.0.0.1"))


def test_the_addresses_of_one_network_are_counted_together() -> None:
    assert subscriber("2001:db8:1:2::5") == subscriber("2001:db8:1:2:ffff::1")
    assert subscriber("2001:db8:1:2::5") != subscriber("2001:db8:1:3::5")
    assert subscriber("192.0.2.1") == "192.0.2.1"
    assert is_loopback("localhost")
    assert is_loopback("::ffff:127.0.0.1")
    assert not is_loopback("unknown")
