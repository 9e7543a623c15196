"""shared/kernel/logging.py and redaction.py: what is said, and what never is."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.ids import new_code, new_id, new_token
from shared.kernel.logging import configure_logging
from shared.kernel.redaction import redacted, redacted_text


@pytest.fixture(params=["json", "console"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())
    stream = io.StringIO()
    configure_logging(level="info", format=request.param, stream=stream, service="session")
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    structlog.configure(**before[2])
    logging.captureWarnings(False)


def test_an_event_is_written_with_its_fields_and_service(written: io.StringIO) -> None:
    structlog.get_logger().warning("lock.overtaken", session=(identity := new_id()), waited_seconds=4.0)
    text = written.getvalue()
    assert all(word in text for word in ("lock.overtaken", identity, "4.0", "session", "warning"))


def test_what_lies_below_the_level_is_not_written(written: io.StringIO) -> None:
    structlog.get_logger().debug("quiet")
    logging.getLogger("some.library").debug("quiet")
    assert written.getvalue() == ""


def test_lines_of_libraries_go_the_same_way(written: io.StringIO) -> None:
    logging.getLogger("some.library").warning("disk %s is full", "a")
    assert "disk a is full" in written.getvalue()


@pytest.mark.parametrize("name", ["aiormq.connection", "aio_pika.queue", "uvicorn.access", "mail.log"])
def test_libraries_that_print_what_passes_through_them_are_mute(written: io.StringIO, name: str) -> None:
    logging.getLogger(name).error("body: %s", "an answer")
    assert written.getvalue() == ""


def test_secrets_do_not_pass_whichever_way_they_come(written: io.StringIO) -> None:
    code, token = new_code(), new_token()
    log = structlog.get_logger()
    log.info("a", value=code, nested={"list": [token]}, password="p4ss", url=f"http://h/interview?i=x&session={code}")
    log.info(f"opened {code}")
    logging.getLogger("some.library").warning("token %s", token)
    try:
        raise ValueError(f"no session {code} at postgresql://user:p4ss@host/db")
    except ValueError:
        log.exception("failed")
        logging.getLogger("some.library").exception("failed too")
    text = written.getvalue()
    assert "ValueError: no session [redacted] at postgresql://[redacted]@host/db" in text
    assert "failed too" in text
    assert not any(secret in text for secret in (code, token, "p4ss"))


def test_an_exception_is_written_without_the_values_of_variables(written: io.StringIO) -> None:
    hidden = "local" + "secret"
    try:
        int("x" + hidden[:0])
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError" in written.getvalue()
    assert hidden not in written.getvalue()


def test_json_lines_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging(format="json", stream=stream)
        structlog.get_logger().info("a.b", number=1, data=b"12", other=object)
        logging.getLogger("lib").warning("c")
    finally:
        structlog.configure(**before)
        root.handlers[:], root.level = handlers, level
        logging.captureWarnings(False)
    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["a.b", "c"]
    assert lines[0]["number"] == 1
    assert lines[0]["data"] == "[2 bytes]"
    assert lines[0]["timestamp"].endswith("Z")


@given(before=st.sampled_from(["", "x ", "code=", "("]), after=st.sampled_from(["", " x", ")", "."]))
def test_a_session_code_is_found_anywhere_in_a_text(before: str, after: str) -> None:
    code = new_code()
    assert code not in redacted_text(before + code + after)


@pytest.mark.parametrize(
    "text",
    [
        "session 018f3a3e-7c44-7000-8000-00000000abcd changed",
        "checksum e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736",
        "services/session/a_module_with_quite_a_long_name_of_words_only.py",
        "colloquy.session.interactive",
        "http://localhost:8000/interview?i=docs:intake.yml",
    ],
)
def test_ids_digests_paths_and_names_stay(text: str) -> None:
    assert redacted_text(text) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"token": "x", "n": 1}, {"token": "[redacted]", "n": 1}),
        (("a", b"abc"), ["a", "[3 bytes]"]),
        ("write to jane.doe+x@example.org now", "write to [address] now"),
        ("amqp://guest:guest@host/", "amqp://[redacted]@host/"),
        (None, None),
        (1.5, 1.5),
    ],
)
def test_values_are_shown_without_what_is_nobodys_business(value: Any, shown: Any) -> None:
    assert redacted(value) == shown
