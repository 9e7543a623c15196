"""The examples for other services do what they say: a payment arrives, and the page goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import httpx
import pytest

from tests.flows.system.conftest import command, only_five, only_one
from tests.sites import EXAMPLES, Site

PAYMENT = "colloquy.examples:data/questions/payment-received.yml"
PUBLISHERS = EXAMPLES / "publishers"


def waiting_page(site: Site) -> tuple[httpx.Client, str]:
    """A browser that waits for the payment, and the code of its session."""
    browser = httpx.Client(base_url=site.url, timeout=60)
    screen = browser.get("/interview", params={"i": PAYMENT, "json": "1"}).json()
    assert screen["questionText"] == "Please pay the fee"
    return browser, screen["session"]


def text_of(browser: httpx.Client) -> str:
    screen: dict[str, Any] = browser.get("/interview", params={"i": PAYMENT, "json": "1"}).json()
    return str(screen["questionText"])


def allow(site: Site, publisher: str) -> None:
    ended = command(site, "publishers", "allow", publisher, "--interview", PAYMENT, "--action", "payment_received")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.timeout(300)
@only_five
def test_a_program_publishes_a_payment_over_the_broker(site: Site) -> None:
    browser, code = waiting_page(site)
    allow(site, "guest")
    words = [
        *("--url", site.environment["COLLOQUY_AMQP_URL"]),
        *("--exchange", f"{site.environment['COLLOQUY_AMQP_PREFIX']}colloquy.actions"),
        *("--interview", PAYMENT, "--session", code),
        *("--action", "payment_received", "--arguments", '{"amount": 50}', "--id", f"payment {code}"),
    ]
    for _ in range(2):
        ended = subprocess.run(
            [sys.executable, str(PUBLISHERS / "publish_action.py"), *words],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert json.loads(ended.stdout)["status"] == "done"
    assert text_of(browser) == "Thank you"


@pytest.mark.timeout(300)
@only_one
def test_a_shell_script_tells_a_payment_over_http(site: Site) -> None:
    browser, code = waiting_page(site)
    made = command(site, "users", "create", "shop@example.org", typed="correct horse battery")
    assert made.returncode == 0, made.stderr
    key = command(site, "api-keys", "create", "shop@example.org", "shop", "--publisher", "shop")
    allow(site, "shop")
    ended = subprocess.run(
        [str(PUBLISHERS / "publish_action.sh"), f"payment {code}", PAYMENT, code, "payment_received", '{"amount": 50}'],
        env={**os.environ, "COLLOQUY_URL": site.url, "COLLOQUY_API_KEY": key.stdout.strip()},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert json.loads(ended.stdout)["status"] == "done"
    assert text_of(browser) == "Thank you"
