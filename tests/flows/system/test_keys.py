"""The server's key is replaced while everything runs: what is stored goes over to the new one, and the old one goes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from click.testing import Result
from typer.testing import CliRunner

from services.cli import app
from shared.crypto.keys import KeyStillNeeded
from tests.flows.system.conftest import INTERVIEWS, until
from tests.flows.system.person import Person
from tests.sites import Site, distributed_site


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Five processes whose keys are nobody else's."""
    with distributed_site(tmp_path_factory.mktemp("keys"), interviews=[INTERVIEWS]) as running:
        yield running


def keys(site: Site, *words: str) -> Result:
    """`colloquy keys …`, in this process: a command of its own takes seconds to start."""
    return CliRunner().invoke(app, ["keys", *words], env=dict(site.environment))


def states(site: Site) -> dict[str, tuple[str, int]]:
    rows = json.loads(keys(site, "list", "--json").stdout)
    return {row["key"]: (row["state"], row["needed by"]) for row in rows}


def rewrapped(site: Site, *words: str) -> dict[str, int]:
    said: dict[str, int] = json.loads(keys(site, "rewrap", "--json", *words).stdout)
    return said


def test_a_key_is_replaced_while_services_run_and_a_task_waits(site: Site) -> None:
    site.kill("worker")
    person = Person(site.url, "vault")
    person.open()
    person.answer(fruit="quince")
    assert person.shown == "Of quince"
    assert "waiting" in person.page
    code = person.page_fields()["_session"]
    ((_, needed_by),) = states(site).values()
    assert needed_by >= 4, "a wrap, a grant, a file and a browser"

    keys(site, "prepare")
    prepared = next(key for key, (state, _) in states(site).items() if state == "prepared")
    assert f"now {prepared}" in keys(site, "rotate").stdout
    assert isinstance(keys(site, "retire", "--at-once").exception, KeyStillNeeded), "values need it"
    first = rewrapped(site, "--batch", "1")
    assert first["left"] == 0
    assert first["rewrapped"] >= 4
    assert "until a day after" in str(keys(site, "retire").exception)
    until(lambda: keys(site, "retire", "--at-once").exit_code == 0, "the end of the last message")
    assert list(states(site)) == [prepared]

    site.start("worker")
    until(lambda: "6 letters" in person.open().text, "the result of the task")
    other = Person(site.url, "vault")
    other.open(session=code)
    assert other.shown == "Of quince"
    (address,) = re.findall(r"/uploadedfile/[^\s<\"&]+", other.page)
    stranger = Person(site.url, "vault")
    stranger.open()
    assert stranger.http.get(address).text == "about quince"
    assert list(states(site)) == [prepared], "everything new is under the new key"
