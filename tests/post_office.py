"""A mail server for tests: it takes mail in a real SMTP conversation, or answers what it is told to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, TypeVar

from aiosmtpd.controller import Controller

from tests.sites import free_port


class PostOffice:
    """What the server has taken, and how it behaves."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.says = "250 OK"
        self.refuses: set[str] = set()
        """Recipients it does not know."""
        self.taken: list[Any] = []
        self.is_international = True
        """Whether it takes addresses with letters beyond ASCII before the @ (SMTPUTF8)."""
        self.holds = False
        """Whether it is slow to answer: until `go_on` is set."""
        self.is_asked, self.go_on = threading.Event(), threading.Event()

    @property
    def settings(self) -> dict[str, Any]:
        """How a service reaches it."""
        return {
            "mail_host": "127.0.0.1",
            "mail_port": self.port,
            "mail_security": "none",
            "mail_sender": "Forms <forms@example.org>",
        }

    def received(self, about: str | None) -> list[EmailMessage]:
        """The mails under a subject; None: those without one."""
        contents = [envelope.content.replace(b"\r\n", b"\n") for envelope in self.taken]
        mails = [message_from_bytes(content, policy=policy.default) for content in contents]
        return [mail for mail in mails if isinstance(mail, EmailMessage) and mail["Subject"] == about]

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [line for line in responses if self.is_international or "SMTPUTF8" not in line]

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if "SMTPUTF8" in options and not self.is_international:
            return "501 what is that?"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the names aiosmtpd calls
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 nobody here"
        if not address.isascii() and "SMTPUTF8" not in envelope.mail_options:
            return "553 5.6.7 it was not said that there would be such letters"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        head = envelope.original_content.partition(b"\r\n\r\n")[0]
        if not head.isascii() and "SMTPUTF8" not in envelope.mail_options:
            return "554 5.6.9 it was not said that headers would have such letters"
        if self.holds:
            self.holds = False
            self.is_asked.set()
            await server.loop.run_in_executor(None, self.go_on.wait, 30)
        if self.says.startswith("2"):
            self.taken.append(envelope)
        return self.says


Office = TypeVar("Office", bound=PostOffice)


@contextlib.contextmanager
def post_office(kind: type[Office] = PostOffice) -> Iterator[Office]:  # type: ignore[assignment]  # python/mypy#3737
    """A running mail server."""
    office = kind(free_port())
    server = Controller(office, hostname="127.0.0.1", port=office.port)
    server.start()
    try:
        yield office
    finally:
        office.go_on.set()
        server.stop()
