"""People make API keys for themselves on a page, see them, and take them back."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

from tests.flows.accounts.conftest import Somebody
from tests.sites import Site


def test_a_key_is_made_shown_once_and_taken_back(site: Site, people: Callable[..., Somebody]) -> None:
    person = people()
    person.register()
    made = person.send("/manage_api", name="my program", method="none", allowed="")
    [key] = set(re.findall(r"\b[A-Za-z0-9]{32}\b", re.sub(r"<form.*?</form>", "", made.text, flags=re.DOTALL)))
    headers = {"x-api-key": key}
    assert httpx.get(f"{site.url}api/user", headers=headers, timeout=60).json()["email"] == person.email
    shown = person.get("/manage_api").text
    assert "my program" in shown
    assert key not in shown
    person.send("/manage_api", remove="my program")
    assert httpx.get(f"{site.url}api/user", headers=headers, timeout=60).status_code == 403


def test_a_key_needs_a_name(people: Callable[..., Somebody]) -> None:
    person = people()
    person.register()
    assert person.send("/manage_api", name="", method="none").status_code == 400


def test_strangers_make_no_keys(people: Callable[..., Somebody]) -> None:
    assert "/user/sign-in" in str(people().get("/manage_api").url)
