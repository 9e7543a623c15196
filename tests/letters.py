"""Mail for tests: written, and handed over in real SMTP conversations."""

from __future__ import annotations

import asyncio
import datetime
import smtplib
import socket
import ssl
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.kernel.clock import SystemClock

INTERNATIONAL = """\
From: Jürgen Müller <jürgen@exämple.org>
To: {address}, Zoé <zoé@exämple.org>
Cc: ø@example.org
Reply-To: "Müller, Jürgen" <jürgen+x@exämple.org>
Subject: Grüße {number}

Über
"""
"""Of somebody whose address has letters beyond ASCII, to be formatted with `address` and `number`."""


def letter(to: str, *, subject: str = "Hello", text: str = "Some words.", **headers: str) -> EmailMessage:
    """A small mail."""
    message = EmailMessage()
    message["From"] = "Ann Lee <ann@example.org>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Fri, 20 Nov 2026 10:00:00 +0200"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def rich_letter(address: str) -> EmailMessage:
    """A mail with all that one may have: two bodies, files, a mail within it, names that are none of a file."""
    message = letter(
        f"{address}, Bob <bob@example.org>",
        subject="Grüße aus Köln",
        text="Dear clerk,\nsee the papers.",
        Cc='"The Clerk" <clerk@example.org>',
        Reply_To="Office <office@example.org>",
        X_Twice="one",
    )
    message["X-Other"] = "two"
    message.add_alternative("<p>Dear <b>clerk</b></p>", subtype="html")
    message.add_attachment(b"%PDF-1.4 a paper", maintype="application", subtype="pdf", filename="A paper (1).pdf")
    message.add_attachment(letter("somebody@example.org", subject="Forwarded"))
    message.add_attachment(b"\x00\x01", maintype="application", subtype="x-thing", filename="../../etc/päss.bin")
    return message


async def hand_over(
    port: int,
    message: EmailMessage | bytes,
    *recipients: str,
    sender: str = "ann@example.org",
    client: str = "127.0.0.1",
) -> tuple[int, str]:
    """Send a mail, from this address; the last code and text of the server."""
    raw = message if isinstance(message, bytes) else message.as_bytes(policy=policy.SMTP)
    return await asyncio.to_thread(_hand_over, port, raw, recipients, sender, client)


def _hand_over(port: int, raw: bytes, recipients: tuple[str, ...], sender: str, client: str) -> tuple[int, str]:
    with smtplib.SMTP("127.0.0.1", port, timeout=60, source_address=(client, 0)) as server:
        server.ehlo("client.example.org")
        code, said = server.mail(sender, ["BODY=8BITMIME"])
        for recipient in recipients:
            code, said = server.rcpt(recipient)
            if code != 250:
                return code, said.decode()
        code, said = server.data(raw)
        return code, said.decode()


class Wire:
    """A conversation by hand."""

    def __init__(self, port: int, *, context: ssl.SSLContext | None = None) -> None:
        self.socket: Any = socket.create_connection(("127.0.0.1", port), timeout=30)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="mail.example.org")
        self._file = self.socket.makefile("rb")

    def says(self) -> str:
        """The next answer, all its lines."""
        lines = []
        while True:
            line = self._file.readline().decode()
            lines.append(line.rstrip("\r\n"))
            if len(line) < 4 or line[3] != "-":
                return "\n".join(lines)

    def ask(self, line: str | bytes) -> str:
        """Say a line and hear the answer."""
        self.socket.sendall((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.says()

    def start_tls(self, context: ssl.SSLContext) -> None:
        assert self.ask("STARTTLS").startswith("220")
        self.wrap(context)

    def wrap(self, context: ssl.SSLContext) -> None:
        """Go on under TLS."""
        self.socket = context.wrap_socket(self.socket, server_hostname="mail.example.org")
        self._file = self.socket.makefile("rb")

    def close(self) -> None:
        self.socket.close()


def certificate(folder: Path, name: str = "mail.example.org") -> tuple[Path, Path, ssl.SSLContext]:
    """A certificate that signs itself, its key, and how a client trusts it."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "mail.crt", folder / "mail.key"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file, ssl.create_default_context(cafile=str(certificate_file))
