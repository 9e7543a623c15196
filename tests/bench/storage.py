"""What the steps of a long session take in the database, beside what was typed and beside full copies.

One person types 2 kB at each of a hundred steps, so that there are 200 kB of answers in the end. The text is drawn from
a vocabulary and compresses like prose. A full copy is the plain answers of each step in base64, as systems store them
that keep every step whole.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import asyncpg

from tests.bench.http import Client
from tests.bench.visitor import Visitor
from tests.sites import Site

STEPS = 100
BYTES_PER_STEP = 2000
_SIZES = """
    select sum(octet_length(t.data))::bigint as stored, count(*) as steps
    from session.steps t join session.sessions s on s.id = t.session_id
    where s.interview = 'bench:data/questions/long.yml'
"""


@dataclass(frozen=True)
class Stored:
    """Bytes of a whole session."""

    typed: int
    steps: int
    stored: int

    @property
    def note(self) -> str:
        """The figures in a sentence."""
        copies = sum(range(1, self.steps + 1)) * BYTES_PER_STEP * 4 / 3
        return (
            f"{self.steps} steps, {self.typed / 1000:.0f} kB typed, {self.stored / 1000:.0f} kB stored: "
            f"{self.stored / self.typed:.2f} bytes for each byte typed; full copies in base64 take at least "
            f"{copies / 1000:.0f} kB ({copies / self.stored:.0f} times as much)"
        )


async def measured(site: Site, tick: Callable[[], None]) -> Stored:
    """Play the session, and ask the database what it took."""
    client = Client("127.0.0.1", site.port)
    visitor = Visitor(client, "bench:long.yml")
    words = _words()
    typed = 0
    try:
        await visitor.open()
        for _ in range(STEPS):
            text = _prose(words)
            typed += len(text)
            await visitor.submit(page_text=text)
            tick()
    finally:
        await client.close()
    connection = await asyncpg.connect(site.environment["COLLOQUY_DATABASE_URL"])
    try:
        row = await connection.fetchrow(_SIZES)
    finally:
        await connection.close()
    return Stored(typed, row["steps"], row["stored"])


def _prose(words: Iterator[str]) -> str:
    text = next(words)
    while len(text) < BYTES_PER_STEP:
        text += " " + next(words)
    return text


def _words() -> Iterator[str]:
    """Words of a vocabulary of ten thousand, the early ones more often, as in a language; always the same ones."""
    for number in itertools.count():
        share = (int.from_bytes(_digest(f"word {number}")) + 1) / 2**64
        rank = min(int(share**-2), 10_000)
        letters = base64.b32encode(_digest(f"rank {rank}")).decode().lower()
        yield letters[: 2 + rank % 8]


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
