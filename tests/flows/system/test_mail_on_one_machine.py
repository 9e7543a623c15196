"""`colloquy up` without any mail server: the example with a drop box, by the page for mail and by SMTP."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.letters import hand_over, letter
from tests.sites import Site, embedded_site, free_port

ADDRESS = re.compile(r"[a-z]{6}@[a-z0-9.]+")
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
