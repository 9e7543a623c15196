"""The door for mail: SMTP (RFC 5321) with STARTTLS and implicit TLS. The only module that imports aiosmtpd.

Who is not known is refused before a mail is sent (550); what is taken has been kept (250); where it cannot be kept now
the sender is told to come again (451). Nothing is relayed, nobody can sign in, and nothing is answered by mail.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.mail.bounces import Bounces, bounced_mail
from services.mail.mail_text import MailText
from services.mail.peers import Peers
from services.mail.receiving import (
    Arrived,
    MailboxFull,
    MailDistrusted,
    MailLoops,
    Receiver,
    TooManyForAddress,
    UnknownRecipients,
)
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.mailbox.mail import AddressUnusable, domain_for_dns

log = structlog.get_logger()

_ALL = 1 << 30
_COMMANDS = {"*": 100, "RCPT": 500, "MAIL": 500, "DATA": 500, "RSET": 1000, "NOOP": 100, "VRFY": 5}
_LATER = "451 4.3.0 It cannot be kept at the moment; please try again later"
_UNKNOWN = "550 5.1.1 Nobody here has this address"
_NO_ADDRESS = "553 5.1.3 This is no e-mail address"


class PortTaken(ColloquyError):
    """Mail cannot be received: something else listens there. Set COLLOQUY_SMTP_PORT to another port, or to 0."""


class CertificateUnusable(ColloquyError):
    """The certificate for receiving mail cannot be used (COLLOQUY_SMTP_CERTIFICATE_FILE, …_KEY_FILE):"""


class SmtpDoor:
    """Listens for mail; a Component. `tls_port` has TLS from the first byte; a port of 0 is not listened on."""

    def __init__(
        self,
        *,
        receiver: Receiver,
        bounces: Bounces,
        peers: Peers,
        clock: Clock,
        host: str,
        port: int,
        tls_port: int = 0,
        hostname: str = "localhost",
        domains: frozenset[str] = frozenset(),
        certificate_file: Path | None = None,
        certificate_key_file: Path | None = None,
        max_bytes: int = 25 * 1024 * 1024,
        most_recipients: int = 100,
        at_once: int = 16,
        timeout_seconds: float = 300.0,
    ) -> None:
        """`domains`: whose addresses are ours; empty: any. `at_once`: how many mails are taken in at the same time; one
        sender has half of that at most.
        """
        self._receiver, self._bounces, self._peers, self._clock = receiver, bounces, peers, clock
        self._host, self._ports = host, (port, tls_port)
        self._hostname, self._domains = hostname, domains
        self._files = (certificate_file, certificate_key_file)
        self._max_bytes, self._most_recipients, self._timeout = max_bytes, most_recipients, timeout_seconds
        self._room, self._share = asyncio.Semaphore(at_once), max(1, at_once // 2)
        self._shares: dict[str, asyncio.Semaphore] = {}
        self._servers: list[asyncio.Server] = []
        self._conversations: set[_Conversation] = set()
        self._certificate_stamp: tuple[int, ...] = ()
        self._context: ssl.SSLContext | None = None

    async def start(self) -> None:
        """Begin to listen. Raises PortTaken, CertificateUnusable."""
        logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)  # it prints addresses, and what is said
        if self._servers:
            return
        self._context = self._new_context()
        for port, context in zip(self._ports, (None, self._context), strict=True):
            if not port or (port == self._ports[1] and context is None):
                continue
            try:
                server = await asyncio.get_running_loop().create_server(
                    partial(self._conversation, has_tls=context is not None),
                    self._host,
                    port,
                    ssl=context,
                    reuse_address=True,
                )
            except OSError as error:
                await self.stop()
                raise PortTaken(f"({self._host}:{port}: {error.strerror})") from error
            self._servers.append(server)
            log.info("smtp.listening", host=self._host, port=port, has_tls=context is not None)

    async def stop(self) -> None:
        """Take nobody in any more; what is being kept is still kept."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()
        await asyncio.gather(*(conversation.end() for conversation in list(self._conversations)))

    @property
    def ports(self) -> tuple[int, ...]:
        """Where it listens."""
        return tuple(server.sockets[0].getsockname()[1] for server in self._servers)

    # -- What aiosmtpd asks

    async def handle_EHLO(  # noqa: N802 - the names aiosmtpd calls
        self, server: _Conversation, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """What we can do: all but signing in."""
        session.host_name = hostname
        return [line for line in responses if not line[4:].startswith("AUTH")]

    async def handle_MAIL(  # noqa: N802
        self, server: _Conversation, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Who sends it: letters beyond ASCII are taken whether SMTPUTF8 was announced or not (RFC 6531)."""
        sender = letters_of(address)
        if not sender.isprintable():
            return _NO_ADDRESS
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: _Conversation, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Whether somebody has this address."""
        peer = _host_of(session)
        if len(envelope.rcpt_tos) >= self._most_recipients:
            return "452 4.5.3 Too many recipients"
        if not self._peers.may_guess(peer):
            return "421 4.7.0 Too many unknown addresses"
        address = letters_of(address)
        local, _, domain = address.rpartition("@")
        if not address.isprintable():
            return _NO_ADDRESS
        if self._domains and not self._is_ours(domain):
            self._peers.has_guessed(peer)
            return "550 5.7.1 Mail is not relayed"
        mail_id = bounced_mail(local)
        try:
            is_known = await (self._bounces.knows(mail_id) if mail_id else self._receiver.check(name_of(local)))
        except TooManyForAddress:
            return "450 4.7.1 This address gets too much mail at the moment; please try again later"
        except MailboxFull:
            return "552 5.2.2 There is no room for more mail"
        except ColloquyError as error:
            log.warning("smtp.not_checked", reason=str(error))
            return _LATER
        if not is_known:
            self._peers.has_guessed(peer)
            return _UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    def _is_ours(self, domain: str) -> bool:
        try:
            return domain_for_dns(domain).lower() in self._domains
        except AddressUnusable:
            return False

    async def handle_DATA(self, server: _Conversation, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep it, then say so."""
        peer = _host_of(session)
        if not self._peers.may_send(peer):
            return "450 4.7.1 Too much mail from you; please try again later"
        content = envelope.original_content
        raw = content if isinstance(content, bytes) else b""
        sender = (envelope.mail_from or "").strip("<>")
        locals_ = [str(address).rpartition("@")[0] for address in envelope.rcpt_tos]
        try:
            back = {found for local in locals_ if (found := bounced_mail(local)) is not None}
            await self._bounces.note(back, raw, sender=sender)
            names = [name_of(local) for local in locals_ if bounced_mail(local) is None]
            if names:
                arrived = Arrived(
                    raw=raw,
                    recipients=names,
                    sender=sender,
                    client_ip=peer,
                    helo=letters_of(session.host_name or ""),
                )
                await self._receiver.take(arrived)
        except UnknownRecipients:
            return _UNKNOWN
        except MailDistrusted:
            return "550 5.7.1 It is not from whom it says, and the domain of its sender asks to refuse such mail"
        except MailLoops:
            return "554 5.4.6 Too many hops: this mail goes in circles"
        except Exception as error:  # the sender keeps it, and comes again
            is_ours = isinstance(error, ColloquyError)
            log.error("smtp.not_kept", reason=str(error) if is_ours else type(error).__name__, exc_info=not is_ours)
            return _LATER
        return "250 2.0.0 Kept"

    async def handle_exception(self, error: Exception) -> str:
        """Something unforeseen in the conversation itself."""
        log.warning("smtp.conversation_failed", error=type(error).__name__)
        return "451 4.3.0 Something went wrong; please try again later"

    # -- Connections

    def _conversation(self, *, has_tls: bool) -> _Conversation:
        self._look_at_certificate()
        return _Conversation(
            self,
            data_size_limit=self._max_bytes,
            enable_SMTPUTF8=True,
            hostname=self._hostname,
            ident="Colloquy",
            tls_context=None if has_tls else self._context,
            timeout=self._timeout,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            command_call_limit=_COMMANDS,
            loop=asyncio.get_running_loop(),
        )

    def _new_context(self) -> ssl.SSLContext | None:
        certificate, key = self._files
        if certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(certificate, key)
            self._certificate_stamp = self._stamp()
        except (OSError, ssl.SSLError) as error:
            raise CertificateUnusable(str(error)) from error
        return context

    def _look_at_certificate(self) -> None:
        """One that was renewed meanwhile is used from now on."""
        try:
            if self._context is not None and self._stamp() != self._certificate_stamp:
                certificate, key = self._files
                assert certificate is not None
                self._context.load_cert_chain(certificate, key)
                self._certificate_stamp = self._stamp()
        except (OSError, ssl.SSLError) as error:
            log.warning("smtp.certificate_not_renewed", reason=str(error))

    def _stamp(self) -> tuple[int, ...]:
        return tuple(path.stat().st_mtime_ns for path in self._files if path is not None)

    def came(self, conversation: _Conversation, peer: str) -> asyncio.Semaphore | None:
        """Somebody has connected: what one sender may have of the room, all connections from there together, so that
        whoever is slow at it holds up nobody else. None when there are too many.
        """
        if not self._peers.enters(peer):
            return None
        self._conversations.add(conversation)
        return self._shares.setdefault(peer, asyncio.Semaphore(self._share))

    def went(self, conversation: _Conversation, peer: str) -> None:
        """And is gone."""
        if conversation in self._conversations:
            self._conversations.discard(conversation)
            if self._peers.leaves(peer):
                self._shares.pop(peer, None)

    @property
    def room(self) -> asyncio.Semaphore:
        """For the mails that are taken in at the same time, each wholly in memory."""
        return self._room


class _Conversation(SMTP):
    """One connection."""

    def __init__(self, door: SmtpDoor, **options: Any) -> None:
        super().__init__(door, **options)
        self._door = door
        self._peer = ""
        self._share: asyncio.Semaphore | None = None
        self._is_refused = False
        self._is_keeping = asyncio.Lock()
        self._text: MailText | None = None
        self._has_ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or go on under TLS."""
        if self.transport is None:
            name = transport.get_extra_info("peername")
            self._peer = str(name[0]) if name else ""
            self._share = self._door.came(self, self._peer)
            if self._share is None:
                self._is_refused = True
                assert isinstance(transport, asyncio.WriteTransport)
                transport.write(b"421 4.7.0 Too many connections; please try again later\r\n")
                transport.close()
                return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        if not self._is_refused:
            self._door.went(self, self._peer)
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Nothing is read from who was turned away."""
        if self._is_refused:
            return
        if self._text is None:
            super().data_received(data)
            return
        rest = self._text.feed(data)
        if rest is not None:
            self._text = None
            self._has_ended.set()
            if rest:
                super().data_received(rest)

    def eof_received(self) -> bool | None:
        """The other end has closed."""
        return None if self._is_refused else super().eof_received()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the name aiosmtpd calls
        """Take a mail in when there is room for it."""
        assert self._share is not None  # nothing is read from who was turned away
        async with self._share, self._door.room, self._is_keeping:
            if await self.check_helo_needed():
                return
            if self.envelope is None or not self.envelope.rcpt_tos:
                await self.push("503 5.5.1 Error: need RCPT command")
                return
            if arg:
                await self.push("501 5.5.4 Syntax: DATA")
                return
            await self._take_mail(self.envelope)

    async def _take_mail(self, envelope: Envelope) -> None:
        """Past the reader of commands, which would make several objects of every line."""
        text = MailText(most_bytes=self.data_size_limit or _ALL)
        self._reader.feed_data(b"\0")  # so that there is something to read, and we do not wait
        early = await self._reader.read(_ALL)
        self._has_ended.clear()
        self._text = text
        if len(early) > 1:  # nobody should speak before 354
            self.data_received(early[:-1])
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        await self._has_ended.wait()
        if text.is_too_much:
            self._set_post_data_state()  # type: ignore[no-untyped-call]
            await self.push("552 5.3.4 Error: Too much mail data")
            return
        envelope.content = envelope.original_content = text.whole()
        status = await self._call_handler_hook("DATA")
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(status)

    async def end(self) -> None:
        """Close once what is in hand is kept."""
        try:
            async with asyncio.timeout(10), self._is_keeping:
                pass
        except TimeoutError:
            pass
        if self.transport is not None:
            self.transport.close()


def letters_of(said: str) -> str:
    """What aiosmtpd read as UTF-8; bytes that are none are letters of Latin 1, as old programs send them."""
    try:
        said.encode()
    except UnicodeEncodeError:
        return said.encode("utf-8", "surrogateescape").decode("latin-1")
    return said


def name_of(local: str) -> str:
    """The address that is meant: small letters, without what may stand behind a plus sign."""
    return local.partition("+")[0].strip().lower()


def _host_of(session: Session) -> str:
    return str(session.peer[0]) if session.peer else ""
