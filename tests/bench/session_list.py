"""How long the list of one's sessions takes when there are very many.

A hundred thousand sessions lie in the tables, one in a hundred of which belongs to the person who looks: as many as
somebody has who has worked here for years. Their keys, titles and codes are sealed as those of real ones.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape

import asyncpg
import orjson

from services.session.keys import DataKeys
from services.session.my_sessions import CODE_PURPOSE
from shared.crypto.envelope import wrap_under
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import SessionId, new_code, new_id, random_bytes
from shared.people.credentials import Credentials
from shared.people.records import Secrets
from tests.bench.http import Client
from tests.sites import Site

SESSIONS = 100_000
ONE_IN = 100
LOOKS = 100
WARM_UP = 10
_PASSWORD = "Correct-horse-7"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_PARTS = {
    "sessions": (
        "id", "interview", "code_hash", "code_sealed", "version", "steps", "generation", "multi_user", "allow_cron",
        "header_sealed", "created_at", "modified_at",
    ),
    "wraps": ("session_id", "holder", "generation", "wrapped"),
    "attachments": ("session_id", "user_id", "started_at"),
}  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """Seconds of each look, and what was looked at."""

    seconds: list[float]
    note: str


async def measured(site: Site, tick: Callable[[], None]) -> Listed:
    """Sign up, fill the tables, and look again and again at the first page of the list."""
    client = Client("127.0.0.1", site.port)
    connection = await asyncpg.connect(site.environment["COLLOQUY_DATABASE_URL"])
    try:
        await _sign_up(client)
        mine = await _fill(connection, ServerKeys.load(site.folder / "server.keys"))
        await connection.execute("analyze")
        seconds = []
        for number in range(WARM_UP + LOOKS):
            began = time.perf_counter()
            page = await client.get("/interviews")
            if number >= WARM_UP:
                seconds.append(time.perf_counter() - began)
                tick()
        shown = len(set(re.findall(r"Session \d+", page.text)))
        assert shown >= 50, f"{page.status}: {shown} sessions on the page"
    finally:
        await connection.close()
        await client.close()
    return Listed(seconds, f"{SESSIONS} sessions, {mine} of them theirs")


async def _sign_up(client: Client) -> None:
    page = (await client.get("/user/register")).text.rpartition("<form ")[2]
    hidden = {name: unescape(value) for name, value in _HIDDEN.findall(page)}
    given = {"email": "bench@example.org", "password": _PASSWORD, "again": _PASSWORD}
    answer = await client.post("/user/register", hidden | given | {"first_name": "Ann", "last_name": "Lee"})
    assert answer.status in (302, 303), answer.text[-1000:]


async def _fill(connection: asyncpg.Connection, keys: ServerKeys) -> int:
    """Write the rows; gives how many belong to the account."""
    account = await connection.fetchrow(
        "select id, password_hash, key_salt, key_wrapped, key_number from people.accounts where email = $1",
        "bench@example.org",
    )
    secrets = Secrets(account["password_hash"], account["key_salt"], account["key_wrapped"])
    user_key = await Credentials(server_keys=keys).opened_by_password(
        secrets, account["id"], account["key_number"], _PASSWORD
    )
    assert user_key is not None
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in _PARTS}
    started = datetime.now(UTC)  # noqa: TID251 - rows of the past beside those the services write
    for number in range(SESSIONS):
        is_mine = number % ONE_IN == 0
        session_id, code = SessionId(new_id()), new_code(32)
        at = started - timedelta(minutes=number)
        data = DataKeys(session_id, 1, {1: random_bytes(32)})
        title = orjson.dumps({"title": f"Session {number}", "subtitle": "Of many", "tags": ["bench"]})
        holder = user_key.holder if is_mine else f"user:{account['id'] + 1 + number % 1000}.1"
        key = user_key.key if is_mine else random_bytes(32)
        rows["sessions"].append(
            (
                session_id, "bench:data/questions/posts.yml", hashlib.sha256(code.encode()).digest(),
                keys.at_rest.seal(code.encode(), purpose=CODE_PURPOSE), 1, 1, 1, False, False,
                data.seal_value(title, "header"), at, at,
            )
        )  # fmt: skip
        wrapped = wrap_under(key, data.current, holder=holder, session_id=session_id, generation=1)
        rows["wraps"].append((session_id, holder, 1, wrapped))
        rows["attachments"].append((session_id, holder.partition(":")[2].partition(".")[0], at))
        if number % 2000 == 0:
            await asyncio.sleep(0)
    for table, columns in _PARTS.items():
        await connection.copy_records_to_table(table, schema_name="session", columns=columns, records=rows[table])
    return SESSIONS // ONE_IN
