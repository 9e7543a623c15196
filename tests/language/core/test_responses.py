"""Answers that are data instead of a screen: `response()` in code, and blocks of their own (spec/area2 §7)."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from shared.interview.runtime.effects import LogLine
from shared.interview.runtime.operations import CallAction, ShowScreen
from shared.interview.runtime.outcomes import ResponseReady, RunFailed
from tests.language.core.sessions import Session

Open = Callable[..., Session]

NAMED = """
mandatory: True
code: name = '${ 1 + 1 } <b>Ann</b>'
---
mandatory: True
question: Hello
"""


def responded(s: Session, action: str, **arguments: str) -> ResponseReady:
    outcome = s.act(action, **arguments).outcome
    assert isinstance(outcome, ResponseReady), outcome
    return outcome


def test_the_text_of_code_is_literal_whatever_was_typed_into_it(session: Open) -> None:
    s = session(NAMED + "---\nevent: tell\ncode: response('Name ' + name)\n")
    s.open()
    assert responded(s, "tell").content_type == "text/plain; charset=utf-8"
    assert s.blobs["body"] == b"Name ${ 1 + 1 } <b>Ann</b>"


def test_the_text_of_code_is_carried_out_in_a_cron_run(session: Open) -> None:
    s = session(
        NAMED + "---\nevent: cron_daily\ncode: |\n  count = 7\n  response('${ count } of ${ total }')\n---\n"
        "code: total = 9\n"
    )
    s.open()
    s.run(CallAction(action="cron_daily", keeps_step=True), interface="cron")
    assert s.blobs["body"] == b"7 of 9"


def test_the_text_of_a_block_is_carried_out(session: Open) -> None:
    s = session(NAMED + "---\nevent: tell\nresponse: |\n  ${ 6 * 7 } is for ${ name }\n")
    s.open()
    assert responded(s, "tell").status == 200
    assert s.blobs["body"] == b"42 is for ${ 1 + 1 } <b>Ann</b>", "what was typed stays as it is"


def test_a_mandatory_block_answers_in_place_of_a_screen(session: Open) -> None:
    s = session("""
mandatory: True
response: |
  <svg/>
content type: image/svg+xml
response code: 200 + 3
""")
    s.run(ShowScreen(is_first=True))
    outcome = s.result.outcome
    assert isinstance(outcome, ResponseReady)
    assert (outcome.status, outcome.content_type, s.blobs["body"]) == (203, "image/svg+xml", b"<svg/>")


@pytest.mark.parametrize(
    ("block", "body", "status"),
    [
        ("binaryresponse: bytes([1, 2])", b"\x01\x02", 200),
        ("null response: True", b"null", 200),
        ("response filename: word.txt", b"static words", 200),
    ],
)
def test_a_block_answers_with_bytes_nothing_or_a_file(session: Open, block: str, body: bytes, status: int) -> None:
    s = session(NAMED + f"---\nevent: tell\n{block}\n", **{"data/static/word.txt": "static words"})
    s.open()
    assert responded(s, "tell").status == status
    assert s.blobs["body"] == body


def test_a_block_answers_with_all_variables_or_leads_elsewhere(session: Open) -> None:
    s = session(
        NAMED + "---\nevent: all\nall_variables: True\n---\nevent: away\nredirect url: |\n  /list?tag=${ 1 + 1 }\n"
    )
    s.open()
    responded(s, "all")
    assert orjson.loads(s.blobs["body"])["name"].endswith("<b>Ann</b>")
    away = responded(s, "away")
    assert (away.status, away.headers) == (302, {"Location": "/list?tag=2"})


def test_a_block_with_two_answers_is_wrong(session: Open) -> None:
    s = session(NAMED + "---\nevent: tell\nresponse: Yes\nnull response: True\n")
    s.run(ShowScreen(is_first=True))
    assert "one thing" in s.failure.failure.error_message


def test_whole_numbers_of_any_size_can_be_read_as_json(session: Open) -> None:
    s = session("mandatory: True\ncode: large = 20000000000000000000\n---\nmandatory: True\nquestion: Hello\n")
    s.open()
    assert s.answers["large"] == 20000000000000000000


@pytest.mark.parametrize("ending", ["response('a', sleep={})", "command('leave', sleep={})"])
@pytest.mark.parametrize(("given", "is_warned"), [("2", False), ("'0.5'", False), ("'soon'", True), ("-1", True)])
def test_a_pause_that_is_no_number_is_only_logged(session: Open, ending: str, given: str, is_warned: bool) -> None:
    s = session(NAMED + f"---\nevent: tell\ncode: {ending.format(given)}\n")
    s.open()
    s.act("tell")
    assert not isinstance(s.result.outcome, RunFailed)
    assert any(isinstance(effect, LogLine) for effect in s.result.effects) is is_warned
