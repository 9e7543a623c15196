"""What reads bytes of strangers, and what has to hold whatever they are; `make fuzz` looks for bytes that break it.

Each target takes any bytes and raises only when something is wrong with us. `python -m tests.fuzzing` runs each in a
process of its own under atheris (fuzzed.py), for a bounded time and from a corpus of made-up messages; the tests run
them on inputs of hypothesis. What atheris finds is written to the folder where it runs, and printed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec

import orjson

from services.gateway.provider_mail import MailNotSigned, NotAMail, ProviderKeys, provider_mail
from services.mail.long_runs import shortened
from services.mail.mail_text import MailText
from services.mail.parsing import MOST_PARTS, identity, parsed
from shared.mailbox.mail import AddressUnusable, addresses_of
from shared.mailbox.received import MailContents
from tests.mail_corpus import corpus

_SEEDS = 120
_MOST_BYTES = 1000
_KINDS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain", "multipart/form-data")


def mail(raw: bytes) -> None:
    """A mail is taken apart, or kept whole; what is known of it can be stored and read again, and its files named."""
    found = parsed(raw)
    headers, *parts = found.parts
    assert headers.role == "headers"
    orjson.loads(headers.contents)
    assert len(parts) <= MOST_PARTS
    for part in found.parts:
        assert part.filename
        assert not set(part.filename) & set("/\\\0\r\n"), part.filename
        part.filename.encode()
    assert MailContents.model_validate_json(found.contents.model_dump_json()) == found.contents
    assert len(identity(raw)) == 32
    if found.reason:
        assert parts[-1].contents == raw, "what cannot be taken apart is kept whole"


def long_runs(raw: bytes) -> None:
    """What is taken out of a mail stands in it, and what is left has a word for each."""
    short = shortened(raw, long_bytes=16)
    for number, run in enumerate(short.runs):
        assert bytes(run) in raw
        assert f"{short.word}{number}@".encode() in short.raw
    again = short.raw
    for number, run in enumerate(short.runs):
        again = again.replace(f"{short.word}{number}@".encode(), bytes(run), 1)
    assert again == raw


def smtp(data: bytes) -> None:
    """The text of a mail ends at the same place however the network cuts it."""
    step, sent = 1 + (data[0] if data else 0) % 40, data[1:]
    whole, pieces = MailText(most_bytes=_MOST_BYTES), MailText(most_bytes=_MOST_BYTES)
    rest = whole.feed(sent)
    for begin in range(0, len(sent), step):
        behind = pieces.feed(sent[begin : begin + step])
        if behind is not None:
            assert rest == behind + sent[begin + step :]
            assert (whole.is_too_much, whole.whole()) == (pieces.is_too_much, pieces.whole())
            return
    assert rest is None
    assert whole.is_too_much == pieces.is_too_much


class _Request:
    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers


def provider(data: bytes) -> None:
    """A form that claims to be a provider's is refused: nobody here can sign."""
    kind, body = _KINDS[(data[0] if data else 0) % len(_KINDS)], data[1:]
    for signature in ({}, {"x-twilio-email-event-webhook-signature": "AAAA"}):
        request = _Request({"content-type": kind, "x-twilio-email-event-webhook-timestamp": "1000", **signature})
        try:
            provider_mail(request, body, ProviderKeys(mailgun="a key", sendgrid="AAAA"), now=1000.0)
        except (MailNotSigned, NotAMail):
            continue
        raise AssertionError("It was taken.")


def address(data: bytes) -> None:
    """What is taken for an address is one, and cannot begin another header."""
    text = data.decode(errors="replace")
    try:
        found = addresses_of([text])
    except AddressUnusable:
        return
    assert len(found) == 1
    assert not set(str(found[0])) & set("\r\n\0")
    assert found[0].addr_spec.count("@") == 1
    assert addresses_of([str(found[0])]) == found


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "mail": mail,
    "long_runs": long_runs,
    "smtp": smtp,
    "provider": provider,
    "address": address,
}


def seeds(name: str) -> Iterator[bytes]:
    """What a target begins with."""
    match name:
        case "address":
            yield from (
                b"ann@example.org",
                b"Ann Lee <ann@example.org>",
                b'"Lee, Ann" <ann@example.org>',
                b"a@[127.0.0.1]",
            )
        case "provider":
            yield b"\0recipient=a%40b.c&timestamp=1000&token=t&signature=" + b"0" * 64 + b"&body-mime=x"
            yield b'\1--b\r\nContent-Disposition: form-data; name="envelope"\r\n\r\n{"to":["a@b.c"]}\r\n--b--\r\n'
        case "smtp":
            yield b"\5Subject: x\r\n\r\n..two\r\n.\r\nQUIT\r\n"
        case _:
            yield from (sample.raw for sample in corpus(_SEEDS, seed=5))


def is_there() -> bool:
    """Whether atheris is installed."""
    return find_spec("atheris") is not None


def command(name: str, seconds: int) -> list[str]:
    """What fuzzes one target for so long; it ends with 0 when nothing was found."""
    return [sys.executable, "-m", "tests.fuzzed", name, str(seconds)]


def main() -> int:
    """Run the targets that are named, or all; 1 when one was broken."""
    parser = argparse.ArgumentParser(description="Looks for bytes that break what reads bytes of strangers.")
    parser.add_argument("names", nargs="*", choices=[*TARGETS, []], help="which targets; all without one")
    parser.add_argument("--seconds", type=int, default=60, help="how long, for each")
    given = parser.parse_args()
    names = given.names or list(TARGETS)
    if not is_there():
        print("atheris is not installed: `make fuzz` does it where there is a wheel.", file=sys.stderr)
        return 1
    broken = [name for name in names if subprocess.run(command(name, given.seconds), check=False).returncode]
    print(f"{len(names) - len(broken)} of {len(names)} held. {' '.join(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
