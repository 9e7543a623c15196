"""Rows and files that somebody has changed, swapped or put back are refused, and nothing else is disturbed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests import servers
from tests.flows.system.conftest import database_of, only_one
from tests.flows.system.person import Person
from tests.sites import Site

pytestmark = only_one


def sql(site: Site, statement: str, *values: Any) -> list[Any]:
    """What somebody does who has the database."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(database_of(site))
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    return servers.in_thread(run)


def newest_session(site: Site) -> Any:
    return sql(site, "select id from session.sessions order by created_at desc limit 1")[0]["id"]


def vault(site: Site, fruit: str) -> tuple[Person, Any]:
    """Somebody who has given a word and has a file about it; and the internal id of their session."""
    person = Person(site.url, "vault")
    person.open()
    session = newest_session(site)
    person.answer(fruit=fruit)
    assert person.shown == f"Of {fruit}"
    return person, session


def is_refused(person: Person, fruit: str) -> bool:
    """Nothing of it is shown: by an error, or, where only a wrap was changed, as to somebody without a key."""
    return fruit not in person.open().text


FLIP = "set_byte({0}, octet_length({0}) - 3, get_byte({0}, octet_length({0}) - 3) # 1)"


@pytest.mark.parametrize(
    ("table", "column", "named"),
    [("session.steps", "data", "session_id"), ("session.wraps", "wrapped", "session_id")],
)
def test_a_changed_row_is_refused_and_others_are_not_disturbed(site: Site, table: str, column: str, named: str) -> None:
    person, session = vault(site, "quince")
    other, _ = vault(site, "medlar")
    sql(site, f"update {table} set {column} = {FLIP.format(column)} where {named} = $1", session)
    assert is_refused(person, "quince")
    other.open()
    assert other.shown == "Of medlar"


def test_a_row_of_another_session_is_refused(site: Site) -> None:
    person, session = vault(site, "quince")
    _, foreign = vault(site, "medlar")
    take = "update session.steps s set data = o.data, version = o.version from session.steps o"
    sql(site, f"{take} where s.session_id = $1 and o.session_id = $2 and o.step = s.step", session, foreign)
    assert is_refused(person, "medlar")


def test_keys_of_another_session_open_nothing(site: Site) -> None:
    person, session = vault(site, "quince")
    _, foreign = vault(site, "medlar")
    for table, column in (("steps", "data"), ("wraps", "wrapped")):
        sql(
            site,
            f"update session.{table} s set {column} = o.{column} from session.{table} o "
            "where s.session_id = $1 and o.session_id = $2 and "
            + ("o.step = s.step" if table == "steps" else "o.holder = s.holder"),
            session,
            foreign,
        )
    assert is_refused(person, "medlar")


def test_an_earlier_step_is_refused_in_the_place_of_a_later_one(site: Site) -> None:
    person, session = vault(site, "quince")
    take = "update session.steps s set data = o.data, base_step = o.base_step from session.steps o"
    sql(site, f"{take} where s.session_id = $1 and o.session_id = $1 and s.step = 2 and o.step = 1", session)
    assert is_refused(person, "quince")


def test_what_was_there_before_is_refused_under_the_version_of_now(site: Site) -> None:
    person, session = vault(site, "quince")
    (before,) = sql(site, "select data from session.steps where session_id = $1 and step = 2", session)
    back = person.fields("dabackbutton")
    person.post(back)
    person.answer(fruit="medlar")
    assert person.shown == "Of medlar"
    sql(site, "update session.steps set data = $2 where session_id = $1 and step = 2", session, before["data"])
    assert is_refused(person, "quince")


def test_a_whole_row_that_was_there_before_is_refused_with_its_own_version(site: Site) -> None:
    person, session = vault(site, "quince")
    other, _ = vault(site, "mulberry")
    where = "session_id = $1 and step = 2"
    (before,) = sql(site, f"select to_jsonb(t)::text as row from session.steps t where {where}", session)
    person.post(person.fields("dabackbutton"))
    person.answer(fruit="medlar")
    assert person.shown == "Of medlar"
    sql(site, f"delete from session.steps where {where}", session)
    as_it_was = "select * from jsonb_populate_record(null::session.steps, $1::text::jsonb)"
    sql(site, f"insert into session.steps {as_it_was}", before["row"])
    answer = person.open()
    assert answer.status_code == 500
    assert "quince" not in answer.text
    assert "medlar" not in answer.text
    assert "What is stored of it was changed or is damaged." in answer.text
    assert f'"session":"{session}"' in site.output("colloquy")
    assert "session.row_put_back" in site.output("colloquy")
    other.open()
    assert other.shown == "Of mulberry"


@pytest.mark.parametrize("how", ["contents changed", "contents swapped", "rows swapped"])
def test_a_file_that_was_tampered_with_is_not_given_out(site: Site, how: str) -> None:
    person, session = vault(site, "quince")
    _, foreign = vault(site, "medlar")
    (address,) = re.findall(r"/uploadedfile/[^\s<\"&]+", person.page)
    assert person.http.get(address).text == "about quince"
    where = "select location from files.files where session_id = $1"
    mine, other = (contents(site, sql(site, where, one)[0]["location"]) for one in (session, foreign))
    if how == "contents changed":
        held = bytearray(mine.read_bytes())
        held[-1] ^= 1
        mine.write_bytes(held)
    elif how == "contents swapped":
        mine.write_bytes(other.read_bytes())
    else:
        take = "update files.files f set {0} from files.files o where f.session_id = $1 and o.session_id = $2"
        sql(site, "update files.files set location = location || 'x' where session_id = $1", foreign)
        sql(
            site,
            take.format("location = left(o.location, -1), key_wrapped = o.key_wrapped, server_wrap = o.server_wrap"),
            session,
            foreign,
        )
    answer = person.http.get(address)
    assert answer.status_code == 404
    assert "medlar" not in answer.text


def contents(site: Site, location: str) -> Path:
    return site.folder / "data" / "files" / location[:2] / location
