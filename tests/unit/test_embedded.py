"""Settings of the system in one process that give way to what else runs on the machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import structlog

from services.embedded import mail_settings
from services.mail.settings import MailSettings


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port for mail where somebody else listens, made the usual one."""
    monkeypatch.delenv("COLLOQUY_SMTP_PORT", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        monkeypatch.setattr(MailSettings.model_fields["smtp_port"], "default", port)
        MailSettings.model_rebuild(force=True)
        yield port
    monkeypatch.undo()
    MailSettings.model_rebuild(force=True)


def test_a_usual_port_that_is_taken_gives_way_to_a_free_one_and_the_log_says_so(taken: int) -> None:
    with structlog.testing.capture_logs() as logs:
        found = mail_settings({}).smtp_port
    assert found not in (0, taken)
    with socket.create_server(("127.0.0.1", found)):
        assert [(line["event"], line["used"]) for line in logs] == [("smtp.usual_port_is_taken", found)]


@pytest.mark.parametrize("chosen", [0, None])
def test_a_port_that_was_chosen_stays(taken: int, monkeypatch: pytest.MonkeyPatch, chosen: int | None) -> None:
    monkeypatch.setenv("COLLOQUY_SMTP_PORT", str(taken if chosen is None else chosen))
    assert mail_settings({}).smtp_port == (taken if chosen is None else chosen)
