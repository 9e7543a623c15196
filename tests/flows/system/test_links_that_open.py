"""Links that open an encrypted session, where the operator has turned them on (spec/area2 §0 D1)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest

from tests.flows.system.conftest import INTERVIEWS, database_of, only_one
from tests.flows.system.person import Person, encoded_action
from tests.sites import Site, embedded_site


@pytest.fixture(scope="module")
def linking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    environment = {"COLLOQUY_LINKS_OPEN_SESSIONS": "true"}
    with embedded_site(tmp_path_factory.mktemp("links"), interviews=[INTERVIEWS], environment=environment) as running:
        yield running


def owner_of(site: Site) -> tuple[Person, list[str]]:
    """Somebody in an encrypted session, and the links it makes."""
    person = Person(site.url, "linking")
    person.open()
    person.answer(person_name="Ann")
    asked = {"i": person.interview, "action": encoded_action("links")}
    links: list[str] = person.http.get("/interview", params=asked).json()
    return person, links


def here(site: Site, link: str) -> str:
    parts = urlsplit(link)
    return f"{site.url.rstrip('/')}{parts.path}?{parts.query}"


def test_who_has_the_link_opens_the_session_and_goes_on_without_it(linking: Site) -> None:
    owner, (link, *_) = owner_of(linking)
    other = Person(linking.url, "linking")
    other._see(other.http.get(here(linking, link)))
    assert other.shown == "Hello, Ann"
    code = owner.page_fields()["_session"]
    assert other.page_fields()["_session"] == code
    assert "session_key" not in other.variables()["url_args"]
    other.open()
    assert other.shown == "Hello, Ann"
    owner.open()
    assert owner.shown == "Hello, Ann"


def test_programs_pull_information_out_by_a_link_to_an_action(linking: Site) -> None:
    _, (_, action, temporary, _) = owner_of(linking)
    assert httpx.get(here(linking, action), timeout=60).json() == {"name": "Ann"}
    led = httpx.get(here(linking, temporary), timeout=60, follow_redirects=False)
    assert "session_key=" in led.headers["location"]


def test_the_code_alone_or_another_key_opens_nothing(linking: Site) -> None:
    _, (link, *_) = owner_of(linking)
    code = parse_qs(urlsplit(link).query)["session"][0]
    for more in ({}, {"session_key": "a" * 32}):
        stranger = Person(linking.url, "linking")
        answer = stranger.open(session=code, **more)
        assert (answer.status_code, stranger.shown) == (403, "Your name?")
    assert stranger.open(session=code, session_key="no key").status_code == 400


async def test_a_link_that_somebody_was_led_to_adds_no_key_of_its_maker(linking: Site) -> None:
    owner, _ = owner_of(linking)
    code = owner.page_fields()["_session"]
    owner.open(session=code, session_key="e" * 32)
    owner.open(session=code, session_key="e" * 32)
    assert owner.shown == "Hello, Ann"
    thief = Person(linking.url, "linking")
    assert thief.open(session=code, session_key="e" * 32).status_code == 403
    connection = await asyncpg.connect(database_of(linking))
    try:
        holders = await connection.fetch("select distinct holder from session.wraps where holder like 'link:%'")
    finally:
        await connection.close()
    assert all("e" * 32 not in row["holder"] for row in holders)


def test_only_links_to_the_session_itself_carry_a_key(linking: Site) -> None:
    _, links = owner_of(linking)
    assert ["session_key=" in link for link in links] == [True, True, False, False]


@only_one
def test_no_link_opens_anything_unless_an_operator_says_so(site: Site) -> None:
    _, links = owner_of(site)
    assert not any("session_key" in link for link in links)
    code = parse_qs(urlsplit(links[0]).query)["session"][0]
    stranger = Person(site.url, "linking")
    assert stranger.open(session=code, session_key="a" * 32).status_code == 403
