"""`colloquy up` without any mail server: the example with a drop box, by the page for mail and by SMTP."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flows.system.conftest import answered, command
from tests.letters import hand_over, letter
from tests.sites import Site, embedded_site, free_port

ADDRESS = re.compile(r"[a-z]{6}@[a-z0-9.]+")
DEEP = "".join(f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n' for level in range(40))
DROP_BOX = "colloquy.examples:data/questions/mail-drop-box.yml"


@pytest.fixture
def smtp_port() -> int:
    return free_port()


@pytest.fixture
def site(tmp_path: Path, smtp_port: int) -> Iterator[Site]:
    with embedded_site(tmp_path, environment={"COLLOQUY_SMTP_PORT": str(smtp_port)}) as running:
        yield running


def test_mail_reaches_the_example_with_no_mail_server_at_all(site: Site, smtp_port: int) -> None:
    with httpx.Client(base_url=site.url, follow_redirects=True, timeout=30, headers={"origin": site.url}) as browser:
        page = browser.get("/interview", params={"i": DROP_BOX})
        found = ADDRESS.search(page.text)
        assert found is not None, page.text
        address = found[0]
        form = {"to": address, "from": "ann@example.org", "subject": "By the page", "text": "Hello"}
        assert "It was delivered." in browser.post("/mail", data=form).text
        assert asyncio.run(hand_over(smtp_port, letter(address, subject="By SMTP"), address))[0] == 250
        ends = time.monotonic() + 60
        while True:
            page = browser.get("/interview", params={"i": DROP_BOX})
            if "By the page" in page.text and "By SMTP" in page.text:
                break
            assert time.monotonic() < ends, page.text
            time.sleep(0.1)


def nested(number: int) -> bytes:
    """A mail that is not taken apart."""
    return f"Subject: Nested {number}\r\nFrom: ann@example.org\r\n{DEEP}\r\nInside\r\n".encode()


def test_an_operator_lists_reads_releases_and_deletes_what_is_in_quarantine(site: Site, smtp_port: int) -> None:
    assert "Nothing is in quarantine." in command(site, "mail", "quarantine").stdout
    with httpx.Client(base_url=site.url, follow_redirects=True, timeout=30) as browser:
        found = ADDRESS.search(browser.get("/interview", params={"i": DROP_BOX}).text)
        assert found is not None
        for number in range(2):
            assert asyncio.run(hand_over(smtp_port, nested(number), found[0]))[0] == 250
        rows = answered(site, "mail", "quarantine")
        assert [row["reason"] for row in rows] == ["nested_too_deep"] * 2
        assert [row["local_part"] for row in rows] == [found[0].partition("@")[0]] * 2
        first, second = (row["id"] for row in rows)
        assert command(site, "mail", "view", first).stdout == nested(0).decode().replace("\r\n", "\n")
        assert "It is deleted." in command(site, "mail", "delete", second).stdout
        assert "It is delivered." in command(site, "mail", "release", first).stdout
        assert answered(site, "mail", "quarantine") == []
        for word in ("view", "release", "delete"):
            ended = command(site, "mail", word, second)
            assert (ended.returncode, ended.stdout) == (1, "")
            assert "There is no such mail in quarantine" in ended.stderr
        ends = time.monotonic() + 60
        while "Nested 0" not in (page := browser.get("/interview", params={"i": DROP_BOX}).text):
            assert time.monotonic() < ends, page
            time.sleep(0.1)
        assert "Nested 1" not in page
