"""What a webhook can be, and which interviews it is told of."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import ManualClock, SystemClock
from shared.mailbox.schema import SCHEMA
from shared.mailbox.webhooks import BadWebhook, Webhook, Webhooks, target_of
from shared.storage.database import Database, Statements
from shared.storage.migrations import migrate


def told_of(pattern: str, interview: str) -> bool:
    found = Webhook("w1", 1, "https://hook.example/", "whsec_", ("SessionChanged",), pattern, ManualClock().now())
    return found.wants("SessionChanged", interview)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hook.example/",
        "http://",
        "http://h:abc/",
        "http://h:0/",
        "http://h:-1/",
        "http://h:65536/",
        "http://-ü.ä-/",
        "http://x\x01y/",
        "http://h/\x7f",
        "http://h/\0",
        "http://xn--a/",
        "http://[::1/",
        "https://hook.example/" + "a" * 2000,
    ],
)
async def test_an_address_that_nothing_could_be_sent_to_is_refused(server_keys: ServerKeys, url: str) -> None:
    webhooks = Webhooks(sealer=server_keys.at_rest, clock=ManualClock())
    with pytest.raises(BadWebhook, match="Its url"):
        await webhooks.add(cast(Statements, None), 1, url=url, events=["SessionChanged"], interview="")


@pytest.mark.parametrize(
    "url", ["https://hook.example", "http://bücher.example:8080/a?b=c", "http://[2001:db8::1]:81/"]
)
def test_other_addresses_are_taken(url: str) -> None:
    assert target_of(url).host


@pytest.mark.parametrize("interview", ["a" * 201, "a\0"])
async def test_an_interview_that_no_name_can_fit_is_refused(server_keys: ServerKeys, interview: str) -> None:
    webhooks = Webhooks(sealer=server_keys.at_rest, clock=ManualClock())
    with pytest.raises(BadWebhook, match="at most 200 characters"):
        await webhooks.add(
            cast(Statements, None), 1, url="https://hook.example", events=["SessionChanged"], interview=interview
        )


@given(st.text("ab*.", max_size=8), st.text("ab.", max_size=8))
def test_a_star_stands_for_any_characters_and_nothing_else_for_others(pattern: str, interview: str) -> None:
    assert told_of(pattern, interview) == fnmatchcase(interview, pattern)


def test_a_pattern_of_many_stars_is_matched_in_one_pass() -> None:
    assert not told_of("*a" * 100, "a" * 5000 + "b")
    assert told_of("*a" * 100, "a" * 5000)


async def test_one_that_was_turned_off_is_told_nothing_and_gives_up_what_was_queued(
    database: Database, server_keys: ServerKeys
) -> None:
    await migrate(database, [SCHEMA])
    webhooks = Webhooks(sealer=server_keys.at_rest, clock=SystemClock())
    made = await webhooks.add(database, 7, url="https://hook.example", events=["SessionChanged"], interview="")
    await webhooks.queue(database, [made.id], "SessionChanged", {})
    [due] = await webhooks.claim(database, limit=10)
    assert (due.webhook_id, due.account_id) == (made.id, 7)
    assert await webhooks.turn_off(database, made.id, "Its maker is gone.")
    assert not await webhooks.turn_off(database, made.id, "Again.")
    await webhooks.queue(database, [made.id], "SessionChanged", {})
    [line] = await webhooks.log(database, made.id)
    assert (line.state, line.problem, line.due_at) == ("failed", "Its maker is gone.", None)
    [off] = [one for one in await webhooks.all(database) if one.id == made.id]
    assert off.off_reason == "Its maker is gone."
    assert not off.wants("SessionChanged", "a:b.yml")
